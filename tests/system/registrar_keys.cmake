# The keys of the registrar, replaced and lost.
add_test(NAME system_registrar_keys COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/registrar_keys ${CMAKE_BINARY_DIR}/bin)
set_tests_properties(system_registrar_keys PROPERTIES LABELS "system" TIMEOUT 300)
add_test(NAME system_registrar_keys_all COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/registrar_keys ${CMAKE_BINARY_DIR}/bin --all)
set_tests_properties(system_registrar_keys_all PROPERTIES LABELS "system;long" TIMEOUT 600)
add_test(NAME system_module_keys COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/module_keys ${CMAKE_BINARY_DIR}/bin)
set_tests_properties(system_module_keys PROPERTIES LABELS "system;long" TIMEOUT 300)
