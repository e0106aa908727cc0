// A disk store that tests open, close and damage, and the chain that it should hold.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <random>

#include "node/sim/virtual_disk.h"
#include "tests/support/block_maker.h"
#include "tests/unit/node/storage/small_store.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {

// A block of up to some hundred entries on few keys, so that keys meet again.
inline void fill_randomly(BlockBuilder& builder, std::mt19937_64& random,
                          std::size_t operations_max) {
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
inline void expect_same(const DiskStore& disk, const MemoryStore& memory) {
  ASSERT_EQ(disk.size(), memory.size());
  const auto count = static_cast<std::size_t>(memory.size());
  ASSERT_EQ(*disk.entries(Position(0), count), *memory.entries(Position(0), count));
  for (unsigned level = 0; memory.size() >> level > 0; ++level) {
    for (std::uint64_t i = 0; i < memory.size() >> level; ++i) {
      ASSERT_EQ(disk.node(level, i), memory.node(level, i)) << level << "/" << i;
    }
  }
  for (unsigned level = 0; memory.size() >> (8 * level) > 0; ++level) {
    for (std::uint64_t i = 0; i * kTileWidth < memory.size() >> (8 * level); ++i) {
      ASSERT_EQ(disk.tile(level, i), memory.tile(level, i)) << level << "/" << i;
    }
  }
  for (std::uint64_t height = 0; height <= disk.block_count(); ++height) {
    const Height h(height);
    ASSERT_EQ(disk.header_position(h), memory.header_position(h));
    const auto certificate = disk.certificate(h);
    ASSERT_EQ(certificate.has_value(), memory.certificate(h).has_value()) << height;
    if (certificate) {
      ASSERT_EQ(*certificate, *memory.certificate(h));
    }
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
struct StoreFixture {
  explicit StoreFixture(std::uint64_t seed = 1) : random(seed) {}

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

}  // namespace fenrun
