#include "ledger/memory_store.h"

#include <algorithm>

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
  CHECK(block.header.height == (headers_.empty() ? Height(0) : headers_.rbegin()->first.next()));
  for (std::size_t i = 0; i < block.entries.size(); ++i) {
    entries_.push_back(block.entries[i]);
    append_leaf(block.leaves[i]);
  }
  keep_header(block.header);
  certificates_[block.header.height] = to_bytes(certificate);
  for (const auto& transaction : block.transactions) {
    transactions_.emplace(transaction.id, transaction.position);
  }
  for (const auto& [key, record] : block.state.delta()) state_.insert_or_assign(key, record);
}

void MemoryStore::keep_header(const Header& header) {
  headers_[header.height] = header.position;
  if (must_keep(header)) kept_headers_.push_back(header.position);
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
  ++reads_;
  if (position.value() >= entries_.size()) return Errc::not_found;
  if (entries_[position.value()].empty()) return pruned_entry(position);
  return entries_[position.value()];
}

Result<std::vector<Bytes>> MemoryStore::entries(Position first, std::size_t count) const {
  ++reads_;
  if (first.value() > size() || count > size() - first.value()) return Errc::not_found;
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first.value());
  std::vector<Bytes> found(begin, begin + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    if (found[i].empty()) return pruned_entry(Position(first.value() + i));
  }
  return found;
}

Digest MemoryStore::node(unsigned level, std::uint64_t index) const {
  ++reads_;
  return levels_.at(level).at(index);
}

std::vector<Digest> MemoryStore::tile(unsigned tile_level, std::uint64_t index) const {
  ++reads_;
  const auto& nodes = levels_.at(8 * tile_level);
  const std::uint64_t first = index * kTileWidth;
  CHECK(first < nodes.size());
  const auto begin = nodes.begin() + static_cast<std::ptrdiff_t>(first);
  const auto count = std::min<std::uint64_t>(kTileWidth, nodes.size() - first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::vector<Digest> MemoryStore::leaves(Position first, std::size_t count) const {
  CHECK(first.value() <= size() && count <= size() - first.value());
  if (count == 0) return {};
  const auto begin = levels_[0].begin() + static_cast<std::ptrdiff_t>(first.value());
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::optional<Position> MemoryStore::header_position(Height height) const {
  const auto it = headers_.find(height);
  if (it == headers_.end()) return std::nullopt;
  return it->second;
}

Result<Bytes> MemoryStore::certificate(Height height) const {
  const auto it = certificates_.find(height);
  if (it == certificates_.end()) return Errc::not_found;
  return it->second;
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

Result<EpochHandover> MemoryStore::handover(Epoch epoch) const {
  const auto it = handovers_.find(epoch);
  if (it == handovers_.end()) return Errc::not_found;
  return it->second;
}

Status MemoryStore::save_handover(Epoch epoch, const EpochHandover& handover) {
  handovers_[epoch] = handover;
  return {};
}

Result<std::string> MemoryStore::anchor(Epoch epoch) const {
  const auto it = anchors_.find(epoch);
  if (it == anchors_.end()) return Errc::not_found;
  return it->second;
}

Status MemoryStore::save_anchor(Epoch epoch, const std::string& note) {
  anchors_[epoch] = note;
  return {};
}

Status MemoryStore::begin_snapshot(const SnapshotManifest& manifest) {
  begun_ = manifest;
  parts_.clear();
  return {};
}

Status MemoryStore::add_snapshot_part(const SnapshotPart& part) {
  CHECK(begun_.has_value());
  parts_.push_back(part);
  return {};
}

Status MemoryStore::read_snapshot_parts(const PartVisitor& visit) const {
  for (const auto& part : parts_) FENRUN_OK(visit(part));
  return {};
}

Status MemoryStore::install_snapshot() {
  CHECK(begun_.has_value());
  const auto manifest = std::exchange(begun_, std::nullopt);
  auto parts = std::exchange(parts_, {});
  std::ranges::sort(parts, {}, [](const SnapshotPart& part) {
    return std::pair(part.section, part.first_piece);
  });
  FENRUN_TRY(const auto entry, decode_entry(manifest->header));
  const auto& header = std::get<Header>(entry);

  MemoryStore fresh;
  fresh.base_ = header.height;
  fresh.dump_ = ActiveBitsDump{header.height, header.position.value(), {}};
  for (const auto& part : parts) FENRUN_OK(fresh.append_part(header, part));
  CHECK(fresh.size() == header.position.value());
  fresh.entries_.push_back(manifest->header);
  fresh.append_leaf(leaf_hash(manifest->header));
  fresh.keep_header(header);
  fresh.certificates_[header.height] = manifest->certificate;
  fresh.handovers_ = std::move(handovers_);
  fresh.anchors_ = std::move(anchors_);
  *this = std::move(fresh);
  return {};
}

Status MemoryStore::append_part(const Header& header, const SnapshotPart& part) {
  FENRUN_TRY(const auto items, read_part(header, part));
  for (const auto& item : items) {
    entries_.push_back(item.entry == nullptr ? Bytes() : *item.entry);
    append_leaf(item.leaf);
    if (item.entry == nullptr) continue;
    FENRUN_TRY(auto entry, decode_entry(*item.entry));
    if (const auto* kept = std::get_if<Header>(&entry)) keep_header(*kept);
    auto* record = std::get_if<RecordEntry>(&entry);
    if (record == nullptr) continue;
    CurrentRecord current{record->version, item.position, std::nullopt};
    if (record->value) current.value = std::move(*record->value);
    if (!state_.emplace(std::move(record->key), std::move(current)).second) {
      return Error{Errc::snapshot_invalid, "two Records are current for one key"};
    }
  }
  if (part.first_piece != 0) return {};
  for (std::size_t i = 0; i < part.bits.size(); i += kActiveChunkBytes) {
    auto& chunk = dump_->chunks.emplace_back();
    std::copy_n(part.bits.begin() + static_cast<std::ptrdiff_t>(i), kActiveChunkBytes,
                chunk.begin());
  }
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
