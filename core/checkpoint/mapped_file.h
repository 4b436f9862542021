// A file mapped read-only into memory: nothing is read before it is touched, and the system may drop what was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace quantscope {

class MappedFile {
public:
    /// \throws IoError naming the file when it cannot be opened or mapped or is no regular file,
    ///         FormatError when it is empty
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::string name() const { return path_.string(); } ///< for errors
    std::uint64_t size() const { return size_; }
    std::span<const std::byte> bytes() const { return {data_, size_}; }

    /// Looks whether the file still has the bytes that are mapped. Touching pages behind the end of a file that another
    /// program has shortened kills the process (SIGBUS), so every read asks first; a file that is shortened during
    /// the read itself cannot be caught without a signal handler, which a library must not install.
    /// \throws IoError naming the file
    void check_intact() const;

    /// Tells the system that these bytes are not needed soon; reading them again is slower, never wrong.
    void release(std::uint64_t offset, std::uint64_t count) const;

private:
    std::filesystem::path path_;
    int descriptor_ = -1;
    const std::byte* data_ = nullptr;
    std::uint64_t size_ = 0;
};

} // namespace quantscope
