// Orders, displays, and sales without codes, as EPCIS events tell them.  docs/spec/epcis.md, §6.
#pragma once

#include <optional>

#include "contracts/operations.h"
#include "node/epcis/event.h"
#include "node/epcis/places.h"
#include "node/epcis/pointer.h"

namespace fenrun::epcis {

// The RecordActivity or WithdrawActivity that the event is, if it is one: it names no units, and
// says which activity by the type of a business transaction, or by its step.  Without the source,
// and without the reference where nothing but the event itself is one.
// Errc::value_invalid, limit_exceeded, with a JSON pointer from `place`, where the event stands.
Result<std::optional<Operation>> to_activity(const Event& event, const Pointer& place,
                                             const Places* places);

}  // namespace fenrun::epcis
