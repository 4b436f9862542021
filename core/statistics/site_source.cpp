// A model's site as a source of rows for statistics.
#include "core/base/errors.h"
#include "core/statistics/matrix_source.h"

namespace quantscope {

MatrixSource MatrixSource::of(const Checkpoint& checkpoint, const Site& site) {
    const TensorInfo& tensor = checkpoint.at(site.tensor);
    MatrixSource source = of(checkpoint, tensor);
    const bool same_shape = source.rows_ == site.out && source.columns_ == site.in;
    if (!source.is_in_place() || !same_shape)
        return decoded(
            [&checkpoint, site](std::int64_t first, std::int64_t count, std::span<float> out) {
                read_site_rows(checkpoint, site, first, count, out);
            },
            site.out, site.in);
    if (site.permuted_heads > 0) {
        source.stored_rows_.resize(static_cast<std::size_t>(site.out));
        for (std::int64_t r = 0; r < site.out; ++r)
            source.stored_rows_[static_cast<std::size_t>(r)] = stored_row(site, r);
    }
    return source;
}

} // namespace quantscope
