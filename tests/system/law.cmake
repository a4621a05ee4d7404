# Law as data: other implementations of the rules come to the same results from the same files.
find_program(PYTHON3 NAMES /usr/bin/python3 REQUIRED)

add_executable(rate-sheets ${CMAKE_SOURCE_DIR}/tests/scoring/rate_sheets.c)
target_link_libraries(rate-sheets PRIVATE scoring)

add_test(NAME law/random_sheets
    COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/system/random_sheets.py $<TARGET_FILE:rate-sheets>)
add_test(NAME law/vectors
    COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/data/vectors/check.py)
set_tests_properties(law/random_sheets law/vectors PROPERTIES TIMEOUT 600 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
