# Faults: short forms here, long forms by hand (see the head of each script).
add_library(kill_shim SHARED faults/kill_shim.c)
set_target_properties(kill_shim PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
target_link_libraries(kill_shim PRIVATE ${CMAKE_DL_LIBS})
# A shim that is itself instrumented would bring a second runtime along.
target_compile_options(kill_shim PRIVATE -fno-sanitize=all)
target_link_options(kill_shim PRIVATE -fno-sanitize=all)

find_program(PYTHON3 NAMES /usr/bin/python3 REQUIRED)
foreach(name kill-loop rebuild)
    add_test(NAME faults/${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/faults/${name})
    set_tests_properties(faults/${name} PROPERTIES TIMEOUT 900 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()
