// Walks the containers of a pickle. Values may be shared and may even contain themselves, so that the walk counts its
// steps and its depth.
#include "core/checkpoint/state_dict.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/checkpoint/remedy.h"
#include "core/checkpoint/text_check.h"

namespace quantscope {

namespace {

constexpr std::uint64_t step_limit = 2'000'000;
constexpr std::uint64_t name_bytes_limit = 32'000'000;
/// Where training scripts keep the weights, in the order in which they are preferred.
constexpr std::array<std::string_view, 4> weight_keys{"ema", "model", "state_dict", "module"};

struct TypeName {
    std::string_view torch;
    DType dtype;
};
constexpr auto storage_classes = std::to_array<TypeName>({
    {"DoubleStorage", DType::F64},
    {"FloatStorage", DType::F32},
    {"HalfStorage", DType::F16},
    {"BFloat16Storage", DType::BF16},
    {"LongStorage", DType::I64},
    {"IntStorage", DType::I32},
    {"ShortStorage", DType::I16},
    {"CharStorage", DType::I8},
    {"ByteStorage", DType::U8},
    {"BoolStorage", DType::BOOL},
    {"ComplexFloatStorage", DType::C64},
    {"ComplexDoubleStorage", DType::C128},
    {"UntypedStorage", DType::U8}, // counted in bytes; what its tensors are, they say themselves
});
constexpr auto torch_dtypes = std::to_array<TypeName>({
    {"float64", DType::F64},
    {"float32", DType::F32},
    {"float16", DType::F16},
    {"bfloat16", DType::BF16},
    {"float8_e4m3fn", DType::F8_E4M3},
    {"float8_e5m2", DType::F8_E5M2},
    {"float8_e4m3fnuz", DType::F8_E4M3FNUZ},
    {"float8_e5m2fnuz", DType::F8_E5M2FNUZ},
    {"float8_e8m0fnu", DType::F8_E8M0},
    {"int64", DType::I64},
    {"int32", DType::I32},
    {"int16", DType::I16},
    {"int8", DType::I8},
    {"uint64", DType::U64},
    {"uint32", DType::U32},
    {"uint16", DType::U16},
    {"uint8", DType::U8},
    {"bool", DType::BOOL},
    {"complex32", DType::C32},
    {"complex64", DType::C64},
    {"complex128", DType::C128},
});

template <std::size_t Count>
std::optional<DType> look_up(const std::array<TypeName, Count>& names, std::string_view name) {
    const auto found = std::find_if(names.begin(), names.end(), [&](auto& entry) { return entry.torch == name; });
    return found == names.end() ? std::nullopt : std::optional(found->dtype);
}

template <std::size_t Count>
std::optional<std::string_view> look_up(const std::array<TypeName, Count>& names, DType dtype) {
    const auto found = std::find_if(names.begin(), names.end(), [&](auto& entry) { return entry.dtype == dtype; });
    return found == names.end() ? std::nullopt : std::optional(found->torch);
}

struct NamedTensor {
    std::string name;
    const PickledTensor* tensor;
};

/// One walk over a value and what it contains.
class Walk {
public:
    Walk(const Pickle& pickle, const std::string& file, const std::string& place)
        : pickle_(pickle)
        , file_(file)
        , place_(place) {}

    std::vector<NamedTensor> tensors;
    std::string opaque, opaque_key; ///< the first value that stands for something never executed
    std::uint64_t opaque_count = 0;

    /// Forgets what was found, so that another value can be walked.
    void restart() {
        tensors.clear();
        opaque.clear();
        opaque_key.clear();
        opaque_count = steps_ = name_bytes_ = 0;
    }

    void visit(PickleRef ref, const std::string& name, std::uint32_t depth) {
        if (depth > pickle_depth_limit) throw FormatError(file_, place_, with_remedy("nests deeper than 1,000 levels"));
        spend(0);
        const PickleValue& value = pickle_[ref];
        switch (value.kind) {
        case PickleKind::tensor:
            add(name, pickle_.tensors[static_cast<std::size_t>(value.number)]);
            break;
        case PickleKind::dict:
            for (std::size_t i = 0; i + 1 < value.children.size(); i += 2)
                visit_entry(value.children[i], value.children[i + 1], name, depth);
            break;
        case PickleKind::list:
        case PickleKind::tuple:
            for (std::size_t i = 0; i < value.children.size(); ++i)
                visit_child(value.children[i], name, std::to_string(i), depth);
            break;
        case PickleKind::global:
        case PickleKind::opaque:
            note_opaque(value, name);
            break;
        default:
            break;
        }
    }

private:
    void spend(std::uint64_t name_bytes) {
        name_bytes_ += name_bytes;
        if (++steps_ > step_limit || name_bytes_ > name_bytes_limit)
            throw FormatError(file_, place_, "contains its values too many times over; no saved model does");
    }

    void visit_entry(PickleRef key, PickleRef value, const std::string& name, std::uint32_t depth) {
        const PickleValue& text = pickle_[key];
        if (text.kind == PickleKind::text)
            visit_child(value, name, text.text, depth);
        else if (text.kind == PickleKind::integer)
            visit_child(value, name, std::to_string(text.number), depth);
        else
            visit_child(value, name, "?", depth);
    }

    void visit_child(PickleRef value, const std::string& name, std::string_view key, std::uint32_t depth) {
        switch (pickle_[value].kind) { // most values beside tensors are numbers and texts, which need no name
        case PickleKind::tensor:
        case PickleKind::dict:
        case PickleKind::list:
        case PickleKind::tuple:
        case PickleKind::global:
        case PickleKind::opaque:
            break;
        default:
            return spend(0);
        }
        std::string child = name;
        if (!child.empty()) child += '.';
        child += key;
        spend(child.size());
        visit(value, child, depth + 1);
    }

    void add(const std::string& name, const PickledTensor& tensor) {
        if (!is_utf8(name)) throw FormatError(file_, place_, "a tensor's name is not UTF-8 text; the file is damaged");
        if (tensors.size() == tensor_limit)
            throw FormatError(file_, place_, "holds more than " + std::to_string(tensor_limit) + " tensors");
        tensors.push_back({name.empty() ? "tensor" : name, &tensor});
    }

    void note_opaque(const PickleValue& value, const std::string& name) {
        if (opaque_count++ > 0) return;
        opaque = std::string(value.text.substr(0, 200)) + "." + std::string(value.name.substr(0, 200));
        opaque_key = name;
    }

    const Pickle& pickle_;
    const std::string& file_;
    const std::string& place_;
    std::uint64_t steps_ = 0, name_bytes_ = 0;
};

bool holds_tensor_directly(const Pickle& pickle, const PickleValue& dict) {
    for (std::size_t i = 1; i < dict.children.size(); i += 2)
        if (pickle[dict.children[i]].kind == PickleKind::tensor) return true;
    return false;
}

const PickleRef* entry_of(const Pickle& pickle, const PickleValue& dict, std::string_view key) {
    for (std::size_t i = 0; i + 1 < dict.children.size(); i += 2) {
        const PickleValue& name = pickle[dict.children[i]];
        if (name.kind == PickleKind::text && name.text == key) return &dict.children[i + 1];
    }
    return nullptr;
}

/// The tensors of the innermost of ema, model, … that holds any, or else of everything.
Walk choose(const Pickle& pickle, const std::string& file, const std::string& place, std::string& taken) {
    PickleRef root = pickle.top;
    Walk walk(pickle, file, place);
    walk.visit(root, "", 1);
    for (std::uint32_t depth = 0; depth < pickle_depth_limit; ++depth) {
        const PickleValue& dict = pickle[root];
        if (dict.kind != PickleKind::dict || holds_tensor_directly(pickle, dict)) return walk;
        bool descended = false;
        for (std::string_view key : weight_keys) {
            const PickleRef* inner = entry_of(pickle, dict, key);
            if (!inner || pickle[*inner].kind != PickleKind::dict) continue;
            Walk narrower(pickle, file, place);
            narrower.visit(*inner, "", depth + 2);
            if (narrower.tensors.empty()) continue;
            if (!taken.empty()) taken += '.';
            taken += key;
            root = *inner;
            walk.restart();
            walk.visit(root, "", depth + 2);
            descended = true;
            break;
        }
        if (!descended) return walk;
    }
    return walk;
}

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t d = shape.size(); d-- > 1;)
        strides[d - 1] = strides[d] * std::max<std::int64_t>(1, shape[d]);
    return strides;
}

bool is_contiguous(const TensorInfo& tensor, const std::vector<std::int64_t>& strides) {
    if (tensor.values() == 0) return true;
    const auto expected = contiguous_strides(tensor.shape);
    for (std::size_t d = 0; d < strides.size(); ++d)
        if (tensor.shape[d] > 1 && strides[d] != expected[d]) return false;
    return true;
}

/// Elements from the view's first to behind its last, or nothing when that does not fit 63 bits.
std::optional<std::uint64_t> elements_spanned(const TensorInfo& tensor, const std::vector<std::int64_t>& strides) {
    std::uint64_t last = 0;
    for (std::size_t d = 0; d < strides.size(); ++d) {
        if (tensor.shape[d] == 0) return 0;
        const auto reach =
            checked_multiply(static_cast<std::uint64_t>(tensor.shape[d] - 1), static_cast<std::uint64_t>(strides[d]));
        const auto next = reach ? checked_add(last, *reach) : std::nullopt;
        if (!next) return std::nullopt;
        last = *next;
    }
    return checked_add(last, 1);
}

TensorInfo place_tensor(const NamedTensor& named, const Pickle& pickle, const std::string& file,
                        const std::function<StorageExtent(std::string_view, const std::string&)>& locate) {
    const PickledTensor& pickled = *named.tensor;
    const PickleValue& storage = pickle[pickled.storage];
    const auto fail = [&](const std::string& problem) { throw FormatError(file, named.name, with_remedy(problem)); };
    const auto dtype =
        pickled.dtype.empty() ? look_up(storage_classes, storage.name) : look_up(torch_dtypes, pickled.dtype);
    if (!dtype)
        fail("has the unknown dtype " + printable(pickled.dtype.empty() ? storage.name : pickled.dtype, 60) +
             ", so its extent cannot be checked; convert it to a known one");
    TensorInfo tensor;
    tensor.name = named.name;
    tensor.dtype = *dtype;
    tensor.shape = pickled.shape;
    measure(tensor, file);

    const std::uint64_t size = facts(*dtype).block_bytes;
    const StorageExtent extent = locate(storage.text, named.name);
    const std::uint64_t view_offset =
        storage.children.empty() ? 0 : static_cast<std::uint64_t>(pickle[storage.children[0]].number);
    const auto first = checked_add(static_cast<std::uint64_t>(pickled.offset), view_offset);
    const auto spanned = elements_spanned(tensor, pickled.strides);
    const auto end = first && spanned ? checked_add(*first, *spanned) : std::nullopt;
    const auto end_bytes = end ? checked_multiply(*end, size) : std::nullopt;
    if (!end_bytes || (*spanned > 0 && *end_bytes > extent.bytes))
        fail("reaches beyond its storage; the file is damaged or incomplete, download it again");
    if (!is_contiguous(tensor, pickled.strides)) {
        tensor.strides = pickled.strides;
        // A stride of 0 repeats values; a small file must not claim more than can be held.
        if (tensor.bytes > std::max<std::uint64_t>(extent.bytes, 16'000'000))
            fail("repeats its values until they are far larger than the file; save it contiguous");
        tensor.bytes = *spanned * size;
    }
    tensor.offset = tensor.bytes ? extent.offset + *first * size : 0;
    return tensor;
}

} // namespace

std::optional<DType> dtype_of_storage(std::string_view class_name) { return look_up(storage_classes, class_name); }

std::optional<std::string_view> storage_class_of(DType dtype) { return look_up(storage_classes, dtype); }

std::optional<std::string_view> torch_name_of(DType dtype) { return look_up(torch_dtypes, dtype); }

Contents read_state_dict(const Pickle& pickle, const std::string& file, const std::string& place,
                         const std::function<StorageExtent(std::string_view, const std::string&)>& locate) {
    std::string taken;
    const Walk walk = choose(pickle, file, place, taken);
    if (walk.tensors.empty()) {
        const std::string found = walk.opaque_count > 0 ? " (found " + walk.opaque + ", which is never executed)" : "";
        throw FormatError(file, walk.opaque_key.empty() ? place : walk.opaque_key,
                          "holds no tensor" + found + "; give a file of weights");
    }
    Contents contents;
    std::unordered_set<std::string_view> names;
    for (const NamedTensor& named : walk.tensors) {
        if (!names.insert(named.name).second) throw FormatError(file, named.name, with_remedy("occurs twice"));
        contents.tensors.push_back(place_tensor(named, pickle, file, locate));
    }
    contents.container = taken;
    if (!taken.empty()) contents.remarks.push_back("the tensors under \"" + taken + "\" are the model");
    if (walk.opaque_count > 0)
        contents.remarks.push_back(
            "skipped, because it is no tensor and nothing in a file is executed: " + printable(walk.opaque_key) + " (" +
            printable(walk.opaque) + ")" +
            (walk.opaque_count > 1 ? " and " + std::to_string(walk.opaque_count - 1) + " more" : ""));
    return contents;
}

} // namespace quantscope
