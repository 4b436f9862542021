// What a person sees on the terminal beside the results: the progress line, the log, and text tables.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace quantscope::cli {

/// One line on stderr that is rewritten on a terminal; in a pipe or a log file, one line every ten per cent.
class ProgressLine {
public:
    void show(double fraction, std::string_view text);
    void clear();

private:
    std::chrono::steady_clock::time_point last_{}, started_ = std::chrono::steady_clock::now();
    int last_tenth_ = -1;
    bool shown_ = false;
};

/// Sends core's log to stderr. \note the one file that knows the logging library is console_log.cpp
void install_log();

/// Columns of text, right-aligned but for the first; one line per row, the first row underlined.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// "1.23", "0.000456", "–" for NaN: 3–4 significant digits.
std::string number(double value, int digits = 4);
/// "94.0 MB"; sizes are in units of 1000.
std::string megabytes(double bytes);

} // namespace quantscope::cli
