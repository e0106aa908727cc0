#include "node/claims/code_trees.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "ledger/proof/merkle.h"

namespace fenrun {
namespace {

class CodeTreesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("fenrun-code-trees-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Digest leaf(std::uint32_t batch, std::uint32_t index) {
    return sha256(bytes_of(std::to_string(batch) + ":" + std::to_string(index)));
  }

  // A batch's folder with its tree; the tree's root is kept in roots_.
  Path batch(const std::string& name, std::uint32_t number, std::uint32_t count,
             const Digest& chain_id = kChain) {
    const Path folder = folder_ / name;
    std::filesystem::create_directories(folder);
    CodeTreeFacts facts{chain_id, UnitBatchId(number), count, {}};
    auto writer = CodeTreeWriter::create(files_, folder / "tree", facts);
    EXPECT_TRUE(writer);
    std::vector<Digest> leaves;
    for (std::uint32_t i = 0; i < count; ++i) leaves.push_back(leaf(number, i));
    EXPECT_TRUE(writer->append(leaves));
    roots_[number] = *writer->finish();
    return folder;
  }

  // What opening these folders is refused with.
  Error refusal(const std::vector<Path>& folders) {
    const auto trees = CodeTrees::open(files_, folders, kChain);
    return trees ? Error{} : trees.error();
  }

  static inline const Digest kChain = sha256(bytes_of("chain"));
  PosixFileSystem files_;
  Path folder_;
  std::map<std::uint32_t, Digest> roots_;
};

TEST_F(CodeTreesTest, EachBatchIsAnsweredFromItsOwnTree) {
  const auto trees = CodeTrees::open(files_, {batch("a", 7, 300), batch("b", 8, 5)}, kChain);
  ASSERT_TRUE(trees) << trees.error().to_string();
  EXPECT_EQ(trees->size(), 2u);
  for (const auto& [number, count] : {std::pair{7u, 300u}, std::pair{8u, 5u}}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto path = trees->path(UnitBatchId(number), i, leaf(number, i));
      ASSERT_TRUE(path);
      EXPECT_TRUE(verify_inclusion(leaf(number, i), i, count, *path, roots_[number]));
    }
  }
}

TEST_F(CodeTreesTest, AKeyThatWasNotPrintedHasNoPath) {
  const auto trees = CodeTrees::open(files_, {batch("a", 7, 300)}, kChain);
  ASSERT_TRUE(trees);
  const auto code = [&](std::uint32_t number, std::uint32_t index, const Digest& of) {
    const auto path = trees->path(UnitBatchId(number), index, of);
    return path ? Errc::ok : path.error().code;
  };
  EXPECT_EQ(code(7, 3, leaf(7, 4)), Errc::code_unknown);
  EXPECT_EQ(code(7, 300, leaf(7, 300)), Errc::code_unknown);
  EXPECT_EQ(code(9, 0, leaf(9, 0)), Errc::not_ready);
}

TEST_F(CodeTreesTest, WhatCannotBeServedEndsTheStartAndIsNamed) {
  const auto good = batch("good", 7, 3);
  const auto twin = batch("twin", 7, 3);
  const auto foreign = batch("foreign", 8, 3, sha256(bytes_of("another chain")));
  EXPECT_EQ(refusal({good, twin}).code, Errc::config_invalid);
  EXPECT_NE(refusal({good, twin}).detail.find("twin"), std::string::npos);
  EXPECT_EQ(refusal({foreign}).code, Errc::config_invalid);
  EXPECT_EQ(refusal({folder_ / "absent"}).code, Errc::not_found);
  EXPECT_NE(refusal({folder_ / "absent"}).detail.find("absent"), std::string::npos);
  std::filesystem::resize_file(good / "tree", 100);
  EXPECT_EQ(refusal({good}).code, Errc::corruption);
}

}  // namespace
}  // namespace fenrun
