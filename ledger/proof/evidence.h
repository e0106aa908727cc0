// The entries and bits of a proof, once they are known to be the ledger's.  docs/spec/proofs.md,
// §4.
//
// Evidence exists only after every path has been followed to its root.  A claim takes what it
// needs; finish() refuses a proof with anything left over.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/result.h"
#include "ledger/proof/entry.h"
#include "ledger/proof/proof.h"

namespace fenrun {

// An entry and where it is.
template <class T>
struct Proven {
  Position position;
  T entry;

  friend bool operator==(const Proven&, const Proven&) = default;
};

// The Header that is the last leaf of the checkpoint.
// Errc::header_mismatch, path_length_wrong, root_mismatch, entry_malformed, proof_version.
Result<Header> prove_header(const ProofHeader& header, const CheckpointBody& checkpoint);

class ProofEvidence {
 public:
  // Follows every path.  REQUIRES: the header is proven for the checkpoint.
  // Errc::proof_not_canonical when positions or chunks do not ascend, index_out_of_range,
  // path_length_wrong, root_mismatch, entry_malformed.
  static Result<ProofEvidence> from(const Proof& proof, const CheckpointBody& checkpoint,
                                    const Header& header);

  // The entry at a position, which is one of kind T.  Errc::claim_mismatch.
  template <class T>
  Result<Proven<T>> take(Position position) {
    FENRUN_TRY(const auto item, take_any(position));
    const T* entry = std::get_if<T>(&item->entry);
    if (!entry) return Error{Errc::claim_mismatch, "an entry of another kind"};
    return Proven<T>{position, *entry};
  }
  // The current Record of a key.  Errc::claim_mismatch, Errc::not_current.
  Result<Proven<RecordEntry>> take_current(ByteView key);
  // The current Record with the greatest key below this one, of all that are here.  Same errors.
  Result<Proven<RecordEntry>> take_current_before(ByteView key);
  // Errc::claim_mismatch without the chunk, Errc::not_current unless the bit is set.
  Status require_current(Position position);

  // REQUIRES: there is an entry at the position.
  const Digest& leaf_at(Position position) const { return items_.at(position).leaf; }
  bool has(Position position) const { return items_.contains(position); }
  std::vector<Position> positions() const;

  // Errc::proof_not_canonical unless everything was taken.
  Status finish() const;

 private:
  struct Item {
    Entry entry;
    Digest leaf;
    bool is_taken = false;
  };
  struct Chunk {
    ChunkBits bits{};
    bool is_taken = false;
  };

  Result<const Item*> take_any(Position position);
  Status add(const ProofEntry& entry, const CheckpointBody& checkpoint);
  Status add(const ProofChunk& chunk, const Header& header);

  std::map<Position, Item> items_;
  std::map<std::uint64_t, Chunk> chunks_;
  std::multimap<RecordKey, Position> records_;
};

}  // namespace fenrun
