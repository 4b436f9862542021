// What every command of the command line is made of, and the list of them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/progress.h"

namespace quantscope::cli {

/// Options that every command has.
struct Common {
    std::string device = "auto";
    int threads = 0; ///< 0: all processors
    bool json = false;
};

/// What a command computed. `json` is the contract (DESIGN §6); `text` is the same for a person.
struct Result {
    nlohmann::json json = nlohmann::json::object();
    std::string text;
    int exit_code = 0;
};

using Work = std::function<Result(const Common&, Progress&)>;

/// A command adds its options to `parser` and returns what to do when it is chosen. Options live in shared state that
/// the returned function owns.
struct Command {
    const char* name;
    const char* help;
    std::function<Work(CLI::App& parser)> prepare;
};

Command inspect_command();
Command stats_command();
Command logits_command();
Command tokenize_command();
Command perplexity_command();
Command generate_command();
Command denoise_command();
Command sample_command();
Command schemes_command();
Command recipe_command();
Command quantize_command();
Command compare_command();
Command experiment_command();

} // namespace quantscope::cli
