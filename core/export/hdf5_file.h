// The part of HDF5 that reports need: groups, arrays and tables with units, dimension scales, compression; every handle
// closed, every failure an IoError that names the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <hdf5.h>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/atomic_file.h"

namespace quantscope::hdf5 {

/// Owns one of the library's handles.
class Handle {
public:
    using Close = herr_t (*)(hid_t);
    Handle() = default;
    Handle(hid_t id, Close close)
        : id_(id)
        , close_(close) {}
    Handle(Handle&& other) noexcept
        : id_(std::exchange(other.id_, -1))
        , close_(other.close_) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(id_, other.id_);
        std::swap(close_, other.close_);
        return *this;
    }
    ~Handle() {
        if (id_ >= 0) close_(id_);
    }
    hid_t id() const { return id_; }

private:
    hid_t id_ = -1;
    Close close_ = nullptr;
};

/// One field of a table, all rows of it.
struct Column {
    std::string name, unit;
    std::variant<std::vector<double>, std::vector<float>, std::vector<std::int64_t>, std::vector<std::uint64_t>,
                 std::vector<std::string>>
        values;
};

class Dataset;
class File;

/// A group, a dataset or the file's root: what attributes can be put on. Must not outlive its file.
class Object {
public:
    Object(const File& file, Handle handle)
        : file_(&file)
        , handle_(std::move(handle)) {}
    hid_t id() const { return handle_.id(); }
    void attribute(const std::string& name, const std::string& text) const;
    void attribute(const std::string& name, double number) const;
    void attribute(const std::string& name, std::int64_t number) const;
    void attribute(const std::string& name, const std::vector<std::string>& texts) const;

protected:
    const File* file_;
    Handle handle_;
};

class Group : public Object {
public:
    using Object::Object;
    Group group(const std::string& name) const;
    /// An array in row-major order, chunked and compressed (a single number is neither).
    /// \param unit  "1" for a number without one
    template <typename Number>
    Dataset array(const std::string& name, const std::string& long_name, const std::string& unit,
                  std::span<const Number> values, std::vector<hsize_t> shape) const;
    /// A compound table; its `units` attribute has one text per field.
    Dataset table(const std::string& name, const std::string& long_name, const std::vector<Column>& columns) const;

private:
    Handle create(const std::string& name, hid_t type, const std::vector<hsize_t>& shape, std::size_t element) const;
};

class Dataset : public Object {
public:
    using Object::Object;
    void make_scale(const std::string& name) const;
    void attach(unsigned dimension, const Dataset& scale) const;
    void label(unsigned dimension, const std::string& text) const;
};

/// The memory of a file that the library has closed.
struct Image {
    void* bytes = nullptr; ///< from malloc
    std::size_t capacity = 0;
    bool wanted = false; ///< keep the memory at closing
    Image() = default;
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
    ~Image();
};

/// A new file, kept in memory until it is whole: the library does not survive a disk that fills up under it (it hangs,
/// or crashes when the process ends), and a report is small beside the model it describes. Debian's library is not safe
/// for threads, so one file is open at a time in the whole process.
class File {
public:
    /// \param target  what errors name
    /// \throws IoError
    explicit File(std::filesystem::path target);
    ~File();
    Group root() const;
    /// Writes the whole file; every group and dataset of it must be closed. \throws IoError
    void write_to(AtomicFile& output);

    /// Passes a result on, or throws IoError with the system's reason. \param what "write the dataset x"
    template <typename Result>
    Result checked(Result result, const std::string& what) const {
        if (result < 0) fail(what);
        return result;
    }

private:
    [[noreturn]] void fail(const std::string& what) const;

    std::lock_guard<std::mutex> lock_;
    std::filesystem::path target_;
    Image image_; ///< outlives the handle, whose closing fills it
    Handle handle_;
};

/// A name without the characters that separate groups: "/" becomes "%2F".
std::string link_name(std::string name);

} // namespace quantscope::hdf5
