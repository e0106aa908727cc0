// Commits that are larger than a segment: docs/spec/storage.md, §3.
#include <algorithm>

#include "tests/unit/node/storage/store_fixture.h"

namespace fenrun {
namespace {

// Blocks that one certificate finalizes, larger together than a segment.
struct LargeCommit {
  explicit LargeCommit(StoreFixture& fixture) : f(fixture) {
    for (int i = 0; i < 9; ++i) {
      blocks.push_back(std::make_unique<ExecutedBlock>(
          f.maker.next([&](BlockBuilder& b) { fill_randomly(b, f.random, 120); })));
      views.push_back(blocks.back().get());
    }
    end = f.maker.height();
  }
  bool commit() { return f.store->commit(views, BlockMaker::certificate(end - 1)).has_value(); }

  StoreFixture& f;
  std::uint64_t end = 0;  // The height behind it.
  std::vector<std::unique_ptr<ExecutedBlock>> blocks;
  std::vector<const ExecutedBlock*> views;
};

// All that the store holds, and its last certificate.
void expect_entries(StoreFixture& f, std::uint64_t blocks) {
  ASSERT_EQ(f.store->block_count(), blocks);
  const auto size = static_cast<std::size_t>(f.store->size());
  EXPECT_EQ(*f.store->entries(Position(0), size), *f.maker.memory().entries(Position(0), size));
  EXPECT_EQ(*f.store->certificate(Height(blocks - 1)), BlockMaker::certificate(blocks - 1));
}

TEST(DiskStore, large_commit_takes_several_records) {
  for (const int before : {0, 1, 12}) {
    StoreFixture f;
    f.open();
    for (int i = 0; i < before; ++i) f.commit();
    LargeCommit large(f);
    ASSERT_TRUE(large.commit());
    EXPECT_EQ(*f.store->certificate(Height(large.end - 2)), Bytes());
    std::vector<std::uint8_t> types;
    ASSERT_TRUE(AppendLog::read_records(f.files, f.segments().back(), [&](auto, const auto& r) {
      types.push_back(r.type);
      return Status{};
    }));
    EXPECT_GE(std::ranges::count(types, 2), 2);
    EXPECT_EQ(types.back(), 1);
    for (const bool loses_index : {false, true}) {
      if (loses_index) f.lose_index();
      f.open();
      expect_entries(f, large.end);
    }
    f.commit();
    f.open();
    expect_entries(f, large.end + 1);
  }
}

enum class Death : std::uint8_t { power, process, sync };

// A commit that never was had a segment to itself.  That it goes hides no damage of the one before.
TEST(DiskStore, damage_before_an_unfinished_segment_is_refused) {
  for (const bool is_damaged : {false, true}) {
    StoreFixture f;
    f.open();
    while (f.segments().empty() || f.files.bytes(f.segments().back()).size() < 20'000) f.commit();
    const auto before = f.segments();
    LargeCommit large(f);
    f.files.fail_sync_in(3);  // After its first record, which begins a segment.
    ASSERT_FALSE(large.commit());
    f.store.reset();
    f.files.kill();
    ASSERT_EQ(f.segments().size(), before.size() + 1);
    if (is_damaged) {
      auto& bytes = f.files.bytes(before.back());
      bytes.resize(bytes.size() - bytes.size() % 512);  // As if torn.
      EXPECT_EQ(f.open_error().code, Errc::corruption);
      const auto read = JournalFiles::open_to_read(f.files, f.folder.path() / "journal");
      EXPECT_EQ(read.error().code, Errc::corruption);
    } else {
      f.open();
      EXPECT_EQ(f.segments().size(), before.size());
      ASSERT_TRUE(large.commit());
      f.open();
      expect_entries(f, large.end);
    }
  }
}

// It is there or not, whether it began the journal or not; what was read is there for good; and
// what comes after it follows.
TEST(DiskStore, large_commit_survives_power_failure_at_every_operation) {
  for (const auto death : {Death::power, Death::process, Death::sync}) {
    for (const std::uint64_t before : {0U, 1U, 12U}) {
      std::size_t lost = 0;
      bool is_done = false;
      for (std::uint64_t at = 0; !is_done; ++at) {
        SCOPED_TRACE("death " + std::to_string(static_cast<int>(death)) + " at operation " +
                     std::to_string(at) + " behind " + std::to_string(before));
        StoreFixture f(at);
        f.files = sim::VirtualDisk(at);
        f.open();
        for (std::uint64_t i = 0; i < before; ++i) f.commit();
        LargeCommit large(f);
        if (death == Death::sync) {
          f.files.fail_sync_in(at + 1);
        } else {
          f.files.fail_power_at(f.files.operations() + at);
        }
        is_done = large.commit();
        f.files.forgive();
        death == Death::power ? f.files.crash() : f.files.kill();
        if (at % 3 == 1) f.lose_index();

        const auto journal = JournalFiles::open_to_read(f.files, f.folder.path() / "journal");
        ASSERT_TRUE(journal) << journal.error().to_string();
        std::uint64_t read = 0;
        ASSERT_TRUE(journal->replay(Height(0), [&](const StoredBlock&) {
          ++read;
          return Status{};
        }));
        EXPECT_EQ(read, journal->block_count());

        f.open();
        ASSERT_EQ(f.store->block_count(), read);
        f.files.crash();
        f.open();
        ASSERT_EQ(f.store->block_count(), read);
        if (read == before && !is_done) {
          ++lost;
          ASSERT_TRUE(large.commit());  // The others finalized it, and it comes again.
        }
        f.open();
        expect_entries(f, large.end);
        f.commit();
        f.open();
        expect_entries(f, large.end + 1);
        ASSERT_FALSE(HasFailure());
      }
      EXPECT_GE(lost, 2u);
    }
  }
}

}  // namespace
}  // namespace fenrun
