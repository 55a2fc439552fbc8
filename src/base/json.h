// nlohmann::json and ordered_json, with what nearly every file instantiates of them compiled once, in json.cpp: that halves the time of a debug or
// sanitizer build. Headers that only name the types include <nlohmann/json_fwd.hpp>.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

// parse<Input> takes Input&&, spelled out because references do not collapse in an explicit instantiation. `Class` is Json as a template.
#define REPRISE_JSON_PARSE(Extern, Json, Input, Parameter) Extern template Json Json::parse<Input>(Parameter, Json::parser_callback_t, bool, bool);
#define REPRISE_JSON_INSTANCES(Extern, Class, Json)                                    \
  Extern template class Class;                                                         \
  REPRISE_JSON_PARSE(Extern, Json, const std::string&, const std::string&)             \
  REPRISE_JSON_PARSE(Extern, Json, std::string&, std::string&)                         \
  REPRISE_JSON_PARSE(Extern, Json, std::string, std::string&&)                         \
  REPRISE_JSON_PARSE(Extern, Json, const std::string_view&, const std::string_view&)   \
  REPRISE_JSON_PARSE(Extern, Json, std::string_view&, std::string_view&)               \
  REPRISE_JSON_PARSE(Extern, Json, std::string_view, std::string_view&&)

REPRISE_JSON_INSTANCES(extern, nlohmann::basic_json<>, nlohmann::json)
REPRISE_JSON_INSTANCES(extern, nlohmann::basic_json<nlohmann::ordered_map>, nlohmann::ordered_json)
