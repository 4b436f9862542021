// The formats in which a quantized model can be written. Adding one: its own file, and one line in registry.cpp.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.h"
#include "core/calibration/fitted_model.h"
#include "core/export/export_options.h"

namespace quantscope {

struct ExportFormat {
    std::string name;  ///< as the command line spells it
    std::string label; ///< as the export dialog shows it
    std::string help;  ///< one or two sentences: who reads it, and what is kept
    bool is_folder = true;
    /// Why this model cannot be written so, as a sentence for a user; empty when it can.
    std::function<std::string(const Model&)> why_not;
    /// \param target  a folder, made when absent, or a file
    /// \throws IoError, FormatError, DataError, Cancelled; after any of them the target is as it was
    std::function<ExportResult(const FittedModel&, const std::filesystem::path& target, const ExportOptions&,
                               Progress&)>
        write;
    std::string extension = {}; ///< of a file, with the dot
};

/// All formats, the one that `quantize` takes by default first.
const std::vector<ExportFormat>& export_formats();

/// \throws UsageError listing what there is, when there is no such format
const ExportFormat& export_format(std::string_view name);

} // namespace quantscope
