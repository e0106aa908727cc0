// How a network goes on whose validators lost more votes than it can bear: the statements of all
// its operators.  docs/spec/recovery.md.
//
// A quorum that has forgotten its votes can never again decide anything.  In its place every
// operator of the epoch states the newest final block, what its node has lost, and the new keys of
// its validator.  All statements together end the epoch upon that block, and stand in the chain of
// handovers where the checkpoint of an epoch's last block stands otherwise.
//
// One form for all: a NetworkRecovery with one statement is what an operator gives to the others,
// one with all is what nodes and verifiers accept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/proof/proof.h"
#include "ledger/proof/validators.h"

namespace fenrun {

// The newest final block, and the journal that ends with it.
struct RecoveryTip {
  Epoch epoch;  // Of a child of the block: the epoch that ends.
  Height height;
  Digest block_id;
  std::uint64_t size = 0;  // Of the journal, the block's Header included.
  Digest root;             // Over that many entries.

  FENRUN_FIELDS(epoch, height, block_id, size, root)
  friend bool operator==(const RecoveryTip&, const RecoveryTip&) = default;
};

// What a node has lost of what it knew.  Do not renumber.
enum class RecoveryLoss : std::uint8_t {
  none = 0,        // Its vote log is whole.
  votes = 1,       // Its journal is the one that it wrote itself.
  everything = 2,  // What it holds it was given by others.
};
template <>
inline constexpr std::uint8_t kEnumCount<RecoveryLoss> = 3;

// "I said that this block is durable here", and it is not known to be final.
struct UnfinishedBlock {
  View view;
  Digest block_id;

  FENRUN_FIELDS(view, block_id)
  friend bool operator==(const UnfinishedBlock&, const UnfinishedBlock&) = default;
};

// An operator: I know of no final block above this tip, and the keys of my validator that voted so
// far vote no more.
struct RecoveryStatement {
  Text<kValidatorNameBytesMax> name;
  RecoveryLoss loss{};
  std::optional<UnfinishedBlock> unfinished;  // The highest above the tip in a whole vote log.
  PublicKey consensus_key;                    // From now on.
  PublicKey checkpoint_key;
  TimeMs time;           // The operator's clock; nothing rests on it.
  Signature possession;  // By the new consensus key.
  Signature signature;   // By the operator key that the set of validators names.

  FENRUN_FIELDS(name, loss, unfinished, consensus_key, checkpoint_key, time, possession, signature)
  friend bool operator==(const RecoveryStatement&, const RecoveryStatement&) = default;
};

using RecoveryStatements = List<RecoveryStatement, kValidatorsMax>;

// A checkpoint of the epoch under a quorum of its validators: by it, whoever knows only their keys
// for checkpoints learns who their operators are.
struct RecoveryAnchor {
  Text<kNoteBytesMax> checkpoint;
  ProofHeader header;

  FENRUN_FIELDS(checkpoint, header)
  friend bool operator==(const RecoveryAnchor&, const RecoveryAnchor&) = default;
};

struct NetworkRecovery {
  Digest chain_id;
  RecoveryTip tip;
  ValidatorList validators;       // Of the epoch that ends: those whom the tip's Header names next.
  RecoveryStatements statements;  // In the order of the validators, one each at most.
  std::optional<RecoveryAnchor> anchor;

  FENRUN_FIELDS(chain_id, tip, validators, statements, anchor)
  friend bool operator==(const NetworkRecovery&, const NetworkRecovery&) = default;
};

// The line with which the text of a recovery begins; no checkpoint begins so.
inline constexpr std::string_view kRecoveryTag = "fenrun-recovery/v1";

// Two lines: the tag, and the BCS in base64.
std::string print_recovery(const NetworkRecovery& recovery);
bool is_recovery(std::string_view text);
// Errc::recovery_invalid for what print_recovery() would not have written.
Result<NetworkRecovery> parse_recovery(std::string_view text);

// What the operator and the new consensus key sign under Domain::recovery: BCS of {chain id, tip,
// the statement without its signatures}.
Bytes signed_bytes(const NetworkRecovery& recovery, const RecoveryStatement& statement);

// The operators whose statements are not there, by name.
std::vector<std::string> operators_missing(const NetworkRecovery& recovery);

// The statements that are there: of validators, in order, rightly signed, all keys different from
// each other and from those of the list.  Errc::recovery_invalid.
Status check_statements(const NetworkRecovery& recovery);

// The same, of all operators, and leaving no block behind that one of them knows of and that may
// have been final on a disk that is lost.
// Also Errc::recovery_incomplete naming them, Errc::recovery_unsafe.
Status check_recovery(const NetworkRecovery& recovery);

// The statements of both, and the bytewise smaller of their anchors: the order of files makes no
// difference.  Errc::chain_wrong, Errc::recovery_mismatch unless they are of one tip, naming both
// heights; Errc::recovery_invalid for two different statements of one operator.
Result<NetworkRecovery> combine(NetworkRecovery recovery, const NetworkRecovery& other);

// The validators of the next epoch: the same under new keys, in the new order.
// REQUIRES: check_recovery() holds.
ValidatorList validators_after(const NetworkRecovery& recovery);

// What people compare: SHA-256 of the text without anchor.
Digest recovery_digest(const NetworkRecovery& recovery);

}  // namespace fenrun
