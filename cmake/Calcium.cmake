# Calcium::Calcium: FLINT, Arb, Antic and Calcium for exact mathematics. Debian 12 has them as four libraries without pkg-config
# files; FLINT 3 has all of them in one.
find_path(CALCIUM_INCLUDE calcium/ca.h)
find_library(CALCIUM_LIBRARY calcium)
if(NOT CALCIUM_INCLUDE OR NOT CALCIUM_LIBRARY)
  message(FATAL_ERROR "Calcium was not found: install libcalcium-dev (scripts/bootstrap.sh does)")
endif()
set(calcium_libraries ${CALCIUM_LIBRARY})
foreach(name antic flint-arb flint mpfr gmp)
  find_library(CALCIUM_${name} ${name})
  if(CALCIUM_${name})
    list(APPEND calcium_libraries ${CALCIUM_${name}})
  endif()
endforeach()
add_library(Calcium::Calcium INTERFACE IMPORTED)
# Its own headers ask for each other as "flint/..." and "antic/...".
set_target_properties(Calcium::Calcium PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${CALCIUM_INCLUDE}" INTERFACE_LINK_LIBRARIES "${calcium_libraries}")
