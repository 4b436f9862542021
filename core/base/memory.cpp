// Reads the kernel's own estimate of free memory, and the limit of the control group (containers).
#include "core/base/memory.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace quantscope {

namespace {

/// The number in a file that holds one ("max" for no limit), or nothing to limit by.
std::uint64_t number_in(const char* file, std::uint64_t otherwise) {
    std::ifstream in(file);
    std::uint64_t value = 0;
    return in >> value ? value : otherwise;
}

} // namespace

std::uint64_t available_memory() {
    std::uint64_t available = UINT64_MAX;
    std::ifstream information("/proc/meminfo");
    std::string key, unit;
    for (std::uint64_t kibibytes = 0; information >> key >> kibibytes; std::getline(information, unit)) {
        if (key != "MemAvailable:") continue;
        available = kibibytes * 1024;
        break;
    }
    const std::uint64_t limit = number_in("/sys/fs/cgroup/memory.max", UINT64_MAX);
    if (limit == UINT64_MAX) return available;
    const std::uint64_t used = number_in("/sys/fs/cgroup/memory.current", 0);
    return std::min(available, limit > used ? limit - used : 0);
}

} // namespace quantscope
