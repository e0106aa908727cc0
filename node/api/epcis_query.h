// The parameters of questions about events, as GS1's query language has them: which of them are
// taken, and what they ask of the catalogue.  docs/spec/api.md, "EPCIS".
#pragma once

#include <string_view>
#include <vector>

#include "node/api/router.h"
#include "node/intake/event_catalogue.h"

namespace fenrun::api {

// For the route table.
std::vector<Parameter> epcis_query_parameters();

// Errc::value_invalid, naming the parameter.
Result<EventQuery> epcis_query(const Call& call);

// EPCs that are named anywhere in an event: by an identifier or a pattern.  Errc::value_invalid.
Result<EventCondition> names_epc(std::string_view uri);

}  // namespace fenrun::api
