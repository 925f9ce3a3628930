# bpfmap's own warnings. A target of its own, which is never exported: they are nobody else's business.
set(bpfmap_warning_flags
    -Wall
    -Wextra
    -Wpedantic
    -Wconversion
    -Wsign-conversion
    -Wshadow
    -Wold-style-cast)
if(BPFMAP_WERROR)
  list(APPEND bpfmap_warning_flags -Werror)
endif()

add_library(bpfmap_warnings INTERFACE)
target_compile_options(bpfmap_warnings INTERFACE ${bpfmap_warning_flags})
