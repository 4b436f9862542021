// quantscope-cli inspect: what a file holds, from its headers alone.
#include "app/cli/command.h"
#include "app/cli/console.h"
#include "core/export/packed.h"
#include "core/model/model.h"

namespace quantscope::cli {

namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (auto dimension : shape)
        text += (text.empty() ? "" : " × ") + std::to_string(dimension);
    return text.empty() ? "scalar" : text;
}

/// What the file says of its own architecture, without the vocabulary that GGUF files carry beside it.
nlohmann::json configuration(const Checkpoint& checkpoint) {
    if (!checkpoint.config().is_null()) return checkpoint.config();
    nlohmann::json config = nlohmann::json::object();
    for (const auto& [key, value] : checkpoint.metadata().items())
        if (!value.is_array() || value.size() <= 64) config[key] = value;
    return config;
}

Result inspect(const std::string& path) {
    const auto model = open_model(path);
    const auto& checkpoint = model->checkpoint();
    Result result;
    result.json = {
        {"format", checkpoint.format()},     {"family", model->family()},        {"kind", model->kind()},
        {"parameters", model->parameters()}, {"bytes", checkpoint.file_bytes()}, {"config", configuration(checkpoint)}};
    result.json["remarks"] = checkpoint.remarks();
    const bool evaluable = model->why_not_evaluated().empty(); // whatever its kind
    result.json["evaluable"] = evaluable;
    if (!evaluable) result.json["why_not_evaluated"] = model->why_not_evaluated();

    result.text = path + ": " + checkpoint.format() + ", " + model->family() + " (" + model->kind() + "), " +
                  number(static_cast<double>(model->parameters()) / 1e6) + " M parameters, " +
                  megabytes(static_cast<double>(checkpoint.file_bytes())) + ", " +
                  std::to_string(model->sites().size()) + " sites\n";
    if (!evaluable) result.text += "cannot be evaluated: " + model->why_not_evaluated() + "\n";
    for (const auto& remark : checkpoint.remarks())
        result.text += "remark: " + remark + "\n";
    std::vector<std::vector<std::string>> rows{{"tensor", "type", "shape", "size", "block", "role"}};
    auto& tensors = result.json["tensors"] = nlohmann::json::array();
    for (const auto& tensor : checkpoint.tensors()) {
        const auto [block, role] = model->place_of(tensor);
        tensors.push_back({{"name", tensor.name},
                           {"dtype", name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"bytes", tensor.bytes},
                           {"role", role}});
        tensors.back()["block"] = block < 0 ? nlohmann::json() : nlohmann::json(block);
        rows.push_back({tensor.name, std::string(name(tensor.dtype)), shape_text(tensor.shape),
                        megabytes(static_cast<double>(tensor.bytes)), block < 0 ? "–" : std::to_string(block), role});
    }
    result.text += table(rows);
    return result;
}

} // namespace

Command inspect_command() {
    return {"inspect", "what a model file holds", [](CLI::App& parser) -> Work {
                auto model = std::make_shared<std::string>();
                parser.add_option("model", *model, "model file or folder")->required();
                return [model](const Common&, Progress&) { return inspect(*model); };
            }};
}

} // namespace quantscope::cli
