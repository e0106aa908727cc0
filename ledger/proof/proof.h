// What a proof file holds.  docs/spec/proofs.md, §2 and §3.
//
// A Proof says: this claim holds in the ledger as it was at this checkpoint.  It carries the
// checkpoint, the Header that is its last leaf, and exactly the entries and chunks that the claim
// needs: nothing may be missing and nothing may be added, so that one claim at one checkpoint with
// one set of signatures has one proof.  Handovers lead there from the validators of earlier epochs,
// for whoever knows only those.
//
// Two forms, each with one spelling: BCS (encode_proof) and the .fenrun-proof file, a JSON view
// whose names stand beside the fields here and whose rules are in docs/spec/proofs.md, §3.
#pragma once

#include <array>
#include <optional>
#include <variant>

#include "core/codec.h"
#include "core/limits.h"
#include "core/types.h"
#include "ledger/proof/keys.h"
#include "ledger/proof/merkle.h"
#include "ledger/proof/note.h"
#include "ledger/proof/trust_policy.h"

namespace fenrun {

inline constexpr std::uint16_t kProofVersion = 2;
inline constexpr std::size_t kHandoversMax = 1'024;

// ---- Claims: "claim": {"type": ...} ------------------------------------------------------------

// A transaction was ordered, with this signature and outcome.           "type": "transaction"
// Entries: the Transaction; with_operations: also all its Operations.
struct TransactionClaim {
  Position transaction;          // "position"
  bool with_operations = false;  // "with_operations"

  FENRUN_FIELDS(transaction, with_operations)
  friend bool operator==(const TransactionClaim&, const TransactionClaim&) = default;
};

// One operation of a transaction was ordered, as its signer signed it.  "type": "operation"
// Entries: the Transaction and the Operation.
struct OperationClaim {
  Position operation;         // "position"
  MerklePath operation_path;  // "operation_path": in the transaction's operations tree

  FENRUN_FIELDS(operation, operation_path)
  friend bool operator==(const OperationClaim&, const OperationClaim&) = default;
};

// The policy's Record as it was when a posting was made: older than the posting, and either current
// still, or superseded by a Record younger than the posting.
struct PolicyInProof {
  Position record;                    // "record"
  std::optional<Position> successor;  // "successor"; the name is absent if there is none

  FENRUN_FIELDS(record, successor)
  friend bool operator==(const PolicyInProof&, const PolicyInProof&) = default;
};

// Money moved, for this cause, under this policy.                       "type": "posting"
// Entries: the Posting and its cause, with the Transaction if that is an Operation; the policy's
// Record, if named, with its successor or else its chunk.
struct PostingClaim {
  Position posting;                     // "position"
  MerklePath operation_path;            // "operation_path": empty if the cause is a System entry
  std::optional<PolicyInProof> policy;  // "policy"; the name is absent if there is none

  FENRUN_FIELDS(posting, operation_path, policy)
  friend bool operator==(const PostingClaim&, const PostingClaim&) = default;
};

// The current value of a key.                                           "type": "record"
// Entries: the Record, with its chunk.
struct RecordClaim {
  RecordKey key;  // "key"

  FENRUN_FIELDS(key)
  friend bool operator==(const RecordClaim&, const RecordClaim&) = default;
};

// A key of an ordered family does not exist.                            "type": "absence"
// Entries: the Record of the key before it in its scope, with its chunk.
struct AbsenceClaim {
  RecordKey key;  // "key"

  FENRUN_FIELDS(key)
  friend bool operator==(const AbsenceClaim&, const AbsenceClaim&) = default;
};

// All statements of a party with all their postings: its complete account.  "type": "account"
// Entries: the Records of the party's scope of statements, with their chunks, and the Postings.
struct AccountClaim {
  PartyId party;  // "party"

  FENRUN_FIELDS(party)
  friend bool operator==(const AccountClaim&, const AccountClaim&) = default;
};

struct OperationInProof {
  Position operation;         // "position"
  MerklePath operation_path;  // "operation_path"

  FENRUN_FIELDS(operation, operation_path)
  friend bool operator==(const OperationInProof&, const OperationInProof&) = default;
};

// These Records are current, these keys of ordered families do not exist, these operations were
// ordered: what together tells the history of something.  What it tells, and whether it is all, is
// for who knows the contracts to say (contracts/provenance.h).         "type": "history"
// Entries: the Records, with their chunks; the Records of the keys before the absent ones,
// likewise; the Operations with their Transactions.
struct HistoryClaim {
  RecordKey subject;                                    // "subject": of what; judged by contracts
  List<RecordKey, kProofEntriesMax> records;            // "records": ascending
  List<RecordKey, kProofEntriesMax> absent;             // "absent": ascending
  List<OperationInProof, kProofEntriesMax> operations;  // "operations": by position, each once

  FENRUN_FIELDS(subject, records, absent, operations)
  friend bool operator==(const HistoryClaim&, const HistoryClaim&) = default;
};

// Variant order is the format; new kinds of claims are appended, and who does not know one refuses
// the file as malformed.
using ProofClaim = std::variant<TransactionClaim, OperationClaim, PostingClaim, RecordClaim,
                                AbsenceClaim, AccountClaim, HistoryClaim>;

// ---- Evidence ----------------------------------------------------------------------------------

using ProofEntryBytes = Blob<kEntryBytesMax>;
using ChunkBits = std::array<std::uint8_t, kActiveChunkBits / 8>;

// The checkpoint's last leaf: its position is the checkpoint's size - 1.
struct ProofHeader {
  ProofEntryBytes entry;  // "entry"
  MerklePath path;        // "path"

  FENRUN_FIELDS(entry, path)
  friend bool operator==(const ProofHeader&, const ProofHeader&) = default;
};

struct ProofEntry {
  Position position;      // "position": below the Header's
  ProofEntryBytes entry;  // "entry"
  MerklePath path;        // "path": to the checkpoint's root

  FENRUN_FIELDS(position, entry, path)
  friend bool operator==(const ProofEntry&, const ProofEntry&) = default;
};

struct ProofChunk {
  std::uint64_t index = 0;  // "index"
  ChunkBits bits{};         // "bits"
  MerklePath path;          // "path": to the Header's active root

  FENRUN_FIELDS(index, bits, path)
  friend bool operator==(const ProofChunk&, const ProofChunk&) = default;
};

// How the validators of one epoch handed the ledger over to those of the next: the checkpoint of
// the epoch's last block, under which a quorum of them signed, and whom that block names.
struct ProofHandover {
  Text<kNoteBytesMax> checkpoint;          // "checkpoint": signatures sorted, of validators only
  ProofHeader header;                      // "header": of the epoch's last block
  Text<kTrustPolicyBytesMax> next_policy;  // "policy": canonical, of the next validators

  FENRUN_FIELDS(checkpoint, header, next_policy)
  friend bool operator==(const ProofHandover&, const ProofHandover&) = default;
};

struct Proof {
  std::uint16_t version = kProofVersion;       // "version"
  ProofClaim claim;                            // "claim"
  Text<kNoteBytesMax> checkpoint;              // "checkpoint": the note, signatures sorted
  ProofHeader header;                          // "header"
  List<ProofEntry, kProofEntriesMax> entries;  // "entries": by position, each once
  List<ProofChunk, kProofEntriesMax> chunks;   // "chunks": by index, each once
  // "handovers": of consecutive epochs, the last that before the Header's; may begin at any epoch
  List<ProofHandover, kHandoversMax> handovers;

  FENRUN_FIELDS(version, claim, checkpoint, header, entries, chunks, handovers)
  friend bool operator==(const Proof&, const Proof&) = default;
};

inline Bytes encode_proof(const Proof& proof) { return encode(proof); }
// Errc::limit_exceeded above kProofFileBytesMax, Errc::proof_version for a version unknown here,
// Errc::proof_malformed for all that is no encoding of a Proof.
Result<Proof> decode_proof(ByteView bytes);

// ---- Active bits -------------------------------------------------------------------------------

// SHA256(0x00 ‖ "fenrun/active/v1" ‖ u64le index ‖ bits): a leaf of the active-bits tree.
// REQUIRES: bits.size() == kActiveChunkBits / 8.
Digest active_chunk_leaf(std::uint64_t index, ByteView bits);

// The number of leaves of the active-bits tree over [0, position).
std::uint64_t active_chunk_count(Position position);

// Whether the chunk that covers the position has its bit set.
bool is_set(const ChunkBits& bits, Position position);

}  // namespace fenrun
