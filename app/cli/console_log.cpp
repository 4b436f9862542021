// Hands core's log to spdlog. The one file of this program that includes it: spdlog and torch headers bring different
// versions of fmt and do not compile together.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "app/cli/console.h"
#include "core/base/log.h"

namespace quantscope::cli {

void install_log() {
    auto logger = spdlog::stderr_color_mt("quantscope");
    logger->set_pattern("%^%l%$: %v");
    set_log_sink([logger](Level level, std::string_view text) {
        const auto spd = level == Level::debug     ? spdlog::level::debug
                         : level == Level::info    ? spdlog::level::info
                         : level == Level::warning ? spdlog::level::warn
                                                   : spdlog::level::err;
        logger->log(spd, text);
    });
}

} // namespace quantscope::cli
