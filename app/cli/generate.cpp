// quantscope-cli generate: a model's continuation of a prompt, as raw text or through its chat template.
#include "app/cli/command.h"
#include "app/cli/language.h"
#include "core/base/log.h"
#include "core/text/chat_template.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model, prompt, system, recipe;
    bool chat = false;
    int max_tokens = 128;
    double temperature = 0;
    int top_k = 0;
    double top_p = 1;
    std::uint64_t seed = 0;
};

std::vector<std::int32_t> prompt_tokens(const Options& options, const Tokenizer& tokenizer) {
    if (options.chat) {
        std::vector<ChatMessage> messages;
        if (!options.system.empty()) messages.push_back({"system", options.system});
        messages.push_back({"user", options.prompt});
        try {
            return tokenizer.encode(render_chat(tokenizer, messages), false, true);
        } catch (const FormatError& error) { // a construct outside of the subset: named, and the raw prompt is used
            log(Level::warning, std::string(error.what()) + "; the raw prompt is used");
        }
    }
    return tokenizer.encode(options.prompt, true, false);
}

Result generate(const Options& options, const Common& common, Progress& progress) {
    Progress fitting(progress, 0, options.recipe.empty() ? 0 : 0.5);
    studio::Evaluator evaluator(weights_under(options.model, options.recipe, fitting), compute_options(common));
    const Tokenizer& tokenizer = evaluator.tokenizer();
    SamplingOptions sampling;
    sampling.temperature = options.temperature;
    sampling.top_k = options.top_k;
    sampling.top_p = options.top_p;
    sampling.seed = options.seed;
    const auto prompt = prompt_tokens(options, tokenizer);
    Progress writing(progress, options.recipe.empty() ? 0 : 0.5, 1);
    const auto tokens =
        evaluator.original().generate(prompt, sampling, tokenizer.end_tokens(), options.max_tokens, {}, writing);
    Result result;
    result.json = {{"text", tokenizer.decode(tokens, false)}, {"tokens", tokens}, {"prompt_tokens", prompt.size()}};
    result.text = result.json["text"].get<std::string>() + "\n";
    return result;
}

} // namespace

Command generate_command() {
    return {"generate", "continue a prompt", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                parser.add_option("--prompt", options->prompt, "the prompt")->required();
                parser.add_flag("--chat", options->chat, "put the prompt through the model's chat template");
                parser.add_option("--system", options->system, "system message, with --chat");
                parser.add_option("--max-tokens", options->max_tokens, "stop after this many tokens")
                    ->check(CLI::Range(1, 1 << 20))
                    ->capture_default_str();
                parser.add_option("--recipe", options->recipe, "quantize by this recipe first");
                parser.add_option("--temperature", options->temperature, "0: always the most likely token")
                    ->check(CLI::Range(0.0, 10.0))
                    ->capture_default_str();
                parser.add_option("--top-k", options->top_k, "sample from the k most likely tokens; 0: all")
                    ->check(CLI::NonNegativeNumber)
                    ->capture_default_str();
                parser.add_option("--top-p", options->top_p, "sample from the most likely tokens that sum to p")
                    ->check(CLI::Range(0.0, 1.0))
                    ->capture_default_str();
                parser.add_option("--seed", options->seed, "of the sampling")->capture_default_str();
                return [options](const Common& common, Progress& progress) {
                    return generate(*options, common, progress);
                };
            }};
}

} // namespace quantscope::cli
