#include "ledger/block_builder.h"

#include "core/check.h"
#include "core/planted.h"
#include "core/text.h"
#include "ledger/ordered_family.h"

namespace fenrun {

BlockPoint point_after(const Header& header, const Digest& id, const Frontier& frontier,
                       const StateView& state, const ActiveView& active) {
  return {.chain_id = header.chain_id,
          .id = id,
          .epoch = header.epoch_of_child(),
          .height = header.height,
          .view = header.view,
          .time = header.time,
          .validators = header.next_validators,
          .trust_policy = header.next_trust_policy,
          .frontier = frontier,
          .active_count = header.active_count,
          .state = &state,
          .active = &active};
}

void ExecutedBlock::rebase(const StateView& state_base, const ActiveView& active_base) {
  state.rebase(state_base);
  active.rebase(active_base);
}

BlockBuilder::BlockBuilder(const BlockPoint& parent, const BlockContext& context)
    : parent_(parent),
      context_(context),
      state_(*parent.state),
      next_validators_(parent.validators),
      next_trust_policy_(parent.trust_policy) {}

Position BlockBuilder::next_position() const {
  return Position(parent_.frontier.size() + entries_.size());
}

Position BlockBuilder::append(const Entry& entry) {
  const Position position = next_position();
  entries_.push_back(encode_entry(entry));
  leaves_.emplace_back();
  bytes_ += entries_.back().size();
  if (entry.index() < counts_.size()) ++counts_[entry.index()];
  return position;
}

Position BlockBuilder::append(Bytes encoded, const Digest& leaf) {
  const Position position = next_position();
  bytes_ += encoded.size();
  ++counts_.at(encoded[0]);
  entries_.push_back(std::move(encoded));
  leaves_.emplace_back(leaf);
  return position;
}

Position BlockBuilder::append_system(ByteView payload) {
  return append(SystemEntry{{to_bytes(payload)}});
}

Position BlockBuilder::append_transaction(const TransactionBody& body, const Signature& signature) {
  const Position position = append(TransactionEntry{body, signature, Errc::ok});
  transactions_.push_back({body.id(), position, Errc::ok});
  return position;
}

Position BlockBuilder::append_operation(Position transaction, std::uint32_t index,
                                        ByteView payload) {
  return append(OperationEntry{transaction, index, {to_bytes(payload)}, Errc::ok});
}

void BlockBuilder::amend_transaction(Position position, Errc outcome) {
  set_outcome(entries_.at(position.value() - parent_.frontier.size()), outcome);
  auto& transaction = transactions_.back();
  CHECK(transaction.position == position);
  transaction.outcome = outcome;
}

void BlockBuilder::amend_operation(Position position, const Error& reason) {
  set_outcome(entries_.at(position.value() - parent_.frontier.size()), reason.code);
  if (reason.detail.empty() || refusals_.size() == kBlockRefusalsMax) return;
  refusals_.push_back({position, beginning_of(reason.detail, kRefusalBytesMax)});
}

BlockBuilder::Side BlockBuilder::open_side(const StatementId& id) const {
  Side side{statement_key(id), {}, false};
  const auto bytes = state_.value(side.key);
  side.is_new = !bytes;
  if (side.is_new) {
    side.statement.head = statement_chain_open(chain_id(), id);
    return side;
  }
  const auto statement = decode_linked_value<Statement>(*bytes);
  CHECK(statement && *statement);
  side.statement = **statement;
  return side;
}

PostingSide BlockBuilder::number_of(const StatementId& id, const Side& side) {
  const auto& statement = side.statement;
  PostingSide out{id.account.party, id.account.book, statement.count + 1, std::nullopt};
  if (statement.count > 0) out.previous = statement.last;
  return out;
}

void BlockBuilder::write_side(const StatementId& id, Side side, Position posting,
                              const Digest& leaf) {
  auto& statement = side.statement;
  ++statement.count;
  statement.last = posting;
  statement.head = statement_chain_next(statement.head, leaf);
  if (side.is_new) {
    insert_linked(state_, statement_scope(id.account.party), side.key, statement);
  } else {
    update_linked(state_, side.key, statement);
  }
}

Result<Position> BlockBuilder::post(const Transfer& transfer, Position cause) {
  CHECK(transfer.amount.is_positive());
  const StatementId source_id{
      {transfer.source, transfer.source_book, transfer.campaign, transfer.asset}, transfer.period};
  const StatementId destination_id{
      {transfer.destination, transfer.destination_book, transfer.campaign, transfer.asset},
      transfer.period};
  CHECK(source_id != destination_id);

  Side source = open_side(source_id);
  Side destination = open_side(destination_id);
  const Posting posting{
      .kind = transfer.kind,
      .campaign = transfer.campaign,
      .asset = transfer.asset,
      .period = transfer.period,
      .source = number_of(source_id, source),
      .destination = number_of(destination_id, destination),
      .amount = transfer.amount,
      .cause = cause,
      .policy = transfer.policy,
      .policy_version = transfer.policy_version,
      .rule = transfer.rule,
      .inputs = transfer.inputs,
      .reverses = transfer.reverses,
  };
  auto& debits = source.statement.debits;
  auto& credits = destination.statement.credits;
  FENRUN_TRY(debits, add(debits, transfer.amount));
  FENRUN_TRY(credits, add(credits, transfer.amount));

  Bytes encoded = encode_entry(posting);
  const Digest leaf = leaf_hash(encoded);
  const Position position = append(std::move(encoded), leaf);
  write_side(source_id, std::move(source), position, leaf);
  write_side(destination_id, std::move(destination), position, leaf);
  return position;
}

void BlockBuilder::rollback(const Savepoint& savepoint) {
  CHECK(savepoint.entries <= entries_.size() && savepoint.transactions <= transactions_.size());
  while (entries_.size() > savepoint.entries) {
    bytes_ -= entries_.back().size();
    --counts_.at(entries_.back()[0]);
    entries_.pop_back();
  }
  leaves_.resize(savepoint.entries);
  transactions_.resize(savepoint.transactions);
  while (!refusals_.empty() && refusals_.back().operation >= next_position()) refusals_.pop_back();
  state_.rollback(savepoint.state);
}

void BlockBuilder::set_next_validators(const Digest& validators, const Digest& trust_policy) {
  next_validators_ = validators;
  next_trust_policy_ = trust_policy;
}

const std::vector<Overlay::Change>& BlockBuilder::conclude() {
  if (!changes_) changes_ = state_.take_changes();
  return *changes_;
}

// Records: exactly the keys whose value differs from the parent's, in key order.
ActiveChange BlockBuilder::append_records(StateDelta& delta) {
  conclude();
  ActiveChange change;
  for (auto& [key, before, value] : *changes_) {
    RecordEntry record;
    record.key = std::move(key);
    if (value) record.value.emplace(*std::move(value));
    if (before) {
      record.version = before->version + 1;
      record.previous = before->position;
      if (!planted(PlantedBug::active_bit_kept)) change.cleared.push_back(before->position);
    }
    Entry entry(std::move(record));
    const Position position = append(entry);
    change.set.push_back(position);
    auto& written = std::get<RecordEntry>(entry);
    CurrentRecord current{written.version, position, std::nullopt};
    if (written.value) current.value.emplace(*std::move(written.value));
    delta.emplace_hint(delta.end(), std::move(written.key), std::move(current));
  }
  return change;
}

ExecutedBlock BlockBuilder::finish() {
  StateDelta delta;
  ActiveChange change = append_records(delta);
  const Position position = next_position();
  change.size = position.value();
  ActiveLayer active(*parent_.active, change);

  std::vector<Digest> leaves;
  leaves.reserve(entries_.size() + 1);
  Frontier frontier = parent_.frontier;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    leaves.push_back(leaves_[i] ? *leaves_[i] : leaf_hash(entries_[i]));
    frontier.append(leaves.back());
  }

  const std::uint64_t active_count =
      parent_.active_count + change.set.size() - change.cleared.size();
  Header header{
      .chain_id = parent_.chain_id,
      .epoch = context_.epoch,
      .height = context_.height,
      .view = context_.view,
      .parent = parent_.id,
      .parent_view = context_.parent_view,
      .time = context_.time,
      .proposer = context_.proposer,
      .batch_list = context_.batch_list,
      .position = position,
      .counts = counts_,
      .journal_root = frontier.root(),
      .active_root = active.root(),
      .active_count = active_count,
      .validators = parent_.validators,
      .next_validators = next_validators_,
      .trust_policy = parent_.trust_policy,
      .next_trust_policy = next_trust_policy_,
  };
  entries_.push_back(encode_entry(header));
  std::size_t entry_bytes = 0;
  for (const auto& entry : entries_) entry_bytes += entry.size();
  leaves.push_back(leaf_hash(entries_.back()));
  const Digest id = leaves.back();
  frontier.append(id);
  return {.header = header,
          .id = id,
          .entries = std::move(entries_),
          .entry_bytes = entry_bytes,
          .leaves = std::move(leaves),
          .transactions = std::move(transactions_),
          .refusals = std::move(refusals_),
          .frontier = std::move(frontier),
          .state = DeltaView(*parent_.state, std::move(delta)),
          .active = std::move(active)};
}

}  // namespace fenrun
