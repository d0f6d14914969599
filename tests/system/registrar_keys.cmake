# The keys of the registrar, replaced and lost.
add_test(NAME system_registrar_keys COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/registrar_keys ${CMAKE_BINARY_DIR}/bin)
set_tests_properties(system_registrar_keys PROPERTIES LABELS "system" TIMEOUT 300)
