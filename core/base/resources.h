// Where the files that ship with Quantscope are: evaluation text, default models, help.
#pragma once

#include <filesystem>
#include <string_view>

namespace quantscope {

/// Looks for resources/ in $QUANTSCOPE_RESOURCES, beside the program as installed (../share/quantscope) and in the source
/// tree the program was built from. \returns the file's path \throws IoError naming what is missing and the remedy
std::filesystem::path resource(std::string_view name);

} // namespace quantscope
