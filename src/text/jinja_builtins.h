// Filters, tests and methods of the Jinja interpreter.
#pragma once

#include <string>

#include "text/jinja_value.h"

namespace reprise::text::jinja {

// Each throws Error for a name it does not know or a value it cannot take.
Value apply_filter(const std::string& name, const Value& value, const Call& call);
bool apply_test(const std::string& name, const Value& value, const Call& call);
// value.name(...): methods of strings and maps.
Value call_method(const Value& value, const std::string& name, const Call& call);
bool has_method(const Value& value, const std::string& name);

[[noreturn]] void fault(const std::string& what);

}  // namespace reprise::text::jinja
