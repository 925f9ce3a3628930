# cmake -DCASE=... -DCXX=... -DROOT=<source tree> -DSCRATCH=... [-DPREFIX=... -DLIBDIR=...] -P builds.cmake
#
# Programs that are built in other ways than the library, one way a case.
cmake_minimum_required(VERSION 3.24)

set(here "${CMAKE_CURRENT_LIST_DIR}/builds")
set(warnings
    -Wall
    -Wextra
    -Wpedantic
    -Wconversion
    -Wsign-conversion
    -Wshadow
    -Wold-style-cast
    -Werror)
set(umbrella "#include <bpfmap/bpfmap.hpp>")
file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")

# The exit code and all output of the compiler.
function(compile code text)
  execute_process(
    COMMAND "${CXX}" -I "${ROOT}/include" ${ARGN}
    RESULT_VARIABLE result
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  set(${code} "${result}" PARENT_SCOPE)
  set(${text} "${output}" PARENT_SCOPE)
endfunction()

function(expect_compiles)
  compile(code text -std=c++20 ${ARGN})
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " arguments)
    message(SEND_ERROR "${arguments} does not compile:\n${text}")
  endif()
endfunction()

# Refused by one #error, and by what ends the translation unit behind it.
function(expect_one_error message)
  compile(code text ${ARGN})
  string(REGEX MATCHALL "error: " errors "${text}")
  list(LENGTH errors count)
  string(FIND "${text}" "${message}" at)
  if(code EQUAL 0 OR at EQUAL -1 OR count GREATER 2)
    list(JOIN ARGN " " arguments)
    message(SEND_ERROR "${arguments}: expected '${message}' and nothing else, got ${count} errors:\n${text}")
  endif()
endfunction()

function(has_header header result)
  file(WRITE "${SCRATCH}/has.cpp" "#include <${header}>\n")
  compile(code text -std=c++20 -fsyntax-only "${SCRATCH}/has.cpp")
  if(code EQUAL 0)
    set(${result} ON PARENT_SCOPE)
  else()
    set(${result} OFF PARENT_SCOPE)
  endif()
endfunction()

# `others`, where all of them exist, before and after bpfmap's headers.
function(expect_any_order name bpfmap_headers)
  set(lines "")
  foreach(header IN LISTS ARGN)
    if(NOT header MATCHES "/kernel_types.h$")
      has_header("${header}" found)
      if(NOT found)
        message("not here: ${header}")
        continue()
      endif()
    endif()
    string(APPEND lines "#include <${header}>\n")
  endforeach()
  file(WRITE "${SCRATCH}/${name}_first.cpp" "${lines}${bpfmap_headers}\n")
  file(WRITE "${SCRATCH}/${name}_last.cpp" "${bpfmap_headers}\n${lines}")
  expect_compiles(-fsyntax-only -isystem / "${SCRATCH}/${name}_first.cpp")
  expect_compiles(-fsyntax-only -isystem / "${SCRATCH}/${name}_last.cpp")
endfunction()

function(build_with_library code text)
  compile(result output -std=c++20 ${ARGN} -L "${PREFIX}/${LIBDIR}" "-Wl,-rpath,${PREFIX}/${LIBDIR}" -lbpfmap -lbpf
          -lpthread)
  set(${code} "${result}" PARENT_SCOPE)
  set(${text} "${output}" PARENT_SCOPE)
endfunction()

if(CASE STREQUAL "cxx17")
  file(GLOB_RECURSE headers RELATIVE "${ROOT}/include" "${ROOT}/include/*.hpp")
  list(REMOVE_ITEM headers bpfmap/version.hpp bpfmap/interop/fmt.hpp)
  foreach(header IN LISTS headers)
    file(WRITE "${SCRATCH}/header.cpp" "#include <${header}>\n")
    expect_one_error("bpfmap needs C++20" -std=c++17 -fsyntax-only "${SCRATCH}/header.cpp")
  endforeach()

elseif(CASE STREQUAL "include_order")
  expect_any_order(kernel "${umbrella}\n#include <bpfmap/interop/libbpf.hpp>" linux/bpf.h linux/btf.h linux/perf_event.h
                   linux/if_xdp.h netinet/in.h bpf/bpf.h bpf/btf.h bpf/libbpf.h)
  expect_any_order(pcap "${umbrella}" pcap/pcap.h)
  expect_any_order(vmlinux "${umbrella}" "${here}/kernel_types.h")
  expect_any_order(in "${umbrella}" linux/in.h linux/in6.h linux/netfilter.h)

elseif(CASE STREQUAL "vmlinux")
  # The kernel's own types are C. C++ takes them in a namespace, under cxx_vmlinux.h.
  find_program(BPFTOOL bpftool HINTS /usr/sbin)
  set(kernel_btf /sys/kernel/btf/vmlinux)
  if(NOT BPFTOOL OR NOT EXISTS "${kernel_btf}")
    message("bpftool or ${kernel_btf} is missing: not tried")
    return()
  endif()
  execute_process(COMMAND "${BPFTOOL}" btf dump file "${kernel_btf}" format c OUTPUT_VARIABLE text
                                                                              COMMAND_ERROR_IS_FATAL ANY)
  # In C++, a member that is named like its type hides the type from those behind it.
  string(REGEX REPLACE "\n(\t+)(port_id|bridge_id|phandle|proc_handler) ([*]?)(port_id|bridge_id|phandle|proc_handler);"
                       "\n\\1\\2 \\3\\4_;" text "${text}")
  file(WRITE "${SCRATCH}/vmlinux.h" "${text}")
  set(kernel "namespace kernel {\n#include \"${here}/cxx_vmlinux.h\"\n}")
  set(arguments -std=c++20 -fno-operator-names -fsyntax-only -I "${SCRATCH}")
  file(WRITE "${SCRATCH}/alone.cpp" "${kernel}\n")
  file(WRITE "${SCRATCH}/first.cpp" "${kernel}\n${umbrella}\n#include <bpfmap/interop/libbpf.hpp>\n#include <bpf/bpf.h>\n")
  # <linux/bpf.h>, which libbpf's headers include, has macros that are enumerators in newer kernels.
  file(WRITE "${SCRATCH}/last.cpp" "${umbrella}\n${kernel}\n")
  foreach(order IN ITEMS first last)
    compile(code text ${arguments} "${SCRATCH}/${order}.cpp")
    if(code EQUAL 0)
      continue()
    endif()
    compile(alone alone_text ${arguments} "${SCRATCH}/alone.cpp")
    if(alone EQUAL 0)
      message(SEND_ERROR "vmlinux.h ${order}:\n${text}")
    else()
      message("this kernel's vmlinux.h is not C++ even by itself: not tried")
      return()
    endif()
  endforeach()

elseif(CASE STREQUAL "old_kernel_headers")
  # A header is compiled with any; the library says what it needs.
  file(WRITE "${SCRATCH}/linux/version.h"
       "#define LINUX_VERSION_CODE 330240\n#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))\n")
  file(WRITE "${SCRATCH}/linux/bpf.h" "enum bpf_cmd { BPF_MAP_CREATE };\n")
  file(WRITE "${SCRATCH}/header.cpp" "${umbrella}\n")
  expect_compiles(-fsyntax-only -I "${SCRATCH}" "${SCRATCH}/header.cpp")
  expect_one_error("needs the headers of Linux 6.1 or newer" -std=c++20 -fsyntax-only -I "${SCRATCH}"
                   "${ROOT}/src/sys/uapi.cpp")

elseif(CASE STREQUAL "32_bit")
  file(WRITE "${SCRATCH}/main.cpp" "#include <string>\nint main() {}\n")
  compile(code text -m32 -std=c++20 -fsyntax-only "${SCRATCH}/main.cpp")
  if(NOT code EQUAL 0)
    message("SKIPPED: ${CXX} has no standard library for -m32 (Debian: g++-multilib)")
    return()
  endif()
  file(WRITE "${SCRATCH}/all.cpp" "${umbrella}\ntemplate class bpfmap::MappedArray<int>;\n"
       "template class bpfmap::MappedBytes<>;\ntemplate class bpfmap::HashMap<int, long long>;\n")
  expect_compiles(-m32 -fsyntax-only ${warnings} "${SCRATCH}/all.cpp")
  file(GLOB sources "${ROOT}/src/sys/*.cpp" "${ROOT}/src/typed/memory.cpp"
       "${ROOT}/src/typed/perf_memory.cpp" "${ROOT}/src/typed/user_ring_buffer.cpp")
  foreach(source IN LISTS sources)
    expect_compiles(-m32 -fsyntax-only ${warnings} "${source}")
  endforeach()
  file(GLOB sources "${ROOT}/src/sys/*.cpp")
  expect_compiles(-m32 "${here}/narrow.cpp" ${sources} "${ROOT}/src/config.cpp" -o "${SCRATCH}/narrow" -lpthread)
  # Not every 64-bit kernel runs 32-bit programs. Under qemu there is no bpf(2), but there are the sizes.
  compile(code text -m32 "${SCRATCH}/main.cpp" -o "${SCRATCH}/main")
  execute_process(COMMAND "${SCRATCH}/main" RESULT_VARIABLE code ERROR_QUIET)
  set(emulator "")
  if(NOT code EQUAL 0)
    find_program(QEMU_I386 NAMES qemu-i386-static qemu-i386)
    if(NOT QEMU_I386)
      message("this kernel runs no 32-bit program and qemu-i386 is not installed: compiled only")
      return()
    endif()
    set(emulator "${QEMU_I386}")
  endif()
  execute_process(COMMAND ${emulator} "${SCRATCH}/narrow" COMMAND_ERROR_IS_FATAL ANY)

elseif(CASE STREQUAL "mixed_exceptions")
  expect_compiles(-O1 -fno-exceptions -c "${here}/unexcepting.cpp" -o "${SCRATCH}/unexcepting.o")
  # Whichever file comes first gives the bodies that both share.
  foreach(order IN ITEMS first last)
    set(files "${SCRATCH}/unexcepting.o" "${SCRATCH}/excepting.o")
    if(order STREQUAL "first")
      expect_compiles(-O1 -c "${here}/excepting.cpp" -o "${SCRATCH}/excepting.o")
    else()
      list(REVERSE files)
    endif()
    build_with_library(code text ${files} -o "${SCRATCH}/mixed")
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "does not link:\n${text}")
    endif()
    execute_process(COMMAND "${SCRATCH}/mixed" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  # No header has a body for each kind of program.
  file(GLOB_RECURSE headers "${ROOT}/include/*.hpp")
  foreach(header IN LISTS headers)
    file(STRINGS "${header}" lines REGEX "__cpp_exceptions|__EXCEPTIONS")
    if(lines)
      message(SEND_ERROR "${header}: ${lines}")
    endif()
  endforeach()

elseif(CASE STREQUAL "debug_containers")
  file(WRITE "${SCRATCH}/main.cpp" "${umbrella}\nint main() { return bpfmap::list_maps().empty(); }\n")
  build_with_library(code text "${SCRATCH}/main.cpp" -o "${SCRATCH}/main")
  if(NOT code EQUAL 0)
    message(SEND_ERROR "does not link as the library does:\n${text}")
  endif()
  build_with_library(code text -D_GLIBCXX_DEBUG "${SCRATCH}/main.cpp" -o "${SCRATCH}/main")
  if(code EQUAL 0 OR NOT text MATCHES "undefined.*libbpfmap_was_built_with_GLIBCXX_DEBUG")
    message(SEND_ERROR "_GLIBCXX_DEBUG links with a library without it, or says nothing of it:\n${text}")
  endif()

else()
  message(FATAL_ERROR "there is no case '${CASE}'")
endif()
