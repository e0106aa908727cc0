#include "node/codes/code_tree.h"

#include <gtest/gtest.h>

#include "ledger/proof/merkle.h"
#include "node/sim/virtual_disk.h"

namespace fenrun::test {
namespace {

const Path kTree = "/batch/tree";

Digest leaf_named(std::uint32_t index) { return sha256(encode(index)); }

std::vector<Digest> leaves_of(std::uint32_t count) {
  std::vector<Digest> leaves;
  for (std::uint32_t i = 0; i < count; ++i) leaves.push_back(leaf_named(i));
  return leaves;
}

CodeTreeFacts facts_of(std::uint32_t count) {
  return {sha256(bytes_of("chain")), UnitBatchId(7), count, {}};
}

// Appended in pieces of this many leaves.
Result<Digest> write_tree(FileSystem& files, std::uint32_t count, std::size_t piece = 1'000) {
  FENRUN_OK(files.make_folder(kTree.parent_path()));
  FENRUN_TRY(auto writer, CodeTreeWriter::create(files, kTree, facts_of(count)));
  const auto leaves = leaves_of(count);
  for (std::size_t i = 0; i < leaves.size(); i += piece) {
    FENRUN_OK(writer.append(std::span(leaves).subspan(i, std::min(piece, leaves.size() - i))));
  }
  FENRUN_TRY(const auto root, writer.finish());
  FENRUN_OK(files.sync_directory(kTree.parent_path()));
  return root;
}

TEST(CodeTree, EveryPathLeadsToTheRoot) {
  for (const std::uint32_t count : {1u, 2u, 3u, 255u, 256u, 257u, 511u, 512u, 1'025u, 5'000u}) {
    sim::VirtualDisk disk;
    const auto root = write_tree(disk, count, count / 3 + 1);
    ASSERT_TRUE(root) << count;
    EXPECT_EQ(*root, tree_root(leaves_of(count)));
    const auto tree = CodeTree::open(disk, kTree);
    ASSERT_TRUE(tree) << tree.error().to_string();
    EXPECT_EQ(tree->facts().root, *root);
    EXPECT_EQ(tree->facts().count, count);
    EXPECT_EQ(tree->facts().batch, UnitBatchId(7));
    for (std::uint32_t i = 0; i<count; i += count> 600 ? 37 : 1) {
      const auto path = tree->path(i);
      ASSERT_TRUE(path) << path.error().to_string();
      EXPECT_TRUE(verify_inclusion(leaf_named(i), i, count, *path, *root)) << i << " of " << count;
      EXPECT_EQ(*tree->leaf(i), leaf_named(i));
    }
    EXPECT_EQ(tree->path(count).error().code, Errc::code_unknown);
    EXPECT_EQ(tree->leaf(0xffff'ffff).error().code, Errc::code_unknown);
  }
}

TEST(CodeTree, DamageIsNeverAnsweredAsAPath) {
  sim::VirtualDisk disk;
  constexpr std::uint32_t kCount = 700;
  const auto root = write_tree(disk, kCount);
  ASSERT_TRUE(root);
  const Bytes whole = disk.bytes(kTree);
  for (std::size_t at = 0; at < whole.size(); at += 131) {
    disk.bytes(kTree)[at] ^= 0x10;
    const auto tree = CodeTree::open(disk, kTree);
    if (at < 128) {
      ASSERT_FALSE(tree) << at;
      EXPECT_EQ(tree.error().code, Errc::corruption);
    } else {
      ASSERT_TRUE(tree);
      for (std::uint32_t i = 0; i < kCount; i += 50) {
        const auto path = tree->path(i);
        if (path) {
          EXPECT_TRUE(verify_inclusion(leaf_named(i), i, kCount, *path, *root));
        } else {
          EXPECT_EQ(path.error().code, Errc::corruption);
        }
      }
    }
    disk.bytes(kTree) = whole;
  }
}

TEST(CodeTree, AFileThatIsNotWholeIsNoTree) {
  sim::VirtualDisk disk;
  ASSERT_TRUE(write_tree(disk, 300));
  const Bytes whole = disk.bytes(kTree);
  for (const auto size : {std::size_t{0}, std::size_t{127}, std::size_t{128}, whole.size() - 1}) {
    disk.bytes(kTree).resize(size);
    EXPECT_EQ(CodeTree::open(disk, kTree).error().code, Errc::corruption) << size;
    disk.bytes(kTree) = whole;
  }
  disk.bytes(kTree).push_back(0);
  EXPECT_EQ(CodeTree::open(disk, kTree).error().code, Errc::corruption);
  EXPECT_EQ(CodeTree::open(disk, "/batch/none").error().code, Errc::not_found);
}

TEST(CodeTree, ACrashLeavesAWholeTreeOrNone) {
  sim::VirtualDisk measure;
  ASSERT_TRUE(write_tree(measure, 600));
  int whole = 0;
  for (std::uint64_t stop = 0; stop < measure.operations(); ++stop) {
    sim::VirtualDisk disk(stop + 1);
    disk.fail_power_at(stop);
    EXPECT_FALSE(write_tree(disk, 600)) << stop;
    disk.crash();
    const auto tree = CodeTree::open(disk, kTree);
    if (!tree) continue;
    ++whole;
    for (std::uint32_t i = 0; i < 600; ++i) ASSERT_TRUE(tree->path(i)) << stop;
  }
  EXPECT_LE(whole, 3);
}

TEST(CodeTree, AFullDiskIsAnErrorAtOnce) {
  sim::VirtualDisk disk;
  disk.set_space(10'000);
  ASSERT_TRUE(disk.make_folder(kTree.parent_path()));
  const auto writer = CodeTreeWriter::create(disk, kTree, facts_of(600));
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, Errc::io_error);
}

}  // namespace
}  // namespace fenrun::test
