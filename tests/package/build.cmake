# cmake -DSOURCE=<project> -DSCRATCH=... -DGENERATOR=... [-DCOPY=ON] [-DTARGET=...] -P build.cmake -- [options]
#
# Configures, builds and tests a project of somebody else; with COPY out of sight of this tree.
cmake_minimum_required(VERSION 3.24)

set(options "")
set(after_dashes FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(after_dashes)
    list(APPEND options "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(after_dashes TRUE)
  endif()
endforeach()

if(COPY)
  file(REMOVE_RECURSE "${SCRATCH}/source")
  file(COPY "${SOURCE}/" DESTINATION "${SCRATCH}/source")
  set(SOURCE "${SCRATCH}/source")
endif()
set(target "")
if(TARGET)
  set(target --target ${TARGET})
endif()

set(build "${SCRATCH}/build")
execute_process(COMMAND "${CMAKE_COMMAND}" --fresh -S "${SOURCE}" -B "${build}" -G "${GENERATOR}" ${options}
                        COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" ${target} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_CTEST_COMMAND}" --output-on-failure --no-tests=ignore
                WORKING_DIRECTORY "${build}" COMMAND_ERROR_IS_FATAL ANY)
