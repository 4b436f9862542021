// Builds the one-line message of an error from its three parts.
#include "core/base/errors.h"

#include <cstdio>

namespace quantscope {

namespace {

std::string joined(const std::string& file, const std::string& place, const std::string& problem) {
    std::string line;
    if (!file.empty()) line += printable(file, 1000) + ": ";
    if (!place.empty()) line += printable(place) + ": ";
    return line + printable(problem, 2000);
}

} // namespace

Error::Error(std::string file, std::string place, std::string problem)
    : std::runtime_error(joined(file, place, problem)), file_(std::move(file)), place_(std::move(place)),
      problem_(std::move(problem)) {}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    for (unsigned char c : text) {
        if (out.size() >= limit) return out + "…";
        if (c < 0x20 || c == 0x7f) {
            char escaped[5];
            std::snprintf(escaped, sizeof escaped, "\\x%02x", c);
            out += escaped;
        } else {
            out += static_cast<char>(c);
        }
    }
    return out;
}

} // namespace quantscope
