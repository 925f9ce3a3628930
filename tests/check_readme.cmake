# cmake -DROOT=<source tree> -DCXX=<compiler> -DSCRATCH=<folder> -P check_readme.cmake
#
# The program in the README is examples/quickstart/main.cpp, to the letter. Every other ```cpp block compiles as it
# stands, inside of a function. Every example has a README.md, in which its readers find how to build it.
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

set(number 0)
string(FIND "${rest}" "```cpp\n" begin)
while(NOT begin EQUAL -1)
  math(EXPR begin "${begin} + 7")
  math(EXPR number "${number} + 1")
  string(SUBSTRING "${rest}" ${begin} -1 rest)
  string(FIND "${rest}" "```" end)
  string(SUBSTRING "${rest}" 0 ${end} block)
  file(
    WRITE "${SCRATCH}/block_${number}.cpp"
    "#include <bpfmap/bpfmap.hpp>
#include <bpfmap/in_kernel/in_kernel.hpp>
#include <bpfmap/interop/libbpf.hpp>
using namespace bpfmap;
struct FlowKey {
  std::uint32_t src, dst;
};
struct FlowStats {
  std::uint64_t packets, bytes;
};
struct Skeleton {
  struct {
    bpf_map* flows;
  } maps;
};
void block(const Skeleton* skeleton) {
${block}}
")
  execute_process(
    COMMAND ${CXX} -std=c++20 -fsyntax-only "-I${ROOT}/include" "${SCRATCH}/block_${number}.cpp"
    RESULT_VARIABLE failed
    ERROR_VARIABLE text)
  if(failed)
    message(SEND_ERROR "block ${number} after the first program in README.md does not compile:\n${text}")
  endif()
  string(SUBSTRING "${rest}" ${end} -1 rest)
  string(REGEX REPLACE "^```" "" rest "${rest}")
  string(FIND "${rest}" "```cpp\n" begin)
endwhile()
if(number EQUAL 0)
  message(FATAL_ERROR "README.md has no block after the first program")
endif()

file(GLOB examples "${ROOT}/examples/*/CMakeLists.txt")
foreach(example IN LISTS examples)
  cmake_path(GET example PARENT_PATH folder)
  cmake_path(GET folder FILENAME name)
  if(NOT EXISTS "${folder}/README.md")
    message(SEND_ERROR "examples/${name} has no README.md")
  endif()
  file(READ "${ROOT}/examples/README.md" index)
  if(NOT index MATCHES "\\(${name}/README\\.md\\)")
    message(SEND_ERROR "examples/README.md does not list ${name}")
  endif()
endforeach()
