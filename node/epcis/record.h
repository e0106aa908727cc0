// From an event of a document to the operation that records it.
//
// Taken are ObjectEvents of three steps: commissioning with ADD, receiving and retail_selling with
// OBSERVE.  All else is refused with not_supported_yet, and never passed over in silence: what a
// document says and the ledger would not record must not look recorded.  What surrounds an event
// (business transactions, sources, destinations, extensions) is bound by the digest of the
// document's bytes and stays with whoever submits it.
#pragma once

#include <optional>

#include "contracts/operations.h"
#include "node/epcis/context.h"
#include "node/epcis/places.h"

namespace fenrun::epcis {

struct RecordWith {
  const Places* places = nullptr;    // Without them every place is taken for one of no party.
  std::optional<UnitBatchId> batch;  // Of what is commissioned, which is refused without.
};

// Without document, index and hash, which are not the event's to say.
// Errc::value_invalid, not_supported_yet, limit_exceeded; each with a JSON pointer.
Result<RecordEvent> to_record(const Json& event, const Pointer& place, const Context& context,
                              const RecordWith& with);

}  // namespace fenrun::epcis
