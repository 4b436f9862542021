// A transform rewrites a site and its neighbours without changing the float output.
#pragma once

#include "core/schemes/member.h"

namespace quantscope {

/// So far only `none` is registered; the first transform that does something adds here what the engine calls.
class Transform : public Member {};

} // namespace quantscope
