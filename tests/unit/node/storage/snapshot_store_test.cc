// The disk store and its snapshots: taken in across crashes, wholly or not at all.
#include <gtest/gtest.h>

#include "ledger/journal.h"
#include "node/sim/virtual_disk.h"
#include "node/storage/disk_store.h"
#include "tests/support/snapshot_chain.h"
#include "tests/unit/node/storage/small_store.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {
namespace {

void expect_holds(const LedgerStore& store, const MemoryStore& whole) {
  ASSERT_EQ(store.size(), whole.size());
  const auto count = static_cast<std::size_t>(whole.size());
  ASSERT_EQ(store.leaves(Position(0), count), whole.leaves(Position(0), count));
  for (unsigned level = 1; whole.size() >> level > 0; ++level) {
    const std::uint64_t last = (whole.size() >> level) - 1;
    ASSERT_EQ(store.node(level, last), whole.node(level, last));
    ASSERT_EQ(store.node(level, last / 2), whole.node(level, last / 2));
  }
  for (std::uint64_t i = 0; i < whole.size(); i += 7) {
    const auto entry = store.entry(Position(i));
    if (entry) {
      ASSERT_EQ(*entry, *whole.entry(Position(i)));
    } else {
      ASSERT_EQ(entry.error().code, Errc::not_found);
    }
  }
  for (std::uint64_t number = 0; number < 700; ++number) {
    const auto key = key_numbered(number);
    ASSERT_EQ(store.record(key), whole.record(key));
    ASSERT_EQ(store.at_or_after(key), whole.at_or_after(key));
    ASSERT_EQ(store.before(key), whole.before(key));
    if (const auto record = whole.record(key)) {
      ASSERT_EQ(*store.entry(record->position), *whole.entry(record->position));
    }
  }
  ASSERT_EQ(store.kept_headers(), whole.kept_headers());
}

struct SnapshotFixture {
  Result<std::unique_ptr<DiskStore>> try_open() {
    store.reset();
    return DiskStore::open(files, folder.path(), small_options());
  }
  void open() {
    auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().to_string();
    store = *std::move(opened);
  }
  // As far as the disk allows.
  Status take_in() {
    FENRUN_TRY(auto builder, SnapshotBuilder::begin(*store, chain.manifest(), chain.tip_id()));
    for (const auto& part : chain.parts()) {
      if (const auto added = builder.add(part); !added && added.error().code != Errc::duplicate) {
        return added;
      }
    }
    return builder.install();
  }
  void commit(std::size_t systems = 30) {
    ASSERT_TRUE(store->commit(chain.extend(systems, 40), BlockMaker::certificate(1)));
  }
  Path part_file(std::size_t number) {
    const Path snapshot = folder.path() / "snapshot";
    std::size_t seen = 0;
    const auto names = *files.list(snapshot);
    for (const auto& name : names) {
      if (name.ends_with(".part") && seen++ == number) return snapshot / name;
    }
    return {};
  }

  TemporaryFolder folder{TemporaryFolder::memory()};  // Of the index; the rest is in `files`.
  sim::VirtualDisk files;
  SnapshotChain chain;
  std::unique_ptr<DiskStore> store;
};

void lengthen(SnapshotChain& chain, int blocks, std::size_t systems) {
  for (int i = 0; i < blocks; ++i) chain.extend(systems, 80, i == 2);
}

// The journal of such a store says nothing of what was before.
TEST(SnapshotStore, ADiskThatCannotTellWhetherThereIsABaseLosesNone) {
  SnapshotFixture f;
  lengthen(f.chain, 30, 2'600);
  f.open();
  ASSERT_TRUE(f.take_in());
  f.store.reset();
  const auto before = f.files.contents(f.folder.path());
  for (const auto* name : {"snapshot", "snapshot/base"}) {
    f.files.fail_look_at(f.folder.path() / name);
    const auto opened = DiskStore::open(f.files, f.folder.path(), small_options());
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, Errc::io_error) << name;
    EXPECT_EQ(f.files.contents(f.folder.path()), before) << name;
  }
  f.open();
  expect_holds(*f.store, f.chain.maker.memory());
}

TEST(SnapshotStore, AStoreThatBeganWithOneGoesOnLikeTheOthers) {
  SnapshotFixture f;
  lengthen(f.chain, 30, 2'600);
  f.open();
  const auto installed = f.take_in();
  ASSERT_TRUE(installed) << installed.error().to_string();
  const Height base = f.chain.tip();
  expect_holds(*f.store, f.chain.maker.memory());
  f.open();
  expect_holds(*f.store, f.chain.maker.memory());
  EXPECT_EQ(f.store->base(), base);
  EXPECT_EQ(*f.store->certificate(base), *f.chain.maker.memory().certificate(base));
  ASSERT_TRUE(Journal::open(*f.store));
  for (int i = 0; i < 20; ++i) f.commit();
  expect_holds(*f.store, f.chain.maker.memory());
  f.open();
  expect_holds(*f.store, f.chain.maker.memory());

  f.store.reset();
  std::filesystem::remove_all(f.folder.path() / "index");
  f.open();
  expect_holds(*f.store, f.chain.maker.memory());
  const auto journal = Journal::open(*f.store);
  ASSERT_TRUE(journal) << journal.error().to_string();
  EXPECT_EQ((*journal)->tip_id(), f.chain.tip_id());
  f.commit();
  expect_holds(*f.store, f.chain.maker.memory());
}

TEST(SnapshotStore, OneTakesThePlaceOfAnOldJournalAndOfAnOlderSnapshot) {
  SnapshotFixture f;
  f.open();
  for (int i = 0; i < 5; ++i) f.commit(200);
  for (int round = 0; round < 2; ++round) {
    lengthen(f.chain, 5, 600);
    ASSERT_TRUE(f.take_in());
    expect_holds(*f.store, f.chain.maker.memory());
    for (int i = 0; i < 5; ++i) f.commit(200);
    f.open();
    expect_holds(*f.store, f.chain.maker.memory());
    ASSERT_TRUE(Journal::open(*f.store));
  }
}

// The power fails at each operation of taking one in over an old journal.  Afterwards the store is
// the old one, or the new one; and the snapshot is taken in to its end.
TEST(SnapshotStore, APowerFailureAnywhereLeavesTheOldStoreOrTheNew) {
  std::size_t failures = 0;
  std::size_t kept_parts = 0;
  for (std::uint64_t step = 0;; ++step) {
    SnapshotFixture f;
    f.open();
    for (int i = 0; i < 3; ++i) f.commit(50);
    const std::uint64_t old_size = f.store->size();
    lengthen(f.chain, 6, 900);
    f.files.fail_power_at(f.files.operations() + step);
    const auto first = f.take_in();
    if (!first) ++failures;
    f.store.reset();
    f.files.crash();
    f.open();
    if (first) {
      EXPECT_EQ(f.store->size(), f.chain.maker.memory().size());
      break;
    }
    ASSERT_TRUE(Journal::open(*f.store));
    if (f.store->size() == old_size) {
      auto builder = SnapshotBuilder::begin(*f.store, f.chain.manifest(), f.chain.tip_id());
      ASSERT_TRUE(builder) << builder.error().to_string();
      if (builder->pieces_held() > 0) ++kept_parts;
      const auto second = f.take_in();
      ASSERT_TRUE(second) << "step " << step << ": " << second.error().to_string();
    }
    expect_holds(*f.store, f.chain.maker.memory());
    f.commit();
    f.open();
    expect_holds(*f.store, f.chain.maker.memory());
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(failures, 10U);
  EXPECT_GT(kept_parts, 3U);
}

TEST(SnapshotStore, TwoCurrentRecordsOfOneKeyAreRefusedAndNothingStays) {
  SnapshotFixture f;
  f.open();
  f.chain.extend(5, 40);
  f.chain.extend(5, 60);
  auto header = f.chain.tip_header();
  auto chunks = f.chain.maker.bits().dump();
  const auto& memory = f.chain.maker.memory();
  for (std::uint64_t i = 0; i < header.position.value(); ++i) {
    const auto entry = *decode_entry(*memory.entry(Position(i)));
    auto& byte = chunks[0][i / 8];
    const auto mask = static_cast<std::uint8_t>(1u << i % 8);
    if (!std::holds_alternative<RecordEntry>(entry) || (byte & mask) != 0) continue;
    byte = static_cast<std::uint8_t>(byte | mask);
    ++header.active_count;
  }
  ASSERT_GT(header.active_count, f.chain.tip_header().active_count);
  const auto bits = ActiveBits::from_dump(header.position.value(), chunks);
  header.active_root = bits.root();
  auto manifest = *make_manifest(memory, bits, f.chain.tip());
  manifest.header = encode_entry(header);
  auto builder = SnapshotBuilder::begin(*f.store, manifest, block_id(header));
  ASSERT_TRUE(builder->add(*make_part(memory, bits, f.chain.tip(), {0, 0})));
  EXPECT_EQ(builder->install().error().code, Errc::snapshot_invalid);
  EXPECT_EQ(f.store->size(), 0U);
  EXPECT_FALSE(f.store->begun_snapshot());
  ASSERT_TRUE(f.take_in());
  expect_holds(*f.store, memory);
}

TEST(SnapshotStore, DamageIsFound) {
  SnapshotFixture f;
  f.open();
  lengthen(f.chain, 4, 2'000);
  {
    auto builder = SnapshotBuilder::begin(*f.store, f.chain.manifest(), f.chain.tip_id());
    ASSERT_TRUE(builder->add(f.chain.parts()[0]));
  }
  // What is being taken in begins anew.
  f.files.bytes(f.part_file(0))[200] ^= 1;
  auto again = SnapshotBuilder::begin(*f.store, f.chain.manifest(), f.chain.tip_id());
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->pieces_held(), 0U);
  ASSERT_TRUE(f.take_in());
  f.open();
  // What was installed is not made up.
  f.files.bytes(f.part_file(0))[200] ^= 1;
  f.open();
  f.store.reset();
  std::filesystem::remove_all(f.folder.path() / "index");
  EXPECT_EQ(f.try_open().error().code, Errc::corruption);
  f.files.bytes(f.folder.path() / "snapshot" / "base")[50] ^= 1;
  EXPECT_EQ(f.try_open().error().code, Errc::corruption);
}

TEST(SnapshotStore, ALostDumpOfTheBitsIsReadFromTheParts) {
  SnapshotFixture f;
  f.open();
  lengthen(f.chain, 4, 2'000);
  ASSERT_TRUE(f.take_in());
  const auto dump = f.store->active_bits_dump();
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->height, f.chain.tip());
  EXPECT_EQ(ActiveBits::from_dump(dump->size, dump->chunks).root(), f.chain.maker.bits().root());
}

}  // namespace
}  // namespace fenrun
