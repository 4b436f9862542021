// Atomic files by temporary name, fsync and rename.
#include "core/base/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "core/base/errors.h"

namespace quantscope {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& file, const char* action, int code, const char* remedy) {
    throw IoError(file.string(), "", std::string("cannot ") + action + ": " + std::strerror(code) + "; " + remedy);
}

const char* remedy_for(int code) {
    return code == ENOSPC || code == EDQUOT ? "free some space or write elsewhere"
                                            : "choose a folder that you may write to";
}

fs::path temporary_beside(const fs::path& target) {
    return target.parent_path() / ("." + target.filename().string() + "." + std::to_string(::getpid()) + ".part");
}

void flush_folder(const fs::path& folder) {
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return; // some file systems refuse; the rename itself has succeeded
    ::fsync(descriptor);
    ::close(descriptor);
}

fs::path without_trailing_slash(fs::path path) {
    path = path.lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

/// Where a link leads, so that the new folder is made on the same disk as the old one.
fs::path folder_meant(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    return error ? without_trailing_slash(path) : real;
}

} // namespace

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target))
    , temporary_(temporary_beside(target_)) {
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(target_, "create", errno, remedy_for(errno));
}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            fail(target_, "write", errno, remedy_for(errno));
        }
        // Writing to disk begins now, so that commit(), which cannot be cancelled, has little left to wait for.
        ::sync_file_range(descriptor_, static_cast<off64_t>(size_), written, SYNC_FILE_RANGE_WRITE);
        size_ += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void AtomicFile::commit() {
    if (::fsync(descriptor_) != 0) fail(target_, "write", errno, remedy_for(errno));
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) fail(target_, "write", errno, remedy_for(errno));
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(target_, "replace", errno, remedy_for(errno));
    committed_ = true;
    flush_folder(target_.parent_path());
}

AtomicFolder::AtomicFolder(fs::path target)
    : target_(folder_meant(std::move(target)))
    , temporary_(temporary_beside(target_)) {
    std::error_code error;
    if (fs::exists(target_, error) && !fs::is_directory(target_, error))
        throw IoError(target_.string(), "", "is a file, not a folder; name another folder");
    if (target_.has_parent_path()) fs::create_directories(target_.parent_path(), error);
    fs::remove_all(temporary_, error);
    if (!fs::create_directory(temporary_, error)) fail(target_, "create", error.value(), remedy_for(error.value()));
}

AtomicFolder::~AtomicFolder() {
    std::error_code ignored;
    if (!committed_) fs::remove_all(temporary_, ignored);
}

/// Swaps the two folders' names. Not where somebody stands in the old one: their folder would vanish under them.
bool AtomicFolder::exchange() const {
    std::error_code error;
    const fs::path here = fs::current_path(error);
    if (error || std::mismatch(target_.begin(), target_.end(), here.begin(), here.end()).first == target_.end())
        return false;
    fs::permissions(temporary_, fs::status(target_).permissions(), error);
    return ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0;
}

void AtomicFolder::commit(const std::function<bool(const std::string& name)>& drop) {
    std::error_code error;
    const auto move = [&](const fs::path& from, const fs::path& folder) {
        // A folder cannot be renamed over one that holds something.
        if (fs::is_directory(from, error) && fs::is_directory(folder / from.filename(), error))
            fs::remove_all(folder / from.filename(), error);
        fs::rename(from, folder / from.filename(), error);
        if (error) fail(folder / from.filename(), "replace", error.value(), remedy_for(error.value()));
    };
    if (!fs::exists(target_)) {
        fs::rename(temporary_, target_, error);
        if (error) fail(target_, "create", error.value(), remedy_for(error.value()));
    } else if (exchange()) { // temporary_ is the old folder now
        committed_ = true;
        for (const auto& entry : fs::directory_iterator(temporary_))
            if (!fs::exists(target_ / entry.path().filename()) && !(drop && drop(entry.path().filename().string())))
                move(entry.path(), target_);
        fs::remove_all(temporary_, error);
    } else {
        std::vector<fs::path> stale;
        for (const auto& entry : fs::directory_iterator(target_))
            if (drop && drop(entry.path().filename().string()) && !fs::exists(temporary_ / entry.path().filename()))
                stale.push_back(entry.path());
        for (const auto& entry : fs::directory_iterator(temporary_))
            move(entry.path(), target_);
        for (const fs::path& file : stale)
            fs::remove(file, error);
        fs::remove_all(temporary_, error);
    }
    committed_ = true;
    flush_folder(target_.parent_path());
}

void make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw IoError(folder.string(), "", "cannot be made: " + error.message() + "; choose another place");
}

} // namespace quantscope
