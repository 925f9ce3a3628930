# cmake -DSCRATCH=<directory> -P check_layers_test.cmake
#
# Plants one include at a time in a tree of its own and expects check_layers.cmake to say so.
cmake_minimum_required(VERSION 3.24)

function(run_with file line result output)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${SCRATCH}/${file}" "#pragma once\n${line}\n")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -DROOT=${SCRATCH} -P "${CMAKE_CURRENT_LIST_DIR}/check_layers.cmake"
    RESULT_VARIABLE code
    OUTPUT_VARIABLE text
    ERROR_VARIABLE text)
  set(${result} ${code} PARENT_SCOPE)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

function(expect_allowed file line)
  run_with("${file}" "${line}" code text)
  if(NOT code EQUAL 0)
    message(SEND_ERROR "${file}: '${line}' should be allowed, but:\n${text}")
  endif()
endfunction()

function(expect_violation file line)
  run_with("${file}" "${line}" code text)
  if(code EQUAL 0 OR NOT text MATCHES "includes against the layers")
    message(SEND_ERROR "${file}: '${line}' should be a violation, but:\n${text}")
  endif()
endfunction()

expect_allowed(include/bpfmap/map/map.hpp "#include \"bpfmap/sys/bpf.hpp\"")
expect_allowed(include/bpfmap/map/map.hpp "#include <bpfmap/codec/codec.hpp>")
expect_allowed(include/bpfmap/map/map.hpp "#include <bpfmap/map/detail/call.hpp>")
expect_allowed(include/bpfmap/sys/bpf.hpp "#include <linux/bpf.h>")
expect_allowed(include/bpfmap/codec/codec.hpp "#include <bpfmap/bytes.hpp>")
expect_allowed(include/bpfmap/interop/libbpf.hpp "#include <bpf/libbpf.h>")
expect_allowed(include/bpfmap/interop/fmt.hpp "#include <fmt/format.h>")
expect_allowed(include/bpfmap/bpfmap.hpp "#include <bpfmap/typed/hash_map.hpp>")
expect_allowed(src/layout/btf.cpp "#include <bpf/btf.h>")
expect_allowed(src/map/describe.cpp "#include <fmt/format.h>")

expect_allowed(src/explain/explain.cpp "#include <bpfmap/map/map.hpp>")

expect_violation(src/map/open.cpp "#include <bpfmap/explain/explain.hpp>")
expect_violation(src/explain/explain.cpp "#include <bpfmap/bulk/scan.hpp>")
expect_violation(include/bpfmap/sys/bpf.hpp "#include <bpfmap/map/map.hpp>")
expect_violation(include/bpfmap/sys/bpf.hpp "  #  include \"bpfmap/codec/codec.hpp\"")
expect_violation(include/bpfmap/codec/codec.hpp "#include <bpfmap/sys/bpf.hpp>")
expect_violation(include/bpfmap/map/map.hpp "#include <bpfmap/bulk/scan.hpp>")
expect_violation(include/bpfmap/bulk/scan.hpp "#include <bpfmap/typed/hash_map.hpp>")
expect_violation(include/bpfmap/typed/hash_map.hpp "#include <bpfmap/layout/check_layout.hpp>")
expect_violation(include/bpfmap/layout/check_layout.hpp "#include <bpfmap/bulk/scan.hpp>")
expect_violation(include/bpfmap/error.hpp "#include <bpfmap/map/map_type.hpp>")
expect_violation(include/bpfmap/bpfmap.hpp "#include <bpfmap/interop/fmt.hpp>")
expect_violation(include/bpfmap/map/map.hpp "#include <bpfmap/bpfmap.hpp>")
expect_violation(include/bpfmap/map/map.hpp "#include <bpfmap/attic/old.hpp>")
expect_violation(include/bpfmap/attic/old.hpp "#include <vector>")
expect_violation(include/bpfmap/stray.hpp "#include <vector>")
expect_violation(include/bpfmap/map/map.hpp "#include <linux/bpf.h>")
expect_violation(include/bpfmap/map/map.hpp "#include <bpf/bpf.h>")
expect_violation(include/bpfmap/interop/fmt.hpp "#include <bpf/bpf.h>")
expect_violation(include/bpfmap/error.hpp "#include <fmt/core.h>")
expect_violation(src/sys/bpf.cpp "#include <bpfmap/map/map.hpp>")
expect_violation(src/map/map.cpp "#include <linux/bpf.h>")
expect_violation(src/map/map.cpp "#include \"nowhere.hpp\"")
