// Looks into a folder for an index or a single weight file, in the order in which Hugging Face's libraries do.
#include "core/checkpoint/weight_files.h"

#include <algorithm>
#include <map>

#include "core/base/errors.h"
#include "core/checkpoint/json_guard.h"

namespace quantscope {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t shard_limit = 4096;

/// A plain name: what stands under it may be a symbolic link, but the name itself leads nowhere else.
bool is_plain_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\") == std::string::npos &&
           name.find('\0') == std::string::npos && name.size() <= 255;
}

void read_index(const fs::path& index, WeightFiles& weights) {
    weights.index_file = index;
    const json content = read_json_file(index);
    const auto map = content.is_object() ? content.find("weight_map") : content.end();
    if (!content.is_object() || map == content.end() || !map->is_object())
        throw FormatError(index.string(), "weight_map", "is missing; download the index again");
    if (map->empty()) throw FormatError(index.string(), "weight_map", "names no tensor; download the index again");
    std::map<std::string, std::uint32_t> shards; // sorted by name, which is shard order
    for (const auto& [tensor, shard] : map->items()) {
        if (!shard.is_string() || !is_plain_name(shard.get_ref<const std::string&>()))
            throw FormatError(index.string(), tensor,
                              "its shard is not a plain file name; an index may only name files beside it");
        shards.emplace(shard.get<std::string>(), 0);
        if (shards.size() > shard_limit)
            throw FormatError(index.string(), "weight_map",
                              "names more than " + std::to_string(shard_limit) + " files");
    }
    std::uint32_t position = 0;
    for (auto& [shard, number] : shards) {
        number = position++;
        weights.files.push_back(index.parent_path() / shard);
        std::error_code ignored;
        if (!fs::exists(weights.files.back(), ignored))
            throw IoError(weights.files.back().string(), "",
                          "is named in " + index.filename().string() + " but missing; download it too");
    }
    for (const auto& [tensor, shard] : map->items())
        weights.claims.emplace_back(tensor, shards.at(shard.get_ref<const std::string&>()));
}

std::vector<fs::path> files_with_extension(const fs::path& folder, std::initializer_list<std::string_view> extensions) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        std::error_code ignored;
        const std::string extension = entry->path().extension().string();
        if (std::find(extensions.begin(), extensions.end(), extension) != extensions.end() &&
            entry->is_regular_file(ignored))
            found.push_back(entry->path());
    }
    if (error) throw IoError(folder.string(), "", "cannot be listed: " + error.message());
    std::sort(found.begin(), found.end());
    return found;
}

/// The folder's only file of the first format that it has any of; several of one format need an index or a choice.
bool take_only_file(const fs::path& folder, WeightFiles& weights) {
    const std::initializer_list<std::string_view> formats[] = {{".safetensors"}, {".gguf"}, {".pt", ".pth", ".bin"}};
    for (const auto& extensions : formats) {
        std::vector<fs::path> found = files_with_extension(folder, extensions);
        std::erase_if(found, [](const fs::path& file) { return file.filename() == "training_args.bin"; });
        if (found.size() > 1)
            throw FormatError(folder.string(), "",
                              "holds " + std::to_string(found.size()) + " " + std::string(*extensions.begin()) +
                                  " files and no index; open one of them");
        if (found.size() == 1) weights.files = found;
        if (!found.empty()) return true;
    }
    return false;
}

/// A diffusers pipeline keeps its parts in folders; the one to look into is the denoiser.
fs::path denoiser_of_pipeline(const fs::path& folder, WeightFiles& weights) {
    std::error_code ignored;
    if (!fs::exists(folder / "model_index.json", ignored)) return folder;
    for (const char* part : {"transformer", "unet"})
        if (fs::is_directory(folder / part, ignored)) {
            weights.remarks.push_back("of this diffusers pipeline the part " + std::string(part) + " is opened");
            return folder / part;
        }
    return folder;
}

void find_in_folder(fs::path folder, WeightFiles& weights) {
    std::error_code ignored;
    folder = denoiser_of_pipeline(folder, weights);
    if (fs::exists(folder / "config.json", ignored)) weights.config_file = folder / "config.json";
    weights.config_belongs = true;
    for (const char* stem : {"model.safetensors", "diffusion_pytorch_model.safetensors", "pytorch_model.bin",
                             "diffusion_pytorch_model.bin"}) {
        const fs::path single = folder / stem, index = folder / (std::string(stem) + ".index.json");
        if (fs::exists(single, ignored)) {
            weights.files = {single};
            return;
        }
        if (fs::exists(index, ignored)) return read_index(index, weights);
    }
    if (!take_only_file(folder, weights))
        throw FormatError(folder.string(), "",
                          "holds no model file (.safetensors, .gguf, .pt, .pth or .bin); give another folder");
}

} // namespace

void WeightFiles::check_claims(const Checkpoint& checkpoint) const {
    for (const auto& [tensor, file] : claims) {
        const TensorInfo* found = checkpoint.find(tensor);
        if (!found || found->file != file)
            throw FormatError(index_file.string(), tensor,
                              "should be in " + files.at(file).filename().string() +
                                  ", which does not hold it; download both files again");
    }
}

WeightFiles find_weight_files(const fs::path& path) {
    WeightFiles weights;
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status))
        throw IoError(path.string(), "", "cannot be opened: " + (error ? error.message() : "no such file or folder"));
    if (fs::is_directory(status)) {
        find_in_folder(path, weights);
    } else {
        weights.files = {path};
        const fs::path config = path.parent_path() / "config.json";
        if (fs::is_regular_file(config, error)) weights.config_file = config;
    }
    return weights;
}

} // namespace quantscope
