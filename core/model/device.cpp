// The driver (libcuda.so.1) is asked first, as libtorch's CUDA library is large and useless without it.
#include "core/model/device.h"

#include <ATen/Context.h>
#include <charconv>
#include <cstddef>
#include <dlfcn.h>

#include "core/base/errors.h"
#include "core/base/memory.h"

namespace quantscope {

namespace {

/// A function of the CUDA driver, or null. Source: CUDA driver API; all return 0 for success.
template <typename Function>
Function* driver_function(const char* name) {
    void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
    return driver ? reinterpret_cast<Function*>(dlsym(driver, name)) : nullptr;
}

bool driver_has_device() {
    auto* const initialise = driver_function<int(unsigned)>("cuInit");
    auto* const count_devices = driver_function<int(int*)>("cuDeviceGetCount");
    int count = 0;
    return initialise && count_devices && initialise(0) == 0 && count_devices(&count) == 0 && count > 0;
}

std::string list(const std::vector<std::string>& devices) {
    std::string text;
    for (const auto& device : devices)
        text += (text.empty() ? "" : ", ") + device;
    return text;
}

} // namespace

bool open_cuda() {
    static const bool opened = [] {
        if (at::hasCUDA()) return at::getNumGPUs() > 0; // a libtorch that is linked with it
        if (!driver_has_device() || !dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return false;
        return at::hasCUDA() && at::getNumGPUs() > 0;
    }();
    return opened;
}

std::vector<std::string> available_devices() {
    std::vector<std::string> devices = {"cpu"};
    if (!at::hasCUDA()) return devices;
    for (std::size_t i = 0; i < at::getNumGPUs(); ++i)
        devices.push_back("cuda:" + std::to_string(i));
    return devices;
}

std::string resolve_device(const std::string& name) {
    if (name == "cpu") return name;
    const bool cuda = open_cuda();
    if (name == "auto") return cuda ? "cuda:0" : "cpu";
    const auto devices = available_devices();
    const std::string wanted = name == "cuda" ? "cuda:0" : name;
    for (const auto& device : devices)
        if (device == wanted) return device;
    throw UsageError({}, "--device",
                     "'" + printable(name, 40) +
                         "' is not a device of this machine; use auto or one of: " + list(devices));
}

std::uint64_t free_memory(const std::string& device) {
    if (device == "cpu") return available_memory();
    auto* const get_memory = driver_function<int(std::size_t*, std::size_t*)>("cuMemGetInfo_v2");
    auto* const retain = driver_function<int(void**, int)>("cuDevicePrimaryCtxRetain");
    auto* const set_current = driver_function<int(void*)>("cuCtxSetCurrent");
    int number = 0;
    std::from_chars(device.data() + device.find(':') + 1, device.data() + device.size(), number);
    void* context = nullptr;
    std::size_t free = 0, total = 0;
    const bool known = get_memory && retain && set_current && retain(&context, number) == 0 &&
                       set_current(context) == 0 && get_memory(&free, &total) == 0;
    return known ? free : UINT64_MAX;
}

} // namespace quantscope
