// The residuals, in the order shown to users. Adding one: its file beside this one, and one line here.
#include "core/schemes/registry.h"

#define QUANTSCOPE_RESIDUALS(member) member(no_residual)

namespace quantscope {

#define QUANTSCOPE_DECLARE(member) std::unique_ptr<Residual> make_##member();
QUANTSCOPE_RESIDUALS(QUANTSCOPE_DECLARE)

const Members<Residual>& residuals() {
    static const Members<Residual> members = [] {
        Members<Residual> list;
#define QUANTSCOPE_ADD(member) list.push_back(make_##member());
        QUANTSCOPE_RESIDUALS(QUANTSCOPE_ADD)
        return list;
    }();
    return members;
}

} // namespace quantscope
