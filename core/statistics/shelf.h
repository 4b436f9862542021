// Buffers and other state that pieces of a parallel loop hand on to each other.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace quantscope {

/// Things that threads take and give back, so that there are no more of them than threads.
template <typename T>
class Shelf {
public:
    template <typename Make>
    std::unique_ptr<T> take(Make make) {
        std::unique_lock lock(mutex_);
        if (things_.empty()) {
            lock.unlock();
            return make();
        }
        auto thing = std::move(things_.back());
        things_.pop_back();
        return thing;
    }
    void give(std::unique_ptr<T> thing) {
        std::lock_guard lock(mutex_);
        things_.push_back(std::move(thing));
    }
    std::vector<std::unique_ptr<T>>& all() { return things_; }

private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<T>> things_;
};

} // namespace quantscope
