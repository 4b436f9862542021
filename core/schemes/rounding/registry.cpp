// The roundings, in the order shown to users. Adding one: its file beside this one, and one line here.
#include "core/schemes/registry.h"

#define QUANTSCOPE_ROUNDINGS(member) member(nearest)

namespace quantscope {

#define QUANTSCOPE_DECLARE(member) std::unique_ptr<Rounding> make_##member();
QUANTSCOPE_ROUNDINGS(QUANTSCOPE_DECLARE)

const Members<Rounding>& roundings() {
    static const Members<Rounding> members = [] {
        Members<Rounding> list;
#define QUANTSCOPE_ADD(member) list.push_back(make_##member());
        QUANTSCOPE_ROUNDINGS(QUANTSCOPE_ADD)
        return list;
    }();
    return members;
}

} // namespace quantscope
