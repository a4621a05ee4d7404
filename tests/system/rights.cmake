# Who may do what, over TCP on this machine with random ports.
add_test(NAME system/rights COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/system/rights.py)
set_tests_properties(system/rights PROPERTIES TIMEOUT 900 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
