// One proof in the making, in steps: a large one takes seconds, which its maker does not have at
// once.  Between two steps the journal may grow.
//
//   FENRUN_TRY(auto making, prover.begin_account(party));
//   for (bool made = false; !made;) {
//     FENRUN_TRY(made, making.step(64));
//   }
//   const Proof proof = making.take();
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "ledger/prover.h"
#include "ledger/tile_cache.h"

namespace fenrun {

class ProofMaking {
 public:
  // An account is still to be gathered; of every other claim the entries are.
  ProofMaking(const Prover& prover, ProofClaim claim, ProofParts parts);

  // Goes on by so many pieces of work, each of which reads an entry, a handover or the tiles of one
  // path.  Whether the proof is made.  Errors as of Prover, and Errc::limit_exceeded for one that
  // no file of kProofFileBytesMax holds; then there is no next step.
  Result<bool> step(std::size_t pieces);
  // REQUIRES: step() said that it is made.  Once.
  Proof take() { return std::move(proof_); }

 private:
  enum class Stage { statements, postings, header, entries, handovers, chunks, made };
  struct Chain {
    StatementId id;
    Position next;  // Of its postings, the newest first.
  };

  Status do_piece();
  Status add_next_statement();
  Status add_next_posting();
  Status add_header();
  Status add_next_entry();
  Status add_next_handover();
  void add_next_chunk();
  MerklePath path_to(Position position);

  Prover prover_;
  ProofParts parts_;
  TileCache tiles_;
  Stage stage_;
  std::optional<RecordKey> next_statement_;
  std::vector<Chain> chains_;
  std::uint64_t postings_ = 0;  // Of all statements, as their Records say.
  Epoch next_handover_;
  std::size_t file_bytes_ = 0;  // That the entries take in a proof file, at least.
  Proof proof_;
};

// The whole of it at once, for who has the time.  Errors of what began it, and of step().
Result<Proof> made_at_once(Result<ProofMaking> begun);

}  // namespace fenrun
