# cmake -DROOT=<source tree> "-DLISTED=<files>" -P check_lists.cmake
#
# A header that no list names is neither installed nor verified, a source never built.
cmake_minimum_required(VERSION 3.24)

file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/include/*.hpp" "${ROOT}/src/*.cpp")
separate_arguments(LISTED)
list(REMOVE_ITEM files ${LISTED})
if(files)
  list(JOIN files "\n  " text)
  message(FATAL_ERROR "not listed in CMakeLists.txt:\n  ${text}")
endif()
