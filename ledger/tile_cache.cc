#include "ledger/tile_cache.h"

#include "core/check.h"

namespace fenrun {

Digest TileCache::node(unsigned level, std::uint64_t index) {
  const unsigned row = level % kTileLevels;
  const std::uint64_t width = kTileWidth >> row;
  const std::pair key(level / kTileLevels, index / width);
  auto found = tiles_.find(key);
  if (found == tiles_.end()) {
    if (tiles_.size() == kTilesMax) tiles_.clear();
    found = tiles_.emplace(key, read(key.first, key.second)).first;
  }
  return found->second[row].at(static_cast<std::size_t>(index % width));
}

TileCache::Rows TileCache::read(unsigned tile_level, std::uint64_t index) const {
  Rows rows;
  rows[0] = store_->tile(tile_level, index);
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const auto& below = rows[r - 1];
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
      rows[r].push_back(node_hash(below[i], below[i + 1]));
    }
  }
  return rows;
}

}  // namespace fenrun
