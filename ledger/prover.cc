#include "ledger/prover.h"

#include <algorithm>

#include "ledger/merkle/tree.h"
#include "ledger/proof/note.h"
#include "ledger/proof/recovery.h"
#include "ledger/proof_making.h"

namespace fenrun {
namespace {

std::string at(Position position) { return "entry " + std::to_string(position.value()); }

bool starts_with(ByteView bytes, ByteView prefix) {
  return bytes.size() >= prefix.size() && equal(bytes.first(prefix.size()), prefix);
}

MerklePath to_path(std::vector<Digest> hashes) { return MerklePath(std::move(hashes)); }

// Of an entry, in the journal as it was when it had `size` entries.
MerklePath path_within(const Journal& journal, Position position, std::uint64_t size) {
  return to_path(inclusion_path(position.value(), size, [&](unsigned level, std::uint64_t index) {
    return journal.node(level, index);
  }));
}

// `next` is the first field of every Linked<V>.
Result<std::optional<RecordKey>> next_of(const RecordEntry& record) {
  std::optional<RecordKey> next;
  if (!record.value) return Error{Errc::value_invalid, "the record is not of an ordered family"};
  Decoder in(*record.value);
  FENRUN_OK(codec::read(in, next));
  return next;
}

// Of the journal that the handover speaks of.
Result<std::uint64_t> size_of(const EpochHandover& handover) {
  if (is_recovery(handover.checkpoint.value)) {
    FENRUN_TRY(const auto recovery, parse_recovery(handover.checkpoint.value));
    return recovery.tip.size;
  }
  FENRUN_TRY(const auto note, parse_note(handover.checkpoint.value));
  return note.body.size;
}

}  // namespace

Result<Prover> Prover::at(const Journal& journal, Height height, std::string_view note) {
  if (journal.active_at(height) == nullptr) {
    return Error{Errc::not_ready, "no active bits of height " + std::to_string(height.value())};
  }
  FENRUN_TRY(const auto header, journal.header(height));
  FENRUN_TRY(auto signed_note, parse_note(note));
  Prover prover(journal);
  prover.height_ = height;
  prover.hold_ = journal.hold(height);
  prover.size_ = signed_note.body.size;
  if (prover.size_ != header.position.value() + 1) {
    return Error{Errc::header_mismatch,
                 "the checkpoint is not of height " + std::to_string(height.value())};
  }
  prover.epoch_ = header.epoch;
  sort_signatures(signed_note);
  prover.note_ = print(signed_note);
  return prover;
}

// ---- Parts -------------------------------------------------------------------------------------

Result<Entry> Prover::add_entry(ProofParts& parts, Position position) const {
  if (position.value() >= journal_->store().size())
    return Error{Errc::not_found, fenrun::at(position)};
  // The checkpoint's last leaf is its Header, which every proof carries on its own.
  if (position.value() + 1 > size_) {
    return Error{Errc::not_ready, fenrun::at(position) + " is above the checkpoint"};
  }
  if (position.value() + 1 == size_) {
    return Error{Errc::value_invalid, fenrun::at(position) + " is the checkpoint's header"};
  }
  FENRUN_TRY(auto bytes, journal_->store().entry(position));
  FENRUN_TRY(auto entry, decode_entry(bytes));
  parts.entries.emplace(position, std::move(bytes));
  if (parts.entries.size() > kProofEntriesMax) {
    return Error{Errc::limit_exceeded, "more entries than a proof may have"};
  }
  return entry;
}

template <class T>
Result<T> Prover::add(ProofParts& parts, Position position) const {
  FENRUN_TRY(auto entry, add_entry(parts, position));
  T* of_kind = std::get_if<T>(&entry);
  if (!of_kind) return Error{Errc::value_invalid, fenrun::at(position) + " is of another kind"};
  return std::move(*of_kind);
}

template Result<Posting> Prover::add(ProofParts& parts, Position position) const;

Result<RecordEntry> Prover::add_current(ProofParts& parts, Position position) const {
  FENRUN_TRY(auto record, add<RecordEntry>(parts, position));
  const ActiveView* active = journal_->active_at(height_);
  if (active == nullptr) return Error{Errc::not_ready, "a snapshot took the journal's place"};
  if (!active->test(position)) {
    return Error{Errc::corruption, fenrun::at(position) + " is not current at the checkpoint"};
  }
  const std::uint64_t index = position.value() / kActiveChunkBits;
  if (!parts.chunks.contains(index)) {
    parts.chunks.emplace(index,
                         ProofChunk{index, active->chunk(index), MerklePath(active->path(index))});
  }
  return record;
}

Result<Position> Prover::record_position(ByteView key) const {
  const auto current = journal_->state().record(key);
  if (!current) return Error{Errc::not_found, "record " + to_hex(key)};
  Position position = current->position;
  while (position.value() >= size_) {
    FENRUN_TRY(const auto bytes, journal_->store().entry(position));
    FENRUN_TRY(const auto entry, decode_entry(bytes));
    const auto* record = std::get_if<RecordEntry>(&entry);
    if (!record) return Error{Errc::corruption, fenrun::at(position) + " is no record"};
    if (!record->previous) {
      return Error{Errc::not_ready, "record " + to_hex(key) + " is above the checkpoint"};
    }
    position = *record->previous;
  }
  return position;
}

// The Record in force when the posting was made: the newest one before it.
Result<std::optional<PolicyInProof>> Prover::add_policy(ProofParts& parts, ByteView key,
                                                        Position posting) const {
  const auto current = record_position(key);
  if (!current) return std::optional<PolicyInProof>();
  PolicyInProof policy{*current, std::nullopt};
  while (policy.record >= posting) {
    FENRUN_TRY(const auto bytes, journal_->store().entry(policy.record));
    FENRUN_TRY(const auto entry, decode_entry(bytes));
    const auto* record = std::get_if<RecordEntry>(&entry);
    if (!record) return Error{Errc::corruption, fenrun::at(policy.record) + " is no record"};
    if (!record->previous) return std::optional<PolicyInProof>();
    policy = {*record->previous, policy.record};
  }
  if (policy.successor) {
    FENRUN_OK(add<RecordEntry>(parts, policy.record));
    FENRUN_OK(add<RecordEntry>(parts, *policy.successor));
  } else {
    FENRUN_OK(add_current(parts, policy.record));
  }
  return std::optional(policy);
}

Result<std::vector<OperationEntry>> Prover::operations_of(Position transaction, std::uint32_t count,
                                                          ProofParts* parts) const {
  constexpr std::uint64_t kReadAtOnce = 64;
  std::vector<OperationEntry> operations;
  for (std::uint64_t next = transaction.value() + 1; operations.size() < count;) {
    // Postings stand between.  The block's Header stands behind the last of them.
    const auto wanted = std::min<std::uint64_t>(kReadAtOnce, journal_->store().size() - next);
    if (wanted == 0) return Error{Errc::corruption, "a transaction without its operations"};
    FENRUN_TRY(auto read, journal_->store().entries(Position(next), wanted));
    for (auto& bytes : read) {
      if (operations.size() == count) break;
      const Position position(next++);
      FENRUN_TRY(auto entry, decode_entry(bytes));
      if (std::holds_alternative<Posting>(entry)) continue;
      auto* operation = std::get_if<OperationEntry>(&entry);
      if (!operation || operation->transaction != transaction) {
        return Error{Errc::corruption, fenrun::at(position) + " is not the transaction's"};
      }
      if (parts) parts->entries.emplace(position, std::move(bytes));
      operations.push_back(std::move(*operation));
    }
  }
  return operations;
}

Result<MerklePath> Prover::add_operation(ProofParts& parts, Position position) const {
  FENRUN_TRY(const auto operation, add<OperationEntry>(parts, position));
  FENRUN_TRY(const auto transaction, add<TransactionEntry>(parts, operation.transaction));
  const std::uint32_t count = transaction.body.operation_count;
  FENRUN_TRY(const auto operations, operations_of(operation.transaction, count, nullptr));
  std::vector<Digest> leaves;
  for (const auto& one : operations) leaves.push_back(operation_leaf(one.payload));
  const NodeSource node = [&](unsigned level, std::uint64_t index) {
    const auto first = leaves.begin() + static_cast<std::ptrdiff_t>(index << level);
    return root_of_leaves({first, first + (std::ptrdiff_t{1} << level)});
  };
  return to_path(inclusion_path(operation.index, count, node));
}

Result<ProofHandover> prove_handover(const Journal& journal, Epoch epoch) {
  const auto kept = journal.store().handover(epoch);
  if (!kept && kept.error().code == Errc::not_found) {
    return Error{Errc::not_ready, "the handover of epoch " + std::to_string(epoch.value())};
  }
  if (!kept) return kept.error();
  FENRUN_TRY(const auto size, size_of(*kept));
  const Position header(size - 1);
  if (size == 0 || size > journal.store().size()) {
    return Error{Errc::not_ready, "epoch " + std::to_string(epoch.value()) + " is not over here"};
  }
  FENRUN_TRY(auto bytes, journal.store().entry(header));
  return ProofHandover{kept->checkpoint,
                       {ProofEntryBytes(std::move(bytes)), path_within(journal, header, size)},
                       kept->next_policy};
}

// ---- Claims ------------------------------------------------------------------------------------

Result<ProofMaking> Prover::begin_transaction(Position position, bool with_operations) const {
  ProofParts parts;
  FENRUN_TRY(const auto transaction, add<TransactionEntry>(parts, position));
  if (with_operations) {
    // A block is covered whole or not at all, so its operations are when the transaction is.
    FENRUN_OK(operations_of(position, transaction.body.operation_count, &parts));
  }
  return ProofMaking(*this, TransactionClaim{position, with_operations}, std::move(parts));
}

Result<ProofMaking> Prover::begin_operation(Position position) const {
  ProofParts parts;
  FENRUN_TRY(auto path, add_operation(parts, position));
  return ProofMaking(*this, OperationClaim{position, std::move(path)}, std::move(parts));
}

Result<ProofMaking> Prover::begin_posting(Position position,
                                          const std::optional<RecordKey>& policy) const {
  ProofParts parts;
  FENRUN_TRY(const auto posting, add<Posting>(parts, position));
  PostingClaim claim{position, {}, std::nullopt};
  FENRUN_TRY(const auto cause, add_entry(parts, posting.cause));
  if (!std::holds_alternative<SystemEntry>(cause)) {
    FENRUN_TRY(claim.operation_path, add_operation(parts, posting.cause));
  }
  if (policy && posting.policy != PolicyId()) {
    FENRUN_TRY(claim.policy, add_policy(parts, *policy, position));
  }
  return ProofMaking(*this, std::move(claim), std::move(parts));
}

Result<ProofMaking> Prover::begin_record(const RecordKey& key) const {
  ProofParts parts;
  FENRUN_TRY(const auto position, record_position(key));
  FENRUN_OK(add_current(parts, position));
  return ProofMaking(*this, RecordClaim{key}, std::move(parts));
}

Status Prover::add_absence(ProofParts& parts, const RecordKey& key,
                           const OrderedFamily& family) const {
  if (key.size() <= family.scope_bytes || key[0] != family.family) {
    return Error{Errc::value_invalid, "no key of an ordered family: its absence has no proof"};
  }
  const auto scope = ByteView(key).first(family.scope_bytes);
  const auto own = record_position(key);
  if (own) return Error{Errc::value_invalid, "the key exists: ask for the proof of its record"};
  // Keys that came after the checkpoint are passed over: at the checkpoint they were not linked.
  for (auto before = journal_->state().before(key); before && starts_with(*before, scope);
       before = journal_->state().before(*before)) {
    const auto position = record_position(*before);
    if (!position && position.error().code == Errc::not_ready) continue;
    if (!position) return position.error();
    FENRUN_TRY(const auto record, add_current(parts, *position));
    FENRUN_TRY(const auto next, next_of(record));
    if (next && !(BytewiseLess{}(key, *next))) {
      return Error{Errc::corruption, fenrun::at(*position) + " does not link over the key"};
    }
    return {};
  }
  return Error{Errc::not_found, "the scope of the key does not exist"};
}

Result<ProofMaking> Prover::begin_absence(const RecordKey& key, const OrderedFamily& family) const {
  ProofParts parts;
  FENRUN_OK(add_absence(parts, key, family));
  return ProofMaking(*this, AbsenceClaim{key}, std::move(parts));
}

Result<ProofMaking> Prover::begin_account(const PartyId& party) const {
  return ProofMaking(*this, AccountClaim{party}, {});
}

Result<ProofMaking> Prover::begin_history(const HistoryParts& history,
                                          const std::vector<OrderedFamily>& families) const {
  ProofParts parts;
  HistoryClaim claim;
  claim.subject = history.subject;
  for (const auto& key : history.records) {
    FENRUN_TRY(const auto position, record_position(key));
    FENRUN_OK(add_current(parts, position));
    claim.records.push_back(key);
  }
  for (const auto& key : history.absent) {
    const auto family = std::ranges::find_if(families, [&](const OrderedFamily& ordered) {
      return !key.empty() && key[0] == ordered.family;
    });
    if (family == families.end()) return Error{Errc::value_invalid, "no key of an ordered family"};
    FENRUN_OK(add_absence(parts, key, *family));
    claim.absent.push_back(key);
  }
  for (const auto position : history.operations) {
    FENRUN_TRY(auto path, add_operation(parts, position));
    claim.operations.push_back({position, std::move(path)});
  }
  return ProofMaking(*this, std::move(claim), std::move(parts));
}

}  // namespace fenrun
