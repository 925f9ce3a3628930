# cmake -DROOT=... -DSCRATCH=... -DGENERATOR=... -DCXX=... -P plain.cmake
#
# Configures where there is a compiler and libbpf but no other package: nothing fails, and a line each names the
# package without which something is left out.
cmake_minimum_required(VERSION 3.24)

set(hidden -DBPFMAP_CLANG= -DBPFMAP_BPFTOOL= -DBPFMAP_DOXYGEN=)
foreach(package IN ITEMS GTest fmt benchmark CLI11 nlohmann_json PkgConfig)
  list(APPEND hidden -DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
endforeach()

function(configure result output)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" --fresh -S "${ROOT}" -B "${SCRATCH}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
            ${hidden} ${ARGN}
    RESULT_VARIABLE code
    OUTPUT_VARIABLE text
    ERROR_VARIABLE text)
  set(${result} ${code} PARENT_SCOPE)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

configure(code text)
message("${text}")
if(NOT code EQUAL 0)
  message(FATAL_ERROR "a plain configuration fails")
endif()
foreach(line IN ITEMS "without tests \\(apt-get install libgtest-dev libfmt-dev\\)"
                      "without benchmarks \\(apt-get install libbenchmark-dev clang bpftool\\)"
                      "without example blocklist \\(apt-get install clang bpftool\\)"
                      "without example flow_expiry \\(apt-get install libfmt-dev libcli11-dev clang bpftool\\)")
  if(NOT text MATCHES "bpfmap: ${line}")
    message(SEND_ERROR "no line: ${line}")
  endif()
endforeach()

configure(code text -DBPFMAP_REQUIRE_PACKAGES=ON)
if(code EQUAL 0 OR NOT text MATCHES "packages are missing")
  message(SEND_ERROR "BPFMAP_REQUIRE_PACKAGES leaves something out:\n${text}")
endif()
