// The tokens of a model: spelling to id and back. Ids may have holes; neither may occur twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quantscope {

class Vocabulary {
public:
    Vocabulary() = default;
    /// \param tokens     spelling and id, in any order
    /// \param file, key  for error messages
    /// \throws FormatError on an id out of range, or a spelling or id that occurs twice
    Vocabulary(std::vector<std::pair<std::string, std::int64_t>> tokens, const std::string& file,
               const std::string& key);
    Vocabulary(const Vocabulary&) = delete;
    Vocabulary& operator=(const Vocabulary&) = delete;
    Vocabulary(Vocabulary&&) = default; // the views below point into the moved vector's buffer, which stays in place
    Vocabulary& operator=(Vocabulary&&) = default;

    std::optional<std::int32_t> find(std::string_view spelling) const {
        const auto it = ids_.find(spelling);
        return it == ids_.end() ? std::nullopt : std::optional(it->second);
    }
    const std::string& spelling(std::int32_t id) const { ///< empty for a hole or an id out of range
        return id >= 0 && id < size() ? spellings_[static_cast<std::size_t>(id)] : empty_;
    }
    std::int32_t size() const { return static_cast<std::int32_t>(spellings_.size()); } ///< one more than the largest id
    std::size_t longest() const { return longest_; }                                   ///< in bytes

    /// How far ids may go: a file cannot make us allocate for tokens that it does not name.
    static std::int64_t id_limit(std::size_t tokens) { return static_cast<std::int64_t>(2 * tokens + 1'000'000); }

private:
    std::vector<std::string> spellings_;
    std::unordered_map<std::string_view, std::int32_t> ids_;
    std::string empty_;
    std::size_t longest_ = 0;
};

} // namespace quantscope
