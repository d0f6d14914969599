# Writes OUT, a C file with the bytes of each file of FILES (a list, split at ",") as NAME: cmake -DOUT= -DFILES=NAME=path,... -P
string(REPLACE "," ";" pairs "${FILES}")
set(text "#include \"pki/cli/audit/bundle_texts.h\"\n")
foreach(pair ${pairs})
  string(REGEX MATCH "^([a-z_]+)=(.*)$" all "${pair}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND text "static const uint8_t ${name}_bytes[] = {${bytes}};\n"
    "const struct bytes ${name} = {${name}_bytes, sizeof ${name}_bytes};\n")
endforeach()
file(WRITE "${OUT}" "${text}")
