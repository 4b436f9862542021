// Where core's remarks go. Each program installs one sink at start-up; without one they are dropped.
#pragma once

#include <functional>
#include <string_view>

namespace quantscope {

enum class Level { debug, info, warning, error };

void log(Level level, std::string_view text);
void set_log_sink(std::function<void(Level, std::string_view)> sink);

} // namespace quantscope
