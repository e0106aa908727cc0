#include "node/storage/disk_store.h"

#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "ledger/merkle/tree.h"
#include "tests/unit/node/storage/store_fixture.h"

namespace fenrun {
namespace {

TEST(DiskStore, empty_store_holds_nothing) {
  StoreFixture f;
  f.open();
  EXPECT_EQ(f.store->size(), 0U);
  EXPECT_EQ(f.store->header_position(Height(0)), std::nullopt);
  EXPECT_EQ(f.store->active_bits_dump(), std::nullopt);
  f.open();
  EXPECT_EQ(f.store->size(), 0U);
}

TEST(DiskStore, works_on_the_machines_files) {
  TemporaryFolder folder;
  PosixFileSystem files;
  BlockMaker maker;
  std::mt19937_64 random(5);
  for (int life = 0; life < 3; ++life) {
    auto store = *DiskStore::open(files, folder.path() / "a" / "b", small_options());
    for (int i = 0; i < 5; ++i) {
      const auto certificate = BlockMaker::certificate(maker.height());
      const auto block = maker.next([&](BlockBuilder& b) { fill_randomly(b, random, 60); });
      ASSERT_TRUE(store->commit(block, certificate));
    }
    expect_same(*store, maker.memory());
  }
}

RC_GTEST_PROP(DiskStore, equals_the_memory_store_across_reopening, ()) {
  StoreFixture f(*rc::gen::arbitrary<std::uint64_t>());
  f.open();
  const int blocks = *rc::gen::inRange(1, 25);
  for (int i = 0; i < blocks; ++i) {
    f.commit();
    if (*rc::gen::inRange(0, 4) == 0) f.open();
  }
  f.expect_equal();
  f.open();
  f.expect_equal();
  RC_ASSERT(!testing::Test::HasFailure());
}

// Enough entries for tiles of the second level and several segments.
TEST(DiskStore, holds_tiles_of_two_levels) {
  StoreFixture f;
  f.open();
  while (f.maker.memory().size() < 66'500) f.commit(3'000);
  EXPECT_GT(f.segments().size(), 10U);
  const auto same_root = [&] {
    const auto disk = [&](unsigned level, std::uint64_t i) { return f.store->node(level, i); };
    const auto memory = [&](unsigned level, std::uint64_t i) {
      return f.maker.memory().node(level, i);
    };
    const std::uint64_t size = f.maker.memory().size();
    EXPECT_EQ(merkle_root(size, disk), merkle_root(size, memory));
    for (const std::uint64_t i : {std::uint64_t{0}, std::uint64_t{65'535}, size - 1}) {
      EXPECT_EQ(inclusion_path(i, size, disk), inclusion_path(i, size, memory));
    }
    EXPECT_EQ(f.store->node(16, 0), f.maker.memory().node(16, 0));
  };
  same_root();
  f.open();
  same_root();
  f.lose_index();
  f.open();
  same_root();
}

TEST(DiskStore, lost_index_is_rebuilt) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  f.lose_index();
  f.open();
  f.expect_equal();
  f.commit();
  f.expect_equal();
}

TEST(DiskStore, index_that_is_behind_catches_up) {
  StoreFixture f;
  const Path old = f.folder.path() / "old-index";
  f.open();
  for (int i = 0; i < 10; ++i) f.commit();
  f.store.reset();
  std::filesystem::copy(f.index(), old, std::filesystem::copy_options::recursive);
  f.open();
  for (int i = 0; i < 10; ++i) f.commit();
  f.lose_index();
  std::filesystem::rename(old, f.index());
  f.open();
  f.expect_equal();
}

TEST(DiskStore, index_of_another_journal_or_ahead_of_it_is_rebuilt) {
  StoreFixture f(1);
  StoreFixture other(2);
  f.open();
  other.open();
  for (int i = 0; i < 10; ++i) f.commit();
  for (const int more : {5, 15}) {
    for (int i = 0; i < more; ++i) other.commit();
    f.store.reset();
    other.store.reset();
    f.lose_index();
    std::filesystem::copy(other.index(), f.index(), std::filesystem::copy_options::recursive);
    f.open();
    f.expect_equal();
    other.open();
  }
}

// As of nodes before their index was in descending order.
TEST(DiskStore, index_in_another_order_is_rebuilt) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 10; ++i) f.commit();
  f.lose_index();
  leveldb::Options ascending;
  ascending.create_if_missing = true;
  leveldb::DB* db = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(ascending, f.index().string(), &db).ok());
  ASSERT_TRUE(db->Put({}, "m", "what was").ok());
  delete db;
  f.open();
  f.expect_equal();
}

// LevelDB steps over what it cannot read: that is no answer.
TEST(DiskStore, damaged_index_answers_nothing_wrong) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 60; ++i) f.commit();
  f.store.reset();
  f.open();  // So that all is in tables.
  f.store.reset();
  IndexOptions options = small_options().index;
  for (const auto& file : std::filesystem::directory_iterator(f.index())) {
    if (file.path().extension() != ".ldb") continue;
    std::fstream table(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(table), {}};
    const auto at = bytes.find("s\x11");  // The first key of a Record.
    if (at == std::string::npos) continue;
    table.seekp(static_cast<std::streamoff>(at));
    table.put('\0');
  }
  const auto index = Index::open(f.index(), options);
  ASSERT_TRUE(index) << index.error().to_string();
  std::size_t told = 0;
  for (std::uint8_t a = 0; a < 13; ++a) {
    for (std::uint8_t b = 0; b < 6; ++b) {
      const Bytes key{17, a, b};
      const auto floor = (*index)->before(key);
      const auto next = (*index)->at_or_after(key);
      told += (floor ? 0U : 1U) + (next ? 0U : 1U);
      if (floor) {
        EXPECT_EQ(floor->is_absent, !f.maker.memory().record(key));
        const auto before = f.maker.memory().before(key);
        ASSERT_EQ(floor->before.has_value(), before.has_value());
        if (before) {
          EXPECT_EQ(floor->before->first, *before);
        }
      }
      if (next) {
        EXPECT_EQ(*next, f.maker.memory().at_or_after(key));
      }
    }
  }
  EXPECT_GT(told, 0u);
}

// All tables whose first key of a Record can be found are damaged there.
void damage_state(const Path& index) {
  std::size_t damaged = 0;
  for (const auto& file : std::filesystem::directory_iterator(index)) {
    if (file.path().extension() != ".ldb") continue;
    std::fstream table(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(table), {}};
    const auto at = bytes.find("s\x11");
    if (at == std::string::npos) continue;
    table.seekp(static_cast<std::streamoff>(at));
    table.put('\0');
    ++damaged;
  }
  ASSERT_GT(damaged, 0U);
}

using DiskStoreDeathTest = testing::Test;

// There is no answer to give, so the process ends; the next one would find the same damage.
TEST(DiskStoreDeathTest, damage_that_is_met_later_costs_one_start) {
  const TemporaryFolder folder{TemporaryFolder::memory()};
  PosixFileSystem files;
  BlockMaker maker;
  std::mt19937_64 random(1);
  const auto open = [&] { return DiskStore::open(files, folder.path(), small_options()); };
  {
    auto store = *open();
    for (int i = 0; i < 60; ++i) {
      const auto certificate = BlockMaker::certificate(maker.height());
      const auto block = maker.next([&](BlockBuilder& b) { fill_randomly(b, random, 60); });
      ASSERT_TRUE(store->commit(block, certificate));
    }
  }
  ASSERT_TRUE(open());  // So that all is in tables.
  damage_state(folder.path() / "index");
  const auto read_all = [&] {
    const auto store = *open();
    for (std::uint8_t a = 0; a < 13; ++a) {
      for (std::uint8_t b = 0; b < 6; ++b) store->record(Bytes{17, a, b});
    }
  };
  EXPECT_DEATH(read_all(), "storage cannot be read: corruption");
  ASSERT_TRUE(*files.holds(folder.path() / "index.doubted"));
  {
    const auto store = *open();
    EXPECT_FALSE(*files.holds(folder.path() / "index.doubted"));
    expect_same(*store, maker.memory());
  }
  read_all();
}

// What has an answer goes on with an error, and is mended at the next start.
TEST(DiskStore, damaged_tile_is_an_error_until_the_next_start) {
  StoreFixture f;
  f.open();
  // To open a smaller one reads every tile.
  while (f.maker.memory().size() < 66'500) f.commit(3'000);
  f.open();  // So that all is in tables.
  f.store.reset();
  std::size_t damaged = 0;
  const Digest leaf = f.maker.memory().node(0, 7);
  for (const auto& file : std::filesystem::directory_iterator(f.index())) {
    if (file.path().extension() != ".ldb") continue;
    std::fstream table(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(table), {}};
    const auto at = bytes.find(text_of(leaf.view()));
    if (at == std::string::npos) continue;
    table.seekp(static_cast<std::streamoff>(at));
    table.put(static_cast<char>(bytes[at] ^ 1));
    ++damaged;
  }
  ASSERT_EQ(damaged, 1U);
  f.open();
  EXPECT_EQ(f.store->entry(Position(7)).error().code, Errc::corruption);
  EXPECT_TRUE(f.store->entry(Position(f.store->size() - 1)));
  f.open();
  f.expect_equal();
}

// Left where the power went while a snapshot took the index's place.
TEST(DiskStore, index_that_never_took_its_place_is_removed) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 3; ++i) f.commit();
  f.store.reset();
  const Path aside = f.folder.path() / "index.new";
  std::filesystem::create_directory(aside);
  std::ofstream(aside / "000005.ldb") << "much";
  f.open();
  EXPECT_FALSE(std::filesystem::exists(aside));
  f.expect_equal();
}

TEST(DiskStore, damaged_index_is_rebuilt) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 60; ++i) f.commit();
  f.store.reset();
  int damaged = 0;
  for (const auto& file : std::filesystem::directory_iterator(f.index())) {
    if (file.path().extension() != ".ldb") continue;
    std::filesystem::resize_file(file.path(), file.file_size() / 2);
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  f.open();
  f.expect_equal();
}

TEST(DiskStore, batch_missing_from_the_middle_of_the_index_is_found) {
  TemporaryFolder folder{TemporaryFolder::memory()};  // Of the index; the journal is in `files`.
  sim::VirtualDisk files;
  BlockMaker maker;
  std::mt19937_64 random(3);
  auto journal = *JournalFiles::open(files, folder.path() / "journal", 1 << 20);
  auto index = *Index::open(folder.path() / "index", {});
  for (std::uint64_t height = 0; height < 10; ++height) {
    const auto block = maker.next([&](BlockBuilder& b) { fill_randomly(b, random, 10); });
    const ExecutedBlock* const one = &block;
    const auto place = journal.append(std::span(&one, 1), {})->front();
    if (height == 6 || height == 7) continue;
    const std::vector<Tile> none;
    ASSERT_TRUE(index->apply({.place = &place,
                              .block_id = block.id,
                              .tiles = &none,
                              .transactions = &block.transactions,
                              .state = &block.state.delta()}));
    ASSERT_EQ(*index->first_gap(), height < 6 ? std::nullopt : std::optional(Height(6)));
  }
}

// A batch that is larger than the buffers lies between: what is before it may be unsynced all the
// same.
TEST(DiskStore, batch_missing_behind_a_large_one_is_found) {
  TemporaryFolder folder{TemporaryFolder::memory()};
  sim::VirtualDisk files;
  BlockMaker maker;
  auto journal = *JournalFiles::open(files, folder.path() / "journal", 1 << 20);
  auto index = *Index::open(folder.path() / "index", {.write_buffer_bytes = 1 << 16});
  for (std::uint64_t height = 0; height < 10; ++height) {
    const std::uint8_t large = height == 6 ? 100 : 1;  // Of 4 KiB.
    const auto block = maker.next([&](BlockBuilder& b) {
      for (std::uint8_t i = 0; i < large; ++i) {
        b.state().put({17, i, static_cast<std::uint8_t>(height)}, Bytes(4'000, 1));
      }
    });
    const ExecutedBlock* const one = &block;
    const auto place = journal.append(std::span(&one, 1), {})->front();
    if (height == 3) continue;
    const std::vector<Tile> none;
    ASSERT_TRUE(index->apply({.place = &place,
                              .block_id = block.id,
                              .tiles = &none,
                              .transactions = &block.transactions,
                              .state = &block.state.delta()}));
  }
  EXPECT_EQ(*index->first_gap(), Height(3));
}

// What power loss tears is the log that LevelDB does not sync.
TEST(DiskStore, torn_log_of_the_index_costs_what_is_in_it_only) {
  for (const double at : {0.2, 0.5, 0.99}) {
    StoreFixture f;
    f.open();
    for (int i = 0; i < 40; ++i) f.commit();
    f.store.reset();
    const auto marker = f.index() / "marker";  // Gone with the index if it is made anew.
    std::ofstream(marker) << "here";
    std::size_t torn = 0;
    for (const auto& file : std::filesystem::directory_iterator(f.index())) {
      if (file.path().extension() != ".log") continue;
      const auto size = static_cast<double>(file.file_size());
      std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekp(static_cast<std::streamoff>(size * at));
      bytes << "torn by a loss of power";
      ++torn;
    }
    ASSERT_GE(torn, 1u);
    f.open();
    f.expect_equal();
    EXPECT_TRUE(std::filesystem::exists(marker)) << at;
    f.commit();
    f.open();
    f.expect_equal();
  }
}

TEST(DiskStore, active_bits_dump_comes_back) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 10; ++i) f.commit(500);
  const auto save = [&] {
    const ActiveBitsDump dump{Height(f.maker.height() - 1), f.maker.bits().size(),
                              f.maker.bits().dump()};
    ASSERT_TRUE(f.store->save_active_bits(dump));
  };
  save();
  f.commit();
  save();
  EXPECT_EQ(f.files.list(f.folder.path() / "active")->size(), 1U);
  f.open();
  const auto dump = f.store->active_bits_dump();
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->height, Height(10));
  EXPECT_EQ(dump->size, f.maker.bits().size());
  EXPECT_EQ(ActiveBits::from_dump(dump->size, dump->chunks).root(), f.maker.bits().root());

  const Path file = f.folder.path() / "active" / f.files.list(f.folder.path() / "active")->at(0);
  f.files.bytes(file)[100] ^= 4;
  EXPECT_EQ(f.store->active_bits_dump(), std::nullopt);
}

TEST(DiskStore, damaged_journal_is_refused) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  f.store.reset();
  const auto last = f.segments().back();
  f.files.bytes(last)[AppendLog::kFileHeaderBytes + 100] ^= 1;
  EXPECT_EQ(f.open_error().code, Errc::corruption);
}

TEST(DiskStore, missing_segment_is_refused) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  ASSERT_GT(f.segments().size(), 2U);
  ASSERT_TRUE(f.files.remove(f.segments()[1]));
  EXPECT_EQ(f.open_error().code, Errc::corruption);
}

// An old segment is not read when the store opens; its damage shows in the entry that it hits.
TEST(DiskStore, damaged_entry_is_not_served) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  ASSERT_GT(f.segments().size(), 2U);
  const auto bytes = *f.store->entry(Position(3));
  auto& segment = f.files.bytes(f.segments().front());
  const auto at = std::ranges::search(segment, bytes).begin();
  ASSERT_NE(at, segment.end());
  *at ^= 1;
  EXPECT_EQ(f.store->entry(Position(3)).error().code, Errc::corruption);
  EXPECT_EQ(f.store->entries(Position(0), 10).error().code, Errc::corruption);
  f.lose_index();
  EXPECT_EQ(f.open_error().code, Errc::corruption) << "a rebuild reads it all";
}

// Who asks for the block is told so; the node goes on.
TEST(DiskStore, damaged_certificate_is_not_served) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  ASSERT_GT(f.segments().size(), 2U);
  auto& segment = f.files.bytes(f.segments().front());
  const auto at = std::ranges::search(segment, BlockMaker::certificate(0)).begin();
  ASSERT_NE(at, segment.end());
  *at ^= 1;
  EXPECT_EQ(f.store->certificate(Height(0)).error().code, Errc::corruption);
  EXPECT_EQ(*f.store->certificate(Height(1)), BlockMaker::certificate(1));
  EXPECT_EQ(f.store->certificate(Height(30)).error().code, Errc::not_found);
}

TEST(DiskStore, failed_commit_is_final) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 3; ++i) f.commit();
  const auto block = f.maker.next([&](BlockBuilder& b) { fill_randomly(b, f.random, 10); });
  f.files.fail_sync_in(0);
  EXPECT_EQ(f.store->commit(block, {}).error().code, Errc::io_error);
  EXPECT_EQ(f.store->commit(block, {}).error().code, Errc::io_error) << "the disk works again";
}

TEST(DiskStore, full_disk_loses_nothing_committed) {
  StoreFixture f;
  f.open();
  for (int i = 0; i < 5; ++i) f.commit();
  const auto committed = *f.store->entries(Position(0), static_cast<std::size_t>(f.store->size()));
  f.files.set_space(100);
  const auto block = f.maker.next([&](BlockBuilder& b) { fill_randomly(b, f.random, 10); });
  ASSERT_EQ(f.store->commit(block, {}).error().code, Errc::io_error);
  f.files.crash();
  f.files.set_space(1 << 30);
  f.open();
  EXPECT_EQ(*f.store->entries(Position(0), static_cast<std::size_t>(f.store->size())), committed);
  ASSERT_TRUE(f.store->commit(block, BlockMaker::certificate(5)));
  f.expect_equal();
}

// Blocks that one certificate finalizes: whenever the power fails, all three are there or none.
TEST(DiskStore, commits_several_blocks_wholly_or_not_at_all) {
  bool is_done = false;
  for (std::uint64_t at = 0; !is_done; ++at) {
    StoreFixture f(at);
    f.open();
    f.commit();
    std::vector<ExecutedBlock> blocks;
    for (int i = 0; i < 3; ++i) {
      blocks.push_back(f.maker.next([&](BlockBuilder& b) { fill_randomly(b, f.random, 60); }));
    }
    const std::vector<const ExecutedBlock*> together{&blocks[0], &blocks[1], &blocks[2]};
    f.files.fail_power_at(f.files.operations() + at);
    is_done = f.store->commit(together, BlockMaker::certificate(3)).has_value();
    f.files.crash();
    f.open();
    const auto count = f.store->block_count();
    ASSERT_TRUE(count == 4 || (count == 1 && !is_done)) << count << " blocks";
    if (count == 4) {
      EXPECT_EQ(*f.store->certificate(Height(2)), Bytes());
      EXPECT_EQ(*f.store->certificate(Height(3)), BlockMaker::certificate(3));
    }
  }
}

// One life per operation of the workload: the power fails there, and the store is opened again.
// What commit() confirmed is there; one block more may be, whole.
TEST(DiskStore, survives_power_failure_at_every_operation) {
  bool is_done = false;
  for (std::uint64_t at = 0; !is_done; ++at) {
    StoreFixture f(at);
    f.files = sim::VirtualDisk(at);
    f.files.fail_power_at(at);
    std::uint64_t confirmed = 0;
    auto opened = DiskStore::open(f.files, f.folder.path(), small_options());
    if (opened) {
      f.store = *std::move(opened);
      is_done = true;
      for (int i = 0; i < 12 && is_done; ++i) {
        const auto certificate = BlockMaker::certificate(f.maker.height());
        const auto block = f.maker.next([&](BlockBuilder& b) { fill_randomly(b, f.random, 60); });
        is_done = f.store->commit(block, certificate).has_value();
        if (is_done) ++confirmed;
      }
    }
    f.files.crash();
    if (at % 3 == 1) {
      f.lose_index();
    }
    f.open();
    ASSERT_TRUE(f.store->block_count() == confirmed || f.store->block_count() == confirmed + 1);
    ASSERT_LE(f.store->block_count(), f.maker.height());
    if (f.store->block_count() == f.maker.height()) {
      f.expect_equal();
    } else {
      const auto size = static_cast<std::size_t>(f.store->size());
      EXPECT_EQ(*f.store->entries(Position(0), size), *f.maker.memory().entries(Position(0), size));
    }
    ASSERT_FALSE(HasFailure()) << "power failure at operation " << at;
  }
}

}  // namespace
}  // namespace fenrun
