// Goods events from EPCIS 2.0 documents (JSON and JSON-LD), docs/spec/epcis.md, and activities from
// documents of our own, docs/spec/activities.md.
//
// Two questions, answered one after the other: is an event in order by form and identifiers
// (node/epcis/read_event.h), and which operations record it (node/epcis/record.h).  Whether the
// ledger believes it is a third, for the ledger's state.
//
// Nothing is ever fetched: only the contexts of GS1 are known, and prefixes that a document defines
// itself.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "node/epcis/document.h"
#include "node/epcis/record.h"

namespace fenrun::epcis {

// What should be looked at, and is no reason to refuse.
enum class Flag {
  event_id_mismatch,  // The event's id is the hash of another event.
};
std::string_view name_of(Flag flag);

struct CapturedEvent {
  std::string type;              // As the document writes it; empty if it does not.
  std::optional<Event> event;    // None if its form is not in order, and in an ActivityDocument.
  std::optional<Digest> hash;    // None likewise, and if the form leaves nothing to hash.
  std::optional<Error> refusal;  // None if it is in order by form and identifiers.
  std::vector<Flag> flags;
  // What records it, the parts in their order; or why nothing does: the refusal, or what
  // to_operations() says.
  Result<std::vector<Operation>> operations;
};

struct CapturedDocument {
  Digest document;  // SHA-256 of the exact bytes.
  DocumentKind kind{};
  std::vector<CapturedEvent> events;  // Each event of the document, in its order.
};

// Any document: an EPCISDocument or EPCISQueryDocument, an array of events, one event, or an
// ActivityDocument.
//
// Errors of the whole document: json_invalid, limit_exceeded, personal_data, value_invalid for a
// context that is not built in and for the document's own members, not_supported_yet for another
// kind of document.  Errors of an event: value_invalid, limit_exceeded, not_supported_yet; each
// with a JSON pointer.
Result<CapturedDocument> capture_document(std::string_view bytes, const RecordWith& with);

}  // namespace fenrun::epcis
