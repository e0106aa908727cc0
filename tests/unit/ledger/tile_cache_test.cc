#include "ledger/tile_cache.h"

#include <gtest/gtest.h>

#include "ledger/merkle/tree.h"
#include "tests/support/block_maker.h"

namespace fenrun {
namespace {

// A journal of at least so many entries.
void fill_tiles(BlockMaker& maker, std::uint64_t size) {
  while (maker.memory().size() < size) {
    maker.next([&](BlockBuilder& builder) {
      for (int i = 0; i < 500; ++i) builder.append_system(Bytes{1});
    });
  }
}

TEST(TileCache, GivesTheNodesOfTheStore) {
  BlockMaker maker;
  fill_tiles(maker, 3'000);
  const auto& store = maker.memory();
  TileCache cache(store);
  for (unsigned level = 0; store.size() >> level > 0; ++level) {
    for (std::uint64_t i = 0; i < store.size() >> level; ++i) {
      ASSERT_EQ(cache.node(level, i), store.node(level, i)) << level << "/" << i;
    }
  }
}

TEST(TileCache, ReadsEachTileOnceForAllPaths) {
  BlockMaker maker;
  fill_tiles(maker, 3'000);
  const auto& store = maker.memory();
  const std::uint64_t size = store.size();
  TileCache cache(store);
  const auto before = store.reads();
  const NodeSource node = [&](unsigned level, std::uint64_t i) { return cache.node(level, i); };
  for (std::uint64_t i = 0; i < size; ++i) {
    ASSERT_EQ(inclusion_path(i, size, node).size() > 0, size > 1);
  }
  const std::uint64_t tiles = (size + kTileWidth - 1) / kTileWidth + 1;
  EXPECT_LE(store.reads() - before, tiles);
}

// What is complete stays so.
TEST(TileCache, KnowsTheNodesOfATreeThatGrewSince) {
  BlockMaker maker;
  fill_tiles(maker, 600);
  const auto& store = maker.memory();
  const std::uint64_t size = store.size();
  TileCache cache(store);
  const NodeSource cached = [&](unsigned level, std::uint64_t i) { return cache.node(level, i); };
  const Digest root = merkle_root(size, cached);
  fill_tiles(maker, 2'000);
  EXPECT_EQ(merkle_root(size, cached), root);
  EXPECT_EQ(inclusion_path(599, size, cached),
            inclusion_path(599, size,
                           [&](unsigned level, std::uint64_t i) { return store.node(level, i); }));
}

}  // namespace
}  // namespace fenrun
