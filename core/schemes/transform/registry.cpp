// The transforms, in the order shown to users. Adding one: its file beside this one, and one line here.
#include "core/schemes/registry.h"

#define QUANTSCOPE_TRANSFORMS(member) member(no_transform)

namespace quantscope {

#define QUANTSCOPE_DECLARE(member) std::unique_ptr<Transform> make_##member();
QUANTSCOPE_TRANSFORMS(QUANTSCOPE_DECLARE)

const Members<Transform>& transforms() {
    static const Members<Transform> members = [] {
        Members<Transform> list;
#define QUANTSCOPE_ADD(member) list.push_back(make_##member());
        QUANTSCOPE_TRANSFORMS(QUANTSCOPE_ADD)
        return list;
    }();
    return members;
}

} // namespace quantscope
