# cmake -DPROGRAM=syscall_top -DCASE=table|json|interrupt|closed_pipe -P test.cmake
cmake_minimum_required(VERSION 3.24)

set(table "calls/s.*\n +[0-9]+  [^\n]+ +[0-9]+ +[0-9]+\n")
if(CASE STREQUAL "table")
  set(command "${PROGRAM}" --seconds 2)
  set(expected "${table}")
elseif(CASE STREQUAL "json")
  set(command "${PROGRAM}" --seconds 2 --json)
  set(expected "^{")
elseif(CASE STREQUAL "interrupt")
  set(command timeout --preserve-status -s INT 3 "${PROGRAM}" --interval 0.5)
  set(expected "${table}")
elseif(CASE STREQUAL "closed_pipe")
  set(command "${PROGRAM}" --interval 0.2 COMMAND head -n 1)
  set(expected "calls/s")
endif()

execute_process(
  COMMAND ${command}
  TIMEOUT 30
  RESULTS_VARIABLE results
  OUTPUT_VARIABLE output
  ERROR_VARIABLE errors)
message("${output}${errors}")
if(errors MATCHES "not permitted")
  return() # skipped
endif()
if(NOT results MATCHES "^0(;0)?$")
  message(FATAL_ERROR "ended with ${results}")
endif()
if(NOT output MATCHES "${expected}")
  message(FATAL_ERROR "shows nothing")
endif()
string(ASCII 27 escape)
if(output MATCHES "${escape}")
  message(FATAL_ERROR "has control codes, and this is no terminal")
endif()

while(CASE STREQUAL "json" AND NOT output STREQUAL "")
  string(FIND "${output}" "\n" end)
  string(SUBSTRING "${output}" 0 ${end} line)
  math(EXPR end "${end} + 1")
  string(SUBSTRING "${output}" ${end} -1 output)
  foreach(field IN ITEMS time:NUMBER pid:NUMBER comm:STRING syscall:STRING count:NUMBER rate:NUMBER)
    string(REPLACE ":" ";" field "${field}")
    list(GET field 0 name)
    list(GET field 1 type)
    string(JSON found TYPE "${line}" ${name})
    if(NOT found STREQUAL type)
      message(FATAL_ERROR "${name} is a ${found} in ${line}")
    endif()
  endforeach()
endwhile()
