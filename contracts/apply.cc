#include "contracts/apply.h"

#include <algorithm>
#include <optional>

#include "contracts/activities.h"
#include "contracts/claims.h"
#include "contracts/codes.h"
#include "contracts/evidence.h"
#include "contracts/funds.h"
#include "contracts/goods.h"
#include "contracts/governance.h"
#include "contracts/invariants.h"
#include "contracts/members.h"
#include "contracts/parties.h"
#include "contracts/payouts.h"
#include "contracts/periods.h"
#include "contracts/policies.h"
#include "contracts/system_work.h"
#include "core/check.h"
#include "core/overloaded.h"
#include "core/planted.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

const PartySigner& party_of(const Signer& signer) {
  return std::visit(
      overloaded{[](const PartySigner& party) -> const PartySigner& { return party; }}, signer);
}

Error next_is(Errc code, Sequence next) {
  return {code, "next is " + std::to_string(next.value())};
}

// What the operation wrote, against the limits of one operation.
Status check_output(const OperationContext& context, std::size_t state_savepoint) {
  const auto& block = context.block;
  const auto postings = block.next_position().value() - context.position.value() - 1;
  const auto records = context.state().writes_since(state_savepoint);
  if (postings > kOperationPostingsMax || records > kOperationRecordsMax) {
    return Errc::output_limit;
  }
  return {};
}

// How much a block holds that its transactions wrote.
struct Written {
  std::size_t entry_bytes = 0;
  std::size_t writes = 0;
  std::size_t write_bytes = 0;

  static Written of(const BlockBuilder& block) {
    return {block.bytes(), block.state().writes_since(0), block.state().written_bytes()};
  }
  Written since(const Written& before) const {
    return {entry_bytes - before.entry_bytes, writes - before.writes,
            write_bytes - before.write_bytes};
  }
};

// One transaction on its way into a block.
class Execution {
 public:
  Execution(BlockBuilder& block, const SignedTransaction& transaction)
      : block_(block),
        transaction_(transaction),
        before_(Written::of(block)),
        position_(block.append_transaction(transaction.body, transaction.signature)),
        id_(block.last_transaction()) {}

  void run() {
    switch (transaction_.body.mode) {
      case TransactionMode::atomic:
        run_atomic();
        break;
      case TransactionMode::independent:
        run_independent();
        break;
    }
    use_up_sequence();
  }

 private:
  void run_independent() {
    for (std::uint32_t i = 0; i < transaction_.operations.size(); ++i) {
      const Position operation = append(i);
      const auto before = block_.savepoint();
      const auto status = execute(operation, i);
      if (status) continue;
      block_.rollback(before);
      block_.amend_operation(operation, status.error());
    }
  }

  void run_atomic() {
    const auto before = block_.savepoint();
    for (std::uint32_t i = 0; i < transaction_.operations.size(); ++i) {
      const auto status = execute(append(i), i);
      if (status) continue;
      block_.rollback(before);
      journal_aborted(i, status.error());
      return;
    }
  }

  // All operations again, without effect: the one that failed keeps its reason.
  void journal_aborted(std::uint32_t failed, const Error& reason) {
    for (std::uint32_t i = 0; i < transaction_.operations.size(); ++i) {
      block_.amend_operation(append(i), i == failed ? reason : Error{Errc::atomic_aborted, {}});
    }
    block_.amend_transaction(position_, reason.code);
  }

  Position append(std::uint32_t index) {
    return block_.append_operation(position_, index, transaction_.operations[index]);
  }

  // The operation's effects behind its entry; on failure the caller takes them back.
  Status execute(Position position, std::uint32_t index) {
    if (is_spent_) return writes_too_much();
    const auto before = block_.savepoint();
    const auto& payload = transaction_.operations[index];
    const auto operation = decode_operation(payload);
    if (!operation) return operation.error();
    const auto& signer = party_of(transaction_.body.signer);
    auto party = find_party(block_.state(), signer.party);
    CHECK(party.has_value());
    OperationContext context{
        block_,  signer.party, signer.key, *std::move(party), {position_, index, payload, Errc::ok},
        position};
    auto status = std::visit([&](const auto& asked) { return apply(context, asked); }, *operation);
    if (status) status = check_output(context, before.state);
    if (status) status = check_room();
    return status;
  }

  // What would be no room for is not tried: the operations that follow fail as they are.
  Status check_room() {
    const auto written = Written::of(block_).since(before_);
    is_spent_ = written.entry_bytes > kTransactionEntryBytesMax ||
                written.writes > kTransactionWritesMax ||
                written.write_bytes > kTransactionWriteBytesMax;
    return is_spent_ ? Status(writes_too_much()) : Status();
  }

  static Error writes_too_much() {
    return {Errc::output_limit, "with those before it in its transaction"};
  }

  void use_up_sequence() {
    const auto& body = transaction_.body;
    const auto& party = party_of(body.signer).party;
    update_linked(block_.state(), lane_key(party, body.lane), LaneState{body.sequence.next(), id_});
  }

  BlockBuilder& block_;
  const SignedTransaction& transaction_;
  Written before_;
  bool is_spent_ = false;  // It has written all that it may.
  Position position_;
  Digest id_;
};

// How much of the block's room is used.
struct Used {
  std::size_t bytes = 0;
  std::size_t operations = 0;
};

bool has_room(const Used& used, const Parameters& parameters) {
  return used.bytes <= parameters.block_bytes_max &&
         used.operations <= parameters.block_operations_max;
}

bool has_room(const Written& written) {
  return written.entry_bytes <= kBlockEntryBytesMax && written.writes <= kBlockWritesMax &&
         written.write_bytes <= kBlockWriteBytesMax;
}

}  // namespace

Status check_admission(const StateView& state, Height next_height,
                       const SignedTransaction& transaction) {
  const auto& body = transaction.body;
  const auto& signer = party_of(body.signer);
  const auto party = find_party(state, signer.party);
  if (!party) return Errc::signer_unknown;
  const auto is_signers = [&](const PartyKey& key) {
    return key.purpose == KeyPurpose::transactions && key.key == signer.key &&
           key.is_valid_at(next_height);
  };
  if (std::ranges::none_of(party->keys, is_signers)) {
    return Error{Errc::signer_unknown, "the key is not valid for the party"};
  }
  if (body.valid_until < next_height) return Errc::expired;
  if (body.valid_until.value() - next_height.value() > kValidityHeightsMax) {
    return Error{Errc::valid_until_too_far,
                 "at most " + std::to_string(next_height.value() + kValidityHeightsMax)};
  }
  const auto lane = find_lane(state, signer.party, body.lane);
  if (!lane) return Error{Errc::lane_unknown, "lane " + std::to_string(body.lane.value())};
  if (body.sequence < lane->next) return next_is(Errc::sequence_stale, lane->next);
  if (body.sequence > lane->next) return next_is(Errc::sequence_gap, lane->next);
  return {};
}

std::optional<Sequence> next_sequence(const StateView& state, const PartyId& party, Lane lane) {
  const auto found = find_lane(state, party, lane);
  if (!found) return std::nullopt;
  return found->next;
}

ExecutedBlock execute_block(const BlockPoint& parent, const BlockContext& context,
                            std::span<const SignedTransaction* const> transactions) {
  return conclude_block(execute_transactions(parent, context, transactions));
}

BlockBuilder execute_transactions(const BlockPoint& parent, const BlockContext& context,
                                  std::span<const SignedTransaction* const> transactions) {
  CHECK(context.time > parent.time && context.time.value() <= kBlockTimeMax);
  CHECK(context.height == parent.height.next());
  BlockBuilder block(parent, context);
  run_system_work(block, parent.time);

  const auto limits = parameters(block.state());
  Used used;
  std::size_t misfits = 0;
  for (const auto* transaction : transactions) {
    // What costs little goes first: most of what is passed over has been journaled before.
    const auto admitted = check_admission(block.state(), context.height, *transaction);
    const bool is_replay = !admitted && admitted.error().code == Errc::sequence_stale;
    if (!admitted && !(is_replay && planted(PlantedBug::transaction_replayed))) continue;
    const std::size_t bytes = encode(*transaction).size();
    if (!check_form(*transaction, parent.chain_id, bytes)) continue;
    const Used with{used.bytes + bytes, used.operations + transaction->operations.size()};
    if (!has_room(with, limits)) continue;
    const auto before = block.savepoint();
    Execution(block, *transaction).run();
    if (!has_room(Written::of(block))) {
      block.rollback(before);
      // Each is executed for nothing, in this block and perhaps in others.
      if (++misfits == kBlockMisfitsMax) break;
      continue;
    }
    used = with;
  }
  conclude_epoch(block, *parent.state);
  return block;
}

ExecutedBlock conclude_block(BlockBuilder block) {
  check_invariants(block.conclude());
  return block.finish();
}

}  // namespace fenrun
