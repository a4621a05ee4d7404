# The command line against bad input, without a broker.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
    add_test(NAME system/push_refusals
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/system/push_refusals.py $<TARGET_FILE:ocop>)
    set_tests_properties(system/push_refusals PROPERTIES TIMEOUT 120)
endif()
