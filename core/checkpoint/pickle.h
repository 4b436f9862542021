// A pickle machine that builds a description and executes nothing: containers, numbers, texts, torch's tensors and
// storages are understood; whatever else a pickle would import and call becomes an opaque value that keeps its name.
// Values lie in one arena and refer to each other by number, so that no nesting can exhaust the stack.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace quantscope {

using PickleRef = std::uint32_t;

enum class PickleKind : std::uint8_t {
    none,
    boolean,
    integer,
    real,
    text,
    bytes,
    tuple,
    list,
    dict,    ///< children: key, value, key, value, …
    global,  ///< text: module, name: what would be imported
    opaque,  ///< text, name: of what would have made it
    storage, ///< text: key, name: the storage's class, number: its elements, children: [view offset]
    tensor,  ///< number: index into tensors
};

struct PickleValue {
    PickleKind kind = PickleKind::none;
    std::uint32_t depth = 1; ///< of what is nested in it when it was last added to
    std::int64_t number = 0;
    std::string_view text, name; ///< views into the pickle
    std::vector<PickleRef> children;
};

/// What torch._utils._rebuild_tensor_v2 is called with.
struct PickledTensor {
    PickleRef storage = 0;
    std::int64_t offset = 0;
    std::vector<std::int64_t> shape, strides; ///< elements
    std::string_view dtype;                   ///< torch's name, where the storage is untyped; else empty
};

struct Pickle {
    std::deque<PickleValue> values;
    std::vector<PickledTensor> tensors;
    PickleRef top = 0;
    std::size_t size = 0; ///< bytes up to and with the STOP instruction

    const PickleValue& operator[](PickleRef ref) const { return values[ref]; }
};

inline constexpr std::uint32_t pickle_depth_limit = 1000;

/// \param bytes        the pickle, and what may follow it; must outlive the result
/// \param file, place  for errors
/// \throws FormatError on an instruction that is not on the list, on a malformed pickle, on nesting deeper than
///         1,000, and on one whose description would take unreasonable memory
Pickle read_pickle(std::string_view bytes, const std::string& file, const std::string& place);

} // namespace quantscope
