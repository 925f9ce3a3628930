# cmake -DCXX=... -DPREFIX=... -DLIBDIR=... -DSTATIC=... -DSCRATCH=... -P pkg_config.cmake
#
# The consumer by nothing but a compile line, against a prefix that was moved after the installation.
cmake_minimum_required(VERSION 3.24)

find_program(PKG_CONFIG pkg-config)
if(NOT PKG_CONFIG)
  message("SKIPPED: pkg-config is not installed")
  return()
endif()

file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")
file(COPY "${PREFIX}/" DESTINATION "${SCRATCH}/moved")

set(ENV{PKG_CONFIG_PATH} "${SCRATCH}/moved/${LIBDIR}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${SCRATCH}/moved/${LIBDIR}:$ENV{LD_LIBRARY_PATH}")

set(kinds "")
if(STATIC)
  set(kinds "--static")
endif()
foreach(kind IN ITEMS "" ${kinds})
  execute_process(
    COMMAND "${PKG_CONFIG}" --cflags --libs ${kind} bpfmap
    OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(NOT flags MATCHES "${SCRATCH}/moved")
    message(FATAL_ERROR "bpfmap.pc does not follow its prefix: ${flags}")
  endif()
  separate_arguments(flags UNIX_COMMAND "${flags}")
  execute_process(
    COMMAND "${CXX}" -std=c++20 "${CMAKE_CURRENT_LIST_DIR}/consumer.cpp" -o "${SCRATCH}/consumer" ${flags}
            COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${SCRATCH}/consumer" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
