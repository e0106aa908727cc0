// What a node offers to its faces: the HTTP API, and whatever else speaks for it.
//
// One implementation runs the node (node/node.h), others stand in for it in tests.
// Not thread-safe: every call and every callback on the thread of the event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "contracts/genesis.h"
#include "contracts/records.h"
#include "core/result.h"
#include "core/types.h"
#include "ledger/journal.h"
#include "ledger/transaction.h"
#include "node/diagnosis.h"
#include "node/unpaid_earnings.h"

namespace fenrun {

enum class TransactionState {
  unknown,    // Not known here; it may be known elsewhere.
  pending,    // Accepted here, not final yet.
  committed,  // Journaled and final.
  rejected,   // Refused for ever: see the reason.
  expired,    // valid_until has passed without it.
};

struct TransactionStatus {
  TransactionState state = TransactionState::unknown;
  std::optional<Error> reason;       // Of a rejection.
  std::optional<Position> position;  // Of its Transaction entry, once committed.
};

// A checkpoint that a quorum of validators cosigned, as a C2SP note.
struct CosignedCheckpoint {
  Height height;  // Of the Header that is its last leaf.
  std::uint64_t size = 0;
  std::string note;
};

struct ValidatorStatus {
  std::string name;
  bool connected = false;
  Height finalized_height;  // As the peer says; of this node for itself.
  bool voted = false;       // In the present view.
};

struct NodeStatus {
  std::string name;  // Of this validator.
  std::string network;
  Digest chain_id;
  Height height;
  std::uint64_t entries = 0;
  TimeMs tip_time;
  Epoch epoch;
  View view;
  std::string leader;
  bool ready = false;   // Connected to a quorum and not catching up.
  bool voting = false;  // Takes part in the present epoch; else it observes.
  bool catching_up = false;
  // A snapshot that is being taken in, and how much of it is here.
  struct Joining {
    Height height;
    std::uint64_t pieces_held = 0;
    std::uint64_t pieces = 0;
  };
  std::optional<Joining> joining;
  std::optional<Height> base;  // Of the snapshot with which this node began.
  std::uint64_t mempool_transactions = 0;
  std::uint64_t mempool_bytes = 0;
  std::optional<std::uint64_t> disk_free_bytes;  // Of the disk of the journal, if it is known.
  // Another key is to sign for this node's organisation: its own doing, or an attempt to take over.
  std::optional<Recovery> recovery;
  std::uint64_t evidence_seen = 0;  // Pieces of evidence against validators, since the start.
  std::uint64_t uptime_ms = 0;
  std::uint64_t ms_since_commit = 0;  // Since the last block became final here; since start before.
  std::vector<ValidatorStatus> validators;
  Diagnosis diagnosis;  // Why nothing becomes final.
};

// A sample for /metrics: name without prefix, help, labels, value.
struct Metric {
  enum class Kind { counter, gauge, histogram };
  struct Bucket {
    double upper = 0;         // Of what was observed, inclusive.
    std::uint64_t count = 0;  // Of observations up to there.
  };
  std::string name;
  std::string help;
  Kind kind = Kind::gauge;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;  // Of a histogram: the sum.
  std::vector<Bucket> buckets = {};
  std::uint64_t count = 0;  // Of all observations of a histogram.
};

class NodeService {
 public:
  virtual ~NodeService() = default;

  // Of each transaction its id when it is pending or committed already, or the reason why it is
  // refused: chain_wrong, signature_invalid, signer_unknown, lane_unknown, sequence_stale,
  // sequence_gap, expired, valid_until_too_far, operations_root_mismatch, mempool_full,
  // not_ready ...
  using Submitted = std::vector<Result<Digest>>;

  // Takes transactions whose bytes decoded, in their order, each as if it came by itself.  Calls
  // back once, not from within this call.
  virtual void submit_all(std::vector<SignedTransaction> transactions,
                          std::function<void(const Submitted&)> callback) = 0;
  // One of them.
  void submit(SignedTransaction transaction, std::function<void(const Result<Digest>&)> callback) {
    std::vector<SignedTransaction> one;
    one.push_back(std::move(transaction));
    submit_all(std::move(one), [callback = std::move(callback)](const Submitted& submitted) {
      callback(submitted.front());
    });
  }

  virtual TransactionStatus transaction_status(const Digest& id) const = 0;

  // What this node knows of a failed operation besides its outcome: one that it executed lately.
  // Empty if it knows nothing.
  virtual std::string refusal_detail(Position operation) const = 0;

  // Of blocks that became final since the node's start.
  virtual const UnpaidEarnings& unpaid_earnings() const = 0;

  // The sequence that the lane's next transaction must carry, pending ones counted.
  virtual Result<Sequence> next_sequence(const PartyId& party, Lane lane) const = 0;

  virtual const Genesis& genesis() const = 0;
  virtual const Journal& journal() const = 0;

  // The newest checkpoint with a quorum of cosignatures; none until there is one.
  virtual std::optional<CosignedCheckpoint> checkpoint() const = 0;
  // The trust file of the network as it is now (C2SP tlog-policy).
  virtual std::string trust_policy() const = 0;

  virtual NodeStatus status() const = 0;
  virtual std::vector<Metric> metrics() const = 0;

  // Calls back after each commit with the new tip's height, until the returned function is called.
  virtual std::function<void()> on_commit(std::function<void(Height)> callback) = 0;
};

}  // namespace fenrun
