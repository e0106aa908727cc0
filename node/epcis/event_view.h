// Events as answers give them: as their documents have them, and able to stand alone.
// docs/spec/api.md, "EPCIS".
#pragma once

#include <string>

#include "core/crypto/hash.h"
#include "core/types.h"
#include "node/epcis/document.h"

namespace fenrun::epcis {

struct EventFacts {
  TimeMs recorded;
  Digest hash;
};

// The event's members as they were written, with recordTime; with the URI of its hash as eventID if
// it has none; and with a @context that holds the prefixes of its document as well.
// REQUIRES: index < document.size().
Json event_view(const Document& document, std::size_t index, const EventFacts& facts);

// An EPCISQueryDocument without events; its list is at event_list().
Json query_document(TimeMs created);
Json& event_list(Json& query_document);

// JSON in one line, numbers with the digits that they were read with.
std::string print_document(const Json& json);

inline constexpr const char* kContextUri =
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

}  // namespace fenrun::epcis
