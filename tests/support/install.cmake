# sluis_service(NAME UNIT … EXAMPLE … PATHS …): installs what a service needs beside its program: unit,
# user, folders, and its commented example with the paths of an installed system.
#   UNIT    <unit>.in beside the caller; @…@ are filled in
#   NAME    NAME.sysusers and NAME.tmpfiles beside the caller
#   EXAMPLE docs/examples/EXAMPLE.yaml becomes /etc/sluis/EXAMPLE.example.yaml
#   PATHS   "line of the example" "line of the installed one" …
function(sluis_service name)
  cmake_parse_arguments(A "" "UNIT;EXAMPLE" "PATHS" ${ARGN})
  configure_file(${A_UNIT}.in ${CMAKE_CURRENT_BINARY_DIR}/${A_UNIT} @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${A_UNIT} DESTINATION lib/systemd/system)
  install(FILES ${name}.sysusers DESTINATION lib/sysusers.d RENAME ${name}.conf)
  install(FILES ${name}.tmpfiles DESTINATION lib/tmpfiles.d RENAME ${name}.conf)

  set(example ${CMAKE_SOURCE_DIR}/docs/examples/${A_EXAMPLE}.yaml)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${example})
  file(READ ${example} text)
  while(A_PATHS)
    list(POP_FRONT A_PATHS from to)
    string(REPLACE "\n${from}\n" "\n${to}\n" changed "${text}")
    if(changed STREQUAL text)
      message(WARNING "docs/examples/${A_EXAMPLE}.yaml has no line '${from}'")
    endif()
    set(text "${changed}")
  endwhile()
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${A_EXAMPLE}.example.yaml "${text}")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${A_EXAMPLE}.example.yaml DESTINATION /etc/sluis)
endfunction()
