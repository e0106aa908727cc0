#include "core/crypto/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>

#include "core/text.h"

namespace fenrun {
namespace {

std::string hex(const Digest& digest) { return to_hex(digest.view()); }
std::string sha256_hex(std::string_view text) { return hex(sha256(bytes_of(text))); }

constexpr Domain kDomains[] = {
    Domain::genesis,       Domain::transaction,    Domain::operation,
    Domain::tx_batch,      Domain::batch_list,     Domain::consensus_vote,
    Domain::active_chunk,  Domain::statement_open, Domain::statement_next,
    Domain::validator_set, Domain::trust_policy,   Domain::policy,
    Domain::inputs,        Domain::governance,     Domain::payout_reference,
    Domain::unit_open,     Domain::unit_next,      Domain::validator_keys,
    Domain::evidence,      Domain::snapshot,       Domain::recovery,
    Domain::code,          Domain::code_secret,    Domain::code_key,
    Domain::code_claim,    Domain::key_possession,
};

TEST(Sha256, VectorsOfFips180) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

RC_GTEST_PROP(Sha256, PiecesGiveTheSameDigest, (const std::vector<std::uint8_t>& bytes)) {
  const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
  const auto head = ByteView(bytes).first(cut);
  const auto tail = ByteView(bytes).subspan(cut);
  Sha256 pieces;
  RC_ASSERT(pieces.update(head).update(tail).finish() == sha256(bytes));
  RC_ASSERT(hash(Domain::policy, {head, tail}) == hash(Domain::policy, bytes));
  RC_ASSERT(leaf_hash({head, tail}) == leaf_hash(bytes));
}

TEST(Hash, StandsBehindItsTag) {
  for (const auto domain : kDomains) {
    EXPECT_EQ(hash(domain, bytes_of("data")),
              sha256(bytes_of(std::string(tag_of(domain)) + "data")));
  }
}

TEST(Hash, TagsAreDistinctAndNoneBeginsAnother) {
  std::set<std::string_view> tags;
  for (const auto domain : kDomains) {
    const auto tag = tag_of(domain);
    EXPECT_TRUE(tag.starts_with("fenrun/")) << tag;
    EXPECT_TRUE(tags.insert(tag).second) << tag;
    for (const auto other : kDomains) {
      EXPECT_EQ(tag_of(other).starts_with(tag), other == domain) << tag;
    }
  }
}

// The reference tree of RFC 6962's implementation, eight leaves.
TEST(MerkleHash, ReferenceTreeOfRfc6962) {
  EXPECT_EQ(hex(leaf_hash(ByteView{})),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  const char* leaves[] = {"",
                          "00",
                          "10",
                          "2021",
                          "3031",
                          "40414243",
                          "5051525354555657",
                          "606162636465666768696a6b6c6d6e6f"};
  std::vector<Digest> level;
  for (const auto* leaf : leaves) level.push_back(leaf_hash(*from_hex(leaf)));
  while (level.size() > 1) {
    std::vector<Digest> above;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      above.push_back(node_hash(level[i], level[i + 1]));
    }
    level = above;
  }
  EXPECT_EQ(hex(level[0]), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

TEST(MerkleHash, LeavesAndNodesNeverMeet) {
  const auto left = sha256(bytes_of("left"));
  const auto right = sha256(bytes_of("right"));
  Bytes both = to_bytes(left.view());
  append(both, right.view());
  EXPECT_NE(leaf_hash(both), node_hash(left, right));
  EXPECT_NE(node_hash(left, right), node_hash(right, left));
}

}  // namespace
}  // namespace fenrun
