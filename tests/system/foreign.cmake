# A client that knows nothing of us but proto/PROTOCOL.md; it ends the brokers it starts by their process ids.
add_test(NAME system/foreign_client
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/system/foreign_client.py
            --broker $<TARGET_FILE:ocop-broker>)
set_tests_properties(system/foreign_client PROPERTIES TIMEOUT 240)
