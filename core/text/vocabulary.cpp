// Builds the table both ways and refuses contradictions.
#include "core/text/vocabulary.h"

#include <algorithm>

#include "core/base/errors.h"

namespace quantscope {

Vocabulary::Vocabulary(std::vector<std::pair<std::string, std::int64_t>> tokens, const std::string& file,
                       const std::string& key) {
    const auto limit = id_limit(tokens.size());
    std::int64_t largest = -1;
    for (const auto& [spelling, id] : tokens) {
        if (id < 0 || id >= limit)
            throw FormatError(file, key,
                              "the id " + std::to_string(id) + " of the token \"" + printable(spelling, 60) +
                                  "\" is out of range; the tokenizer is damaged");
        largest = std::max(largest, id);
    }
    spellings_.resize(static_cast<std::size_t>(largest + 1));
    ids_.reserve(tokens.size());
    std::vector<bool> taken(spellings_.size());
    for (auto& [spelling, id] : tokens) {
        const auto place = static_cast<std::size_t>(id);
        if (taken[place])
            throw FormatError(file, key,
                              "the id " + std::to_string(id) + " belongs to two tokens, \"" +
                                  printable(spellings_[place], 60) + "\" and \"" + printable(spelling, 60) +
                                  "\"; the tokenizer is damaged");
        taken[place] = true;
        longest_ = std::max(longest_, spelling.size());
        spellings_[place] = std::move(spelling);
    }
    for (std::size_t place = 0; place < spellings_.size(); ++place) {
        if (!taken[place]) continue;
        const auto [it, added] = ids_.emplace(spellings_[place], static_cast<std::int32_t>(place));
        if (!added)
            throw FormatError(file, key,
                              "the token \"" + printable(spellings_[place], 60) + "\" has two ids, " +
                                  std::to_string(it->second) + " and " + std::to_string(place) +
                                  "; the tokenizer is damaged");
    }
}

} // namespace quantscope
