// What a call that must fail says.
#pragma once

#include <string>

#include "base/error.h"

namespace reprise::testing {

// The Error's line; "" when there was none.
template <class Function>
std::string fault_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace reprise::testing
