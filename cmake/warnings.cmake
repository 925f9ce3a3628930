# bpfmap's own warnings. A target of its own, which is never exported: they are nobody else's business.
set(bpfmap_warning_flags
    -Wall
    -Wextra
    -Wpedantic
    -Wconversion
    -Wsign-conversion
    -Wshadow
    -Wold-style-cast)
# With the optimiser on, g++ 12 warns of `"text" + std::to_string(number)` (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND bpfmap_warning_flags -Wno-restrict)
endif()
if(BPFMAP_WERROR)
  list(APPEND bpfmap_warning_flags -Werror)
endif()

add_library(bpfmap_warnings INTERFACE)
target_compile_options(bpfmap_warnings INTERFACE ${bpfmap_warning_flags})
