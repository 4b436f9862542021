// The clippings, in the order shown to users. Adding one: its file beside this one, and one line here.
#include "core/schemes/registry.h"

#define QUANTSCOPE_CLIPPINGS(member) \
    member(min_max) \
    member(coefficient) \
    member(percentile) \
    member(mse)

namespace quantscope {

#define QUANTSCOPE_DECLARE(member) std::unique_ptr<Clipping> make_##member();
QUANTSCOPE_CLIPPINGS(QUANTSCOPE_DECLARE)

const Members<Clipping>& clippings() {
    static const Members<Clipping> members = [] {
        Members<Clipping> list;
#define QUANTSCOPE_ADD(member) list.push_back(make_##member());
        QUANTSCOPE_CLIPPINGS(QUANTSCOPE_ADD)
        return list;
    }();
    return members;
}

} // namespace quantscope
