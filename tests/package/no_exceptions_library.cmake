# cmake -DROOT=... -DSCRATCH=... -DCXX=... -P no_exceptions_library.cmake
#
# A parent project that is built with -fno-exceptions: the library's own sources, one of which is compiled here,
# have exceptions all the same.
cmake_minimum_required(VERSION 3.24)

find_program(NINJA ninja)
if(NOT NINJA)
  message("SKIPPED: ninja is not installed")
  return()
endif()

file(REMOVE_RECURSE "${SCRATCH}")
file(WRITE "${SCRATCH}/source/CMakeLists.txt"
     "cmake_minimum_required(VERSION 3.24)\nproject(parent LANGUAGES CXX)\nadd_compile_options(-fno-exceptions)\n"
     "add_subdirectory(\"${ROOT}\" bpfmap)\n")
execute_process(
  COMMAND "${CMAKE_COMMAND}" -S "${SCRATCH}/source" -B "${SCRATCH}/build" -G Ninja "-DCMAKE_CXX_COMPILER=${CXX}"
          -DCMAKE_CXX_FLAGS=-fno-exceptions COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${NINJA}" -C "${SCRATCH}/build" bpfmap/CMakeFiles/bpfmap.dir/src/error.cpp.o
                        COMMAND_ERROR_IS_FATAL ANY)
