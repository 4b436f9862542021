// Reads safetensors: 8 bytes of header length, a JSON header that names every tensor's dtype, shape and place, then the
// bytes of all tensors without holes. Source: the format's description in huggingface/safetensors.
#include <algorithm>
#include <cstring>

#include "core/base/errors.h"
#include "core/checkpoint/json_guard.h"
#include "core/checkpoint/reader.h"
#include "core/checkpoint/remedy.h"

namespace quantscope {

namespace {

using nlohmann::json;

constexpr std::uint64_t header_limit = 100'000'000; // the reference implementation's

std::uint64_t header_length(std::span<const std::byte> bytes) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length); // little endian, as every machine we build for
    return length;
}

json read_metadata(const json& value, const std::string& file) {
    if (!value.is_object()) throw FormatError(file, "__metadata__", with_remedy("is not an object of texts"));
    for (const auto& [key, entry] : value.items())
        if (!entry.is_string())
            throw FormatError(file, "__metadata__", with_remedy("the entry \"" + printable(key) + "\" is not a text"));
    return value;
}

/// One header entry {"dtype": …, "shape": […], "data_offsets": [begin, end]}; the offset counts from `data`.
TensorInfo read_entry(const std::string& tensor_name, const json& entry, std::uint64_t data, const MappedFile& file) {
    const auto fail = [&](const std::string& problem) {
        throw FormatError(file.name(), tensor_name, with_remedy(problem));
    };
    if (!entry.is_object()) fail("its header entry is not an object");
    const auto dtype = entry.find("dtype"), shape = entry.find("shape"), place = entry.find("data_offsets");
    if (dtype == entry.end() || !dtype->is_string()) fail("its header entry has no dtype");
    if (shape == entry.end() || !shape->is_array()) fail("its header entry has no shape");
    if (place == entry.end() || !place->is_array() || place->size() != 2) fail("its header entry has no data_offsets");
    if (entry.size() != 3) fail("its header entry has a field besides dtype, shape and data_offsets");

    TensorInfo tensor;
    tensor.name = tensor_name;
    const auto known = dtype_named(dtype->get_ref<const std::string&>());
    if (!known || facts(*known).block_values > 4) // the block types' names are not safetensors'
        fail("has the unknown dtype " + printable(dtype->get_ref<const std::string&>(), 40) +
             ", so its extent cannot be checked; convert it to a known one");
    tensor.dtype = *known;
    for (const json& dimension : *shape) {
        if (!dimension.is_number_unsigned() || dimension.get<std::uint64_t>() > INT64_MAX)
            fail("its shape holds something that is no size");
        tensor.shape.push_back(dimension.get<std::int64_t>());
    }
    measure(tensor, file.name());
    if (!(*place)[0].is_number_unsigned() || !(*place)[1].is_number_unsigned()) fail("its data_offsets are no offsets");
    const auto begin = (*place)[0].get<std::uint64_t>(), end = (*place)[1].get<std::uint64_t>();
    if (begin > end || end > file.size() - data)
        fail("its data_offsets lie outside the file; download it again, it is incomplete");
    if (end - begin != tensor.bytes)
        fail("its shape needs " + std::to_string(tensor.bytes) + " bytes but its data_offsets give " +
             std::to_string(end - begin));
    tensor.offset = data + begin;
    return tensor;
}

void refuse_holes(const Contents& contents, std::uint64_t data, const MappedFile& file) {
    std::uint64_t end = data;
    for (const TensorInfo& tensor : contents.tensors) {
        if (tensor.offset > end)
            throw FormatError(
                file.name(), tensor.name,
                with_remedy(std::to_string(tensor.offset - end) + " bytes before it belong to no tensor"));
        end = tensor.offset + tensor.bytes;
    }
    if (end != file.size())
        throw FormatError(file.name(), "",
                          with_remedy("its last " + std::to_string(file.size() - end) + " bytes belong to no tensor"));
}

} // namespace

bool looks_like_safetensors(std::span<const std::byte> head, std::uint64_t size) {
    return head.size() > 8 && head[8] == std::byte('{') && header_length(head) <= size - 8;
}

Contents read_safetensors(const MappedFile& file) {
    const auto fail = [&](const std::string& problem) {
        throw FormatError(file.name(), "header", with_remedy(problem));
    };
    if (file.size() < 10) fail("the file is too short to hold one; download it again");
    const std::uint64_t length = header_length(file.bytes());
    if (length > header_limit)
        fail("says that it is " + std::to_string(length) + " bytes long; at most 100 MB are read");
    if (length > file.size() - 8)
        fail("says that it is " + std::to_string(length) + " bytes long, more than the file; download it again");
    if (length < 2) fail("is shorter than the shortest JSON object");
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()) + 8, length);
    if (text.front() != '{') fail("does not begin with {");
    const json header = parse_json(text, file.name(), "header");

    Contents contents;
    const std::uint64_t data = 8 + length;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__")
            contents.metadata = read_metadata(entry, file.name());
        else
            contents.tensors.push_back(read_entry(name, entry, data, file));
        if (contents.tensors.size() > tensor_limit)
            fail("names more than " + std::to_string(tensor_limit) + " tensors");
    }
    if (contents.tensors.empty()) fail("holds no tensor");
    // By offset is the file's own order; an empty tensor goes before the one that starts at the same place.
    std::sort(contents.tensors.begin(), contents.tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
        return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
    });
    refuse_overlaps(contents.tensors, file.name());
    refuse_holes(contents, data, file);
    return contents;
}

} // namespace quantscope
