// Room grows by doubling, so that appending one token at a time copies each entry a constant number of times.
#include "core/model/kv_cache.h"

#include <algorithm>

namespace quantscope {

namespace {

/// A copy of the first `length` entries with room for `capacity`.
at::Tensor with_room(const at::Tensor& old, const at::Tensor& like, std::int64_t length, std::int64_t capacity) {
    auto grown = at::empty({like.size(0), like.size(1), capacity, like.size(3)}, like.options());
    if (length > 0) grown.narrow(2, 0, length).copy_(old.narrow(2, 0, length));
    return grown;
}

} // namespace

std::pair<at::Tensor, at::Tensor> KvCache::append(std::int64_t block, const at::Tensor& keys,
                                                  const at::Tensor& values) {
    auto& entry = blocks_.at(static_cast<std::size_t>(block));
    const auto tokens = keys.size(2), total = length_ + tokens;
    const auto capacity = entry.keys.defined() ? entry.keys.size(2) : 0;
    if (total > capacity) {
        const auto wanted = std::max(total + 64, 2 * capacity);
        entry.keys = with_room(entry.keys, keys, length_, wanted);
        entry.values = with_room(entry.values, values, length_, wanted);
    }
    entry.keys.narrow(2, length_, tokens).copy_(keys);
    entry.values.narrow(2, length_, tokens).copy_(values);
    return {entry.keys.narrow(2, 0, total), entry.values.narrow(2, 0, total)};
}

} // namespace quantscope
