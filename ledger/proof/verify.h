// Verification of proofs: what a person, a bank or an auditor runs, without a network and without
// trust in whoever handed over the file.  docs/spec/proofs.md, §4 and §5.
//
//   parse the file -> Proof, parse the trust file -> TrustPolicy, verify(proof, policy, options)
//
// Strict: every signature line must be of a known key and valid, every entry and chunk needed, and
// every path exact.  Each refusal has a stable code.  What holds is handed back as facts, from
// which the caller prints words; nothing that is not proven is in a ProofVerdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"
#include "ledger/proof/entry.h"
#include "ledger/proof/evidence.h"
#include "ledger/proof/proof.h"
#include "ledger/proof/trust_policy.h"

namespace fenrun {

// A family whose Records are linked in scopes: a scope is the first `scope_bytes` bytes of a key.
// That a family is ordered must come from code, never from the proof: values of other families are
// whatever their writers liked.
struct OrderedFamily {
  std::uint8_t family = 0;
  std::size_t scope_bytes = 0;
};
inline constexpr OrderedFamily kStatementFamily{static_cast<std::uint8_t>(Family::statement),
                                                1 + PartyId::kSize};

struct VerifyOptions {
  // "Now" is a matter of judgement: how old the validators' cosignatures may be.  none: any age.
  std::optional<std::uint64_t> age_s_max;
  std::uint64_t now_s = 0;
  // For absence claims.
  std::vector<OrderedFamily> ordered_families{kStatementFamily};
};

// ---- Facts -------------------------------------------------------------------------------------

struct Cosigner {
  std::string name;  // Of its key.
  std::uint64_t time_s = 0;
  bool is_validator = false;
};

struct TransactionFacts {
  Proven<TransactionEntry> transaction;  // Its signature is valid.
  Digest id;
  std::vector<Proven<OperationEntry>> operations;  // All, if the claim was with them; else none.
};

// The operation is one that the transaction's signer signed.
struct OperationFacts {
  Proven<TransactionEntry> transaction;
  Proven<OperationEntry> operation;
};

struct PostingFacts {
  Proven<Posting> posting;
  std::variant<Proven<SystemEntry>, OperationFacts> cause;
  // The value it had when the posting was made.  That its key is that of the posting's policy is
  // for the caller to check, who knows how policies are stored.
  std::optional<Proven<RecordEntry>> policy_record;
};

struct RecordFacts {
  Proven<RecordEntry> record;  // Without a value: the key was removed.
};

struct AbsenceFacts {
  RecordKey key;
  Proven<RecordEntry> before;
  std::optional<RecordKey> next;
};

struct StatementFacts {
  StatementId id;
  Position record;
  Statement totals;                       // Checked against the postings.
  std::vector<Proven<Posting>> postings;  // All, by number.
};

struct AccountFacts {
  PartyId party;
  std::vector<StatementFacts> statements;  // All, in key order.
};

// Nothing of it says what the subject is, nor that this is all there is to say of it.
struct HistoryFacts {
  RecordKey subject;
  std::vector<Proven<RecordEntry>> records;  // By key.
  std::vector<AbsenceFacts> absences;        // By key.
  std::vector<OperationFacts> operations;    // By position.
};

using ProofFacts = std::variant<TransactionFacts, OperationFacts, PostingFacts, RecordFacts,
                                AbsenceFacts, AccountFacts, HistoryFacts>;

// The validators of one epoch gave way to those of the next.
struct SetChange {
  Epoch epoch;    // That ended.
  Height height;  // Of its last block.
  TimeMs time;    // Of that block.
  // By name; who goes on under another key for checkpoints is in `rekeyed`.
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> rekeyed;
  bool by_recovery = false;  // By the statements of all operators: no quorum was left.

  friend bool operator==(const SetChange&, const SetChange&) = default;
};

// What a handover rests on: an epoch's last block; or the newest final one, where a recovery ended
// the epoch.
struct HandoverEnd {
  Header header;
  Epoch epoch;  // That ended.
  bool by_recovery = false;
};

// Where the handovers of a file lead to.
struct HandoverWalk {
  TrustPolicy policy;               // With the validators of the last epoch that began.
  std::vector<SetChange> changes;   // Since those of the trust file.
  std::optional<HandoverEnd> last;  // Of the file's last handover, whether needed or not.
};

// From the policy's validators to the latest that the handovers lead to.  Those before the policy's
// own are passed over: they must have the right form, but who signed them is not judged.
// Errc::handover_invalid; Errc::policy_malformed as with_validators_of() has it.
Result<HandoverWalk> walk_handovers(const std::vector<ProofHandover>& handovers,
                                    const TrustPolicy& policy);

struct ProofVerdict {
  CheckpointBody checkpoint;
  Header header;  // The claim holds as of header.time.
  std::vector<Cosigner> cosigners;
  // As many validators as their quorum asks for cosigned at this time or later: at least one of
  // them is honest, so that no minority makes an old checkpoint look fresh.
  std::uint64_t cosigned_s = 0;
  ProofFacts facts;
  std::vector<SetChange> changes;  // Of the validators since the trust file, oldest first.
  TrustPolicy policy;              // The trust file as it would be now.
};

// Errors 400..419 and handover_missing, handover_invalid, and no others.
Result<ProofVerdict> verify(const Proof& proof, const TrustPolicy& policy,
                            const VerifyOptions& options);

// A checkpoint on its own: its signatures and the policy's quorum.
struct TrustedCheckpoint {
  CheckpointBody body;
  std::vector<Cosigner> cosigners;
  std::uint64_t cosigned_s = 0;
};

// Errc::checkpoint_malformed, proof_not_canonical for unsorted signatures, cosigner_repeated,
// origin_unknown, cosigner_unknown, cosignature_invalid, quorum_short.
// The validators' word counts only with the Header that is the last leaf: see verify().
Result<TrustedCheckpoint> verify_checkpoint(std::string_view note, const TrustPolicy& policy);

}  // namespace fenrun
