# The storage key of both daemons, rotated under work and killed between the steps.
add_executable(version_scan ${CMAKE_SOURCE_DIR}/tests/support/version_scan.c)
target_link_libraries(version_scan PRIVATE sluis_hardening sluis_warnings test_unlocked agent_store)
add_test(NAME system_storage_keys COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/storage_keys ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash ${template})
set_tests_properties(system_storage_keys PROPERTIES LABELS "system;long" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
