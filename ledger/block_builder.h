// Builds one block: runs of entries, the state they leave, and the header that binds both.
//
// The order of calls is the order of the entries.  The builder knows no contract: who drives it
// decides what a transaction means.  Equal calls on equal points give equal bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/merkle/active_bits.h"
#include "ledger/merkle/tree.h"
#include "ledger/proof/entry.h"
#include "ledger/state.h"

namespace fenrun {

// What a block is built upon: the journal up to and including the parent's Header.
struct BlockPoint {
  Digest chain_id;
  Digest id;    // Of the parent; zero before genesis.
  Epoch epoch;  // Of a child: the parent's, or the one behind it if the parent ended its own.
  Height height;
  View view;  // In which the parent was proposed.
  TimeMs time;
  Digest validators;  // In force after the parent.
  Digest trust_policy;
  Frontier frontier;
  std::uint64_t active_count = 0;
  const StateView* state = nullptr;
  const ActiveView* active = nullptr;
};

// The point that a block with this Header and id left behind.  REQUIRES: the frontier reaches to
// the Header, and the views are of the state then.
BlockPoint point_after(const Header& header, const Digest& id, const Frontier& frontier,
                       const StateView& state, const ActiveView& active);

// What the proposer says of a block besides its content.
struct BlockContext {
  Epoch epoch;
  Height height;
  View view;
  View parent_view;
  TimeMs time;
  ValidatorIndex proposer;
  Digest batch_list;
};

struct JournaledTransaction {
  Digest id;
  Position position;
  Errc outcome = Errc::ok;
};

// Why an operation failed, in more words than its outcome.
struct Refusal {
  Position operation;
  std::string detail;  // 1 to kRefusalBytesMax bytes.
};
inline constexpr std::size_t kRefusalBytesMax = 300;
inline constexpr std::size_t kBlockRefusalsMax = 1'000;

// A block that was executed.  Its views rest on the parent's, which must outlive it or be replaced
// by rebase().
struct ExecutedBlock {
  Header header;
  Digest id;
  std::vector<Bytes> entries;  // In order, the Header last.
  std::size_t entry_bytes = 0;
  std::vector<Digest> leaves;  // Their leaf hashes.
  std::vector<JournaledTransaction> transactions;
  // In order, the first kBlockRefusalsMax.  For whoever asks this node: no part of the block.
  std::vector<Refusal> refusals;
  Frontier frontier;  // After the Header.
  DeltaView state;
  ActiveLayer active;

  Position first_position() const { return Position(header.position.value() + 1 - entries.size()); }
  // The point for a child.  It refers to this block's views.
  BlockPoint point() const { return point_after(header, id, frontier, state, active); }
  void rebase(const StateView& state_base, const ActiveView& active_base);
};

// What money moves, before it has a place in the statements.
struct Transfer {
  PostingKind kind{};
  CampaignId campaign;
  AssetId asset;
  PeriodId period;
  PartyId source;
  Book source_book{};
  PartyId destination;
  Book destination_book{};
  Amount amount;  // > 0.
  PolicyId policy{};
  std::uint32_t policy_version = 0;
  std::uint16_t rule = 0;
  Digest inputs{};
  std::optional<Position> reverses{};
};

class BlockBuilder {
 public:
  // REQUIRES: what the point refers to outlives the builder.
  BlockBuilder(const BlockPoint& parent, const BlockContext& context);

  const BlockContext& context() const { return context_; }
  const Digest& chain_id() const { return parent_.chain_id; }
  Overlay& state() { return state_; }
  const Overlay& state() const { return state_; }

  // Where the next entry will stand.
  Position next_position() const;
  // Bytes of entries so far, Records and Header not counted.
  std::size_t bytes() const { return bytes_; }
  std::size_t operations() const { return counts_[2]; }

  // Appends an entry.  An outcome that is known later only is set with amend_...().
  Position append_system(ByteView payload);
  Position append_transaction(const TransactionBody& body, const Signature& signature);
  // The id of the transaction appended last.
  const Digest& last_transaction() const { return transactions_.back().id; }
  Position append_operation(Position transaction, std::uint32_t index, ByteView payload);
  // The outcome of an entry appended before; its size does not change.
  void amend_transaction(Position position, Errc outcome);
  void amend_operation(Position position, const Error& reason);

  // Appends a Posting caused by the entry at `cause` and updates both statements.  The scopes of
  // both parties' statements must be open.  REQUIRES: amount > 0; the two statements differ.
  // Errc::amount_overflow if a statement's sum does not fit.
  Result<Position> post(const Transfer& transfer, Position cause);

  // A point to come back to: rollback() forgets entries and state since then.
  struct Savepoint {
    std::size_t entries = 0;
    std::size_t transactions = 0;
    std::size_t state = 0;
  };
  Savepoint savepoint() const {
    return {entries_.size(), transactions_.size(), state_.savepoint()};
  }
  void rollback(const Savepoint& savepoint);

  // Changes the header's view of who validates from the next block on.
  void set_next_validators(const Digest& validators, const Digest& trust_policy);

  // What the block changes, in key order.  Nothing is executed any more.
  const std::vector<Overlay::Change>& conclude();
  // Writes Records and Header.  The builder is spent.
  ExecutedBlock finish();

 private:
  // A statement that a Posting moves, as it will be written.
  struct Side {
    RecordKey key;
    Statement statement;
    bool is_new = false;
  };

  Position append(const Entry& entry);
  Position append(Bytes encoded, const Digest& leaf);
  Side open_side(const StatementId& id) const;
  static PostingSide number_of(const StatementId& id, const Side& side);
  void write_side(const StatementId& id, Side side, Position posting, const Digest& leaf);
  ActiveChange append_records(StateDelta& delta);

  BlockPoint parent_;
  BlockContext context_;
  Overlay state_;
  std::vector<Bytes> entries_;                 // Encoded.
  std::vector<std::optional<Digest>> leaves_;  // Of entries_, where computed already.
  std::vector<JournaledTransaction> transactions_;
  std::vector<Refusal> refusals_;
  std::optional<std::vector<Overlay::Change>> changes_;  // Once concluded.
  std::size_t bytes_ = 0;
  std::array<std::uint32_t, 5> counts_{};
  Digest next_validators_;
  Digest next_trust_policy_;
};

}  // namespace fenrun
