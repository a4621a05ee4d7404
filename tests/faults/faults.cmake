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
ocop_shim(clock_shim faults/clock_shim.c)
ocop_shim(fault_shim faults/fault_shim.c faults/fault_vfs.c)

# For what opens a store again and again.
function(ocop_small_wal target)
    target_sources(${target} PRIVATE faults/small_wal.c)
    target_link_options(${target} PRIVATE -Wl,--wrap=db_reserve_wal)
endfunction()

# Looks at images a power cut may leave: one program for each kind of store.
function(ocop_power name room source)
    add_executable(power_${name} faults/power_check.c faults/power_disk.c faults/${source})
    ocop_small_wal(power_${name})
    target_link_libraries(power_${name} PRIVATE ${room})
    target_compile_definitions(power_${name} PRIVATE ${ARGN})
endfunction()
ocop_power(log broker power_log.c)
ocop_power(spool cli power_spool.c)
foreach(service intake scoring certification notification)
    ocop_power(${service} ${service} power_store.c OCOP_SERVICE=${service}_service)
endforeach()
ocop_power(courier notification power_store.c OCOP_SERVICE=courier_service)

# Lets the n-th operation of a disk fail, in one process.
function(ocop_disk name room)
    add_executable(disk_${name} faults/disk_check.c faults/disk_${name}.c faults/fault_vfs.c)
    ocop_small_wal(disk_${name})
    target_link_libraries(disk_${name} PRIVATE ${room})
endfunction()
ocop_disk(log broker)
ocop_disk(store intake)
ocop_disk(spool cli)

add_executable(bitflip_check faults/bitflip_check.c faults/power_disk.c)
ocop_small_wal(bitflip_check)
target_link_libraries(bitflip_check PRIVATE broker)
add_test(NAME faults/bitflip COMMAND bitflip_check 500 25 20181216)
set_tests_properties(faults/bitflip PROPERTIES TIMEOUT 300)

# Lets the n-th allocation fail: SQLite's, and by the linker those of our own code.
function(ocop_memory name room source)
    add_executable(memory_${name} faults/${source} faults/memory_shim.c)
    target_link_libraries(memory_${name} PRIVATE ${room})
    target_compile_definitions(memory_${name} PRIVATE ${ARGN})
    foreach(call malloc calloc realloc strdup msgpack_zone_new msgpack_zone_malloc_expand)
        target_link_options(memory_${name} PRIVATE -Wl,--wrap=${call})
    endforeach()
endfunction()
ocop_memory(log broker memory_log.c)
foreach(service intake scoring certification notification)
    ocop_memory(${service} ${service} memory_store.c OCOP_SERVICE=${service}_service)
endforeach()
ocop_memory(courier notification memory_store.c OCOP_SERVICE=courier_service)

find_program(PYTHON3 NAMES /usr/bin/python3 REQUIRED)
foreach(name kill-loop rebuild power mutants disk memory clock)
    add_test(NAME faults/${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/faults/${name})
    set_tests_properties(faults/${name} PROPERTIES TIMEOUT 900 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()
# The checker and the table themselves.
add_test(NAME faults/checker COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/faults/checker_test.py)
set_tests_properties(faults/checker PROPERTIES TIMEOUT 60 ENVIRONMENT "OCOP_BIN=${CMAKE_BINARY_DIR}/bin")
