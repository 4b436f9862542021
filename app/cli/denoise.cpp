// quantscope-cli denoise: everything a DiT emits for given noisy images, timesteps and classes, as a safetensors file.
#include <cstring>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/diffusion.h"
#include "app/cli/language.h"
#include "core/base/errors.h"
#include "core/export/safetensors_writer.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model, input, out, recipe;
    ModelOptions told;
};

ImageBatch images_in(const Checkpoint& file) {
    const auto& tensor = file.at("x");
    if (tensor.shape.size() != 4)
        throw ShapeError(file.path().string(), "x",
                         "has " + std::to_string(tensor.shape.size()) +
                             " dimensions; expected [N, channels, height, width]");
    return {tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3], file.read(tensor)};
}

std::vector<std::int64_t> whole_numbers(const Checkpoint& file, const char* name) {
    const auto& tensor = file.at(name);
    if (tensor.dtype != DType::I64 || tensor.shape.size() != 1)
        throw FormatError(file.path().string(), name, "is no I64 tensor of one dimension; write it as int64 [N]");
    const auto bytes = file.raw(tensor);
    std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
}

std::vector<float> timesteps_in(const Checkpoint& file) {
    const auto& tensor = file.at("t");
    if (tensor.dtype != DType::I64) return file.read(tensor);
    const auto numbers = whole_numbers(file, "t");
    return {numbers.begin(), numbers.end()};
}

Result denoise(const Options& options, const Common& common, Progress& progress) {
    const auto input = Checkpoint::open(options.input);
    Progress fitting(progress, 0, options.recipe.empty() ? 0 : 0.5);
    Progress running(progress, options.recipe.empty() ? 0 : 0.5, 1);
    DiffusionTransformer model(weights_under(options.model, options.recipe, fitting, options.told),
                               compute_options(common));
    const auto x = images_in(*input);
    const auto output = model.denoise(x, timesteps_in(*input), whole_numbers(*input, "y"), running);
    const std::vector<std::int64_t> shape{output.count, output.channels, output.height, output.width};
    const auto bytes = write_safetensors(
        options.out, {tensor_of_bytes("output", DType::F32, shape, std::as_bytes(std::span(output.values)))}, {},
        running);
    Result result;
    result.json = {{"out", options.out}, {"bytes", bytes}, {"shape", shape}};
    result.text = options.out + ": output of " + std::to_string(output.count) + " images, " +
                  megabytes(static_cast<double>(bytes)) + "\n";
    return result;
}

} // namespace

Command denoise_command() {
    return {"denoise", "write what a DiT predicts for noisy images", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                parser
                    .add_option("--input", options->input,
                                "safetensors file with x F32 [N, C, H, W], t I64 or F32 [N], y I64 [N]")
                    ->required();
                parser.add_option("--recipe", options->recipe, "quantize by this recipe first");
                parser.add_option("--out", options->out, "safetensors file to write")->required();
                add_heads(parser, options->told);
                return
                    [options](const Common& common, Progress& progress) { return denoise(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
