#include "core/crypto/sign.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/support/vectors.h"

namespace fenrun {
namespace {

Seed seed_of(std::string_view hex) {
  Seed seed;
  std::ranges::copy(*from_hex(hex), seed.mutable_view().begin());
  return seed;
}

struct Rfc8032 {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032 §7.1, tests 1 to 3.
constexpr Rfc8032 kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(SigningKey, VectorsOfRfc8032) {
  for (const auto& vector : kVectors) {
    const auto key = SigningKey::from_seed(seed_of(vector.seed));
    EXPECT_EQ(to_hex(key.public_key().view()), vector.public_key);
    EXPECT_EQ(to_hex(key.seed().view()), vector.seed);
    const auto message = *from_hex(vector.message);
    const auto signature = key.sign_raw(message);
    EXPECT_EQ(to_hex(signature.view()), vector.signature);
    EXPECT_TRUE(verify_raw(key.public_key(), message, signature));
    EXPECT_TRUE(is_valid_point(key.public_key()));
  }
}

RC_GTEST_PROP(SigningKey, SignatureHoldsForItsDomainMessageAndKeyOnly,
              (const std::vector<std::uint8_t>& message)) {
  const auto key = SigningKey::generate();
  const auto other = SigningKey::generate();
  const auto signature = key.sign(Domain::transaction, message);
  RC_ASSERT(verify(key.public_key(), Domain::transaction, message, signature));
  RC_ASSERT(!verify(key.public_key(), Domain::operation, message, signature));
  RC_ASSERT(!verify(other.public_key(), Domain::transaction, message, signature));
  RC_ASSERT(!verify_raw(key.public_key(), message, signature));
  auto longer = message;
  longer.push_back(0);
  RC_ASSERT(!verify(key.public_key(), Domain::transaction, longer, signature));
  auto damaged = signature;
  const auto bit = *rc::gen::inRange<std::size_t>(0, 512);
  damaged.bytes[bit / 8] = static_cast<std::uint8_t>(damaged.bytes[bit / 8] ^ (1u << (bit % 8)));
  RC_ASSERT(!verify(key.public_key(), Domain::transaction, message, damaged));
}

TEST(SigningKey, SignsTagThenMessage) {
  const auto key = SigningKey::from_seed(seed_of(kVectors[0].seed));
  EXPECT_EQ(key.sign(Domain::policy, bytes_of("x")),
            key.sign_raw(bytes_of(std::string(tag_of(Domain::policy)) + "x")));
}

TEST(SigningKey, FreshKeysDiffer) {
  EXPECT_NE(SigningKey::generate().public_key(), SigningKey::generate().public_key());
}

// Who registers such a key could let one signature stand for many messages.
TEST(PublicKeyPoint, RefusesSmallOrderMixedOrderAndNonCanonicalPoints) {
  const char* refused[] = {
      // The eight points of small order, and second spellings of some.
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      // Not a point of the curve.
      "0200000000000000000000000000000000000000000000000000000000000000",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  };
  for (const auto* hex : refused)
    EXPECT_FALSE(is_valid_point(*fixed_from_hex<PublicKey>(hex))) << hex;
}

TEST(RandomBytes, FillsTheWholeSpan) {
  std::array<std::uint8_t, 64> first{};
  std::array<std::uint8_t, 64> second{};
  random_bytes(first);
  random_bytes(second);
  EXPECT_NE(first, second);
  EXPECT_NE(std::ranges::count(first, 0), 64);
}

struct Counts {
  int valid = 0;
  int invalid = 0;
};

void check_case(const PublicKey& key, const nlohmann::json& test, Counts& counts) {
  const auto message = *from_hex(test["msg"].get<std::string>());
  const auto signature = fixed_from_hex<Signature>(test["sig"].get<std::string>());
  const bool accepted = signature && verify_raw(key, message, *signature);
  const bool expected = test["result"] == "valid";
  EXPECT_EQ(accepted, expected) << "tcId " << test["tcId"] << ": " << test["comment"];
  ++(expected ? counts.valid : counts.invalid);
}

TEST(Verify, AgreesWithWycheproof) {
  const auto text = test::public_vector("vectors/wycheproof/testvectors_v1/ed25519_test.json");
  if (!text) GTEST_SKIP() << "no public vectors in " << test::public_vectors_folder();
  const auto file = nlohmann::json::parse(*text);
  Counts counts;
  for (const auto& group : file["testGroups"]) {
    const auto key = fixed_from_hex<PublicKey>(group["publicKey"]["pk"].get<std::string>());
    ASSERT_TRUE(key);
    for (const auto& test : group["tests"]) check_case(*key, test, counts);
  }
  EXPECT_GT(counts.valid, 50);
  EXPECT_GT(counts.invalid, 50);
  EXPECT_EQ(counts.valid + counts.invalid, file["numberOfTests"].get<int>());
}

}  // namespace
}  // namespace fenrun
