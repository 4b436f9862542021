// Reads GGUF, versions 2 and 3, little endian: magic, version, counts, typed key-values, tensor infos, then the
// tensors' bytes at aligned offsets. Source: the format's description in ggml-org/ggml, docs/gguf.md.
#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_set>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/checkpoint/reader.h"
#include "core/checkpoint/remedy.h"
#include "core/checkpoint/text_check.h"

namespace quantscope {

namespace {

using nlohmann::json;

constexpr std::uint64_t key_limit = 65'535;           // the format's own
constexpr std::uint64_t metadata_memory = 96'000'000; // that the parsed key-values may take, bytes
constexpr int array_depth_limit = 4;
constexpr std::uint32_t dimension_limit = 4; // ggml's

enum class ValueType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// Walks through the file and never beyond its end.
class Cursor {
public:
    explicit Cursor(const MappedFile& file)
        : file_(file)
        , bytes_(file.bytes()) {}

    std::uint64_t position() const { return position_; }
    std::uint64_t remaining() const { return bytes_.size() - position_; }
    void set_place(std::string place) { place_ = std::move(place); }
    const std::string& place() const { return place_; }

    [[noreturn]] void fail(const std::string& problem) const {
        throw FormatError(file_.name(), place_, with_remedy(problem));
    }

    template <class Value>
    Value number() {
        need(sizeof(Value));
        Value value;
        std::memcpy(&value, bytes_.data() + position_, sizeof value);
        position_ += sizeof value;
        return value;
    }

    std::string_view text(std::uint64_t limit = UINT64_MAX) {
        const auto length = number<std::uint64_t>();
        if (length > limit) fail("a name in it is " + std::to_string(length) + " bytes long; the file is damaged");
        need(length);
        const std::string_view view(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
        position_ += length;
        return view;
    }

private:
    void need(std::uint64_t count) const {
        if (count > remaining()) fail("the file ends inside it; download it again");
    }

    const MappedFile& file_;
    std::span<const std::byte> bytes_;
    std::uint64_t position_ = 0;
    std::string place_ = "header";
};

class MetadataReader {
public:
    MetadataReader(Cursor& cursor, Contents& contents)
        : cursor_(cursor)
        , contents_(contents) {}

    void read_entry() {
        cursor_.set_place("metadata");
        std::string key(cursor_.text(key_limit));
        if (!is_utf8(key)) cursor_.fail("a key is not UTF-8 text; the file is damaged");
        spend(128 + key.size());
        cursor_.set_place(key);
        json value = read_value(cursor_.number<std::uint32_t>(), 0);
        if (!contents_.metadata.emplace(std::move(key), std::move(value)).second) cursor_.fail("occurs twice");
    }

private:
    void spend(std::uint64_t bytes) {
        used_ += bytes;
        if (used_ > metadata_memory)
            cursor_.fail("with it the metadata take more than " + std::to_string(metadata_memory / 1'000'000) +
                         " MB; no model's do");
    }

    json read_value(std::uint32_t type, int depth) {
        spend(24); // a value is 16 bytes, and lists grow by doubling
        switch (static_cast<ValueType>(type)) {
        case ValueType::u8:
            return cursor_.number<std::uint8_t>();
        case ValueType::i8:
            return cursor_.number<std::int8_t>();
        case ValueType::u16:
            return cursor_.number<std::uint16_t>();
        case ValueType::i16:
            return cursor_.number<std::int16_t>();
        case ValueType::u32:
            return cursor_.number<std::uint32_t>();
        case ValueType::i32:
            return cursor_.number<std::int32_t>();
        case ValueType::f32:
            return cursor_.number<float>();
        case ValueType::boolean:
            return read_boolean();
        case ValueType::string:
            return read_string();
        case ValueType::array:
            return read_array(depth);
        case ValueType::u64:
            return cursor_.number<std::uint64_t>();
        case ValueType::i64:
            return cursor_.number<std::int64_t>();
        case ValueType::f64:
            return cursor_.number<double>();
        }
        cursor_.fail("has the unknown value type " + std::to_string(type));
    }

    bool read_boolean() {
        const auto value = cursor_.number<std::uint8_t>();
        if (value > 1) cursor_.fail("is a truth value that is neither 0 nor 1");
        return value == 1;
    }

    json read_string() {
        const std::string_view text = cursor_.text();
        spend(32 + text.size());
        if (is_utf8(text)) return std::string(text);
        if (!replaced_) // once is enough: a vocabulary may hold thousands
            contents_.remarks.push_back("metadata " + printable(cursor_.place()) +
                                        " holds bytes that are not UTF-8; they read as replacement characters");
        replaced_ = true;
        return with_replacement_characters(text);
    }

    json read_array(int depth) {
        if (depth >= array_depth_limit) cursor_.fail("holds arrays nested too deeply");
        const auto type = cursor_.number<std::uint32_t>();
        const auto count = cursor_.number<std::uint64_t>();
        if (count > cursor_.remaining()) // every value takes a byte or more
            cursor_.fail("says that it holds " + std::to_string(count) + " values, more than the file has bytes");
        json array = json::array();
        auto& values = array.get_ref<json::array_t&>();
        spend(count); // before anything of that size is reserved
        values.reserve(std::min<std::uint64_t>(count, 1'000'000));
        for (std::uint64_t i = 0; i < count; ++i)
            values.push_back(read_value(type, depth + 1));
        return array;
    }

    Cursor& cursor_;
    Contents& contents_;
    std::uint64_t used_ = 0;
    bool replaced_ = false;
};

TensorInfo read_tensor_info(Cursor& cursor, const MappedFile& file) {
    cursor.set_place("tensor list");
    TensorInfo tensor;
    tensor.name = std::string(cursor.text(key_limit));
    if (!is_utf8(tensor.name)) cursor.fail("a tensor's name is not UTF-8 text; the file is damaged");
    if (tensor.name.empty()) cursor.fail("a tensor has no name; the file is damaged");
    cursor.set_place(tensor.name);
    const auto dimensions = cursor.number<std::uint32_t>();
    if (dimensions > dimension_limit) cursor.fail("has " + std::to_string(dimensions) + " dimensions; at most 4 exist");
    for (std::uint32_t i = 0; i < dimensions; ++i) {
        const auto size = cursor.number<std::uint64_t>();
        if (size > INT64_MAX) cursor.fail("its shape is too large to exist; the file is damaged");
        tensor.shape.push_back(static_cast<std::int64_t>(size));
    }
    const auto type = cursor.number<std::uint32_t>();
    const auto dtype = dtype_of_gguf(type);
    if (!dtype)
        cursor.fail("has the unknown type " + std::to_string(type) +
                    ", so its extent cannot be checked; convert the model with a type that llama.cpp knows today");
    tensor.dtype = *dtype;
    // Blocks lie along the fastest dimension, the file's first.
    const std::int64_t fastest = tensor.shape.empty() ? 1 : tensor.shape.front();
    if (fastest % facts(*dtype).block_values)
        cursor.fail("its rows of " + std::to_string(fastest) + " values do not fill whole blocks of " +
                    std::string(name(*dtype)));
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    measure(tensor, file.name());
    tensor.offset = cursor.number<std::uint64_t>(); // from the start of the data, made absolute later
    return tensor;
}

std::uint64_t read_alignment(const json& metadata, const MappedFile& file) {
    const auto found = metadata.find("general.alignment");
    if (found == metadata.end()) return 32;
    const auto fail = [&] {
        throw FormatError(file.name(), "general.alignment", with_remedy("is not a power of two from 1 to 65,536"));
    };
    if (!found->is_number_unsigned()) fail();
    const auto alignment = found->get<std::uint64_t>();
    if (!std::has_single_bit(alignment) || alignment > 65'536) fail();
    return alignment;
}

void place_tensors(Contents& contents, std::uint64_t infos_end, const MappedFile& file) {
    const std::uint64_t alignment = read_alignment(contents.metadata, file);
    const std::uint64_t data = (infos_end + alignment - 1) / alignment * alignment;
    for (TensorInfo& tensor : contents.tensors) {
        if (tensor.offset % alignment)
            throw FormatError(file.name(), tensor.name,
                              with_remedy("its offset is no multiple of the alignment " + std::to_string(alignment)));
        const auto begin = checked_add(data, tensor.offset);
        const auto end = begin ? checked_add(*begin, tensor.bytes) : std::nullopt;
        if (!end || (*end > file.size() && tensor.bytes > 0))
            throw FormatError(file.name(), tensor.name, "lies outside the file; download it again, it is incomplete");
        tensor.offset = tensor.bytes ? *begin : 0;
    }
    std::stable_sort(contents.tensors.begin(), contents.tensors.end(),
                     [](const TensorInfo& a, const TensorInfo& b) { return a.offset < b.offset; });
    refuse_overlaps(contents.tensors, file.name());
}

void refuse_duplicates(const Contents& contents, const MappedFile& file) {
    std::unordered_set<std::string_view> names;
    names.reserve(contents.tensors.size());
    for (const TensorInfo& tensor : contents.tensors)
        if (!names.insert(tensor.name).second) throw FormatError(file.name(), tensor.name, with_remedy("occurs twice"));
}

void check_version(std::uint32_t version, const Cursor& cursor) {
    if (version == 2 || version == 3) return;
    if (version == 0x02000000 || version == 0x03000000)
        cursor.fail("is written for big-endian machines; convert it with gguf_convert_endian.py of the gguf package");
    cursor.fail("has GGUF version " + std::to_string(version) + "; versions 2 and 3 are read. Convert it again");
}

} // namespace

bool looks_like_gguf(std::span<const std::byte> head, std::uint64_t) {
    return head.size() >= 4 && std::memcmp(head.data(), "GGUF", 4) == 0;
}

Contents read_gguf(const MappedFile& file) {
    Cursor cursor(file);
    if (!looks_like_gguf(file.bytes(), file.size()))
        cursor.fail("does not begin with GGUF, so it is no such file; download it again, or give a safetensors, GGUF "
                    "or PyTorch model");
    cursor.number<std::uint32_t>();
    check_version(cursor.number<std::uint32_t>(), cursor);
    const auto tensor_count = cursor.number<std::uint64_t>();
    const auto entry_count = cursor.number<std::uint64_t>();
    // A tensor info takes 24 bytes or more, a key-value 13.
    if (tensor_count > cursor.remaining() / 24)
        cursor.fail("counts " + std::to_string(tensor_count) + " tensors, more than the file has room for");
    if (tensor_count > tensor_limit) cursor.fail("counts more than " + std::to_string(tensor_limit) + " tensors");
    if (entry_count > cursor.remaining() / 13)
        cursor.fail("counts " + std::to_string(entry_count) + " key-values, more than the file has room for");

    Contents contents;
    contents.metadata = json::object();
    MetadataReader metadata(cursor, contents);
    for (std::uint64_t i = 0; i < entry_count; ++i)
        metadata.read_entry();
    if (tensor_count == 0)
        throw FormatError(file.name(), "tensor list", "holds no tensor; it may be a vocabulary only");
    contents.tensors.reserve(tensor_count);
    for (std::uint64_t i = 0; i < tensor_count; ++i)
        contents.tensors.push_back(read_tensor_info(cursor, file));
    refuse_duplicates(contents, file);
    place_tensors(contents, cursor.position(), file);
    return contents;
}

} // namespace quantscope
