# bpfmap::fmt and bpfmap::libbpf carry the headers that show somebody else's types. Both targets exist even
# where that library is missing: what is packaged here may be used where it is there.
function(bpfmap_add_interop component dependency)
  set(target bpfmap_${component})
  add_library(${target} INTERFACE)
  add_library(bpfmap::${component} ALIAS ${target})
  target_link_libraries(${target} INTERFACE bpfmap ${dependency})
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${ARGN})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${component})
  if(PROJECT_IS_TOP_LEVEL AND TARGET ${dependency})
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
endfunction()
