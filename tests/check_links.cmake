# cmake -DROOT=<source tree> -P check_links.cmake
#
# Every link of a Markdown file to a file of this tree leads somewhere.
cmake_minimum_required(VERSION 3.24)

file(GLOB pages "${ROOT}/*.md")
file(GLOB_RECURSE more "${ROOT}/examples/*.md" "${ROOT}/cmake/*.md")
list(APPEND pages ${more})

set(broken "")
set(checked 0)
foreach(page IN LISTS pages)
  cmake_path(GET page PARENT_PATH folder)
  file(READ "${page}" text)
  # CMake takes brackets and semicolons in a list for its own.
  string(REPLACE "](" "<link " text "${text}")
  string(REGEX REPLACE "[][;]" "" text "${text}")
  string(REGEX MATCHALL "<link [^ ()\n]+\\)" links "${text}")
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^<link ([^#)]*).*" "\\1" target "${link}")
    if(NOT target OR target MATCHES "^(https?|mailto):")
      continue()
    endif()
    math(EXPR checked "${checked} + 1")
    if(NOT EXISTS "${folder}/${target}")
      list(APPEND broken "${page}: ${target}")
    endif()
  endforeach()
endforeach()
if(broken)
  list(JOIN broken "\n  " text)
  message(FATAL_ERROR "links to nothing:\n  ${text}")
endif()
message(STATUS "${checked} links lead somewhere")
