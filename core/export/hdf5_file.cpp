// Thin calls of the HDF5 C library.
#include "core/export/hdf5_file.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <hdf5_hl.h>

#include "core/base/errors.h"

namespace quantscope::hdf5 {

namespace {

constexpr std::size_t chunk_bytes = 256 << 10;
constexpr unsigned gzip_level = 4;

/// One lock for the library (see File).
std::mutex& library_lock() {
    static std::mutex lock;
    return lock;
}

hid_t type_of(const double*) { return H5T_NATIVE_DOUBLE; }
hid_t type_of(const float*) { return H5T_NATIVE_FLOAT; }
hid_t type_of(const std::int64_t*) { return H5T_NATIVE_INT64; }
hid_t type_of(const std::uint64_t*) { return H5T_NATIVE_UINT64; }
hid_t type_of(const std::int32_t*) { return H5T_NATIVE_INT32; }

Handle text_type(std::size_t size) {
    Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), size);
    H5Tset_cset(type.id(), H5T_CSET_UTF8);
    return type;
}

/// The library's deepest message, which holds the system's reason when there is one.
std::string reason() {
    std::string text;
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
            auto& text = *static_cast<std::string*>(out);
            if (text.empty() && error->desc) text = error->desc;
            return 0;
        },
        &text);
    const std::string mark = "error message = '";
    if (const auto begin = text.find(mark); begin != std::string::npos) {
        const auto from = begin + mark.size();
        text = text.substr(from, text.find('\'', from) - from);
    }
    return text.empty() ? "the HDF5 library gives no reason" : text;
}

/// How wide a column's field is in a row.
std::size_t field_size(const Column& column) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
        std::size_t longest = 1;
        for (const std::string& text : *texts)
            longest = std::max(longest, text.size());
        return longest;
    }
    return std::holds_alternative<std::vector<float>>(column.values) ? 4 : 8;
}

std::size_t rows_of(const Column& column) {
    return std::visit([](const auto& values) { return values.size(); }, column.values);
}

void fill_field(const Column& column, std::size_t offset, std::size_t width, std::size_t row_size,
                std::vector<std::byte>& rows) {
    std::visit(
        [&](const auto& values) {
            for (std::size_t i = 0; i < values.size(); ++i) {
                std::byte* at = rows.data() + i * row_size + offset;
                if constexpr (std::is_same_v<std::decay_t<decltype(values[i])>, std::string>)
                    std::memcpy(at, values[i].data(), std::min(width, values[i].size()));
                else
                    std::memcpy(at, &values[i], width);
            }
        },
        column.values);
}

Handle field_type(const Column& column, std::size_t width) {
    return std::visit(
        [&](const auto& values) {
            using Value = typename std::decay_t<decltype(values)>::value_type;
            if constexpr (std::is_same_v<Value, std::string>)
                return text_type(width);
            else
                return Handle(H5Tcopy(type_of(static_cast<const Value*>(nullptr))), H5Tclose);
        },
        column.values);
}

} // namespace

// --- attributes
// -------------------------------------------------------------------------------------------------------

void Object::attribute(const std::string& name, const std::string& text) const {
    const Handle type = text_type(H5T_VARIABLE), space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle attribute(
        file_->checked(H5Acreate2(id(), name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
                       "write the attribute " + name),
        H5Aclose);
    const char* pointer = text.c_str();
    file_->checked(H5Awrite(attribute.id(), type.id(), &pointer), "write the attribute " + name);
}

void Object::attribute(const std::string& name, double number) const {
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle attribute(
        file_->checked(H5Acreate2(id(), name.c_str(), H5T_NATIVE_DOUBLE, space.id(), H5P_DEFAULT, H5P_DEFAULT),
                       "write the attribute " + name),
        H5Aclose);
    file_->checked(H5Awrite(attribute.id(), H5T_NATIVE_DOUBLE, &number), "write the attribute " + name);
}

void Object::attribute(const std::string& name, std::int64_t number) const {
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle attribute(
        file_->checked(H5Acreate2(id(), name.c_str(), H5T_NATIVE_INT64, space.id(), H5P_DEFAULT, H5P_DEFAULT),
                       "write the attribute " + name),
        H5Aclose);
    file_->checked(H5Awrite(attribute.id(), H5T_NATIVE_INT64, &number), "write the attribute " + name);
}

void Object::attribute(const std::string& name, const std::vector<std::string>& texts) const {
    const hsize_t count = texts.size();
    const Handle type = text_type(H5T_VARIABLE), space(H5Screate_simple(1, &count, nullptr), H5Sclose);
    const Handle attribute(
        file_->checked(H5Acreate2(id(), name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
                       "write the attribute " + name),
        H5Aclose);
    std::vector<const char*> pointers;
    for (const std::string& text : texts)
        pointers.push_back(text.c_str());
    file_->checked(H5Awrite(attribute.id(), type.id(), pointers.data()), "write the attribute " + name);
}

// --- groups and datasets
// ----------------------------------------------------------------------------------------------

Group Group::group(const std::string& name) const {
    return {*file_, Handle(file_->checked(H5Gcreate2(id(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                                          "make the group " + name),
                           H5Gclose)};
}

Handle Group::create(const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
                     std::size_t element) const {
    const Handle space(shape.empty() ? H5Screate(H5S_SCALAR)
                                     : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                       H5Sclose);
    const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const bool empty = std::find(shape.begin(), shape.end(), hsize_t(0)) != shape.end();
    if (!shape.empty() && !empty) {
        std::vector<hsize_t> chunk(shape);
        hsize_t inner = element; // bytes of one step along the dimension at hand
        for (std::size_t d = chunk.size(); d-- > 0; inner *= chunk[d])
            chunk[d] = std::clamp<hsize_t>(chunk_bytes / inner, 1, chunk[d]);
        H5Pset_chunk(properties.id(), static_cast<int>(chunk.size()), chunk.data());
        H5Pset_shuffle(properties.id());
        H5Pset_deflate(properties.id(), gzip_level);
    }
    return Handle(
        file_->checked(H5Dcreate2(id(), name.c_str(), type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
                       "make the dataset " + name),
        H5Dclose);
}

template <typename Number>
Dataset Group::array(const std::string& name, const std::string& long_name, const std::string& unit,
                     std::span<const Number> values, std::vector<hsize_t> shape) const {
    const hid_t type = type_of(values.data());
    Dataset dataset(*file_, create(name, type, shape, sizeof(Number)));
    if (!values.empty())
        file_->checked(H5Dwrite(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
                       "write the dataset " + name);
    dataset.attribute("long_name", long_name);
    dataset.attribute("units", unit);
    return dataset;
}

template Dataset Group::array(const std::string&, const std::string&, const std::string&, std::span<const double>,
                              std::vector<hsize_t>) const;
template Dataset Group::array(const std::string&, const std::string&, const std::string&, std::span<const float>,
                              std::vector<hsize_t>) const;
template Dataset Group::array(const std::string&, const std::string&, const std::string&, std::span<const std::int64_t>,
                              std::vector<hsize_t>) const;
template Dataset Group::array(const std::string&, const std::string&, const std::string&,
                              std::span<const std::uint64_t>, std::vector<hsize_t>) const;
template Dataset Group::array(const std::string&, const std::string&, const std::string&, std::span<const std::int32_t>,
                              std::vector<hsize_t>) const;

Dataset Group::table(const std::string& name, const std::string& long_name, const std::vector<Column>& columns) const {
    std::vector<std::size_t> widths, offsets;
    std::size_t row_size = 0;
    std::vector<std::string> units;
    for (const Column& column : columns) {
        widths.push_back(field_size(column));
        offsets.push_back(row_size);
        row_size += widths.back();
        units.push_back(column.unit);
    }
    const Handle type(H5Tcreate(H5T_COMPOUND, row_size), H5Tclose);
    const std::size_t rows = columns.empty() ? 0 : rows_of(columns.front());
    std::vector<std::byte> bytes(rows * row_size);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        H5Tinsert(type.id(), columns[i].name.c_str(), offsets[i], field_type(columns[i], widths[i]).id());
        fill_field(columns[i], offsets[i], widths[i], row_size, bytes);
    }
    Dataset dataset(*file_, create(name, type.id(), {rows}, row_size));
    if (rows > 0)
        file_->checked(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()),
                       "write the table " + name);
    dataset.attribute("long_name", long_name);
    dataset.attribute("units", units);
    return dataset;
}

void Dataset::make_scale(const std::string& name) const {
    file_->checked(H5DSset_scale(id(), name.c_str()), "make a dimension scale of " + name);
}

void Dataset::attach(unsigned dimension, const Dataset& scale) const {
    file_->checked(H5DSattach_scale(id(), scale.id(), dimension), "attach a dimension scale");
}

void Dataset::label(unsigned dimension, const std::string& text) const {
    file_->checked(H5DSset_label(id(), dimension, text.c_str()), "label a dimension");
}

// --- files
// ------------------------------------------------------------------------------------------------------------

namespace {

// The library's own copy of an open file carries a mark and a checksum that no reader accepts; the image is whole when
// the library lets go of its memory at closing, so it is taken there. Each callback returns what the C library expects.

void* allocate(std::size_t size, H5FD_file_image_op_t, void*) { return std::malloc(size); }
void* copy_bytes(void* to, const void* from, std::size_t size, H5FD_file_image_op_t, void*) {
    return std::memcpy(to, from, size);
}
void* grow(void* memory, std::size_t size, H5FD_file_image_op_t, void* taken) {
    static_cast<Image*>(taken)->capacity = size;
    return std::realloc(memory, size);
}
herr_t let_go(void* memory, H5FD_file_image_op_t operation, void* taken) {
    auto& image = *static_cast<Image*>(taken);
    if (operation == H5FD_FILE_IMAGE_OP_FILE_CLOSE && image.wanted)
        image.bytes = memory;
    else
        std::free(memory);
    return 0;
}
void* same(void* taken) { return taken; }
herr_t nothing(void*) { return 0; }

} // namespace

Image::~Image() { std::free(bytes); }

File::File(std::filesystem::path target)
    : lock_(library_lock())
    , target_(std::move(target)) {
    constexpr std::size_t growth = 4 << 20;
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); // failures are thrown, not printed
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_LATEST); // attributes may be larger than 64 kB
    H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
    checked(H5Pset_fapl_core(access.id(), growth, false), "be made in memory");
    H5FD_file_image_callbacks_t callbacks{allocate, copy_bytes, grow, let_go, same, nothing, &image_};
    checked(H5Pset_file_image_callbacks(access.id(), &callbacks), "be made in memory");
    handle_ = Handle(checked(H5Fcreate("report", H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), "be made"), H5Fclose);
}

/// An error that stays in a worker thread's list keeps the library from closing when the program ends.
File::~File() {
    handle_ = Handle();
    H5Eclear2(H5E_DEFAULT);
}

Group File::root() const {
    return {*this, Handle(checked(H5Gopen2(handle_.id(), "/", H5P_DEFAULT), "be opened"), H5Gclose)};
}

void File::write_to(AtomicFile& output) {
    checked(H5Fflush(handle_.id(), H5F_SCOPE_GLOBAL), "be completed");
    image_.wanted = true;
    handle_ = Handle();
    if (!image_.bytes) fail("be completed");
    // The memory grows in steps; where the file ends stands in the superblock (versions 2 and 3: eight bytes at 28,
    // little endian; HDF5 File Format Specification, section II.A).
    constexpr std::size_t superblock = 48, end_at = 28;
    std::uint64_t end = 0;
    if (image_.capacity >= superblock)
        std::memcpy(&end, static_cast<const std::byte*>(image_.bytes) + end_at, sizeof end);
    if (end < superblock || end > image_.capacity) fail("be completed");
    output.write(std::span(static_cast<const std::byte*>(image_.bytes), static_cast<std::size_t>(end)));
}

void File::fail(const std::string& what) const {
    throw IoError(target_.string(), "", "cannot " + what + ": " + reason() + "; free some space or write elsewhere");
}

std::string link_name(std::string name) {
    for (std::size_t at = 0; (at = name.find('/', at)) != std::string::npos; at += 3)
        name.replace(at, 1, "%2F");
    if (name == "." || name.empty()) return "%2E"; // HDF5's word for the group itself
    return name;
}

} // namespace quantscope::hdf5
