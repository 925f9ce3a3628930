include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/bpfmap")

# A target set each, so that the config loads bpfmap::fmt only where fmt::fmt is.
install(TARGETS bpfmap EXPORT bpfmap-targets FILE_SET HEADERS)
install(TARGETS bpfmap_fmt EXPORT bpfmap-fmt-targets FILE_SET HEADERS)
install(TARGETS bpfmap_libbpf EXPORT bpfmap-libbpf-targets FILE_SET HEADERS)
foreach(set IN ITEMS bpfmap-targets bpfmap-fmt-targets bpfmap-libbpf-targets)
  install(EXPORT ${set} NAMESPACE bpfmap:: DESTINATION "${package_dir}")
endforeach()

# Whether the core itself is linked with libbpf is said by target_link_libraries() and nowhere else.
get_target_property(links bpfmap LINK_LIBRARIES)
get_target_property(library_type bpfmap TYPE)
set(bpfmap_needs_libbpf FALSE)
set(bpfmap_pc_requires "")
if("Libbpf::libbpf" IN_LIST links)
  if(library_type STREQUAL "STATIC_LIBRARY")
    # Nobody passes --static to pkg-config for a library that exists in no other kind.
    set(bpfmap_needs_libbpf TRUE)
    set(bpfmap_pc_requires "Requires: libbpf >= 1.1")
  else()
    set(bpfmap_pc_requires "Requires.private: libbpf >= 1.1")
  endif()
endif()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/bpfmap-config.cmake.in" "${PROJECT_BINARY_DIR}/bpfmap-config.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(compatibility SameMinorVersion)
else()
  set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/bpfmap-config-version.cmake"
                                 COMPATIBILITY ${compatibility})
install(
  FILES "${PROJECT_BINARY_DIR}/bpfmap-config.cmake"
        "${PROJECT_BINARY_DIR}/bpfmap-config-version.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/BpfmapSkeleton.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/FindLibbpf.cmake"
  DESTINATION "${package_dir}")

# Relative to the file itself: `cmake --install --prefix` may choose another prefix later.
set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(bpfmap_pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(bpfmap_pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(bpfmap_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH up "/${pc_dir}" "/")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(bpfmap_pc_prefix "\${pcfiledir}/${up}")
  set(bpfmap_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(bpfmap_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/bpfmap.pc.in" "${PROJECT_BINARY_DIR}/bpfmap.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/bpfmap.pc" DESTINATION "${pc_dir}")

# --- what is read rather than built ---

install(
  FILES "${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${PROJECT_SOURCE_DIR}/CONTRIBUTING.md" "${PROJECT_SOURCE_DIR}/LICENSE"
        "${PROJECT_SOURCE_DIR}/README.md"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
# In the same folder as here, so that the links of README.md lead to them.
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/cmake/reference"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}/cmake"
  FILES_MATCHING PATTERN "*.md")
# The folders alone: examples/CMakeLists.txt is about this tree.
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/examples/"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples"
  REGEX "/examples/CMakeLists\\.txt$" EXCLUDE)

if(PROJECT_IS_TOP_LEVEL)
  include(cpack)
endif()
