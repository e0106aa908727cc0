// Orders, sales, shares and displays in plain JSON, for systems that have no EPCIS.
// docs/spec/activities.md.
#pragma once

#include <string>
#include <vector>

#include "contracts/operations.h"
#include "node/epcis/places.h"
#include "node/epcis/pointer.h"
#include "node/json/json.h"

namespace fenrun::epcis {

// As the activity calls itself; empty if it does not.
std::string kind_of_activity(const Json& activity);

// What records it: a RecordActivity, a WithdrawActivity, or the RecordEvents of a sale of units.
// `id`: its document, and its number there.  Without `places` every place is one of the party zero.
// Errc::value_invalid, limit_exceeded, not_supported_yet; each with a JSON pointer from `place`,
// where the activity stands.
Result<std::vector<Operation>> read_activity(const Json& activity, const Pointer& place,
                                             const EventId& id, const Places* places);

}  // namespace fenrun::epcis
