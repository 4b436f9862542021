// Words for error messages about names: what was meant, and what is allowed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quantscope {

/// The name in double quotes, fit for one line.
std::string in_quotes(std::string_view name);
/// "a, b, c"
std::string joined(const std::vector<std::string>& names);
/// " (did you mean "bits"?)" when one of the names is close to `wrong`, else empty.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names);

} // namespace quantscope
