// Progress line and tables.
#include "app/cli/console.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace quantscope::cli {

namespace {

/// Columns a UTF-8 text fills, counting every code point as one.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string time_left(double fraction, std::chrono::steady_clock::duration spent) {
    if (fraction < 0.02) return "";
    const double seconds = std::chrono::duration<double>(spent).count() * (1 - fraction) / fraction;
    char text[32];
    if (seconds < 90)
        std::snprintf(text, sizeof text, " · %.0f s left", seconds);
    else
        std::snprintf(text, sizeof text, " · %.0f min left", seconds / 60);
    return text;
}

} // namespace

void ProgressLine::show(double fraction, std::string_view text) {
    const auto now = std::chrono::steady_clock::now();
    const bool terminal = ::isatty(STDERR_FILENO);
    if (terminal && shown_ && now - last_ < std::chrono::milliseconds(100)) return;
    if (!terminal) {
        const int tenth = static_cast<int>(fraction * 10);
        // Short work stays silent: a line only once a second has passed.
        if (tenth == last_tenth_ || now - started_ < std::chrono::seconds(1)) return;
        last_tenth_ = tenth;
    }
    const std::string left = time_left(fraction, now - started_);
    std::fprintf(stderr, terminal ? "\r\033[K%3.0f %% %.*s%s" : "%3.0f %% %.*s%s\n", 100 * fraction,
                 static_cast<int>(std::min<std::size_t>(text.size(), 90)), text.data(), left.c_str());
    std::fflush(stderr);
    last_ = now;
    shown_ = true;
}

void ProgressLine::clear() {
    if (shown_ && ::isatty(STDERR_FILENO)) std::fputs("\r\033[K", stderr);
    shown_ = false;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string out;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        std::string line;
        for (std::size_t i = 0; i < rows[r].size(); ++i) {
            const std::string padding(widths[i] - width(rows[r][i]), ' ');
            line += (i ? "  " : "") + (i ? padding + rows[r][i] : rows[r][i] + padding);
        }
        out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
        if (r == 0) {
            std::size_t total = 0;
            for (auto w : widths)
                total += w + 2;
            for (std::size_t i = 0; i + 2 < total; ++i)
                out += "─";
            out += '\n';
        }
    }
    return out;
}

std::string number(double value, int digits) {
    if (std::isnan(value)) return "–";
    if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
    char text[48];
    const double magnitude = std::abs(value);
    if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e7))
        std::snprintf(text, sizeof text, "%.*e", digits - 1, value);
    else
        std::snprintf(text, sizeof text, "%.*g", digits + (magnitude >= 1000 ? 2 : 0), value);
    return text;
}

std::string megabytes(double bytes) {
    char text[32];
    if (bytes < 1e6)
        std::snprintf(text, sizeof text, "%.1f kB", bytes / 1e3);
    else if (bytes < 1e9)
        std::snprintf(text, sizeof text, "%.1f MB", bytes / 1e6);
    else
        std::snprintf(text, sizeof text, "%.2f GB", bytes / 1e9);
    return text;
}

} // namespace quantscope::cli
