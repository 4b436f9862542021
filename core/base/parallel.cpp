// Parallel loops: a piece counter shared by short-lived threads. Starting a thread costs some 20 µs, which is nothing
// beside the loops of statistics and quantization, and leaves no pool to shut down.
#include "core/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace quantscope {

namespace {

std::atomic<int> chosen_threads{0};
thread_local bool inside_loop = false;

} // namespace

int thread_count() {
    const int chosen = chosen_threads.load();
    return chosen > 0 ? chosen : std::max(1u, std::thread::hardware_concurrency());
}

void set_thread_count(int threads) { chosen_threads.store(std::max(0, threads)); }

void parallel_for(std::int64_t count, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& body) {
    if (count <= 0) return;
    const std::int64_t pieces = (count + grain - 1) / grain;
    const int threads = inside_loop ? 1 : static_cast<int>(std::min<std::int64_t>(pieces, thread_count()));
    std::atomic<std::int64_t> next{0};
    std::exception_ptr failure;
    std::mutex failure_mutex; // several threads may fail at once; only the first is kept

    auto work = [&] {
        const bool outer = std::exchange(inside_loop, true);
        try {
            for (std::int64_t piece; (piece = next.fetch_add(1)) < pieces;)
                body(piece * grain, std::min(count, (piece + 1) * grain));
        } catch (...) {
            next.store(pieces);
            std::lock_guard lock(failure_mutex);
            if (!failure) failure = std::current_exception();
        }
        inside_loop = outer;
    };

    std::vector<std::jthread> helpers;
    for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
    helpers.clear(); // joins
    if (failure) std::rethrow_exception(failure);
}

} // namespace quantscope
