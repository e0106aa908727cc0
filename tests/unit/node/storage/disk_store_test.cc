#include "node/storage/disk_store.h"

#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "ledger/merkle/tree.h"
#include "node/sim/virtual_disk.h"
#include "tests/support/block_maker.h"
#include "tests/unit/node/storage/small_store.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {
namespace {

// A block of up to some hundred entries on few keys, so that keys meet again.
void fill_randomly(BlockBuilder& builder, std::mt19937_64& random, std::size_t operations_max) {
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  for (std::uint64_t i = below(3); i > 0; --i) builder.append_system(Bytes(below(40), 1));
  const auto transaction =
      builder.append_transaction(transaction_body(builder.context().height.value()), {});
  const std::uint64_t operations = below(operations_max);
  for (std::uint32_t i = 0; i < operations; ++i) {
    builder.append_operation(transaction, i, Bytes(below(300), 2));
  }
  for (std::uint64_t i = below(40); i > 0; --i) {
    const RecordKey key{17, static_cast<std::uint8_t>(below(12)),
                        static_cast<std::uint8_t>(below(5))};
    if (below(4) == 0) {
      builder.state().remove(key);
    } else {
      builder.state().put(key, Bytes(below(200), static_cast<std::uint8_t>(below(256))));
    }
  }
}

// All that a LedgerStore shows, compared.
void expect_same(const DiskStore& disk, const MemoryStore& memory) {
  ASSERT_EQ(disk.size(), memory.size());
  const auto count = static_cast<std::size_t>(memory.size());
  ASSERT_EQ(*disk.entries(Position(0), count), *memory.entries(Position(0), count));
  for (unsigned level = 0; memory.size() >> level > 0; ++level) {
    for (std::uint64_t i = 0; i < memory.size() >> level; ++i) {
      ASSERT_EQ(disk.node(level, i), memory.node(level, i)) << level << "/" << i;
    }
  }
  for (std::uint64_t height = 0; height <= disk.block_count(); ++height) {
    const Height h(height);
    ASSERT_EQ(disk.header_position(h), memory.header_position(h));
    ASSERT_EQ(disk.certificate(h), memory.certificate(h));
    const auto id = transaction_body(height).id();
    ASSERT_EQ(disk.transaction_position(id), memory.transaction_position(id));
  }
  EXPECT_EQ(disk.entry(Position(disk.size())).error().code, Errc::not_found);
  for (std::uint8_t a = 0; a < 13; ++a) {
    for (std::uint8_t b = 0; b < 6; ++b) {
      const Bytes key{17, a, b};
      ASSERT_EQ(disk.record(key), memory.record(key));
      ASSERT_EQ(disk.at_or_after(key), memory.at_or_after(key));
      ASSERT_EQ(disk.before(key), memory.before(key));
      ASSERT_EQ(disk.record(key), memory.record(key));  // Of which before() learnt something.
    }
  }
  EXPECT_EQ(disk.at_or_after({}), memory.at_or_after({}));
  EXPECT_EQ(disk.before(Bytes{255}), memory.before(Bytes{255}));
}

// A store in its own folder, and the chain that it should hold.
struct Fixture {
  explicit Fixture(std::uint64_t seed = 1) : random(seed) {}

  void open() {
    store.reset();
    auto opened = DiskStore::open(files, folder.path(), small_options());
    ASSERT_TRUE(opened) << opened.error().to_string();
    store = *std::move(opened);
  }
  Error open_error() {
    store.reset();
    const auto opened = DiskStore::open(files, folder.path(), small_options());
    return opened ? Error{} : opened.error();
  }
  void commit(std::size_t operations_max = 60) {
    const auto certificate = BlockMaker::certificate(maker.height());
    const auto block =
        maker.next([&](BlockBuilder& b) { fill_randomly(b, random, operations_max); });
    ASSERT_TRUE(store->commit(block, certificate));
  }
  void expect_equal() { expect_same(*store, maker.memory()); }
  Path index() const { return folder.path() / "index"; }
  // Closes the store first: LevelDB removes files of its own in the background.
  void lose_index() {
    store.reset();
    std::filesystem::remove_all(index());
  }
  std::vector<Path> segments() {
    std::vector<Path> out;
    const Path journal = folder.path() / "journal";
    const auto names = *files.list(journal);
    for (const auto& name : names) out.push_back(journal / name);
    return out;
  }

  TemporaryFolder folder{TemporaryFolder::memory()};  // Of the index; the journal is in `files`.
  sim::VirtualDisk files;
  std::mt19937_64 random;
  BlockMaker maker;
  std::unique_ptr<DiskStore> store;
};

TEST(DiskStore, empty_store_holds_nothing) {
  Fixture f;
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
  Fixture f(*rc::gen::arbitrary<std::uint64_t>());
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
  Fixture f;
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
  Fixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  f.lose_index();
  f.open();
  f.expect_equal();
  f.commit();
  f.expect_equal();
}

TEST(DiskStore, index_that_is_behind_catches_up) {
  Fixture f;
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
  Fixture f(1);
  Fixture other(2);
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
  Fixture f;
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
  Fixture f;
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

TEST(DiskStore, damaged_index_is_rebuilt) {
  Fixture f;
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

// What power loss tears is the log that LevelDB does not sync.
TEST(DiskStore, torn_log_of_the_index_costs_what_is_in_it_only) {
  for (const double at : {0.2, 0.5, 0.99}) {
    Fixture f;
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
  Fixture f;
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
  Fixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  f.store.reset();
  const auto last = f.segments().back();
  f.files.bytes(last)[AppendLog::kFileHeaderBytes + 100] ^= 1;
  EXPECT_EQ(f.open_error().code, Errc::corruption);
}

TEST(DiskStore, missing_segment_is_refused) {
  Fixture f;
  f.open();
  for (int i = 0; i < 30; ++i) f.commit();
  ASSERT_GT(f.segments().size(), 2U);
  ASSERT_TRUE(f.files.remove(f.segments()[1]));
  EXPECT_EQ(f.open_error().code, Errc::corruption);
}

// An old segment is not read when the store opens; its damage shows in the entry that it hits.
TEST(DiskStore, damaged_entry_is_not_served) {
  Fixture f;
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

TEST(DiskStore, failed_commit_is_final) {
  Fixture f;
  f.open();
  for (int i = 0; i < 3; ++i) f.commit();
  const auto block = f.maker.next([&](BlockBuilder& b) { fill_randomly(b, f.random, 10); });
  f.files.fail_sync_in(0);
  EXPECT_EQ(f.store->commit(block, {}).error().code, Errc::io_error);
  EXPECT_EQ(f.store->commit(block, {}).error().code, Errc::io_error) << "the disk works again";
}

TEST(DiskStore, full_disk_loses_nothing_committed) {
  Fixture f;
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
    Fixture f(at);
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
      EXPECT_EQ(f.store->certificate(Height(2)), Bytes());
      EXPECT_EQ(f.store->certificate(Height(3)), BlockMaker::certificate(3));
    }
  }
}

// One life per operation of the workload: the power fails there, and the store is opened again.
// What commit() confirmed is there; one block more may be, whole.
TEST(DiskStore, survives_power_failure_at_every_operation) {
  bool is_done = false;
  for (std::uint64_t at = 0; !is_done; ++at) {
    Fixture f(at);
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

// Blocks that one certificate finalizes, larger together than a segment.
struct LargeCommit {
  explicit LargeCommit(Fixture& fixture) : f(fixture) {
    for (int i = 0; i < 9; ++i) {
      blocks.push_back(std::make_unique<ExecutedBlock>(
          f.maker.next([&](BlockBuilder& b) { fill_randomly(b, f.random, 120); })));
      views.push_back(blocks.back().get());
    }
    end = f.maker.height();
  }
  bool commit() { return f.store->commit(views, BlockMaker::certificate(end - 1)).has_value(); }

  Fixture& f;
  std::uint64_t end = 0;  // The height behind it.
  std::vector<std::unique_ptr<ExecutedBlock>> blocks;
  std::vector<const ExecutedBlock*> views;
};

// All that the store holds, and its last certificate.
void expect_entries(Fixture& f, std::uint64_t blocks) {
  ASSERT_EQ(f.store->block_count(), blocks);
  const auto size = static_cast<std::size_t>(f.store->size());
  EXPECT_EQ(*f.store->entries(Position(0), size), *f.maker.memory().entries(Position(0), size));
  EXPECT_EQ(f.store->certificate(Height(blocks - 1)), BlockMaker::certificate(blocks - 1));
}

TEST(DiskStore, large_commit_takes_several_records) {
  for (const int before : {0, 1, 12}) {
    Fixture f;
    f.open();
    for (int i = 0; i < before; ++i) f.commit();
    LargeCommit large(f);
    ASSERT_TRUE(large.commit());
    EXPECT_EQ(f.store->certificate(Height(large.end - 2)), Bytes());
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
    Fixture f;
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
        Fixture f(at);
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
