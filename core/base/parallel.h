// Parallel loops over ranges, for every room of core. One setting for the number of threads.
#pragma once

#include <cstdint>
#include <functional>

namespace quantscope {

/// Threads that parallel loops use; at first the machine's processors. 0 sets it back to that.
int thread_count();
void set_thread_count(int threads);

/// Calls `body(begin, end)` on disjoint pieces that cover [0, count), on thread_count() threads, the caller's included;
/// pieces hold at most `grain` items and are handed out as threads get free. The first exception stops the handing out
/// and is rethrown to the caller. A loop inside a loop runs on the caller's thread.
/// \param grain  items per piece, > 0
void parallel_for(std::int64_t count, std::int64_t grain,
                  const std::function<void(std::int64_t begin, std::int64_t end)>& body);

} // namespace quantscope
