// quantscope-cli tokenize: the token ids of a text.
#include "app/cli/command.h"
#include "core/export/packed.h"
#include "core/model/model.h"
#include "core/text/tokenizer.h"

namespace quantscope::cli {

namespace {

Result tokenize(const std::string& path, const std::string& text, bool special) {
    const auto model = open_model(path);
    const auto tokenizer = Tokenizer::open_beside(path, model->checkpoint().metadata());
    const auto tokens = tokenizer->encode(text, special, special);
    Result result;
    result.json = {{"tokens", tokens}};
    for (auto token : tokens)
        result.text += (result.text.empty() ? "" : ",") + std::to_string(token);
    result.text += '\n';
    return result;
}

} // namespace

Command tokenize_command() {
    return {"tokenize", "the token ids of a text", [](CLI::App& parser) -> Work {
                struct Options {
                    std::string model, text;
                    bool raw = false;
                };
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                parser.add_option("--text", options->text, "the text")->required();
                parser.add_flag("--raw", options->raw,
                                "add no special tokens, and read those in the text as ordinary text");
                return [options](const Common&, Progress&) {
                    return tokenize(options->model, options->text, !options->raw);
                };
            }};
}

} // namespace quantscope::cli
