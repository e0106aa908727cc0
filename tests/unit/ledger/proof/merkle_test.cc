#include "ledger/proof/merkle.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/support/naive_merkle.h"
#include "tests/support/vectors.h"

namespace fenrun {
namespace {

namespace fs = std::filesystem;

std::vector<Digest> leaves_of(std::size_t size) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < size; ++i) leaves.push_back(leaf_hash(encode(std::uint64_t{i})));
  return leaves;
}

Errc code_of(const Status& status) { return status ? Errc::ok : status.error().code; }

TEST(Merkle, EveryInclusionProofOfSmallTreesVerifies) {
  for (std::size_t size = 1; size <= 70; ++size) {
    const auto leaves = leaves_of(size);
    const auto root = naive::root(leaves);
    for (std::size_t index = 0; index < size; ++index) {
      const auto path = naive::path(index, leaves);
      EXPECT_EQ(path.size(), inclusion_path_length(index, size));
      EXPECT_EQ(code_of(verify_inclusion(leaves[index], index, size, path, root)), Errc::ok);
    }
  }
}

TEST(Merkle, EveryConsistencyProofOfSmallTreesVerifies) {
  for (std::size_t size2 = 1; size2 <= 70; ++size2) {
    const auto leaves = leaves_of(size2);
    const auto root2 = naive::root(leaves);
    for (std::size_t size1 = 1; size1 <= size2; ++size1) {
      const auto root1 = naive::root(std::span(leaves).first(size1));
      const auto path = naive::consistency(size1, leaves);
      EXPECT_EQ(code_of(verify_consistency(size1, root1, size2, root2, path)), Errc::ok)
          << size1 << " in " << size2;
    }
  }
}

TEST(Merkle, TheLastLeafsPathGivesTheRootBeforeIt) {
  for (std::size_t size = 1; size <= 70; ++size) {
    const auto leaves = leaves_of(size);
    EXPECT_EQ(root_before_last(naive::path(size - 1, leaves)),
              naive::root(std::span(leaves).first(size - 1)));
  }
}

TEST(Merkle, RootsAreThoseOfTheDefinition) {
  for (std::size_t size = 0; size <= 70; ++size) {
    EXPECT_EQ(tree_root(leaves_of(size)), naive::root(leaves_of(size))) << size;
  }
}

TEST(Merkle, RefusesWithACode) {
  const auto leaves = leaves_of(7);
  const auto root = naive::root(leaves);
  auto path = naive::path(4, leaves);
  EXPECT_EQ(code_of(verify_inclusion(leaves[4], 7, 7, path, root)), Errc::index_out_of_range);
  EXPECT_EQ(code_of(verify_inclusion(leaves[4], 0, 0, {}, root)), Errc::index_out_of_range);
  EXPECT_EQ(code_of(verify_inclusion(leaves[4], 5, 7, path, root)), Errc::root_mismatch);
  path.push_back(root);
  EXPECT_EQ(code_of(verify_inclusion(leaves[4], 4, 7, path, root)), Errc::path_length_wrong);
  EXPECT_EQ(code_of(verify_inclusion(leaves[4], 4, 7, {}, root)), Errc::path_length_wrong);
  EXPECT_EQ(code_of(verify_consistency(0, root, 7, root, {})), Errc::consistency_invalid);
  EXPECT_EQ(code_of(verify_consistency(8, root, 7, root, {})), Errc::consistency_invalid);
  EXPECT_EQ(code_of(verify_consistency(7, root, 7, leaves[0], {})), Errc::consistency_invalid);
  EXPECT_EQ(code_of(verify_consistency(6, root, 7, root, {})), Errc::path_length_wrong);
}

TEST(Merkle, TheLargestSizesAreInReach) {
  const auto most = ~std::uint64_t{0};
  EXPECT_EQ(inclusion_path_length(0, most), 64u);
  EXPECT_EQ(inclusion_path_length(0, std::uint64_t{1} << 63), 63u);
  EXPECT_EQ(code_of(verify_inclusion({}, most - 1, most, {}, {})), Errc::path_length_wrong);
}

RC_GTEST_PROP(MerkleProperty, AnAlteredInclusionProofIsRefused, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(2, 200);
  const auto index = *rc::gen::inRange<std::size_t>(0, size);
  const auto leaves = leaves_of(size);
  auto path = naive::path(index, leaves);
  const auto hash = *rc::gen::inRange<std::size_t>(0, path.size());
  const auto bit = *rc::gen::inRange(0, 256);
  path[hash].bytes[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1 << (bit % 8));
  RC_ASSERT(code_of(verify_inclusion(leaves[index], index, size, path, naive::root(leaves))) ==
            Errc::root_mismatch);
}

RC_GTEST_PROP(MerkleProperty, AnAlteredConsistencyProofIsRefused, ()) {
  const auto size2 = *rc::gen::inRange<std::size_t>(2, 200);
  const auto size1 = *rc::gen::inRange<std::size_t>(1, size2);
  const auto leaves = leaves_of(size2);
  const auto root1 = naive::root(std::span(leaves).first(size1));
  auto path = naive::consistency(size1, leaves);
  const auto hash = *rc::gen::inRange<std::size_t>(0, path.size());
  path[hash].bytes[0] ^= 0x80;
  RC_ASSERT(code_of(verify_consistency(size1, root1, size2, naive::root(leaves), path)) ==
            Errc::consistency_invalid);
}

// The public vectors: transparency-dev/merkle, testdata/{inclusion,consistency}.

struct VectorHash {
  Digest digest;
  bool is_hash = false;
};

// Some vectors write a word or nothing where a root stands.  Those that compare two of them only
// ask whether they are equal, which their hash answers as well.
VectorHash hash_in(const nlohmann::json& text) {
  const auto bytes = from_base64(text.get<std::string>()).value();
  if (const auto digest = Digest::from(bytes)) return {*digest, true};
  return {sha256(bytes), false};
}

std::vector<Digest> path_in(const nlohmann::json& vector) {
  std::vector<Digest> path;
  if (vector["proof"].is_null()) return path;
  for (const auto& text : vector["proof"]) path.push_back(hash_in(text).digest);
  return path;
}

template <class Check>
void for_each_vector(const std::string& folder, Check check) {
  const auto base =
      test::public_vectors_folder() / "vectors/transparency-dev-merkle/testdata" / folder;
  if (!fs::exists(base)) GTEST_SKIP() << base << " is absent";
  int accepted = 0;
  int refused = 0;
  for (const auto& file : fs::recursive_directory_iterator(base)) {
    if (file.path().extension() != ".json") continue;
    const auto vector = nlohmann::json::parse(test::contents_of(file.path()).value());
    const bool is_valid = check(vector);
    EXPECT_EQ(is_valid, !vector["wantErr"].get<bool>()) << file.path();
    ++(is_valid ? accepted : refused);
  }
  EXPECT_GE(accepted, 5);
  EXPECT_GE(refused, 80);
}

TEST(MerkleVectors, Inclusion) {
  for_each_vector("inclusion", [](const nlohmann::json& vector) {
    const auto leaf = hash_in(vector["leafHash"]);
    const auto root = hash_in(vector["root"]);
    // An empty leaf hash or root has no place in our types; decoding refuses it.
    if (!leaf.is_hash || !root.is_hash) return false;
    return verify_inclusion(leaf.digest, vector["leafIdx"].get<std::uint64_t>(),
                            vector["treeSize"].get<std::uint64_t>(), path_in(vector), root.digest)
        .has_value();
  });
}

TEST(MerkleVectors, Consistency) {
  for_each_vector("consistency", [](const nlohmann::json& vector) {
    return verify_consistency(vector["size1"].get<std::uint64_t>(), hash_in(vector["root1"]).digest,
                              vector["size2"].get<std::uint64_t>(), hash_in(vector["root2"]).digest,
                              path_in(vector))
        .has_value();
  });
}

}  // namespace
}  // namespace fenrun
