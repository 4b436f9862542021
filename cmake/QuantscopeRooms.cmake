# How every part of Quantscope is compiled: one static library per room (folder), with what it may see named.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The sloppiness is what lets ccache serve files that are compiled with a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()

# -Wrestrict is off: g++ 12 raises it falsely on string concatenation (GCC bug 105651).
# No contraction to fused multiply-add: what is decoded equals what was evaluated, whatever the processor.
add_compile_options(-Wall -Wextra -Wno-unknown-pragmas -Wno-restrict -ffp-contract=off $<$<CONFIG:Release>:-O3> -fvisibility=hidden)
if(QUANTSCOPE_WERROR)
    add_compile_options(-Werror)
endif()
if(QUANTSCOPE_SANITIZE)
    add_compile_options(-fsanitize=${QUANTSCOPE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${QUANTSCOPE_SANITIZE})
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()

# quantscope_room(core/checkpoint [TORCH] [DEPENDS rooms or libraries...])
# makes the library `core_checkpoint` from every .cpp below that folder. Without TORCH no torch header is visible.
function(quantscope_room path)
    cmake_parse_arguments(ROOM "TORCH" "" "DEPENDS" ${ARGN})
    string(REPLACE "/" "_" name ${path})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.cpp ${CMAKE_SOURCE_DIR}/${path}/*.h)
    if(NOT "${sources}" MATCHES "\\.cpp") # a room of headers only still becomes a library that others can name
        file(WRITE ${CMAKE_BINARY_DIR}/${name}_empty.cpp "// ${path} has no source file.\n")
        list(APPEND sources ${CMAKE_BINARY_DIR}/${name}_empty.cpp)
    endif()
    add_library(${name} STATIC ${sources})
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ROOM_DEPENDS})
    if(ROOM_TORCH)
        # Private, so that a torch header cannot reach the windows by accident; the libraries themselves must be linked.
        target_link_libraries(${name} PRIVATE Libtorch::headers PUBLIC Libtorch::libraries)
        target_precompile_headers(${name} REUSE_FROM torch_precompiled)
    endif()
endfunction()
