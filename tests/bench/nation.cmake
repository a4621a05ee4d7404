# A nation's year through all services: needs no peer, so it is built with the tests.
add_executable(bench_nation bench/nation.c bench/nation_plan.c bench/nation_make.c bench/nation_party.c)
target_link_libraries(bench_nation PRIVATE proto)
# From a push until a monitor holds what follows.
add_executable(bench_hop bench/hop.c bench/nation_plan.c bench/nation_make.c bench/nation_party.c)
target_link_libraries(bench_hop PRIVATE proto)
