// Names a source by its content.
#include "core/export/provenance.h"

#include <array>
#include <ctime>
#include <filesystem>

#include "core/base/sha256.h"

namespace quantscope {

namespace {

std::string now_in_utc() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string name_of(const std::filesystem::path& path) {
    const auto clean = path.lexically_normal();
    return (clean.has_filename() ? clean : clean.parent_path()).filename().string();
}

std::string sha256_of(const Checkpoint& checkpoint, Progress& progress) {
    const auto files = checkpoint.files();
    if (files.size() == 1) return sha256_of_file(files.front(), progress);
    std::string lines;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto share = [&](std::size_t done) {
            return static_cast<double>(done) / static_cast<double>(files.size());
        };
        Progress part(progress, share(i), share(i + 1));
        lines += sha256_of_file(files[i], part) + "  " + files[i].filename().string() + "\n";
    }
    return sha256(lines);
}

} // namespace

std::string quantscope_version() { return QUANTSCOPE_VERSION; }

Provenance provenance_unread(const Model& model) {
    return {quantscope_version(), name_of(model.checkpoint().path()), std::string(64, '0'), now_in_utc(),
            model.family()};
}

std::string as_text(const Provenance& provenance, const nlohmann::json& recipe) {
    const nlohmann::json told = {{"quantscope_version", provenance.version},
                                 {"source", provenance.source},
                                 {"source_sha256", provenance.source_sha256},
                                 {"created", provenance.created},
                                 {"recipe", recipe}};
    return told.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Provenance provenance_of(const Model& model, Progress& progress) {
    Provenance found = provenance_unread(model);
    found.source_sha256 = sha256_of(model.checkpoint(), progress);
    return found;
}

} // namespace quantscope
