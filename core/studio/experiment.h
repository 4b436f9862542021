// Named experiments: grids of recipes over one model, each cell fitted and scored against the original. Resumable:
// every finished row is written at once, and rows that stand are not computed again.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/studio/evaluator.h"

namespace quantscope::studio {

struct Cell {
    std::string name; ///< "piecewise W4 channel"
    nlohmann::json recipe;
};

struct Experiment {
    std::string name, help;
    std::vector<Cell> cells;
};

/// The named experiments. \see core/studio/experiment.cpp for adding one
const std::vector<Experiment>& experiments();
/// \throws UsageError naming those there are
const Experiment& experiment_named(const std::string& name);

/// The original's row and one per cell, in order.
/// \param rows_file  finished rows, one JSON object a line with the cell's key; made when absent
/// \param told       each row as it is there; may be empty
/// \throws FormatError naming rows_file when it is damaged; Cancelled (finished rows stay)
std::vector<CompareRow> run_experiment(const Experiment& experiment, std::shared_ptr<const Model> model,
                                       const EvaluationText& text, const PerplexityOptions& options,
                                       const ComputeOptions& compute, const std::filesystem::path& rows_file,
                                       const std::function<void(const CompareRow&)>& told, Progress& progress);

} // namespace quantscope::studio
