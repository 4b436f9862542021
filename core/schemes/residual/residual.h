// A residual is what is kept beside the grid: outliers, low-rank factors, further bit blocks.
#pragma once

#include "core/schemes/member.h"

namespace quantscope {

/// So far only `none` is registered; the first residual that keeps something adds here what the fit calls.
class Residual : public Member {};

} // namespace quantscope
