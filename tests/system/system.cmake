# The programs themselves, over ipc in temporary folders.
find_program(PYTHON3 NAMES /usr/bin/python3 REQUIRED)
foreach(name flow stopped_services dead_letters honest recompute running backup mirror versions units runbooks host)
    add_test(NAME system/${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/system/${name}.py)
    set_tests_properties(system/${name} PROPERTIES TIMEOUT 900 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()
set_tests_properties(system/units PROPERTIES SKIP_RETURN_CODE 77)

add_test(NAME system/samples COMMAND ${CMAKE_SOURCE_DIR}/tests/system/samples.sh)
set_tests_properties(system/samples PROPERTIES TIMEOUT 60 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
