// How much memory is free, so that a job that needs more is refused before it starts.
#pragma once

#include <cstdint>

namespace quantscope {

/// Bytes that can be allocated without swapping, as the system estimates (MemAvailable, and the control group's limit);
/// the largest number when the system does not say.
std::uint64_t available_memory();

} // namespace quantscope
