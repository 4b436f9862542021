// Reading a site's rows in the order Hugging Face has them, whatever the order in the file.
#include "core/model/site.h"

namespace quantscope {

std::int64_t stored_row(const Site& site, std::int64_t row) {
    if (site.permuted_heads == 0) return row;
    // llama.cpp's converter turns each head's [2 halves, head_dim / 2] rows into [head_dim / 2, 2 halves].
    const std::int64_t head_dim = site.out / site.permuted_heads;
    const std::int64_t head = row / head_dim, inside = row % head_dim;
    const std::int64_t half = inside / (head_dim / 2), channel = inside % (head_dim / 2);
    return head * head_dim + channel * 2 + half;
}

void read_site_rows(const Checkpoint& checkpoint, const Site& site, std::int64_t first, std::int64_t count,
                    std::span<float> out) {
    const auto& tensor = checkpoint.at(site.tensor);
    if (site.permuted_heads == 0) return checkpoint.read_rows(tensor, first, count, out);
    for (std::int64_t i = 0; i < count; ++i)
        checkpoint.read_rows(tensor, stored_row(site, first + i), 1, out.subspan(i * site.in, site.in));
}

} // namespace quantscope
