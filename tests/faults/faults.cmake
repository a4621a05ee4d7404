# Faults: short forms here, long forms by hand (tests/faults/run --long, and see the head of each script).

# Preloaded into the real programs. A shim that is itself instrumented would bring a second runtime along.
function(ocop_shim name)
    add_library(${name} SHARED ${ARGN})
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${CMAKE_DL_LIBS} PkgConfig::DEPS Threads::Threads)
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
    target_link_options(${name} PRIVATE -fno-sanitize=all)
endfunction()
ocop_shim(kill_shim faults/kill_shim.c)
ocop_shim(fault_shim faults/fault_shim.c faults/fault_vfs.c)

# Looks at images a power cut may leave: one program for each kind of store.
function(ocop_power name room source)
    add_executable(power_${name} faults/power_check.c faults/power_disk.c faults/${source})
    target_link_libraries(power_${name} PRIVATE ${room})
    target_compile_definitions(power_${name} PRIVATE ${ARGN})
endfunction()
ocop_power(log broker power_log.c)
ocop_power(spool cli power_spool.c)
foreach(service intake scoring certification notification)
    ocop_power(${service} ${service} power_store.c OCOP_SERVICE=${service}_service)
endforeach()
ocop_power(courier notification power_store.c OCOP_SERVICE=courier_service)

find_program(PYTHON3 NAMES /usr/bin/python3 REQUIRED)
foreach(name kill-loop rebuild power mutants)
    add_test(NAME faults/${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/faults/${name})
    set_tests_properties(faults/${name} PROPERTIES TIMEOUT 900 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()
