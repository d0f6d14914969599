# A deployment made once; tests that change it take a copy (deploy.py, copy).
add_test(NAME system_deployment COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/deployment ${CMAKE_BINARY_DIR}/bin
  ${template})
set_tests_properties(system_deployment PROPERTIES LABELS "system" TIMEOUT 300
  FIXTURES_SETUP system_deployment)
add_test(NAME system_disk_full COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/disk_full ${CMAKE_BINARY_DIR}/bin
  ${template})
set_tests_properties(system_disk_full PROPERTIES LABELS "system" TIMEOUT 400
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_bad_import COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bad_import ${CMAKE_BINARY_DIR}/bin
  ${template})
set_tests_properties(system_bad_import PROPERTIES LABELS "system" TIMEOUT 300
  FIXTURES_REQUIRED system_deployment)
add_executable(reissue ${CMAKE_SOURCE_DIR}/tests/support/reissue.c)
target_link_libraries(reissue PRIVATE sluis_hardening sluis_warnings test_unlocked pki_ca proto_msg_trust)
add_test(NAME system_wire COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/wire ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_wire PROPERTIES LABELS "system" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_policy_service COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/policy_service ${CMAKE_BINARY_DIR}/bin
  ${template})
set_tests_properties(system_policy_service PROPERTIES LABELS "system" TIMEOUT 1200
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_epochs COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/epochs ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_epochs PROPERTIES LABELS "system" TIMEOUT 300
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_succession COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/succession ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_succession PROPERTIES LABELS "system;long" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_revocation COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/revocation ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_revocation PROPERTIES LABELS "system" TIMEOUT 400
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_roster_key COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/roster_key ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_roster_key PROPERTIES LABELS "system;long" TIMEOUT 900
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_witness COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/witness ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_witness PROPERTIES LABELS "system" TIMEOUT 300
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_log_moves COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/log_moves ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash ${template})
set_tests_properties(system_log_moves PROPERTIES LABELS "system;long" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_log_moves_unshown COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/log_moves ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash ${template} --unshown)
set_tests_properties(system_log_moves_unshown PROPERTIES LABELS "system;long" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
add_executable(sign_head ${CMAKE_SOURCE_DIR}/tests/support/sign_head.c)
target_link_libraries(sign_head PRIVATE sluis_hardening sluis_warnings test_unlocked pki_note)
add_test(NAME system_split_view COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/split_view ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/two_faced/sluis-broker ${template})
set_tests_properties(system_split_view PROPERTIES LABELS "system" TIMEOUT 300
  FIXTURES_REQUIRED system_deployment)
add_executable(second_body ${CMAKE_SOURCE_DIR}/tests/support/second_body.c)
target_link_libraries(second_body PRIVATE sluis_hardening sluis_warnings pki_note proto_host)
add_test(NAME system_auditor COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/auditor ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/moved
  ${template})
set_tests_properties(system_auditor PROPERTIES LABELS "system" TIMEOUT 300
  FIXTURES_REQUIRED system_deployment)
# One round of rotations; three.
add_test(NAME system_rotation COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/rotation ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_rotation PROPERTIES LABELS "system" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_rotation_three_rounds COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/rotation ${CMAKE_BINARY_DIR}/bin ${template}
  --rounds 3)
set_tests_properties(system_rotation_three_rounds PROPERTIES LABELS "system;long" TIMEOUT 1800
  FIXTURES_REQUIRED system_deployment)
add_executable(bad_trust ${CMAKE_SOURCE_DIR}/tests/support/bad_trust.c)
target_link_libraries(bad_trust PRIVATE sluis_hardening sluis_warnings test_unlocked pki_cli_register pki_ca)
add_test(NAME system_bad_trust COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bad_trust ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_bad_trust PROPERTIES LABELS "system" TIMEOUT 300
  FIXTURES_REQUIRED system_deployment)
# Both keys in one roster; one after another, with what is refused.
add_test(NAME system_broker_keys COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/broker_keys ${CMAKE_BINARY_DIR}/bin ${template} --together)
set_tests_properties(system_broker_keys PROPERTIES LABELS "system" TIMEOUT 400
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_broker_keys_in_turn COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/broker_keys ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_broker_keys_in_turn PROPERTIES LABELS "system;long" TIMEOUT 400
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_renewal COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/renewal ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_renewal PROPERTIES LABELS "system;long" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
# Runbooks of docs/operations.md, step by step.
add_test(NAME system_broker_stolen COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/broker_stolen ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_broker_stolen PROPERTIES LABELS "system;long" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
add_test(NAME system_departure COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/departure ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/moved
  ${template})
set_tests_properties(system_departure PROPERTIES LABELS "system;long" TIMEOUT 600
  FIXTURES_REQUIRED system_deployment)
# What is left of an epoch that was destroyed.
add_test(NAME system_destroyed COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/destroyed ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_destroyed PROPERTIES LABELS "system;long" TIMEOUT 900
  FIXTURES_REQUIRED system_deployment)
# A broker on the copy of before, to which agencies send again.
add_test(NAME system_reconcile COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/reconcile ${CMAKE_BINARY_DIR}/bin ${template})
set_tests_properties(system_reconcile PROPERTIES LABELS "system;long" TIMEOUT 400
  FIXTURES_REQUIRED system_deployment)
