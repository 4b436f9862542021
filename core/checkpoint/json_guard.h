// JSON from files that nobody vouches for: parsed with bounded depth and memory, no name given twice in an object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace quantscope {

struct JsonLimits {
    int depth = 64;
    std::uint64_t memory = 96'000'000; ///< that the parsed values may take, bytes
};

/// \param file, place  for errors
/// \throws FormatError naming file and place
nlohmann::json parse_json(std::string_view text, const std::string& file, const std::string& place,
                          const JsonLimits& limits = {});

/// Reads and parses a whole small file. \throws IoError, FormatError naming it
nlohmann::json read_json_file(const std::filesystem::path& file, std::uint64_t size_limit = 64'000'000);

} // namespace quantscope
