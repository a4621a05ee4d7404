# What reads bytes from outside, fuzzed. With OCOP_FUZZ (clang) each target is a libFuzzer program that ctest runs
# for a moment on the seeds; run it by hand for longer. Without it, a small main feeds it the seeds.

if(OCOP_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "OCOP_FUZZ needs clang: -DCMAKE_C_COMPILER=clang")
    endif()
    # The libraries count their branches, so that the fuzzer sees where an input got to.
    foreach(library common proto cli scoring)
        target_compile_options(${library} PRIVATE -fsanitize=fuzzer-no-link)
        target_link_options(${library} INTERFACE -fsanitize=fuzzer-no-link)
    endforeach()
endif()

# target, and the library whose code it feeds
set(fuzz_targets mp:proto envelope:proto codec:proto frame:proto config:common table:cli rows:cli rules:scoring)
foreach(pair ${fuzz_targets})
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 name)
    list(GET pair 1 library)
    set(target fuzz_${name})
    set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    if(OCOP_FUZZ)
        add_executable(${target} fuzz/${target}.c)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        # What the fuzzer finds goes into the build folder; the seeds stay as they are.
        set(found ${CMAKE_CURRENT_BINARY_DIR}/fuzz/${name})
        file(MAKE_DIRECTORY ${found})
        add_test(NAME fuzz/${name}
            COMMAND ${target} -runs=20000 -max_total_time=20 -artifact_prefix=${found}- ${found} ${seeds})
    else()
        add_executable(${target} fuzz/${target}.c fuzz/replay.c)
        add_test(NAME fuzz/${name} COMMAND ${target} ${seeds})
    endif()
    target_link_libraries(${target} PRIVATE ${library})
    set_tests_properties(fuzz/${name} PROPERTIES TIMEOUT 300)
endforeach()

# Whole conversations with a live broker, and the table that counts them; a short run here, a long one by hand.
add_test(NAME faults/fuzz COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/faults/run --only fuzz)
set_tests_properties(faults/fuzz PROPERTIES TIMEOUT 600 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
