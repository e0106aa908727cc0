#include "node/intake/document_store.h"

#include <gtest/gtest.h>

#include "core/text.h"
#include "node/sim/virtual_disk.h"

namespace fenrun {
namespace {

const Path kFolder = "/data/documents";

Digest id_of(const std::string& text) { return sha256(bytes_of(text)); }

TEST(DocumentStore, keeps_documents_by_their_digest) {
  sim::VirtualDisk disk;
  auto store = *DocumentStore::open(disk, kFolder, 1'000);
  EXPECT_TRUE(store.put(id_of("one"), "one"));
  EXPECT_TRUE(store.put(id_of("one"), "one"));  // Changes nothing.
  EXPECT_EQ(store.bytes(), 3U);
  EXPECT_EQ(*store.get(id_of("one")), "one");
  EXPECT_EQ(store.get(id_of("two")).error().code, Errc::not_found);

  disk.crash();
  const auto again = *DocumentStore::open(disk, kFolder, 1'000);
  EXPECT_EQ(again.bytes(), 3U);
  EXPECT_EQ(*again.get(id_of("one")), "one");
}

TEST(DocumentStore, answers_nothing_but_what_hashes_to_its_name) {
  sim::VirtualDisk disk;
  auto store = *DocumentStore::open(disk, kFolder, 1'000);
  ASSERT_TRUE(store.put(id_of("one"), "one"));
  auto file = *disk.open(kFolder / to_hex(id_of("one").view()), FileAccess::update);
  ASSERT_TRUE(file->write(0, bytes_of("two")));
  EXPECT_EQ(store.get(id_of("one")).error().code, Errc::corruption);
}

TEST(DocumentStore, keeps_so_much_and_no_more) {
  sim::VirtualDisk disk;
  auto store = *DocumentStore::open(disk, kFolder, 5);
  ASSERT_TRUE(store.put(id_of("one"), "one"));
  const auto full = store.put(id_of("two"), "two");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::mempool_full);
  EXPECT_TRUE(store.put(id_of("2"), "2"));
}

// At whatever moment the power fails, a document is there whole or not at all.
TEST(DocumentStore, a_crash_leaves_no_half_documents) {
  for (std::uint64_t operation = 0; operation < 12; ++operation) {
    sim::VirtualDisk disk(operation + 1);
    auto store = *DocumentStore::open(disk, kFolder, 1'000);
    disk.fail_power_at(disk.operations() + operation);
    const bool is_put = store.put(id_of("one"), "one").has_value();
    disk.crash();
    const auto again = *DocumentStore::open(disk, kFolder, 1'000);
    const auto found = again.get(id_of("one"));
    if (is_put) {
      EXPECT_TRUE(found) << operation;
    }
    EXPECT_TRUE(found || found.error().code == Errc::not_found) << operation;
    EXPECT_EQ(again.bytes(), found ? 3U : 0U);
  }
}

}  // namespace
}  // namespace fenrun
