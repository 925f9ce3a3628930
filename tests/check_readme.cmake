# cmake -DROOT=<source tree> -P check_readme.cmake
#
# The program in the README is examples/quickstart/main.cpp, to the letter: what is shown is what is tested.
cmake_minimum_required(VERSION 3.24)

file(READ "${ROOT}/README.md" rest)
set(shown "")
while(NOT shown MATCHES "int main")
  string(FIND "${rest}" "```cpp\n" begin)
  if(begin EQUAL -1)
    message(FATAL_ERROR "README.md has no ```cpp block with an int main")
  endif()
  math(EXPR begin "${begin} + 7")
  string(SUBSTRING "${rest}" ${begin} -1 rest)
  string(FIND "${rest}" "```" end)
  if(end EQUAL -1)
    message(FATAL_ERROR "README.md has a ```cpp block without an end")
  endif()
  string(SUBSTRING "${rest}" 0 ${end} shown)
  math(EXPR end "${end} + 3")
  string(SUBSTRING "${rest}" ${end} -1 rest)
endwhile()

file(READ "${ROOT}/examples/quickstart/main.cpp" program)
if(NOT shown STREQUAL program)
  message(FATAL_ERROR "the first program in README.md is not examples/quickstart/main.cpp")
endif()
