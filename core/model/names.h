// Matching tensor names against a family's patterns, and guessing a role from a name nobody told us.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quantscope {

/// Compares dot-separated components; "N" in the pattern stands for a block number without leading zeros, "*" for any
/// one component.
/// \returns the block number, −1 when the pattern has none; nothing when the name does not match
std::optional<int> match_name(std::string_view pattern, std::string_view name);

/// The pattern with its "N" replaced.
std::string fill_name(std::string_view pattern, int block);

/// What is left of `name` in front of `pattern`, when the name's last components match it.
std::optional<std::string_view> prefix_before(std::string_view pattern, std::string_view name);

/// The first component of the name that is a number, not counting the first and the last component (DESIGN §7: a name
/// "holds a block number" when `.N.` is in it); −1 when there is none.
int block_in_name(std::string_view name);

/// A tensor's name without ".weight" or ".bias", and which of the two it had ("" for neither).
struct Stem {
    std::string_view name, kind;
};
Stem split_name(std::string_view name);

/// The role that a name suggests, by the words the field uses; role::other when it suggests none.
/// \param dimensions  of the tensor: 2 for a linear, 4 for a convolution
std::string_view guess_role(std::string_view name, std::size_t dimensions);

} // namespace quantscope
