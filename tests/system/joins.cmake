# What the broker finds, what a coalition recovers, what leaks: three tests and the programs that they share.
sluis_library(test_unlocked SOURCES ${CMAKE_SOURCE_DIR}/tests/support/unlocked.c
  LINKS pki_core proto_host proto_base)
add_executable(index_probe ${CMAKE_SOURCE_DIR}/tests/support/index_probe.c)
target_link_libraries(index_probe PRIVATE sluis_hardening sluis_warnings test_unlocked broker_index
  pki_agency_half pki_broker_half proto_ident)
add_executable(mail_count ${CMAKE_SOURCE_DIR}/tests/support/mail_count.c)
target_link_libraries(mail_count PRIVATE sluis_hardening sluis_warnings test_unlocked broker_store)
add_executable(handle_probe ${CMAKE_SOURCE_DIR}/tests/support/handle_probe.c)
target_link_libraries(handle_probe PRIVATE sluis_hardening sluis_warnings test_unlocked agent_records)
add_test(NAME system_differential COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/differential
  ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_differential PROPERTIES LABELS "system" TIMEOUT 600 FIXTURES_REQUIRED system_deployment)
add_executable(mail_dump ${CMAKE_SOURCE_DIR}/tests/support/mail_dump.c)
target_link_libraries(mail_dump PRIVATE sluis_hardening sluis_warnings test_unlocked broker_store
  pki_broker_half)
sluis_library(test_attack
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/found_salts.c ${CMAKE_SOURCE_DIR}/tests/support/forms.c
    ${CMAKE_SOURCE_DIR}/tests/support/guesses.c ${CMAKE_SOURCE_DIR}/tests/support/haystack.c
    ${CMAKE_SOURCE_DIR}/tests/support/opened.c
  LINKS test_unlocked pki_agency_half pki_broker_half proto_msg PRIVATE PkgConfig::OPENSSL)
add_executable(attacker ${CMAKE_SOURCE_DIR}/tests/support/attacker.c)
target_link_libraries(attacker PRIVATE sluis_hardening sluis_warnings test_attack)
# An attack tries some ten million needles, fourteen times.
add_test(NAME system_coalition COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/coalition ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_coalition PROPERTIES LABELS "system;long" TIMEOUT 1200 FIXTURES_REQUIRED system_deployment)
add_executable(key_hunt ${CMAKE_SOURCE_DIR}/tests/support/key_hunt.c)
target_link_libraries(key_hunt PRIVATE sluis_hardening sluis_warnings test_attack)
add_executable(leak_scan ${CMAKE_SOURCE_DIR}/tests/support/leak_scan.c)
target_link_libraries(leak_scan PRIVATE sluis_hardening sluis_warnings test_attack)
add_test(NAME system_leak COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/leak ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_leak PROPERTIES LABELS "system" TIMEOUT 600 FIXTURES_REQUIRED system_deployment)
