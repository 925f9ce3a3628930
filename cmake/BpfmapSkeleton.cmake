#[=======================================================================[.rst:
bpfmap_add_skeleton
-------------------

::

  bpfmap_add_skeleton(<target> <file.bpf.c> [NAME <name>] [OPTIONS <option>...] [INCLUDES <folder>...])

Compiles a BPF program, generates its libbpf skeleton and adds it to ``<target>``, which can then
``#include "<name>.skel.h"``. The name is the file's, without ``.bpf.c``, unless given. ``OPTIONS`` are
passed to clang behind the function's own, such as ``-DDEBUG`` or ``-mcpu=v3``; ``INCLUDES`` are folders
that the program includes from, relative to the current source folder, such as that of a ``vmlinux.h``.
``BPFMAP_CLANG`` and ``BPFMAP_BPFTOOL`` choose the tools.

The object has the byte order of the machine that is built for. bpftool 7.6 or newer generates a
skeleton from an object of the other byte order than its own.
#]=======================================================================]
include_guard(GLOBAL)

function(_bpfmap_find_bpf_tools)
  find_program(
    BPFMAP_CLANG
    NAMES clang clang-22 clang-21 clang-20 clang-19 clang-18 clang-17 clang-16 clang-15 clang-14
    DOC "clang that compiles BPF programs")
  if(NOT BPFMAP_CLANG)
    message(FATAL_ERROR "bpfmap_add_skeleton: no clang found, which alone compiles BPF programs. Install it "
                        "(Debian: apt-get install clang) or set BPFMAP_CLANG.")
  endif()
  # Debian has it in a directory that is not on an ordinary user's PATH.
  find_program(
    BPFMAP_BPFTOOL
    NAMES bpftool
    HINTS /usr/sbin /sbin /usr/local/sbin
    DOC "bpftool that makes libbpf skeletons")
  if(NOT BPFMAP_BPFTOOL)
    message(FATAL_ERROR "bpfmap_add_skeleton: no bpftool found, which makes the skeleton. Install it "
                        "(Debian: apt-get install bpftool) or set BPFMAP_BPFTOOL.")
  endif()
  mark_as_advanced(BPFMAP_CLANG BPFMAP_BPFTOOL)
endfunction()

# libbpf's bpf_tracing.h wants the kernel's name of the architecture.
function(_bpfmap_target_arch result)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|i.86)$")
    set(arch x86)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(arch arm64)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
    set(arch arm)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(ppc|powerpc)")
    set(arch powerpc)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^riscv")
    set(arch riscv)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^mips")
    set(arch mips)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^loongarch")
    set(arch loongarch)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^s390")
    set(arch s390)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^sparc")
    set(arch sparc)
  else()
    set(arch "${CMAKE_SYSTEM_PROCESSOR}")
  endif()
  set(${result} "${arch}" PARENT_SCOPE)
endfunction()

# clang's plain "bpf" is the byte order of the machine that clang runs on.
function(_bpfmap_bpf_target result)
  set(order "${CMAKE_CXX_BYTE_ORDER}")
  if(NOT order)
    set(order "${CMAKE_C_BYTE_ORDER}")
  endif()
  if(order STREQUAL "BIG_ENDIAN")
    set(${result} bpfeb PARENT_SCOPE)
  elseif(order STREQUAL "LITTLE_ENDIAN")
    set(${result} bpfel PARENT_SCOPE)
  else()
    set(${result} bpf PARENT_SCOPE)
  endif()
endfunction()

function(bpfmap_add_skeleton target source)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME" "OPTIONS;INCLUDES")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "bpfmap_add_skeleton(<target> <file.bpf.c> [NAME <name>] [OPTIONS <option>...] "
                        "[INCLUDES <folder>...]): bad arguments ${arg_UNPARSED_ARGUMENTS} "
                        "${arg_KEYWORDS_MISSING_VALUES}")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "bpfmap_add_skeleton: there is no target ${target}")
  endif()
  cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  if(NOT EXISTS "${source}")
    message(FATAL_ERROR "bpfmap_add_skeleton: there is no file ${source}")
  endif()

  set(name "${arg_NAME}")
  if(NOT name)
    cmake_path(GET source STEM name)
    string(MAKE_C_IDENTIFIER "${name}" name)
  endif()

  _bpfmap_find_bpf_tools()
  _bpfmap_target_arch(arch)
  # Found here, in the caller's directory: an imported target of another directory would not be seen.
  list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_FUNCTION_LIST_DIR}")
  find_package(Libbpf 1.1 REQUIRED)

  _bpfmap_bpf_target(bpf_target)
  set(includes "")
  foreach(folder IN LISTS arg_INCLUDES)
    cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND includes -I "${folder}")
  endforeach()
  list(APPEND includes -isystem "${Libbpf_INCLUDE_DIR}")
  # <linux/types.h> includes <asm/types.h>, which the bpf target does not look for in the multiarch directory.
  if(CMAKE_LIBRARY_ARCHITECTURE)
    list(APPEND includes -idirafter "/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")
  endif()

  set(dir "${CMAKE_CURRENT_BINARY_DIR}/${target}.skel")
  set(object "${dir}/${name}.bpf.o")
  set(header "${dir}/${name}.skel.h")
  file(MAKE_DIRECTORY "${dir}")
  add_custom_command(
    OUTPUT "${object}"
    COMMAND "${BPFMAP_CLANG}" -target ${bpf_target} -D__TARGET_ARCH_${arch} -g -O2 -Wall ${includes} ${arg_OPTIONS}
            -MD -MF "${object}.d" -MT "${object}" -c "${source}" -o "${object}"
    DEPENDS "${source}" "${BPFMAP_CLANG}"
    DEPFILE "${object}.d"
    COMMENT "Compiling BPF program ${name}"
    VERBATIM)
  # Through a temporary file: a failed bpftool must not leave an empty header that looks up to date.
  add_custom_command(
    OUTPUT "${header}"
    COMMAND "${BPFMAP_BPFTOOL}" gen skeleton "${object}" name ${name} > "${header}.tmp"
    COMMAND "${CMAKE_COMMAND}" -E rename "${header}.tmp" "${header}"
    DEPENDS "${object}" "${BPFMAP_BPFTOOL}"
    COMMENT "Generating skeleton ${name}.skel.h"
    VERBATIM)

  target_sources(${target} PRIVATE "${header}")
  target_include_directories(${target} SYSTEM PRIVATE "${dir}")
  target_link_libraries(${target} PRIVATE Libbpf::libbpf)
endfunction()
