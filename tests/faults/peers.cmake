# What other peers and the line between do to the broker: short forms here, long ones by hand.
foreach(name network takeover slow)
    add_test(NAME faults/${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/faults/${name})
    set_tests_properties(faults/${name} PROPERTIES TIMEOUT 300 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()
