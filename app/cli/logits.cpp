// quantscope-cli logits: a model's logits for given tokens or a text, as a safetensors file.
#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/language.h"
#include "core/export/safetensors_writer.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model, text, out, recipe;
    std::vector<std::int32_t> tokens;
};

Result write_logits(const Options& options, const Common& common, Progress& progress) {
    if (options.tokens.empty() == options.text.empty())
        throw UsageError("", "logits", "needs either --tokens 1,2,3 or --text \"…\"");
    Progress fitting(progress, 0, options.recipe.empty() ? 0 : 0.5),
        running(progress, options.recipe.empty() ? 0 : 0.5, 1);
    studio::Evaluator evaluator(weights_under(options.model, options.recipe, fitting), compute_options(common));
    const auto tokens = options.text.empty() ? options.tokens : evaluator.tokenizer().encode(options.text, true, false);
    if (tokens.empty()) throw DataError(options.model, "--text", "gives no tokens; write at least one word");
    const auto logits = evaluator.original().logits(tokens, running);
    const auto length = static_cast<std::int64_t>(tokens.size());
    const auto vocabulary = static_cast<std::int64_t>(logits.size() / tokens.size());

    const std::vector<std::int64_t> wide(tokens.begin(), tokens.end());
    std::vector<TensorToWrite> tensors{
        tensor_of_bytes("tokens", DType::I64, {length}, std::as_bytes(std::span(wide))),
        tensor_of_bytes("logits", DType::F32, {length, vocabulary}, std::as_bytes(std::span(logits)))};
    const auto bytes = write_safetensors(options.out, std::move(tensors), {}, running);
    Result result;
    result.json = {{"out", options.out}, {"bytes", bytes}, {"tokens", tokens}, {"vocabulary", vocabulary}};
    result.text = options.out + ": logits of " + std::to_string(length) + " tokens × " + std::to_string(vocabulary) +
                  ", " + megabytes(static_cast<double>(bytes)) + "\n";
    return result;
}

} // namespace

Command logits_command() {
    return {"logits", "write a model's logits for tokens or a text", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                parser.add_option("--tokens", options->tokens, "token ids, as 1,2,3")->delimiter(',');
                parser.add_option("--text", options->text, "the text itself");
                parser.add_option("--recipe", options->recipe, "quantize by this recipe first");
                parser.add_option("--out", options->out, "safetensors file to write")->required();
                return [options](const Common& common, Progress& progress) {
                    return write_logits(*options, common, progress);
                };
            }};
}

} // namespace quantscope::cli
