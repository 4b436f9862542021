// Rows of the comparison as JSON: the command line's contract, and what experiments and sessions remember.
#pragma once

#include <nlohmann/json.hpp>

#include "core/studio/views.h"

namespace quantscope {
struct ReportComparison;
}

namespace quantscope::studio {

/// All measured figures; the recipe is left out, as tables have no place for it.
nlohmann::json as_json(const CompareRow& row);
/// \throws nlohmann::json::exception when a key is missing or of another type
CompareRow row_from_json(const nlohmann::json& json);

/// The row as the HDF5 report keeps it.
ReportComparison as_report(const CompareRow& row);

} // namespace quantscope::studio
