# What a requester can observe of an outcome.
foreach(party requester holder)
  add_executable(outcome_${party} ${CMAKE_SOURCE_DIR}/tests/support/outcome_${party}.c
    ${CMAKE_SOURCE_DIR}/tests/support/wire_peer_ask.c)
  target_link_libraries(outcome_${party} PRIVATE sluis_warnings wire_peer_talk)
endforeach()
add_test(NAME system_outcome COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/outcome ${CMAKE_BINARY_DIR}/bin
  ${template})
set_tests_properties(system_outcome PROPERTIES LABELS "system" TIMEOUT 600 FIXTURES_REQUIRED system_deployment)
add_test(NAME system_outcome_chance COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/outcome
  ${CMAKE_BINARY_DIR}/bin ${template} --long)
set_tests_properties(system_outcome_chance PROPERTIES LABELS "system;long" TIMEOUT 1800 FIXTURES_REQUIRED system_deployment)
