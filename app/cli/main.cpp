// quantscope-cli: parses the command line, runs one command, and is the one place where its errors are caught.
// Results go to stdout, progress and log to stderr. Exit 0 done, 1 failed, 2 wrong usage, 130 cancelled.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "core/base/parallel.h"

namespace {

using namespace quantscope;
using namespace quantscope::cli;

Progress* running = nullptr; // for the signal handler only; set before the handler is installed

void cancel_on_signal(int) {
    if (running) running->cancel(); // an atomic store: safe in a handler
}

struct Chosen {
    Common common;
    Work work;
};

void add_command(CLI::App& program, const Command& command, Chosen& chosen) {
    CLI::App* parser = program.add_subcommand(command.name, command.help);
    Work work = command.prepare(*parser);
    // A command with subcommands of its own (recipe new) takes the common options after either word.
    for (CLI::App* place :
         parser->get_subcommands({}).empty() ? std::vector<CLI::App*>{parser} : parser->get_subcommands({})) {
        place->add_option("--device", chosen.common.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
        place->add_option("--threads", chosen.common.threads, "threads to use; 0: all processors")
            ->check(CLI::Range(0, 1024))
            ->capture_default_str();
        place->add_flag("--json", chosen.common.json, "print exactly one JSON object on stdout");
    }
    parser->callback([&chosen, work] { chosen.work = work; });
}

/// JSON has no NaN or infinity: nlohmann writes them as null, which is what a reader should see.
void print(const Result& result, bool json) {
    if (json)
        std::cout << result.json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    else
        std::cout << result.text;
    std::cout.flush();
}

int run(const Chosen& chosen) {
    set_thread_count(chosen.common.threads);
    ProgressLine line;
    Progress progress([&](double fraction, std::string_view text) { line.show(fraction, text); });
    running = &progress;
    std::signal(SIGINT, cancel_on_signal);
    std::signal(SIGTERM, cancel_on_signal);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const Result result = chosen.work(chosen.common, progress);
        line.clear();
        print(result, chosen.common.json);
        return result.exit_code;
    } catch (const Cancelled&) {
        line.clear();
        std::cerr << "cancelled\n";
        return 130;
    } catch (const UsageError& error) {
        line.clear();
        std::cerr << "error: " << error.what() << '\n';
        return 2;
    } catch (const std::bad_alloc&) {
        line.clear();
        std::cerr << "error: out of memory; close other programs, or use a smaller --context or fewer --threads\n";
        return 1;
    } catch (const std::exception& error) {
        line.clear();
        const std::string text = error.what(); // libtorch's own errors carry a stack trace after the first line
        std::cerr << "error: " << text.substr(0, text.find('\n')) << '\n';
        return 1;
    }
}

} // namespace

int main(int argc, char** argv) {
    install_log();
    CLI::App program("Quantscope: look inside a model, quantize it layer by layer, and compare it with the original",
                     "quantscope-cli");
    program.set_version_flag("--version", QUANTSCOPE_VERSION);
    program.require_subcommand(1);
    Chosen chosen;
    for (const Command& command :
         {inspect_command(), stats_command(), logits_command(), tokenize_command(), perplexity_command(),
          generate_command(), denoise_command(), sample_command(), schemes_command(), recipe_command(),
          quantize_command(), compare_command(), experiment_command()})
        add_command(program, command, chosen);
    try {
        program.parse(argc, argv);
    } catch (const CLI::Success& asked_for_help) {
        return program.exit(asked_for_help);
    } catch (const CLI::ParseError& error) {
        std::cerr << "error: " << error.what() << "; see quantscope-cli --help\n";
        return 2;
    }
    return run(chosen);
}
