# cmake -DROOT=<source tree> [-DCLANG_FORMAT=<program>] -P check_format.cmake
cmake_minimum_required(VERSION 3.24)

find_program(CLANG_FORMAT NAMES clang-format-19 clang-format)
if(NOT CLANG_FORMAT)
  message("SKIPPED: clang-format is not installed")
  return()
endif()
# Every major version formats a little differently, and one of them has to be right.
execute_process(COMMAND "${CLANG_FORMAT}" --version OUTPUT_VARIABLE version)
if(NOT version MATCHES "version 19\\.")
  message("SKIPPED: the sources are formatted by clang-format 19, here is ${version}")
  return()
endif()

set(patterns "")
foreach(folder IN ITEMS include src tests examples)
  foreach(suffix IN ITEMS hpp cpp h c)
    list(APPEND patterns "${ROOT}/${folder}/*.${suffix}")
  endforeach()
endforeach()
file(GLOB_RECURSE files ${patterns})

# One run over copies: starting the program takes longer than formatting a file. Not by --dry-run -Werror, which
# complains of `}  // namespace bpfmap::inline v0`, which it writes itself.
set(copies "${CMAKE_CURRENT_BINARY_DIR}/format")
file(REMOVE_RECURSE "${copies}")
file(COPY "${ROOT}/include" "${ROOT}/src" "${ROOT}/tests" "${ROOT}/examples" DESTINATION "${copies}")
list(TRANSFORM files REPLACE "^${ROOT}/" "" OUTPUT_VARIABLE relative)
execute_process(
  COMMAND "${CLANG_FORMAT}" "--style=file:${ROOT}/.clang-format" -i ${relative}
  WORKING_DIRECTORY "${copies}" COMMAND_ERROR_IS_FATAL ANY)
set(unformatted "")
foreach(file IN LISTS relative)
  file(READ "${copies}/${file}" formatted)
  file(READ "${ROOT}/${file}" text)
  if(NOT formatted STREQUAL text)
    list(APPEND unformatted "${file}")
  endif()
endforeach()
if(unformatted)
  list(JOIN unformatted "\n  clang-format -i " text)
  message("  clang-format -i ${text}")
  message(FATAL_ERROR "not formatted: the files above")
endif()
list(LENGTH files count)
message(STATUS "${count} files are formatted")
