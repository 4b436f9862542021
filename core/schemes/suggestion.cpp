// Words for error messages about names. Closeness is the number of letters to insert, delete, replace or swap.
#include "core/schemes/suggestion.h"

#include <algorithm>

#include "core/base/errors.h"

namespace quantscope {

namespace {

/// Edit distance with neighbouring letters swapped counted as one edit. Names are short: wrong ones are cut before.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

/// Lower case, '_' and ' ' as '-': "Zero point" and "zero_point" are the same wish.
std::string plain(std::string_view name) {
    std::string text(name.substr(0, 64));
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '_' || c == ' ') c = '-';
    }
    return text;
}

} // namespace

std::string in_quotes(std::string_view name) { return '"' + printable(name, 60) + '"'; }

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names) {
    const std::string wanted = plain(wrong);
    const std::string* best = nullptr;
    std::size_t best_distance = 0;
    for (const auto& name : names) {
        const std::string candidate = plain(name);
        // A beginning such as "sym" for "symmetric" counts as close.
        const bool begins = wanted.size() >= 3 && candidate.starts_with(wanted);
        const std::size_t edits = begins ? 1 : distance(wanted, candidate);
        if (edits <= std::max<std::size_t>(1, candidate.size() / 3) && (!best || edits < best_distance)) {
            best = &name;
            best_distance = edits;
        }
    }
    return best ? " (did you mean " + in_quotes(*best) + "?)" : std::string();
}

} // namespace quantscope
