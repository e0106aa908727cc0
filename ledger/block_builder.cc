#include "ledger/block_builder.h"

#include "core/check.h"
#include "core/planted.h"
#include "ledger/ordered_family.h"

namespace fenrun {

BlockPoint ExecutedBlock::point() const {
  return {.chain_id = header.chain_id,
          .id = id,
          .epoch = header.epoch_of_child(),
          .height = header.height,
          .view = header.view,
          .time = header.time,
          .validators = header.next_validators,
          .trust_policy = header.next_trust_policy,
          .frontier = frontier,
          .active_count = active_count,
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

Position BlockBuilder::append(Entry entry) {
  const Position position = next_position();
  const std::size_t size = encode_entry(entry).size();
  bytes_ += size;
  entry_bytes_.push_back(size);
  if (entry.index() < counts_.size()) ++counts_[entry.index()];
  entries_.push_back(std::move(entry));
  return position;
}

Position BlockBuilder::append_system(ByteView payload) {
  return append(SystemEntry{{to_bytes(payload)}});
}

Position BlockBuilder::append_transaction(const TransactionBody& body, const Signature& signature) {
  return append(TransactionEntry{body, signature, Errc::ok});
}

Position BlockBuilder::append_operation(Position transaction, std::uint32_t index,
                                        ByteView payload) {
  return append(OperationEntry{transaction, index, {to_bytes(payload)}, Errc::ok});
}

void BlockBuilder::amend_transaction(Position position, Errc outcome) {
  auto& entry = entries_.at(position.value() - parent_.frontier.size());
  std::get<TransactionEntry>(entry).outcome = outcome;
}

void BlockBuilder::amend_operation(Position position, Errc outcome) {
  auto& entry = entries_.at(position.value() - parent_.frontier.size());
  std::get<OperationEntry>(entry).outcome = outcome;
}

PostingSide BlockBuilder::number_side(const StatementId& id, Statement& statement,
                                      bool& is_new) const {
  const auto existing = find_linked<Statement>(state_, statement_key(id));
  is_new = !existing;
  if (existing) {
    statement = *existing;
  } else {
    statement.head = statement_chain_open(chain_id(), id);
  }
  PostingSide side{id.account.party, id.account.book, statement.count + 1, std::nullopt};
  if (statement.count > 0) side.previous = statement.last;
  return side;
}

void BlockBuilder::write_statement(const StatementId& id, const Statement& statement, bool is_new) {
  const auto key = statement_key(id);
  if (is_new) {
    insert_linked(state_, statement_scope(id.account.party), key, statement);
  } else {
    update_linked(state_, key, statement);
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

  Statement source;
  Statement destination;
  bool source_is_new = false;
  bool destination_is_new = false;
  const Posting posting{
      .kind = transfer.kind,
      .campaign = transfer.campaign,
      .asset = transfer.asset,
      .period = transfer.period,
      .source = number_side(source_id, source, source_is_new),
      .destination = number_side(destination_id, destination, destination_is_new),
      .amount = transfer.amount,
      .cause = cause,
      .policy = transfer.policy,
      .policy_version = transfer.policy_version,
      .rule = transfer.rule,
      .inputs = transfer.inputs,
      .reverses = transfer.reverses,
  };
  FENRUN_TRY(source.debits, add(source.debits, transfer.amount));
  FENRUN_TRY(destination.credits, add(destination.credits, transfer.amount));

  const Digest leaf = leaf_hash(encode_entry(posting));
  const Position position = append(posting);
  for (Statement* statement : {&source, &destination}) {
    ++statement->count;
    statement->last = position;
    statement->head = statement_chain_next(statement->head, leaf);
  }
  write_statement(source_id, source, source_is_new);
  write_statement(destination_id, destination, destination_is_new);
  return position;
}

void BlockBuilder::rollback(const Savepoint& savepoint) {
  CHECK(savepoint.entries <= entries_.size());
  while (entries_.size() > savepoint.entries) {
    bytes_ -= entry_bytes_.back();
    --counts_[entries_.back().index()];
    entry_bytes_.pop_back();
    entries_.pop_back();
  }
  state_.rollback(savepoint.state);
}

void BlockBuilder::set_next_validators(const Digest& validators, const Digest& trust_policy) {
  next_validators_ = validators;
  next_trust_policy_ = trust_policy;
}

// Records: exactly the keys whose value differs from the parent's, in key order.
ActiveChange BlockBuilder::append_records(StateDelta& delta) {
  ActiveChange change;
  for (const auto& key : state_.changed_keys()) {
    const auto before = parent_.state->record(key);
    RecordEntry record;
    record.key = key;
    auto value = state_.value(key);
    if (value) record.value.emplace(*value);
    if (before) {
      record.version = before->version + 1;
      record.previous = before->position;
      if (!planted(PlantedBug::active_bit_kept)) change.cleared.push_back(before->position);
    }
    const std::uint64_t version = record.version;
    const Position position = append(std::move(record));
    change.set.push_back(position);
    delta.emplace(key, CurrentRecord{version, position, std::move(value)});
  }
  return change;
}

ExecutedBlock BlockBuilder::finish() {
  StateDelta delta;
  ActiveChange change = append_records(delta);
  const Position position = next_position();
  change.size = position.value();
  ActiveLayer active(*parent_.active, change);

  std::vector<Bytes> encoded;
  std::vector<Digest> leaves;
  std::vector<JournaledTransaction> transactions;
  Frontier frontier = parent_.frontier;
  for (const auto& entry : entries_) {
    encoded.push_back(encode_entry(entry));
    leaves.push_back(leaf_hash(encoded.back()));
    if (const auto* transaction = std::get_if<TransactionEntry>(&entry)) {
      transactions.push_back(
          {transaction->body.id(), Position(frontier.size()), transaction->outcome});
    }
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
  encoded.push_back(encode_entry(header));
  leaves.push_back(leaf_hash(encoded.back()));
  const Digest id = leaves.back();
  frontier.append(id);
  return {.header = header,
          .id = id,
          .entries = std::move(encoded),
          .leaves = std::move(leaves),
          .transactions = std::move(transactions),
          .frontier = std::move(frontier),
          .active_count = active_count,
          .state = DeltaView(*parent_.state, std::move(delta)),
          .active = std::move(active)};
}

}  // namespace fenrun
