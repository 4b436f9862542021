// Where tensors live: the processor or a CUDA device. Free of torch; CUDA is opened at run time, never linked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quantscope {

/// Opens libtorch's CUDA library when a driver is installed and reports a device; costs 0.3 s and 270 MB the first
/// time, nothing when there is no driver. \returns whether CUDA devices can be used from now on
bool open_cuda();

/// Devices that this process can use now: "cpu", then "cuda:0", … once open_cuda() has succeeded.
std::vector<std::string> available_devices();

/// \param name  "auto" (CUDA when there is a device, else the processor), "cpu", "cuda", "cuda:N"
/// \returns     "cpu" or "cuda:N"
/// \throws UsageError naming an unknown or absent device and those that there are
std::string resolve_device(const std::string& name);

/// Bytes that can be allocated on a device returned by resolve_device.
std::uint64_t free_memory(const std::string& device);

} // namespace quantscope
