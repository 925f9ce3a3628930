# cmake -DROOT=<source tree> -DCXX=<compiler> -P check_light_headers.cmake
#
# A typed map includes no header that takes a large part of its compile time: these cost from 3 to 25 % each with
# libstdc++ 12.
cmake_minimum_required(VERSION 3.24)

set(heavy algorithm filesystem functional iostream linux/bpf.h memory ranges sstream streambuf)

foreach(header IN ITEMS typed/hash_map.hpp typed/array_map.hpp typed/percpu_hash_map.hpp)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/light_header.cpp" "#include <bpfmap/${header}>\n")
  execute_process(
    COMMAND "${CXX}" -std=c++20 "-I${ROOT}/include" -M "${CMAKE_CURRENT_BINARY_DIR}/light_header.cpp"
    OUTPUT_VARIABLE included
    ERROR_VARIABLE errors
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${header}: ${errors}")
  endif()
  foreach(name IN LISTS heavy)
    if(included MATCHES "/(c\\+\\+/[0-9]+|include)/${name}[ \n]")
      message(FATAL_ERROR "bpfmap/${header} includes <${name}>, which takes long to compile")
    endif()
  endforeach()
endforeach()
message(STATUS "no heavy header")
