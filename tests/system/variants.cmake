# Programs of the product with one file of a library replaced: what is given here comes before the library.
# sluis_variant(NAME OF program SOURCES replacement.c … [FOLDER where it is called as the program])
function(sluis_variant name)
  cmake_parse_arguments(A "" "OF;FOLDER" "SOURCES" ${ARGN})
  get_target_property(links ${A_OF} LINK_LIBRARIES)
  list(TRANSFORM A_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/tests/support/)
  add_executable(${name} ${A_SOURCES} $<TARGET_OBJECTS:${A_OF}>)
  target_link_libraries(${name} PRIVATE ${links})
  if(A_FOLDER)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${A_OF} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${A_FOLDER})
  endif()
endfunction()
# sluis-pki whose key files cost the least to open: what makes the deployments of tests.
sluis_variant(cheap_pki OF sluis-pki SOURCES cheap_cost.c)
# Programs on a machine whose clock is ahead.
sluis_variant(moved_pki OF sluis-pki SOURCES cheap_cost.c moved_clock.c FOLDER moved)
sluis_variant(moved_broker OF sluis-broker SOURCES moved_clock.c FOLDER moved)
sluis_variant(moved_agent OF sluis-agent SOURCES moved_clock.c FOLDER moved)
sluis_variant(moved_sluis OF sluis SOURCES moved_clock.c FOLDER moved)
# A broker that says of every head that its log contains it.
sluis_variant(two_faced_broker OF sluis-broker SOURCES two_faced.c FOLDER two_faced)
target_link_options(two_faced_broker PRIVATE -Wl,--wrap=publisher_contains)
