// The right edge of the journal's Merkle tree: tiles that are not full yet, in memory.
//
// A tile is a row of 256 neighbouring nodes of level 0, 8, 16, ...; tile level t holds nodes of
// level 8 t.  A full tile never changes; it is handed out once, to be stored, and its root becomes
// the next node of the row above.
#pragma once

#include <vector>

#include "core/crypto/hash.h"
#include "core/limits.h"

namespace fenrun {

struct Tile {
  unsigned level = 0;  // Of tiles.
  std::uint64_t index = 0;
  std::vector<Digest> nodes;  // kTileWidth of them where the tile is full.
};

// Where a complete node of the tree is found: it is the root of `width` neighbours in a tile.
struct NodePlace {
  unsigned tile_level = 0;
  std::uint64_t tile = 0;
  std::size_t begin = 0;
  std::size_t width = 1;

  static NodePlace of(unsigned level, std::uint64_t index);
};

// Root over a power of two of nodes.
Digest subtree_root(std::vector<Digest> nodes);

class TreeEdge {
 public:
  // Adds a leaf; tiles that it fills are appended to `full`.
  void append(const Digest& leaf, std::vector<Tile>& full);

  // Puts back a row that is not full, as it was read: `full_tiles` of the level are stored.
  // REQUIRES: rows are put back from level 0 on; fewer than kTileWidth nodes.
  void restore_row(std::uint64_t full_tiles, std::vector<Digest> nodes);

  // Leaves appended in all.
  std::uint64_t size() const;
  // The nodes if the tile is the one still open at its level; null if it is stored.
  // REQUIRES: the tile exists.
  const std::vector<Digest>* open_tile(unsigned level, std::uint64_t index) const;

 private:
  struct Row {
    std::uint64_t full_tiles = 0;
    std::vector<Digest> nodes;
  };

  std::vector<Row> rows_;
};

}  // namespace fenrun
