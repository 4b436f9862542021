// Finds the files beside a model that make its tokenizer.
#include <fstream>
#include <sstream>

#include "core/checkpoint/json_guard.h"
#include "core/checkpoint/mapped_file.h"
#include "core/text/json_reading.h"
#include "core/text/tokenizer.h"
#include "core/text/unicode.h"

namespace quantscope {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = 64'000'000, largest_template = 1'000'000;

bool stands(const fs::path& file) {
    std::error_code error;
    return fs::is_regular_file(file, error);
}

nlohmann::json json_or_null(const fs::path& file) { return stands(file) ? read_json_file(file) : nlohmann::json(); }

/// A long list of merges, each a pair in a list of its own, takes more memory than other descriptions.
nlohmann::json read_large_json(const fs::path& file) {
    const MappedFile mapped(file);
    if (mapped.size() > largest_file)
        throw FormatError(mapped.name(), "", "is larger than 64 MB; no tokenizer that is known here is");
    JsonLimits limits;
    limits.memory = 240'000'000;
    return parse_json({reinterpret_cast<const char*>(mapped.bytes().data()), mapped.size()}, mapped.name(), "", limits);
}

std::string read_text(const fs::path& file, std::uint64_t limit) {
    const MappedFile mapped(file);
    if (mapped.size() > limit)
        throw FormatError(mapped.name(), "", "is larger than " + std::to_string(limit / 1'000'000) + " MB; refused");
    return std::string(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.size());
}

} // namespace

std::unique_ptr<Tokenizer> Tokenizer::open_beside(const fs::path& model_path, const nlohmann::json& gguf_metadata) {
    if (member(gguf_metadata, "tokenizer.ggml.model")) return from_gguf(gguf_metadata, model_path.string());
    std::error_code error;
    const auto folder = fs::is_directory(model_path, error) ? model_path : model_path.parent_path();
    auto config = json_or_null(folder / "tokenizer_config.json");
    if (stands(folder / "chat_template.jinja")) {
        if (!config.is_object()) config = nlohmann::json::object();
        config["chat_template"] = valid_utf8(read_text(folder / "chat_template.jinja", largest_template));
    }
    const auto generation = json_or_null(folder / "generation_config.json");
    if (const auto file = folder / "tokenizer.json"; stands(file))
        return from_tokenizer_json(read_large_json(file), config, file.string(), generation);
    if (const auto file = folder / "tokenizer.model"; stands(file))
        return from_sentencepiece(read_text(file, largest_file), config, file.string(), generation);
    throw FormatError(model_path.string(), "tokenizer",
                      "no tokenizer.json or tokenizer.model stands beside the model; put the model's own there to work "
                      "with text");
}

} // namespace quantscope
