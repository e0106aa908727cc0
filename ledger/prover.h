// Makes proofs from a journal: what ledger/proof/verify.h accepts.  docs/spec/proofs.md.
// In steps, for they may be large: ledger/proof_making.h.
//
// A Prover speaks of the ledger as it was at one cosigned checkpoint, which may lie some blocks
// below the journal's tip: Records that were superseded since are found through `previous`.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "ledger/journal.h"
#include "ledger/proof/proof.h"
#include "ledger/proof/verify.h"

namespace fenrun {

// The step from the validators of an epoch that is over to those of the next.
// Errc::not_ready while its handover is missing here; the errors of the store.
Result<ProofHandover> prove_handover(const Journal& journal, Epoch epoch);

// What a history is told by.
struct HistoryParts {
  RecordKey subject;
  std::set<RecordKey> records;  // Keys that have a current Record.
  std::set<RecordKey> absent;   // Keys of ordered families that have none.
  std::set<Position> operations;
};

// What a proof carries so far.
struct ProofParts {
  std::map<Position, Bytes> entries;
  std::map<std::uint64_t, ProofChunk> chunks;
};

class ProofMaking;

class Prover {
 public:
  // The checkpoint of the finalized block at `height`, as a signed note; its signatures may come in
  // any order.  REQUIRES: the journal outlives the prover.  It may grow meanwhile; where a snapshot
  // takes its place, what is asked then is answered with Errc::not_ready or not found.
  // Errc::not_ready when the journal does not reach the height or has released its active bits,
  // Errc::checkpoint_malformed, Errc::header_mismatch when the note is not that block's.
  static Result<Prover> at(const Journal& journal, Height height, std::string_view note);

  // Leaves out the handovers of epochs before this one.  Without it all are in every proof.
  void skip_handovers_before(Epoch epoch) { first_handover_ = epoch; }

  // Each: Errc::not_found for what is not in the journal, Errc::not_ready for what the checkpoint
  // does not cover yet and while a handover is missing here, Errc::value_invalid for an entry of
  // another kind, Errc::limit_exceeded for a proof of more than kProofEntriesMax entries; the
  // errors of the store.  What is found at once is gathered, the rest comes in steps, with the same
  // errors.

  Result<ProofMaking> begin_transaction(Position transaction, bool with_operations) const;
  Result<ProofMaking> begin_operation(Position operation) const;
  // With the Record under `policy` as it was when the posting was made, if there was one.
  Result<ProofMaking> begin_posting(Position posting, const std::optional<RecordKey>& policy) const;
  Result<ProofMaking> begin_record(const RecordKey& key) const;
  // Errc::value_invalid also when the key is not of the family, and when it exists.
  Result<ProofMaking> begin_absence(const RecordKey& key, const OrderedFamily& family) const;
  Result<ProofMaking> begin_account(const PartyId& party) const;
  // Errc::value_invalid also when an absent key is of none of the families, and when it exists.
  Result<ProofMaking> begin_history(const HistoryParts& history,
                                    const std::vector<OrderedFamily>& families) const;

 private:
  friend class ProofMaking;

  explicit Prover(const Journal& journal) : journal_(&journal) {}

  Result<Entry> add_entry(ProofParts& parts, Position position) const;
  template <class T>
  Result<T> add(ProofParts& parts, Position position) const;
  Result<RecordEntry> add_current(ProofParts& parts, Position position) const;
  Result<Position> record_position(ByteView key) const;
  Status add_absence(ProofParts& parts, const RecordKey& key, const OrderedFamily& family) const;
  Result<std::optional<PolicyInProof>> add_policy(ProofParts& parts, ByteView key,
                                                  Position posting) const;
  Result<std::vector<OperationEntry>> operations_of(Position transaction, std::uint32_t count,
                                                    ProofParts* parts) const;
  Result<MerklePath> add_operation(ProofParts& parts, Position operation) const;

  const Journal* journal_;
  Height height_;
  Journal::Hold hold_;  // On the active bits of the height.
  std::uint64_t size_ = 0;
  std::string note_;
  Epoch epoch_;  // Of the checkpoint's block.
  Epoch first_handover_;
};

}  // namespace fenrun
