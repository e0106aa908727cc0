// The active bits of headers below the tip: which are held, and that they are right.
#include "ledger/journal.h"

#include <gtest/gtest.h>

#include "ledger/memory_store.h"
#include "tests/support/snapshot_chain.h"

namespace fenrun {
namespace {

// A journal to which blocks are added of which nobody cosigns a checkpoint.
struct Growing {
  explicit Growing(const ActiveHistoryLimits& limits) {
    auto genesis = maker.next([](BlockBuilder& builder) { builder.state().put({17, 0}, {0}); });
    journal = *Journal::open(store, 0, limits);
    CHECK(journal->commit_genesis(std::move(genesis)).has_value());
    roots.push_back(journal->tip().active_root);
  }

  // A block that puts so many of 4,000 keys.
  void extend(std::uint64_t records) {
    const auto point = journal->point(journal->tip_id());
    BlockContext context;
    context.height = point->height.next();
    context.time = point->time.next();
    BlockBuilder builder(*point, context);
    for (std::uint64_t i = 0; i < records; ++i) {
      builder.state().put(key_numbered((context.height.value() * 37 + i) % 4'000),
                          Bytes(4, static_cast<std::uint8_t>(context.height.value())));
    }
    auto block = std::make_unique<ExecutedBlock>(builder.finish());
    const Digest id = block->id;
    journal->add(std::move(block));
    CHECK(journal->commit(std::array{id}, BlockMaker::certificate(1)).has_value());
    roots.push_back(journal->tip().active_root);
  }
  std::uint64_t tip() const { return journal->tip().height.value(); }
  bool is_held(std::uint64_t height) const {
    const auto* bits = journal->active_at(Height(height));
    if (bits != nullptr) {
      EXPECT_EQ(bits->root(), roots[height]) << height;
    }
    return bits != nullptr;
  }

  BlockMaker maker;
  MemoryStore store;
  std::unique_ptr<Journal> journal;
  std::vector<Digest> roots;
};

TEST(Journal, BitsOfAsManyHeightsAreHeldAsWereAskedFor) {
  Growing growing({.blocks = 20, .bytes = std::uint64_t{1} << 30});
  for (int i = 0; i < 100; ++i) growing.extend(10);
  EXPECT_EQ(growing.journal->history_count(), 20U);
  for (std::uint64_t height = 0; height <= growing.tip(); ++height) {
    EXPECT_EQ(growing.is_held(height), height + 20 >= growing.tip()) << height;
  }
  growing.journal->release_below(Height(95));
  EXPECT_EQ(growing.journal->history_count(), 5U);
  EXPECT_TRUE(growing.is_held(95));
  growing.extend(10);
  EXPECT_EQ(growing.journal->history_count(), 6U);
}

TEST(Journal, BitsOfHeightsTakeNoMoreThanTheyMay) {
  constexpr std::uint64_t kBytes = 64 * 1024;
  Growing growing({.blocks = 1'000, .bytes = kBytes});
  for (int i = 0; i < 300; ++i) {
    growing.extend(300);
    // A chunk at the least was changed by each.
    EXPECT_LE(growing.journal->history_count() * kActiveChunkBytes, kBytes);
  }
  EXPECT_LT(growing.journal->history_count(), 256U);
  EXPECT_GT(growing.journal->history_count(), 2U);
  EXPECT_TRUE(growing.is_held(growing.tip() - growing.journal->history_count()));
  EXPECT_FALSE(growing.is_held(growing.tip() - growing.journal->history_count() - 1));
}

TEST(Journal, BitsOfNoHeightWaitForACheckpointForEver) {
  Growing growing({});
  for (int i = 0; i < 3'000; ++i) growing.extend(1);
  EXPECT_EQ(growing.journal->history_count(), ActiveHistoryLimits{}.blocks);
  EXPECT_TRUE(growing.is_held(growing.tip() - ActiveHistoryLimits{}.blocks));
}

}  // namespace
}  // namespace fenrun
