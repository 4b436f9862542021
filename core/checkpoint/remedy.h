// What to do about a file that is not what its format says.
#pragma once

#include <string>
#include <string_view>

namespace quantscope {

/// A problem with its own remedy after "; " where it has one, otherwise with this one.
inline std::string with_remedy(std::string problem,
                               std::string_view remedy = "the file is damaged: download or save it again") {
    if (problem.find("; ") == problem.npos) problem.append("; ").append(remedy);
    return problem;
}

} // namespace quantscope
