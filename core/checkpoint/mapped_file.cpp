// Opens, maps and unmaps a file with the POSIX calls.
#include "core/checkpoint/mapped_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/errors.h"

namespace quantscope {

MappedFile::MappedFile(const std::filesystem::path& path)
    : path_(path) {
    // Non-blocking, so that a pipe under the name does not hold us up; regular files do not care.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const auto give_up = [&](const std::string& problem) {
        if (descriptor_ >= 0) ::close(descriptor_);
        throw IoError(name(), "", problem);
    };
    if (descriptor_ < 0) give_up(std::string("cannot be opened: ") + std::strerror(errno));
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) give_up(std::string("cannot be read: ") + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) give_up("is not a regular file; give a model file or a folder");
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ == 0) {
        ::close(descriptor_);
        throw FormatError(name(), "", "is empty; download or write it again");
    }
    void* data = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor_, 0);
    if (data == MAP_FAILED) give_up(std::string("cannot be mapped: ") + std::strerror(errno));
    data_ = static_cast<const std::byte*>(data);
}

MappedFile::~MappedFile() {
    ::munmap(const_cast<std::byte*>(data_), size_);
    ::close(descriptor_);
}

void MappedFile::check_intact() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
        throw IoError(name(), "", std::string("cannot be read any more: ") + std::strerror(errno));
    if (static_cast<std::uint64_t>(status.st_size) < size_)
        throw IoError(name(), "", "has become shorter since it was opened; open it again");
}

void MappedFile::release(std::uint64_t offset, std::uint64_t count) const {
    // Whole pages inside the range only: its neighbours may be in use.
    const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t first = (offset + page - 1) / page * page, last = (offset + count) / page * page;
    if (first < last) ::madvise(const_cast<std::byte*>(data_) + first, last - first, MADV_DONTNEED);
}

} // namespace quantscope
