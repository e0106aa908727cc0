// Makes a snapshot from what a store holds and from the active bits at its Header.
#pragma once

#include "ledger/merkle/active_bits.h"
#include "ledger/store.h"

namespace fenrun {

// A part is filled with whole pieces until it has this many bytes; it always holds one piece,
// which never has more than 4.3 MiB.
inline constexpr std::size_t kSnapshotPartBytes = 1024 * 1024;

// REQUIRES for both: `bits` are those at the finalized Header of `height`; the store has that
// Header and its own certificate.  Errors: those of the store.
Result<SnapshotManifest> make_manifest(const LedgerStore& store, const ActiveView& bits,
                                       Height height);
// The pieces of the section from `first_piece` on, as many as fit.
// Errc::not_found where the section has no such piece.
struct SnapshotPlace {
  std::uint32_t section = 0;
  std::uint8_t first_piece = 0;
};
Result<SnapshotPart> make_part(const LedgerStore& store, const ActiveView& bits, Height height,
                               SnapshotPlace place);

}  // namespace fenrun
