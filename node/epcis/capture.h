// Goods events from EPCIS 2.0 documents (JSON and JSON-LD).  docs/operating.md, "Goods events".
//
// Taken are ObjectEvents of three steps: commissioning with ADD, receiving and retail_selling with
// OBSERVE.  All else is refused event by event with not_supported_yet, and never passed over in
// silence: what a document says and the ledger would not record must not look recorded.  What
// surrounds an event (business transactions, sources, destinations, master data, extensions) is
// bound by the digest of the document's bytes and stays with whoever submits it.
//
// Nothing is ever fetched: only the contexts of GS1 are known, and prefixes that a document defines
// itself.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "contracts/operations.h"
#include "node/epcis/places.h"

namespace fenrun::epcis {

inline constexpr std::size_t kDocumentBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kDocumentDepthMax = 16;
inline constexpr std::size_t kDocumentEventsMax = 10'000;

struct CapturedDocument {
  Digest document;                          // SHA-256 of the exact bytes.
  std::vector<Result<RecordEvent>> events;  // Each event of the document, in its order.
};

// An EPCISDocument, an array of events, or one event.  `batch` is that of what is commissioned;
// without it commissioning is refused.
//
// Errors of the whole document: json_invalid, limit_exceeded, personal_data, value_invalid for a
// context that is not built in, not_supported_yet for another kind of document.  Errors of an
// event: value_invalid, not_supported_yet, limit_exceeded; each with a JSON pointer.
Result<CapturedDocument> capture_document(std::string_view bytes, const Places& places,
                                          std::optional<UnitBatchId> batch);

}  // namespace fenrun::epcis
