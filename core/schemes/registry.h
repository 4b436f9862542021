// The registered members of the five choices, as objects that do their work. Each folder's registry.cpp is the one list
// of its members.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/schemes/clipping/clipping.h"
#include "core/schemes/grid/grid.h"
#include "core/schemes/residual/residual.h"
#include "core/schemes/rounding/rounding.h"
#include "core/schemes/transform/transform.h"

namespace quantscope {

template <typename T> using Members = std::vector<std::unique_ptr<T>>;

const Members<Transform>& transforms();
const Members<Clipping>& clippings();
const Members<Grid>& grids();
const Members<Rounding>& roundings();
const Members<Residual>& residuals();

/// The member as an object, or null.
const Member* member_object(Choice choice, std::string_view name);

/// The member behind a resolved scheme's name. \throws RecipeError when there is none
const Clipping& clipping_named(std::string_view name);
const Grid& grid_named(std::string_view name);
const Rounding& rounding_named(std::string_view name);

} // namespace quantscope
