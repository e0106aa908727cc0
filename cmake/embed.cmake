# Writes a C++ source that holds files as bytes.
#
#   cmake -DOUT=pages.cc -DNAMESPACE=fenrun::web -DFILES="a.html;b.js" -DNAMES="kPage;kScript"
#         -P embed.cmake
#
# For each: extern const std::string_view <name>, which lives as long as the program.
set(text "// Made by cmake/embed.cmake.\n#include <string_view>\n\nnamespace ${NAMESPACE} {\n")
foreach(file name IN ZIP_LISTS FILES NAMES)
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND text "static constexpr char ${name}Bytes[] = {${bytes}};\n"
         "extern const std::string_view ${name};\n"
         "const std::string_view ${name}(${name}Bytes, ${size});\n")
endforeach()
string(APPEND text "}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUT} "${text}")
