// Copies companions, and commits folders without leaving stale weights.
#include "core/export/companion_files.h"

#include <algorithm>
#include <fstream>

#include "core/base/errors.h"

namespace quantscope {

namespace fs = std::filesystem;

namespace {

constexpr const char* tokenizer_files[] = {"tokenizer.json",
                                           "tokenizer_config.json",
                                           "tokenizer.model",
                                           "special_tokens_map.json",
                                           "added_tokens.json",
                                           "vocab.json",
                                           "merges.txt",
                                           "chat_template.jinja",
                                           "chat_template.json",
                                           "generation_config.json",
                                           "preprocessor_config.json"};

/// Weight files that a reader of model folders would take.
bool is_weight_file(const std::string& name) {
    return name.starts_with("diffusion_pytorch_model") || name == "model.safetensors" ||
           name == "model.safetensors.index.json" || (name.starts_with("model-") && name.ends_with(".safetensors")) ||
           name == "pytorch_model.bin" || name == "pytorch_model.bin.index.json";
}

fs::path source_folder_checked(const fs::path& target, const Checkpoint& source) {
    std::error_code ignored;
    for (const fs::path& own : {folder_of(source), source.path()}) // of a pipeline these are two
        if (fs::is_directory(target, ignored) && fs::equivalent(target, own, ignored))
            throw IoError(target.string(), "", "is the folder of the model itself; name another folder");
    return target;
}

} // namespace

fs::path folder_of(const Checkpoint& checkpoint) {
    const auto files = checkpoint.files();
    const fs::path file = files.empty() ? checkpoint.path() : files.front();
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

std::vector<std::string> copy_companions(const Checkpoint& checkpoint, const fs::path& folder,
                                         std::initializer_list<const char*> also) {
    std::vector<const char*> names(std::begin(tokenizer_files), std::end(tokenizer_files));
    names.insert(names.end(), also);
    std::vector<std::string> copied;
    for (const char* name : names) {
        const fs::path from = folder_of(checkpoint) / name;
        std::error_code error;
        if (!fs::is_regular_file(from, error)) continue;
        fs::copy_file(from, folder / name, fs::copy_options::overwrite_existing, error);
        if (error)
            throw IoError((folder / name).string(), "",
                          "cannot be copied from " + from.string() + ": " + error.message() +
                              "; free some space or write elsewhere");
        copied.push_back(name);
    }
    return copied;
}

void copy_whole_file(const fs::path& from, const fs::path& to, Progress& progress) {
    std::ifstream in(from, std::ios::binary);
    if (!in) throw IoError(from.string(), "", "cannot be read; check that you may read it");
    AtomicFile out(to);
    std::vector<char> piece(4 << 20);
    while (in) {
        progress.check();
        in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        out.write(std::string_view(piece.data(), static_cast<std::size_t>(in.gcount())));
    }
    if (!in.eof()) throw IoError(from.string(), "", "cannot be read to its end; check the disk");
    out.commit();
}

void write_text(const fs::path& file, const std::string& text) {
    AtomicFile output(file);
    output.write(text);
    output.commit();
}

OutputFolder::OutputFolder(const fs::path& target, const Checkpoint& source)
    : target_(source_folder_checked(target, source))
    , folder_(target) {}

std::string OutputFolder::name_for_user(const std::string& file) const {
    const std::string own = folder_.path().string();
    return file.starts_with(own) ? target_.string() + file.substr(own.size()) : file;
}

std::vector<fs::path> OutputFolder::commit() {
    std::vector<fs::path> written;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
        if (entry.is_regular_file()) written.push_back(target_ / entry.path().lexically_relative(folder_.path()));
    std::sort(written.begin(), written.end());
    folder_.commit(is_weight_file);
    return written;
}

} // namespace quantscope
