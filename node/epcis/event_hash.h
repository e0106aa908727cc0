// The event hash of the Core Business Vocabulary 2.0: an id that an event has of itself, whoever
// writes it down and however.  docs/spec/epcis.md, §5.
//
// It finds events and duplicates.  It commits to nothing: corrections, event ids and comments are
// outside it, and texts that look like numbers are taken for numbers.  What commits is the SHA-256
// of a document's bytes.
#pragma once

#include <string>

#include "core/crypto/hash.h"
#include "node/epcis/event.h"

namespace fenrun::epcis {

// What is hashed: every member's name and value, in the order that the vocabulary fixes.
std::string pre_hash(const Event& event);

// SHA-256 of pre_hash().
Digest event_hash(const Event& event);

// "ni:///sha-256;<64 hex digits>?ver=CBV2.0".
std::string event_hash_uri(const Digest& hash);

// True if the event's id is an event hash of this version and not the event's own.
bool has_foreign_hash(const Event& event, const Digest& hash);

}  // namespace fenrun::epcis
