# cmake -DOBJECT=<file> -P check_big_endian.cmake
#
# The sixth byte of an ELF file is its byte order, 2 for the big-endian one.
file(READ "${OBJECT}" header LIMIT 6 HEX)
if(NOT header STREQUAL "7f454c460202")
  message(FATAL_ERROR "${OBJECT} is no big-endian object: ${header}")
endif()
