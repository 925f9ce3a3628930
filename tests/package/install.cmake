# cmake -DBUILD=... -DPREFIX=... -DCONFIG=... -P install.cmake
#
# Into an empty prefix: a header of yesterday would hide that today's is not installed.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}" --config "${CONFIG}"
                        COMMAND_ERROR_IS_FATAL ANY)
