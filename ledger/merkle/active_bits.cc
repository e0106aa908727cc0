#include "ledger/merkle/active_bits.h"

#include <set>

#include "core/check.h"
#include "ledger/merkle/tree.h"
#include "ledger/proof/proof.h"

namespace fenrun {
namespace {

std::uint64_t chunk_of(Position position) { return position.value() / kActiveChunkBits; }
std::size_t byte_of(Position position) { return position.value() % kActiveChunkBits / 8; }
std::uint8_t mask_of(Position position) {
  return static_cast<std::uint8_t>(1u << (position.value() % 8));
}

bool is_complete(unsigned level, std::uint64_t index, std::uint64_t leaves) {
  return ((index + 1) << level) <= leaves;
}

}  // namespace

bool ActiveView::test(Position position) const {
  if (position.value() >= size()) return false;
  return (chunk(chunk_of(position))[byte_of(position)] & mask_of(position)) != 0;
}

Digest ActiveView::root() const {
  return merkle_root(chunk_count(),
                     [this](unsigned level, std::uint64_t index) { return node(level, index); });
}

std::vector<Digest> ActiveView::path(std::uint64_t chunk_index) const {
  return inclusion_path(chunk_index, chunk_count(),
                        [this](unsigned level, std::uint64_t index) { return node(level, index); });
}

ActiveLayer::ActiveLayer(const ActiveView& base, const ActiveChange& change)
    : ActiveLayer(base, change.size) {
  CHECK(change.size >= base.size());
  // Every new chunk is a new leaf, even one without a bit.
  for (std::uint64_t i = base.chunk_count(); i < chunk_count(); ++i) chunks_[i] = {};
  for (const auto position : change.cleared) {
    CHECK(position.value() < base.size());
    auto& byte = writable(chunk_of(position))[byte_of(position)];
    CHECK((byte & mask_of(position)) != 0);
    byte = static_cast<std::uint8_t>(byte & ~mask_of(position));
  }
  for (const auto position : change.set) {
    CHECK(position.value() < size_);
    auto& byte = writable(chunk_of(position))[byte_of(position)];
    CHECK((byte & mask_of(position)) == 0);
    byte = static_cast<std::uint8_t>(byte | mask_of(position));
  }
  rehash();
}

ActiveChunk& ActiveLayer::writable(std::uint64_t index) {
  const auto it = chunks_.find(index);
  if (it != chunks_.end()) return it->second;
  return chunks_.emplace(index, base_->chunk(index)).first->second;
}

std::size_t ActiveLayer::memory() const {
  // Of a map's item: three links and a colour, and what the allocator adds.
  constexpr std::size_t kItemBytes = 48;
  return sizeof(*this) + chunks_.size() * (sizeof(decltype(chunks_)::value_type) + kItemBytes) +
         nodes_.size() * (sizeof(decltype(nodes_)::value_type) + kItemBytes);
}

void ActiveLayer::rehash() {
  const std::uint64_t leaves = chunk_count();
  std::set<std::uint64_t> changed;
  for (const auto& [index, bits] : chunks_) {
    nodes_[{0, index}] = active_chunk_leaf(index, bits);
    changed.insert(index);
  }
  for (unsigned level = 1; !changed.empty(); ++level) {
    std::set<std::uint64_t> parents;
    for (const auto child : changed) {
      const std::uint64_t parent = child / 2;
      if (!is_complete(level, parent, leaves) || !parents.insert(parent).second) continue;
      nodes_[{level, parent}] =
          node_hash(node(level - 1, parent * 2), node(level - 1, parent * 2 + 1));
    }
    changed = std::move(parents);
  }
}

const ActiveChunk& ActiveLayer::chunk(std::uint64_t index) const {
  CHECK(index < chunk_count());
  const auto it = chunks_.find(index);
  return it == chunks_.end() ? base_->chunk(index) : it->second;
}

Digest ActiveLayer::node(unsigned level, std::uint64_t index) const {
  const auto it = nodes_.find({level, index});
  return it == nodes_.end() ? base_->node(level, index) : it->second;
}

const ActiveChunk& ActiveBits::chunk(std::uint64_t index) const {
  CHECK(index < chunks_.size());
  return chunks_[index];
}

Digest ActiveBits::node(unsigned level, std::uint64_t index) const {
  CHECK(level < levels_.size() && index < levels_[level].size());
  return levels_[level][index];
}

ActiveLayer ActiveBits::absorb(const ActiveLayer& layer) {
  CHECK(layer.base_ == this);
  ActiveLayer undo(*this, size_);
  for (const auto& [index, bits] : layer.chunks_) {
    if (index < chunks_.size()) {
      undo.chunks_.emplace(index, chunks_[index]);
      chunks_[index] = bits;
    } else {
      CHECK(index == chunks_.size());
      chunks_.push_back(bits);
    }
  }
  for (const auto& [id, digest] : layer.nodes_) {
    const auto& [level, index] = id;
    if (level >= levels_.size()) levels_.resize(level + 1);
    auto& row = levels_[level];
    if (index < row.size()) {
      undo.nodes_.emplace(id, row[index]);
      row[index] = digest;
    } else {
      CHECK(index == row.size());
      row.push_back(digest);
    }
  }
  size_ = layer.size_;
  return undo;
}

ActiveBits ActiveBits::from_dump(std::uint64_t size, std::vector<ActiveChunk> chunks) {
  ActiveBits bits;
  bits.size_ = size;
  CHECK(chunks.size() == bits.chunk_count());
  bits.chunks_ = std::move(chunks);
  std::vector<Digest> row;
  for (std::uint64_t i = 0; i < bits.chunks_.size(); ++i) {
    row.push_back(active_chunk_leaf(i, bits.chunks_[i]));
  }
  while (!row.empty()) {
    std::vector<Digest> above;
    for (std::size_t i = 0; i + 1 < row.size(); i += 2) {
      above.push_back(node_hash(row[i], row[i + 1]));
    }
    bits.levels_.push_back(std::move(row));
    row = std::move(above);
  }
  return bits;
}

}  // namespace fenrun
