#include "ledger/memory_store.h"

#include "core/check.h"

namespace fenrun {

Status MemoryStore::commit(std::span<const ExecutedBlock* const> blocks, ByteView certificate) {
  for (const auto* block : blocks) {
    append(*block, block == blocks.back() ? certificate : ByteView());
  }
  return {};
}

void MemoryStore::append(const ExecutedBlock& block, ByteView certificate) {
  CHECK(block.first_position().value() == size());
  CHECK(block.header.height.value() == headers_.size());
  for (std::size_t i = 0; i < block.entries.size(); ++i) {
    entries_.push_back(block.entries[i]);
    append_leaf(block.leaves[i]);
  }
  headers_.push_back(block.header.position);
  certificates_.push_back(to_bytes(certificate));
  for (const auto& transaction : block.transactions) {
    transactions_.emplace(transaction.id, transaction.position);
  }
  for (const auto& [key, record] : block.state.delta()) state_.insert_or_assign(key, record);
}

void MemoryStore::append_leaf(const Digest& leaf) {
  Digest node = leaf;
  for (std::size_t level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    auto& row = levels_[level];
    row.push_back(node);
    if (row.size() % 2 != 0) return;
    node = node_hash(row[row.size() - 2], row.back());
  }
}

Result<Bytes> MemoryStore::entry(Position position) const {
  if (position.value() >= entries_.size()) return Errc::not_found;
  return entries_[position.value()];
}

Result<std::vector<Bytes>> MemoryStore::entries(Position first, std::size_t count) const {
  if (first.value() > size() || count > size() - first.value()) return Errc::not_found;
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first.value());
  return std::vector<Bytes>(begin, begin + static_cast<std::ptrdiff_t>(count));
}

Digest MemoryStore::node(unsigned level, std::uint64_t index) const {
  return levels_.at(level).at(index);
}

std::optional<Position> MemoryStore::header_position(Height height) const {
  if (height.value() >= headers_.size()) return std::nullopt;
  return headers_[height.value()];
}

std::optional<Bytes> MemoryStore::certificate(Height height) const {
  if (height.value() >= certificates_.size()) return std::nullopt;
  return certificates_[height.value()];
}

std::optional<Position> MemoryStore::transaction_position(const Digest& id) const {
  const auto it = transactions_.find(id);
  if (it == transactions_.end()) return std::nullopt;
  return it->second;
}

Status MemoryStore::save_active_bits(const ActiveBitsDump& dump) {
  dump_ = dump;
  return {};
}

std::optional<CurrentRecord> MemoryStore::record(ByteView key) const {
  const auto it = state_.find(key);
  if (it == state_.end()) return std::nullopt;
  return it->second;
}

std::optional<RecordKey> MemoryStore::at_or_after(ByteView key) const {
  for (auto it = state_.lower_bound(key); it != state_.end(); ++it) {
    if (it->second.value) return it->first;
  }
  return std::nullopt;
}

std::optional<RecordKey> MemoryStore::before(ByteView key) const {
  for (auto it = state_.lower_bound(key); it != state_.begin();) {
    --it;
    if (it->second.value) return it->first;
  }
  return std::nullopt;
}

}  // namespace fenrun
