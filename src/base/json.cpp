// The one place where nlohmann's classes are compiled.
#include "base/json.h"

REPRISE_JSON_INSTANCES(, nlohmann::basic_json<>, nlohmann::json)
REPRISE_JSON_INSTANCES(, nlohmann::basic_json<nlohmann::ordered_map>, nlohmann::ordered_json)
