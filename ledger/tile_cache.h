// The nodes of a journal's tree, read by tiles: each tile once, for all the paths through it.
//
// Complete nodes never change, so what was read stays right while the journal grows.  Holds at
// most kTilesMax tiles, of 16 KiB.  Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "ledger/store.h"

namespace fenrun {

class TileCache {
 public:
  static constexpr std::size_t kTilesMax = 64;

  // REQUIRES: the store outlives the cache.
  explicit TileCache(const LedgerStore& store) : store_(&store) {}

  // REQUIRES: the node is complete, and was when the cache was made.
  Digest node(unsigned level, std::uint64_t index);

 private:
  static constexpr unsigned kTileLevels = 8;
  static_assert(kTileWidth == std::size_t{1} << kTileLevels);

  // Row r holds the nodes that stand r levels above the tile's own.
  using Rows = std::array<std::vector<Digest>, kTileLevels>;

  Rows read(unsigned tile_level, std::uint64_t index) const;

  const LedgerStore* store_;
  std::map<std::pair<unsigned, std::uint64_t>, Rows> tiles_;
};

}  // namespace fenrun
