// The pickle instructions of a state dict, and the records around it.
// Source: torch/serialization.py and torch/_tensor.py (what torch.save writes), Python's pickletools (instructions).
#include "core/export/pytorch_writer.h"

#include <algorithm>

#include "core/base/errors.h"
#include "core/checkpoint/state_dict.h"
#include "core/export/zip_writer.h"

namespace quantscope {

namespace {

constexpr const char* folder = "archive/";

/// Appends pickle instructions of protocol 2.
class PickleText {
public:
    std::string text = "\x80\x02";

    void global(std::string_view module, std::string_view name) {
        text += 'c';
        text += module;
        text += '\n';
        text += name;
        text += '\n';
    }
    void unicode(std::string_view value) {
        text += 'X';
        little_endian(value.size(), 4);
        text += value;
    }
    void integer(std::uint64_t value) {
        if (value < 0x100) {
            text += 'K';
            little_endian(value, 1);
        } else if (value < 0x10000) {
            text += 'M';
            little_endian(value, 2);
        } else if (value <= 0x7fffffff) {
            text += 'J';
            little_endian(value, 4);
        } else { // LONG1: signed, so that the highest bit of the eight bytes stays free
            text += "\x8a\x08";
            little_endian(value, 8);
        }
    }
    void integers(const std::vector<std::int64_t>& values) {
        text += '(';
        for (const std::int64_t value : values)
            integer(static_cast<std::uint64_t>(value));
        text += 't';
    }
    void empty_ordered_dict() {
        global("collections", "OrderedDict");
        text += ")R";
    }

private:
    void little_endian(std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i)
            text += static_cast<char>(value >> 8 * i & 0xff);
    }
};

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t d = shape.size(); d-- > 1;)
        strides[d - 1] = strides[d] * std::max<std::int64_t>(1, shape[d]);
    return strides;
}

/// A tensor as its rebuilding call. The newer element types have no storage class: their storage is untyped and counted
/// in bytes, and the call names the type.
void put_tensor(PickleText& pickle, const TensorToWrite& tensor, std::size_t index) {
    const auto storage_class = storage_class_of(tensor.dtype);
    const std::uint64_t size = facts(tensor.dtype).block_bytes;
    pickle.global("torch._utils", storage_class ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    pickle.text += "((";
    pickle.unicode("storage");
    pickle.global(storage_class ? "torch" : "torch.storage", storage_class.value_or("UntypedStorage"));
    pickle.unicode(std::to_string(index));
    pickle.unicode("cpu");
    pickle.integer(storage_class ? tensor.bytes() / size : tensor.bytes());
    pickle.text += "tQ"; // the persistent id of the storage
    pickle.integer(0);   // offset
    pickle.integers(tensor.shape);
    pickle.integers(contiguous_strides(tensor.shape));
    pickle.text += '\x89'; // requires no gradient
    pickle.empty_ordered_dict();
    if (!storage_class) pickle.global("torch", torch_name_of(tensor.dtype).value());
    pickle.text += "tR";
}

void refuse_unknown(const std::vector<TensorToWrite>& tensors, const std::filesystem::path& target) {
    for (const TensorToWrite& tensor : tensors)
        if (!fits_pytorch(tensor.dtype))
            throw FormatError(target.string(), tensor.name,
                              "has the type " + std::string(name(tensor.dtype)) +
                                  ", which torch does not have; write safetensors");
}

} // namespace

bool fits_pytorch(DType dtype) { return torch_name_of(dtype).has_value(); }

std::string state_dict_pickle(std::span<const TensorToWrite> tensors, std::span<const std::string> containers) {
    PickleText pickle;
    for (const std::string& key : containers) {
        pickle.text += '}';
        pickle.unicode(key);
    }
    pickle.empty_ordered_dict();
    pickle.text += '(';
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        pickle.unicode(tensors[i].name);
        put_tensor(pickle, tensors[i], i);
    }
    pickle.text += 'u';
    pickle.text.append(containers.size(), 's');
    pickle.text += '.';
    return std::move(pickle.text);
}

std::uint64_t write_pytorch(const std::filesystem::path& target, const std::vector<TensorToWrite>& tensors,
                            std::span<const std::string> containers, const std::string& note, Progress& progress) {
    refuse_equal_names(tensors, target);
    refuse_unknown(tensors, target);
    const auto record_name = [](std::size_t i) { return folder + ("data/" + std::to_string(i)); };
    const std::string pickle = state_dict_pickle(tensors, containers);
    std::uint64_t total = pickle.size() + note.size() + 2048;
    for (std::size_t i = 0; i < tensors.size(); ++i)
        total += tensors[i].bytes() + ZipWriter::overhead(record_name(i));
    progress.check();
    refuse_without_room(target, total);
    AtomicFile file(target);
    ZipWriter zip(file);
    const auto add = [&](const char* name, std::string_view text) {
        zip.add(std::string(folder) + name, std::as_bytes(std::span(text)));
    };
    add("data.pkl", pickle);
    add("byteorder", "little");
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        zip.begin(record_name(i), tensors[i].bytes());
        stream_tensor(file, tensors[i], target, total, progress, [&](auto bytes) { zip.seen(bytes); });
        zip.end();
    }
    if (!note.empty()) add("quantscope.json", note);
    add("version", "3\n");
    zip.finish();
    progress.report(1, "written");
    progress.check(); // a cancel that answers the report still counts
    const std::uint64_t bytes = file.size();
    file.commit();
    return bytes;
}

} // namespace quantscope
