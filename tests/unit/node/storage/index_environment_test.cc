#include "node/storage/index_environment.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "node/sim/virtual_disk.h"
#include "node/storage/disk_store.h"
#include "tests/support/block_maker.h"

namespace fenrun {
namespace {

const Path kFolder = "/fenrun-of-no-machine/store";

DiskStoreOptions options_in(IndexEnvironment& environment) {
  return {.segment_bytes = 20'000,
          .record_cache_bytes = 4'000,
          .index = {.block_cache_bytes = 1 << 20,
                    .write_buffer_bytes = 1 << 16,
                    .environment = &environment}};
}

// A process with a store on a disk.
struct Process {
  explicit Process(sim::VirtualDisk& disk) : environment(disk) {
    auto opened = DiskStore::open(disk, kFolder, options_in(environment));
    if (opened) {
      store = *std::move(opened);
    } else {
      error = opened.error();
    }
  }

  IndexEnvironment environment;
  std::unique_ptr<DiskStore> store;
  Error error;
};

void fill(BlockBuilder& builder, sim::Random& random, std::size_t value_bytes) {
  builder.append_system(Bytes(random.below(40), 1));
  builder.append_transaction(transaction_body(builder.context().height.value()), {});
  for (std::uint64_t i = 1 + random.below(20); i > 0; --i) {
    const RecordKey key{17, static_cast<std::uint8_t>(random.below(12)),
                        static_cast<std::uint8_t>(random.below(5))};
    builder.state().put(key, Bytes(value_bytes, static_cast<std::uint8_t>(random.below(256))));
  }
}

void expect_state(const DiskStore& store, const MemoryStore& memory) {
  const auto count = static_cast<std::size_t>(memory.size());
  ASSERT_EQ(*store.entries(Position(0), count), *memory.entries(Position(0), count));
  for (std::uint8_t a = 0; a < 13; ++a) {
    for (std::uint8_t b = 0; b < 6; ++b) {
      ASSERT_EQ(store.record(Bytes{17, a, b}), memory.record(Bytes{17, a, b}));
    }
  }
}

// Buffers are filled, compacted and filled again, many times: nothing waits, nothing is lost, and
// the machine's own files are left alone.
TEST(IndexEnvironment, takes_far_more_than_a_buffer_holds) {
  sim::VirtualDisk disk;
  BlockMaker maker;
  sim::Random random(7);
  for (int life = 0; life < 3; ++life) {
    Process process(disk);
    ASSERT_TRUE(process.store) << process.error.to_string();
    for (int i = 0; i < 150; ++i) {
      const auto certificate = BlockMaker::certificate(maker.height());
      const auto block = maker.next([&](BlockBuilder& b) { fill(b, random, 3'000); });
      ASSERT_TRUE(process.store->commit(block, certificate));
    }
    expect_state(*process.store, maker.memory());
  }
  const auto names = *disk.list(kFolder / "index");
  EXPECT_LT(names.size(), 20U) << "what was compacted is removed";
  const auto log = std::ranges::find_if(names, [](const auto& n) { return n.ends_with(".log"); });
  ASSERT_NE(log, names.end());
  EXPECT_GT(std::stoul(*log), 200U) << "files are numbered in the order of their making";
  EXPECT_FALSE(std::filesystem::exists(kFolder.parent_path()));
}

TEST(IndexEnvironment, failing_disk_is_an_error_of_the_commit) {
  sim::VirtualDisk disk;
  BlockMaker maker;
  sim::Random random(7);
  Process process(disk);
  const auto commit = [&] {
    const auto block = maker.next([&](BlockBuilder& b) { fill(b, random, 3'000); });
    return process.store->commit(block, {});
  };
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(commit());
  disk.set_space(0);
  EXPECT_EQ(commit().error().code, Errc::io_error);
  EXPECT_EQ(commit().error().code, Errc::io_error);
}

TEST(IndexEnvironment, only_one_index_opens_a_folder) {
  sim::VirtualDisk disk;
  Process process(disk);
  ASSERT_TRUE(process.store);
  const auto options = options_in(process.environment);
  const auto second = Index::open(kFolder / "index", options.index);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::io_error);
}

// What survived the power failure is what was confirmed, or one block more, and the store goes on.
void expect_recovered(sim::VirtualDisk& disk, const BlockMaker& maker, std::uint64_t confirmed) {
  const Process process(disk);
  ASSERT_TRUE(process.store) << process.error.to_string();
  const auto& store = *process.store;
  ASSERT_GE(store.block_count(), confirmed);
  ASSERT_LE(store.block_count(), maker.height());
  if (store.block_count() == maker.height()) {
    expect_state(store, maker.memory());
  } else {
    const auto size = static_cast<std::size_t>(store.size());
    EXPECT_EQ(*store.entries(Position(0), size), *maker.memory().entries(Position(0), size));
  }
}

// One life per operation: all of the store, index and journal, loses power there.
TEST(IndexEnvironment, store_survives_power_failure_at_every_operation) {
  bool is_done = false;
  std::uint64_t at = 0;
  for (; !is_done; ++at) {
    sim::VirtualDisk disk(at);
    BlockMaker maker;
    sim::Random random(3);
    std::uint64_t confirmed = 0;
    disk.fail_power_at(at);
    {
      const Process process(disk);
      is_done = process.store != nullptr;
      for (int i = 0; i < 36 && is_done; ++i) {
        const auto certificate = BlockMaker::certificate(maker.height());
        const auto block = maker.next([&](BlockBuilder& b) { fill(b, random, 400); });
        is_done = process.store->commit(block, certificate).has_value();
        if (is_done) ++confirmed;
      }
      disk.stop();
    }
    disk.crash();
    expect_recovered(disk, maker, confirmed);
    ASSERT_FALSE(HasFailure()) << "power failure at operation " << at;
  }
  EXPECT_GT(at, 150U);
}

// A process dies at an operation, or by a sync that fails; the next one opens the store and relies
// on what it finds; then the power fails.  None of what the second found is lost.
void die_and_lose_power(std::uint64_t at, const std::function<void(sim::VirtualDisk&)>& fault,
                        bool& is_done) {
  sim::VirtualDisk disk(at);
  BlockMaker maker;
  sim::Random random(3);
  fault(disk);
  {
    const Process process(disk);
    is_done = process.store != nullptr;
    for (int i = 0; i < 18 && is_done; ++i) {
      const auto block = maker.next([&](BlockBuilder& b) { fill(b, random, 1'500); });
      is_done = process.store->commit(block, {}).has_value();
    }
    disk.stop();
  }
  disk.kill();
  std::uint64_t found = 0;
  {
    const Process process(disk);
    ASSERT_TRUE(process.store) << process.error.to_string();
    found = process.store->block_count();
    disk.stop();
  }
  disk.crash();
  const Process process(disk);
  ASSERT_TRUE(process.store) << process.error.to_string();
  ASSERT_GE(process.store->block_count(), found) << "a finalized height fell";
}

TEST(IndexEnvironment, what_a_dead_process_left_is_durable_once_the_store_is_open) {
  bool is_done = false;
  for (std::uint64_t at = 0; !is_done; ++at) {
    die_and_lose_power(
        at, [&](sim::VirtualDisk& disk) { disk.fail_power_at(at); }, is_done);
    ASSERT_FALSE(HasFailure()) << "death at operation " << at;
  }
}

// A failed sync of the index may be mended by making the index anew, so not each stops the store.
TEST(IndexEnvironment, what_a_failed_sync_left_is_durable_once_the_store_is_open) {
  int stopped = 0;
  for (std::uint64_t at = 0; at < 40; ++at) {
    bool is_done = false;
    die_and_lose_power(
        at, [&](sim::VirtualDisk& disk) { disk.fail_sync_in(at); }, is_done);
    ASSERT_FALSE(HasFailure()) << "failure of sync " << at;
    if (!is_done) ++stopped;
  }
  EXPECT_GT(stopped, 18);
}

// A few lives that end in one way or another; then the disk.
std::map<std::string, Bytes> live(std::uint64_t seed) {
  sim::VirtualDisk disk(seed);
  sim::Random random(seed);
  for (int life = 0; life < 6; ++life) {
    {
      const Process process(disk);
      CHECK(process.store != nullptr);
      BlockMaker maker;
      for (std::uint64_t i = 0; i < 100; ++i) {
        const auto block = maker.next([&](BlockBuilder& b) {
          sim::Random own(i);
          fill(b, own, 2'000);
        });
        if (i == process.store->block_count()) CHECK(process.store->commit(block, {}).has_value());
        if (random.below(90) == 0) break;
      }
      if (random.below(3) != 0) disk.stop();
    }
    if (random.below(2) == 0) {
      disk.kill();
    } else {
      disk.crash();
    }
  }
  auto contents = disk.contents();
  contents.emplace("operations", to_bytes(bytes_of(std::to_string(disk.operations()))));
  return contents;
}

TEST(IndexEnvironment, equal_seeds_give_equal_disks) {
  std::set<std::map<std::string, Bytes>> disks;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto disk = live(seed);
    EXPECT_EQ(live(seed), disk) << "seed " << seed;
    EXPECT_GT(disk.size(), 5U);
    disks.insert(disk);
  }
  EXPECT_EQ(disks.size(), 5U);
}

}  // namespace
}  // namespace fenrun
