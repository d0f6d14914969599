# The few shapes of target this project has.

# sluis_library(NAME SOURCES a.c … LINKS lower-layer … PRIVATE third-party …)
function(sluis_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC sluis_hardening ${A_LINKS} PRIVATE sluis_warnings ${A_PRIVATE})
endfunction()

# sluis_program(NAME SOURCES … LINKS … PRIVATE …): installed to bin
function(sluis_program name)
  cmake_parse_arguments(A "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE sluis_hardening sluis_warnings ${A_LINKS} ${A_PRIVATE})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# sluis_test(NAME SOURCES test_x.c LINKS … [LABELS unit] [ARGS …]): a cmocka program, registered with ctest
function(sluis_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LINKS;LABELS;ARGS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE sluis_hardening sluis_warnings ${A_LINKS} PkgConfig::CMOCKA)
  target_compile_definitions(${name} PRIVATE TEST_DATA="${CMAKE_SOURCE_DIR}/tests")
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND ${name} ${A_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${A_TIMEOUT})
endfunction()

add_custom_target(fuzz_targets)

# sluis_fuzz(NAME SOURCE fuzz_x.c LINKS …): LLVMFuzzerTestOneInput in SOURCE; seeds in
# tests/fuzz/corpus/NAME/. A libFuzzer program with SLUIS_FUZZ, otherwise a replay of the corpus.
function(sluis_fuzz name)
  cmake_parse_arguments(A "" "SOURCE" "LINKS" ${ARGN})
  add_executable(fuzz_${name} ${A_SOURCE})
  target_link_libraries(fuzz_${name} PRIVATE sluis_hardening sluis_warnings ${A_LINKS})
  target_compile_options(fuzz_${name} PRIVATE -Wno-missing-prototypes -UNDEBUG)
  if(SLUIS_FUZZ)
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_targets fuzz_${name})
  else()
    target_sources(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz_${name} PROPERTIES LABELS "fuzz-replay" TIMEOUT 120)
  endif()
endfunction()

# sluis_analyzer_loses(a.c …): files in which gcc 12's analyzer reports a leak that is none, because it
# loses a pointer that is stored in what the caller or a list then owns. The leak sanitizer still
# watches them in every test.
function(sluis_analyzer_loses)
  if(SLUIS_ANALYZE)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-Wno-analyzer-malloc-leak")
  endif()
endfunction()
