# Finds libtorch without its own TorchConfig.cmake, which in a CUDA build insists on a CUDA toolkit.
# Looks in QUANTSCOPE_LIBTORCH (cache or environment), CMAKE_PREFIX_PATH, then build/libtorch where packaging/setup.sh
# puts the wheel. Only libtorch_cpu and libc10 are linked; CUDA is opened at run time.
# Defines: Libtorch::headers, Libtorch::libraries, and torch_precompiled (the shared precompiled header).

file(GLOB _wheel_torch ${CMAKE_SOURCE_DIR}/build/libtorch/lib/python3*/site-packages/torch)
set(_libtorch_hints ${QUANTSCOPE_LIBTORCH} $ENV{QUANTSCOPE_LIBTORCH} ${CMAKE_PREFIX_PATH} ${_wheel_torch})

find_path(Libtorch_INCLUDE torch/script.h HINTS ${_libtorch_hints} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(Libtorch_CPU torch_cpu HINTS ${_libtorch_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(Libtorch_C10 c10 HINTS ${_libtorch_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch
    REQUIRED_VARS Libtorch_INCLUDE Libtorch_CPU Libtorch_C10
    REASON_FAILURE_MESSAGE "run packaging/setup.sh, or set QUANTSCOPE_LIBTORCH to a libtorch folder (2.6 or later)")

if(Libtorch_FOUND AND NOT TARGET Libtorch::headers)
    add_library(Libtorch::headers INTERFACE IMPORTED)
    target_include_directories(Libtorch::headers SYSTEM INTERFACE
        ${Libtorch_INCLUDE} ${Libtorch_INCLUDE}/torch/csrc/api/include)
    get_filename_component(_libtorch_lib ${Libtorch_CPU} DIRECTORY)
    add_library(Libtorch::libraries INTERFACE IMPORTED)
    # libtorch_cpu of the PyPI wheel needs the CUDA runtime beside it; their folders go into the run path.
    file(GLOB _nvidia_libs ${_libtorch_lib}/../../nvidia/*/lib)
    target_link_libraries(Libtorch::libraries INTERFACE ${Libtorch_CPU} ${Libtorch_C10})
    target_link_options(Libtorch::libraries INTERFACE -Wl,--disable-new-dtags -Wl,--allow-shlib-undefined)
    foreach(_folder ${_libtorch_lib} ${_nvidia_libs})
        target_link_options(Libtorch::libraries INTERFACE -Wl,-rpath,${_folder})
    endforeach()

    file(WRITE ${CMAKE_BINARY_DIR}/torch_precompiled.cpp "// Carries the precompiled header that every torch room reuses.\n")
    add_library(torch_precompiled STATIC ${CMAKE_BINARY_DIR}/torch_precompiled.cpp)
    target_include_directories(torch_precompiled PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(torch_precompiled PRIVATE Libtorch::headers)
    target_precompile_headers(torch_precompiled PRIVATE
        <ATen/ATen.h> <torch/csrc/autograd/grad_mode.h> <algorithm> <array> <cmath> <cstdint> <functional> <map> <memory> <optional>
        <span> <string> <string_view> <unordered_map> <vector> <nlohmann/json.hpp>)
endif()
