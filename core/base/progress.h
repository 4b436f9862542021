// What long work in core takes: where to say how far it is, and where to hear that it is cancelled.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/errors.h"

namespace quantscope {

/// One job's progress. `report` comes from the working thread, `cancel` from any thread.
class Progress {
public:
    using Listener = std::function<void(double fraction, std::string_view text)>;

    Progress() = default;
    explicit Progress(Listener listener) : listener_(std::move(listener)) {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Says how far the work is, and stops it by throwing when it has been cancelled.
    /// \param fraction  done so far, 0…1, never falling; a part maps its own 0…1 into [low, high] of its parent
    /// \throws Cancelled
    void report(double fraction, std::string_view text = {}) {
        check();
        if (parent_) parent_->report(low_ + (high_ - low_) * fraction, text);
        else if (listener_) listener_(fraction, text);
    }

    /// \throws Cancelled when cancel() was called on this or on the job it is a part of
    void check() const {
        if (cancelled()) throw Cancelled();
    }
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed) || (parent_ && parent_->cancelled()); }
    void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

    /// A part of `parent` that fills its range [low, high] of the parent's fraction; must not outlive the parent.
    Progress(Progress& parent, double low, double high) : parent_(&parent), low_(low), high_(high) {}

private:
    Listener listener_;
    std::atomic<bool> cancelled_{false};
    Progress* parent_ = nullptr;
    double low_ = 0, high_ = 1;
};

} // namespace quantscope
