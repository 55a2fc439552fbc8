# The n-gram profiles of 55 languages of langdetect 1.0.9 (N. Shuyo's language-detection; Apache-2.0), put into a generated header: what
# IFEval's authors tell languages apart with. Only its data are used, and only here: the programs need no Python for it.
find_path(LANGDETECT_FOLDER profiles/zh-cn PATHS /usr/lib/python3/dist-packages/langdetect NO_DEFAULT_PATH)
if(NOT LANGDETECT_FOLDER)
  message(FATAL_ERROR "langdetect's profiles were not found: install python3-langdetect (scripts/bootstrap.sh does)")
endif()

# reprise_embed_languages(header NAMESPACE name): kLanguageFiles, one JSON text a language by its code, and kLanguageMessages.
function(reprise_embed_languages header)
  cmake_parse_arguments(EMBED "" "NAMESPACE" "" ${ARGN})
  file(GLOB names RELATIVE ${LANGDETECT_FOLDER}/profiles ${LANGDETECT_FOLDER}/profiles/*)
  list(SORT names)
  set(body "// langdetect's profiles, put here by cmake/Langdetect.cmake.\n#pragma once\n\nnamespace ${EMBED_NAMESPACE} {\n")
  string(APPEND body "struct LanguageFile {\n  const char *name, *text;\n};\ninline constexpr LanguageFile kLanguageFiles[] = {\n")
  foreach(name ${names})
    file(READ ${LANGDETECT_FOLDER}/profiles/${name} text)
    string(APPEND body "{\"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  file(READ ${LANGDETECT_FOLDER}/utils/messages.properties text)
  string(APPEND body "};\ninline constexpr char kLanguageMessages[] = R\"embedded(${text})embedded\";\n}  // namespace ${EMBED_NAMESPACE}\n")
  file(CONFIGURE OUTPUT ${header} CONTENT "@body@" @ONLY)
endfunction()
