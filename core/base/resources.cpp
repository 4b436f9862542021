// Finds the resources folder of an installed program or of a source tree.
#include "core/base/resources.h"

#include <cstdlib>

#include "core/base/errors.h"

namespace quantscope {

std::filesystem::path resource(std::string_view name) {
    namespace fs = std::filesystem;
    std::error_code error;
    fs::path folders[3];
    if (const char* chosen = std::getenv("QUANTSCOPE_RESOURCES")) folders[0] = chosen;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error) {
        folders[1] = program.parent_path().parent_path() / "share/quantscope";
        folders[2] = program.parent_path() / "../../../resources"; // build/<preset>/bin of a source tree
    }
    for (const auto& folder : folders)
        if (!folder.empty() && fs::exists(folder / name, error)) return (folder / name).lexically_normal();
    throw IoError(std::string(name), "", "is not installed; set QUANTSCOPE_RESOURCES to Quantscope's resources folder");
}

} // namespace quantscope
