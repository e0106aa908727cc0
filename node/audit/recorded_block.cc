#include "node/audit/recorded_block.h"

#include "contracts/claims.h"
#include "core/overloaded.h"

namespace fenrun::audit {
namespace {

// An entry begins with the number of its kind.
constexpr std::uint8_t kRecordKind = 4;

}  // namespace

RecordedBlock::RecordedBlock(const StoredBlock& block)
    : height_(block.place.height),
      first_(block.place.first),
      certificate_(to_bytes(block.certificate)) {
  std::size_t size = 0;
  for (const auto& entry : block.entries) size += entry.size();
  bytes_.reserve(size);
  for (const auto& entry : block.entries) append(bytes_, entry);
  entries_.reserve(block.entries.size());
  ByteView rest = bytes_;
  for (const auto& entry : block.entries) {
    entries_.push_back(rest.first(entry.size()));
    rest = rest.subspan(entry.size());
  }
}

Divergence RecordedBlock::differs_at(std::size_t index, Error error) const {
  Divergence divergence{height_, Position(first_.value() + index), std::move(error), {}, {}};
  if (index < entries_.size()) divergence.recorded = to_bytes(entries_[index]);
  return divergence;
}

void RecordedBlock::examine(const Digest& chain_id) {
  std::size_t transaction_at = 0;  // Of the last one seen; its operations follow it.
  const auto end_transaction = [&] {
    if (const auto status = check_last_transaction(chain_id); !status) {
      fault_ = differs_at(transaction_at, status.error());
    }
  };
  for (std::size_t i = 0; i < entries_.size() && !fault_; ++i) {
    // Records make up half of a journal, and execution gives each of their bytes.
    if (!entries_[i].empty() && entries_[i][0] == kRecordKind) {
      ++tally_.entries[kRecordKind];
      continue;
    }
    const auto entry = decode_entry(entries_[i]);
    if (!entry) {
      fault_ = differs_at(i, {Errc::entry_malformed, entry.error().to_string()});
      return;
    }
    if (std::holds_alternative<TransactionEntry>(*entry)) {
      end_transaction();
      transaction_at = i;
    }
    if (fault_) return;
    if (const auto status = take(*entry); !status) fault_ = differs_at(i, status.error());
  }
  if (!fault_) end_transaction();
  if (!fault_ && (!header_ || entries_.empty())) {
    fault_ = differs_at(entries_.size() - 1, {Errc::entry_malformed, "no Header ends the block"});
  }
}

Status RecordedBlock::take(const Entry& entry) {
  ++tally_.entries[entry.index()];
  if (header_) return Error{Errc::entry_malformed, "an entry behind the block's Header"};
  if (const auto* transaction = std::get_if<TransactionEntry>(&entry)) {
    tally_.transactions.add(transaction->outcome);
    transactions_.push_back({transaction->body, transaction->signature, {}});
  } else if (const auto* operation = std::get_if<OperationEntry>(&entry)) {
    if (transactions_.empty()) return Error{Errc::entry_malformed, "no Transaction before it"};
    tally_.operations.add(operation->outcome);
    transactions_.back().operations.push_back(operation->payload);
  } else if (const auto* posting = std::get_if<Posting>(&entry)) {
    tally_.add(*posting);
  } else if (const auto* header = std::get_if<Header>(&entry)) {
    header_ = *header;
  }
  return {};
}

Status RecordedBlock::check_last_transaction(const Digest& chain_id) const {
  if (transactions_.empty()) return {};
  const auto& transaction = transactions_.back();
  FENRUN_OK(check_form(transaction, chain_id));
  if (verify_signatures(transaction)) return {};
  return Error{Errc::signature_invalid, "not signed with the key that it, or a claim in it, names"};
}

}  // namespace fenrun::audit
