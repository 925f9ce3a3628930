# The reference, made by Doxygen from the comments and cmake/reference/*.md: target `reference`.
find_program(BPFMAP_DOXYGEN doxygen)
mark_as_advanced(BPFMAP_DOXYGEN)
set(BPFMAP_REFERENCE_DIR "${PROJECT_BINARY_DIR}/reference")

if(BPFMAP_DOXYGEN)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/reference/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
  add_custom_target(
    reference
    COMMAND ${CMAKE_COMMAND} -E rm -rf "${BPFMAP_REFERENCE_DIR}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${BPFMAP_REFERENCE_DIR}"
    COMMAND "${BPFMAP_DOXYGEN}" "${PROJECT_BINARY_DIR}/Doxyfile"
    COMMENT "Making the reference: ${BPFMAP_REFERENCE_DIR}/html/index.html"
    VERBATIM)
endif()
