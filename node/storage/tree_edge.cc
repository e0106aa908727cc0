#include "node/storage/tree_edge.h"

#include <bit>

#include "core/check.h"

namespace fenrun {

NodePlace NodePlace::of(unsigned level, std::uint64_t index) {
  const unsigned within = level % 8;
  const std::uint64_t first = index << within;
  return {level / 8, first / kTileWidth, static_cast<std::size_t>(first % kTileWidth),
          std::size_t{1} << within};
}

Digest subtree_root(std::vector<Digest> nodes) {
  CHECK(std::has_single_bit(nodes.size()));
  for (std::size_t width = nodes.size(); width > 1; width /= 2) {
    for (std::size_t i = 0; i < width / 2; ++i) {
      nodes[i] = node_hash(nodes[2 * i], nodes[2 * i + 1]);
    }
  }
  return nodes[0];
}

void TreeEdge::append(const Digest& leaf, std::vector<Tile>& full) {
  Digest node = leaf;
  for (unsigned level = 0;; ++level) {
    if (level == rows_.size()) rows_.emplace_back();
    auto& row = rows_[level];
    row.nodes.push_back(node);
    if (row.nodes.size() < kTileWidth) return;
    node = subtree_root(row.nodes);
    full.push_back({level, row.full_tiles, std::move(row.nodes)});
    row.nodes.clear();
    ++row.full_tiles;
  }
}

void TreeEdge::restore_row(std::uint64_t full_tiles, std::vector<Digest> nodes) {
  CHECK(nodes.size() < kTileWidth);
  rows_.push_back({full_tiles, std::move(nodes)});
}

std::uint64_t TreeEdge::size() const {
  return rows_.empty() ? 0 : rows_[0].full_tiles * kTileWidth + rows_[0].nodes.size();
}

const std::vector<Digest>* TreeEdge::open_tile(unsigned level, std::uint64_t index) const {
  CHECK(level < rows_.size() && index <= rows_[level].full_tiles);
  return index == rows_[level].full_tiles ? &rows_[level].nodes : nullptr;
}

}  // namespace fenrun
