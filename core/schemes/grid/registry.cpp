// The grids, in the order shown to users. Adding one: its file beside this one, and one line here.
#include "core/schemes/registry.h"

#define QUANTSCOPE_GRIDS(member) \
    member(uniform) \
    member(piecewise)

namespace quantscope {

#define QUANTSCOPE_DECLARE(member) std::unique_ptr<Grid> make_##member();
QUANTSCOPE_GRIDS(QUANTSCOPE_DECLARE)

const Members<Grid>& grids() {
    static const Members<Grid> members = [] {
        Members<Grid> list;
#define QUANTSCOPE_ADD(member) list.push_back(make_##member());
        QUANTSCOPE_GRIDS(QUANTSCOPE_ADD)
        return list;
    }();
    return members;
}

} // namespace quantscope
