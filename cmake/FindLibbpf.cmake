#[=======================================================================[.rst:
FindLibbpf
----------

libbpf ships no CMake package of its own. Defines the target ``Libbpf::libbpf`` and the variables
``Libbpf_FOUND`` and ``Libbpf_VERSION``; ``Libbpf_INCLUDE_DIR`` and ``Libbpf_LIBRARY`` may be set beforehand.
The static library is taken where ``Libbpf_USE_STATIC_LIBS`` is true or ``CMAKE_EXE_LINKER_FLAGS`` has ``-static``.
#]=======================================================================]

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_Libbpf QUIET libbpf)
endif()

find_path(Libbpf_INCLUDE_DIR bpf/libbpf.h HINTS ${PC_Libbpf_INCLUDE_DIRS})
if(Libbpf_USE_STATIC_LIBS OR CMAKE_EXE_LINKER_FLAGS MATCHES "(^| )-static(-pie)?( |$)")
  find_library(Libbpf_LIBRARY NAMES libbpf.a HINTS ${PC_Libbpf_LIBRARY_DIRS})
else()
  find_library(Libbpf_LIBRARY bpf HINTS ${PC_Libbpf_LIBRARY_DIRS})
endif()
mark_as_advanced(Libbpf_INCLUDE_DIR Libbpf_LIBRARY)

# The header rather than pkg-config states the version: it is the one that the compiler will see.
set(Libbpf_VERSION "${PC_Libbpf_VERSION}")
if(EXISTS "${Libbpf_INCLUDE_DIR}/bpf/libbpf_version.h")
  file(READ "${Libbpf_INCLUDE_DIR}/bpf/libbpf_version.h" _libbpf_version_h)
  if(_libbpf_version_h MATCHES "LIBBPF_MAJOR_VERSION ([0-9]+)")
    set(Libbpf_VERSION "${CMAKE_MATCH_1}")
    if(_libbpf_version_h MATCHES "LIBBPF_MINOR_VERSION ([0-9]+)")
      string(APPEND Libbpf_VERSION ".${CMAKE_MATCH_1}")
    endif()
  endif()
  unset(_libbpf_version_h)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  Libbpf
  REQUIRED_VARS Libbpf_LIBRARY Libbpf_INCLUDE_DIR
  VERSION_VAR Libbpf_VERSION)

if(Libbpf_FOUND AND NOT TARGET Libbpf::libbpf)
  add_library(Libbpf::libbpf UNKNOWN IMPORTED)
  set_target_properties(
    Libbpf::libbpf PROPERTIES IMPORTED_LOCATION "${Libbpf_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES
                                                                    "${Libbpf_INCLUDE_DIR}")
  # Only the shared library knows what it needs itself. Newer libelfs need libzstd, and their .pc file says so.
  if(Libbpf_LIBRARY MATCHES "\\.a$")
    set(_libbpf_needs ${PC_Libbpf_STATIC_LIBRARIES})
    list(REMOVE_ITEM _libbpf_needs bpf)
    if(NOT _libbpf_needs)
      set(_libbpf_needs elf z)
    endif()
    set_target_properties(Libbpf::libbpf PROPERTIES INTERFACE_LINK_LIBRARIES "${_libbpf_needs}")
    unset(_libbpf_needs)
  endif()
endif()
