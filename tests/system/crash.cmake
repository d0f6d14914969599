# The two services with crash points: the files that have one are compiled once more, and a program takes
# them before those of its libraries. They stand in a folder of their own and are never installed.
function(sluis_crash_program name)
  cmake_parse_arguments(A "" "PROGRAM" "SOURCES;LINKS" ${ARGN})
  list(APPEND A_SOURCES proto/host/crash.c proto/host/file.c proto/host/service_confine.c proto/host/writer.c)
  list(TRANSFORM A_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/)
  add_executable(${name} ${A_SOURCES})
  target_compile_definitions(${name} PRIVATE SLUIS_CRASH_POINTS)
  target_link_libraries(${name} PRIVATE sluis_hardening sluis_warnings ${A_LINKS})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${A_PROGRAM}
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/crash)
endfunction()
sluis_crash_program(crash_broker PROGRAM sluis-broker
  SOURCES broker/daemon.c broker/dispatch.c broker/main.c broker/agency_head.c broker/aside.c broker/audit.c broker/close.c
    broker/contribute_apply.c broker/cosigners.c broker/mailbox.c broker/matcher.c broker/rekey.c broker/renewal.c broker/request.c
    broker/settle.c broker/turn.c broker/turn_job.c broker/index/drop.c broker/index/fresh.c broker/index/merge.c
    pki/logbook/log_keeper.c
  LINKS broker_core broker_contribute broker_matching)
sluis_crash_program(crash_agent PROGRAM sluis-agent
  SOURCES agent/main.c agent/parts.c agent/ask/request.c agent/ask/run_store.c agent/outbox.c agent/outbox_answer.c agent/rekey.c agent/session_mail.c agent/hold/decide.c
    agent/hold/release.c agent/import/importer_send.c agent/log/witnessed_show.c agent/mirror/copy.c agent/own_log.c agent/renew/ask.c agent/successor/part.c agent/witness/judging.c
    pki/logbook/log_keeper.c
  LINKS agent_ask agent_import agent_core agent_hold agent_log agent_mirror agent_renew agent_subject agent_successor)
add_test(NAME system_crash COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/crash ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash ${CMAKE_SOURCE_DIR} ${template})
set_tests_properties(system_crash PROPERTIES LABELS "system" TIMEOUT 900 FIXTURES_REQUIRED system_deployment)
add_test(NAME system_crash_every_point COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/crash ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash ${CMAKE_SOURCE_DIR} ${template} --kills 200 --every-point)
set_tests_properties(system_crash_every_point PROPERTIES LABELS "system;long" TIMEOUT 3000 FIXTURES_REQUIRED system_deployment)
add_test(NAME system_crash_log COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/crash ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash ${CMAKE_SOURCE_DIR} ${template} --kills 500 --log)
set_tests_properties(system_crash_log PROPERTIES LABELS "system;long" TIMEOUT 3000 FIXTURES_REQUIRED system_deployment)
add_test(NAME system_epochs_agent COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/epochs_agent ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash)
set_tests_properties(system_epochs_agent PROPERTIES LABELS "system" TIMEOUT 600)
add_test(NAME system_renewal_mail COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/renewal_mail ${CMAKE_BINARY_DIR}/bin
  ${CMAKE_BINARY_DIR}/crash ${template})
set_tests_properties(system_renewal_mail PROPERTIES LABELS "system;long" TIMEOUT 600 FIXTURES_REQUIRED system_deployment)
