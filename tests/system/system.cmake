# The programs themselves, over ipc in temporary folders.
find_program(PYTHON3 NAMES /usr/bin/python3 REQUIRED)
foreach(name flow stopped_services)
    add_test(NAME system/${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/system/${name}.py)
    set_tests_properties(system/${name} PROPERTIES TIMEOUT 420 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()
