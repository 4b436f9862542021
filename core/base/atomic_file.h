// Files and folders that appear whole or not at all: written beside the target under a temporary name, flushed to disk,
// then renamed over it. A crash, a cancel or a full disk leaves the old file, or none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace quantscope {

/// One file being written. Destroyed before commit(), it leaves nothing behind.
class AtomicFile {
public:
    /// \throws IoError naming the file when its folder cannot be written
    explicit AtomicFile(std::filesystem::path target);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// \throws IoError naming the file, with the system's reason (no space left, …)
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    /// Bytes written so far.
    std::uint64_t size() const { return size_; }
    /// Where the bytes are until commit(); for libraries that want to open the file by themselves.
    const std::filesystem::path& temporary() const { return temporary_; }
    /// Flushes to disk and renames over the target. \throws IoError
    void commit();

private:
    std::filesystem::path target_, temporary_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
    bool committed_ = false;
};

/// A folder being filled: write into path(), then commit() puts it in the target's place, which is made when absent.
/// Files of an earlier target that were not written anew stay. Destroyed before commit(), it leaves nothing behind.
class AtomicFolder {
public:
    /// \throws IoError naming the folder
    explicit AtomicFolder(std::filesystem::path target);
    ~AtomicFolder();
    AtomicFolder(const AtomicFolder&) = delete;
    AtomicFolder& operator=(const AtomicFolder&) = delete;

    const std::filesystem::path& path() const { return temporary_; }
    /// Old and new folder change places in one step where the file system can do that; else file by file.
    /// \param drop  of the earlier target's files, those that shall not stay; may be empty
    /// \throws IoError
    void commit(const std::function<bool(const std::string& name)>& drop = {});

private:
    bool exchange() const;

    std::filesystem::path target_, temporary_;
    bool committed_ = false;
};

/// Makes a folder and those above it where they are absent. \throws IoError naming it
void make_folder(const std::filesystem::path& folder);

} // namespace quantscope
