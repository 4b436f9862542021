// The one sink for core's remarks.
#include "core/base/log.h"

#include <mutex>

namespace quantscope {

namespace {

// Core logs from whichever thread works; the sink is set once and read under this lock so that lines do not mix.
std::mutex sink_mutex;
std::function<void(Level, std::string_view)> sink;

} // namespace

void log(Level level, std::string_view text) {
    std::lock_guard lock(sink_mutex);
    if (sink) sink(level, text);
}

void set_log_sink(std::function<void(Level, std::string_view)> new_sink) {
    std::lock_guard lock(sink_mutex);
    sink = std::move(new_sink);
}

} // namespace quantscope
