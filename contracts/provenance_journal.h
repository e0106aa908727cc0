// Finds in a journal what the life of a unit rests on.  docs/spec/proofs.md, §6.
#pragma once

#include "contracts/provenance.h"
#include "ledger/journal.h"

namespace fenrun {

// Of the unit and of the containers that it was in, taken together.
inline constexpr std::size_t kProvenanceEventsMax = 1'000;

// The life as of the journal's first `size` entries, which end with a Header, and what a proof of
// it must hold.  A claim whose claimant was erased since is left out: that the code was used is
// shown, by whom and where is not. REQUIRES: size is at most that of the journal.  Errors of
// tell_provenance() and of the store; limit_exceeded beyond kProvenanceEventsMax.
Result<ToldProvenance> provenance_of(const Journal& journal, std::uint64_t size,
                                     const UnitId& unit);

}  // namespace fenrun
