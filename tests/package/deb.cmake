# cmake -DROOT=... -DSCRATCH=... -DGENERATOR=... -DCXX=... [-DWERROR=ON] -P deb.cmake
#
# Builds the Debian package, looks into it and asks lintian.
cmake_minimum_required(VERSION 3.24)

find_program(DPKG_DEB dpkg-deb)
if(NOT DPKG_DEB)
  message("SKIPPED: dpkg-deb is not installed")
  return()
endif()

file(REMOVE_RECURSE "${SCRATCH}/out" "${SCRATCH}/root")
execute_process(
  COMMAND
    "${CMAKE_COMMAND}" -S "${ROOT}" -B "${SCRATCH}/build" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_SHARED_LIBS=OFF -DBPFMAP_BUILD_TESTS=OFF
    -DBPFMAP_BUILD_EXAMPLES=OFF -DBPFMAP_BUILD_BENCHMARKS=OFF "-DBPFMAP_WERROR=${WERROR}"
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${SCRATCH}/build" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_CPACK_COMMAND}" -G DEB -B "${SCRATCH}/out"
                WORKING_DIRECTORY "${SCRATCH}/build" COMMAND_ERROR_IS_FATAL ANY)

file(GLOB packages "${SCRATCH}/out/*.deb")
list(LENGTH packages count)
if(NOT count EQUAL 1 OR NOT packages MATCHES "/libbpfmap-dev_[0-9.]+-1_[a-z0-9]+\\.deb$")
  message(FATAL_ERROR "expected one libbpfmap-dev package, got: ${packages}")
endif()

execute_process(COMMAND "${DPKG_DEB}" -x "${packages}" "${SCRATCH}/root" COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE contents RELATIVE "${SCRATCH}/root" "${SCRATCH}/root/*")
foreach(
  pattern
  "^usr/include/bpfmap/bpfmap\\.hpp$"
  "^usr/include/bpfmap/interop/fmt\\.hpp$"
  "^usr/lib/[^/]+-linux-gnu[^/]*/libbpfmap\\.a$"
  "^usr/lib/[^/]+-linux-gnu[^/]*/cmake/bpfmap/bpfmap-config\\.cmake$"
  "^usr/lib/[^/]+-linux-gnu[^/]*/cmake/bpfmap/FindLibbpf\\.cmake$"
  "^usr/lib/[^/]+-linux-gnu[^/]*/cmake/bpfmap/BpfmapSkeleton\\.cmake$"
  "^usr/lib/[^/]+-linux-gnu[^/]*/pkgconfig/bpfmap\\.pc$"
  "^usr/share/doc/bpfmap/README\\.md$"
  "^usr/share/doc/bpfmap/examples/quickstart/CMakeLists\\.txt$"
  "^usr/share/doc/libbpfmap-dev/copyright$")
  set(found ${contents})
  list(FILTER found INCLUDE REGEX "${pattern}")
  if(NOT found)
    message(SEND_ERROR "nothing in the package matches ${pattern}")
  endif()
endforeach()

find_program(LINTIAN lintian)
if(NOT LINTIAN)
  message("SKIPPED: lintian is not installed")
  return()
endif()
execute_process(
  COMMAND "${LINTIAN}" --allow-root --fail-on error "${packages}" COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
