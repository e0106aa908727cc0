// Goods events from EPCIS 2.0 documents (JSON and JSON-LD).  docs/spec/epcis.md.
//
// Two questions, answered one after the other: is an event in order by form and identifiers
// (node/epcis/read_event.h), and does the ledger record such events (node/epcis/record.h).  Whether
// the ledger believes it is a third, for the ledger's state.
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

struct CheckedEvent {
  std::string type;              // As the document writes it; empty if it does not.
  std::optional<Error> refusal;  // None if it is in order by form and identifiers.
  std::optional<Digest> hash;    // None if the form leaves nothing to hash.
  std::vector<Flag> flags;
  Result<RecordEvent> record;  // What the ledger would be given, or why it is not.
};

struct CheckedDocument {
  Digest document;                   // SHA-256 of the exact bytes.
  std::vector<CheckedEvent> events;  // Each event of the document, in its order.
};

// Any document.  `record` is what RecordEvent would hold if the ledger took documents of this kind.
//
// Errors of the whole document: json_invalid, limit_exceeded, personal_data, value_invalid for a
// context that is not built in and for the document's own members, not_supported_yet for another
// kind of document.  A refusal is value_invalid or limit_exceeded, with a JSON pointer.
Result<CheckedDocument> check_document(std::string_view bytes, const RecordWith& with);

struct CapturedDocument {
  Digest document;                          // SHA-256 of the exact bytes.
  std::vector<Result<RecordEvent>> events;  // Each event of the document, in its order.
};

// What is to be sent: an EPCISDocument without master data, an array of events, or one event.
// `batch` is that of what is commissioned; without it commissioning is refused.
//
// Errors of the whole document: those of check_document(), and not_supported_yet for a query
// document and for master data.  Errors of an event: value_invalid, not_supported_yet,
// limit_exceeded; each with a JSON pointer.
Result<CapturedDocument> capture_document(std::string_view bytes, const Places& places,
                                          std::optional<UnitBatchId> batch);

}  // namespace fenrun::epcis
