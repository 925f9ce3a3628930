# cmake -DROOT=<source tree> -P check_traces.cmake
#
# Every path that CONTRIBUTING.md names, in backticks and from the root of the tree, is there.
cmake_minimum_required(VERSION 3.24)

file(READ "${ROOT}/CONTRIBUTING.md" text)
string(REGEX REPLACE "[][;]" "" text "${text}")
string(REGEX MATCHALL "`(include|src|tests|cmake)/[^` \n]+`" paths "${text}")
list(REMOVE_DUPLICATES paths)
set(missing "")
foreach(path IN LISTS paths)
  string(REPLACE "`" "" path "${path}")
  if(NOT EXISTS "${ROOT}/${path}")
    list(APPEND missing "${path}")
  endif()
endforeach()
if(missing)
  list(JOIN missing "\n  " text)
  message(FATAL_ERROR "CONTRIBUTING.md names what is not there:\n  ${text}")
endif()
list(LENGTH paths count)
message(STATUS "${count} paths are there")
