// An event of a document, checked by form and identifiers.  docs/spec/epcis.md, §2 and §3.
//
// Whether the ledger records such events, and whether it believes this one, is not asked here.
#pragma once

#include <optional>

#include "node/epcis/context.h"
#include "node/epcis/event.h"
#include "node/epcis/growth.h"

namespace fenrun::epcis {

struct ReadEvent {
  Event event;
  // Why it is refused all the same: the first identifier whose check digit is wrong.
  std::optional<Error> identifier_fault;
};

// `growth` is the document's.  Errc::value_invalid with the JSON pointer of what is wrong;
// Errc::limit_exceeded for what grows too much, and for names of extensions that are too long.
Result<ReadEvent> read_event(const Json& json, const Pointer& place, const Context& context,
                             Growth& growth);

}  // namespace fenrun::epcis
