// From a pickle's values to the tensors of a model: which dict is the state dict, what each tensor is called, and where
// in its storage it lies. Shared by PyTorch's two file formats.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/checkpoint/pickle.h"
#include "core/checkpoint/reader.h"

namespace quantscope {

/// Where a storage's bytes lie in the file.
struct StorageExtent {
    std::uint64_t offset = 0, bytes = 0;
};

/// Names the tensors and fills in dtype, shape, strides and place of each.
/// \param place   of the pickle, for errors about the whole
/// \param locate  finds a storage by its key; throws FormatError naming the given tensor when there is none
/// \throws FormatError naming the tensor that does not fit its storage, or the key under which no tensor was found
Contents read_state_dict(const Pickle& pickle, const std::string& file, const std::string& place,
                         const std::function<StorageExtent(std::string_view key, const std::string& tensor)>& locate);

/// The dtype of a storage's class (FloatStorage, …), if it has one that we know.
std::optional<DType> dtype_of_storage(std::string_view class_name);
/// The other way: "FloatStorage", …; nothing for types that torch keeps in untyped storages only, or not at all.
std::optional<std::string_view> storage_class_of(DType dtype);
/// "float32", …: what torch calls the type; nothing where it has none.
std::optional<std::string_view> torch_name_of(DType dtype);

} // namespace quantscope
