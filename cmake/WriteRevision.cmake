# Run at every build: writes the revision of the source tree to OUTPUT, and touches it only when it changed.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 OUTPUT_VARIABLE revision
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE fault)
if(fault OR revision STREQUAL "")
  set(revision "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define REPRISE_GIT_REVISION \"${revision}\"\n" @ONLY)
