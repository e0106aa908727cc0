// Who can use a code: whoever holds its secret, and nobody who only sees its claim on the way.
#include <gtest/gtest.h>

#include "contracts/claims.h"
#include "tests/support/printed_codes.h"

namespace fenrun::test {
namespace {

constexpr UnitBatchId kSignedBatch(11);
constexpr std::uint8_t kClaimCodeIndex = 24;  // docs/spec/contracts.md, "Operations".

class ClaimSignatures : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.join("store", Role::store, "east"), Errc::ok);
    ASSERT_EQ(world_.join("far store", Role::store, "east"), Errc::ok);
    ASSERT_EQ(world_.run("brand", codes_.registration(ClaimPath::bearer)), Errc::ok);
    ASSERT_EQ(world_.run("brand", codes_.commissioning(world_.time())), Errc::ok);
  }
  ClaimCode claim(std::uint32_t index, const std::string& claimant = "anna") const {
    return codes_.sign(codes_.claim(index, claimant, world_.time(), "store"));
  }
  bool is_admitted(const std::vector<Operation>& operations) const {
    return verify_signatures(world_.sign("east", operations));
  }

  World world_;
  PrintedCodes codes_{world_.point().chain_id, kSignedBatch, 8};
};

TEST_F(ClaimSignatures, AreTheCodesOwn) {
  const auto good = claim(3);
  EXPECT_TRUE(is_admitted({good}));
  EXPECT_TRUE(verify_claim(world_.point().chain_id, good));
  EXPECT_FALSE(verify_claim(digest_named("another network"), good));

  // All of the claim is signed.
  const auto altered = [&](auto alter) {
    auto other = good;
    alter(other.claim);
    return is_admitted({other});
  };
  EXPECT_FALSE(altered([](Claim& claim) { claim.batch = UnitBatchId(12); }));
  EXPECT_FALSE(altered([](Claim& claim) { claim.index = 2; }));
  EXPECT_FALSE(altered([](Claim& claim) { claim.claimant = subject_named("thief"); }));
  EXPECT_FALSE(altered([](Claim& claim) { claim.store = party_named("far store"); }));
  EXPECT_FALSE(altered([](Claim& claim) { claim.store.reset(); }));
  EXPECT_FALSE(altered([](Claim& claim) { claim.region = RegionCode(1); }));
  EXPECT_FALSE(altered([](Claim& claim) { claim.time = claim.time.next(); }));

  auto other = good;
  other.key = codes_.key(2).public_key();
  EXPECT_FALSE(is_admitted({other}));
  for (const std::size_t byte : {0U, 31U, 32U, 63U}) {
    other = good;
    other.signature.bytes[byte] ^= 1U;
    EXPECT_FALSE(is_admitted({other}));
  }
  // The path proves itself; a wrong one is for execution to refuse, in everybody's sight.
  other = good;
  other.path.clear();
  EXPECT_TRUE(is_admitted({other}));
}

TEST_F(ClaimSignatures, StandOrFallWithTheWholeTransaction) {
  std::vector<Operation> operations{OpenCampaign{kCampaign, {}}, claim(0), claim(1)};
  EXPECT_TRUE(is_admitted(operations));
  auto forged = claim(2);
  forged.claim.claimant = subject_named("thief");
  operations.push_back(forged);
  EXPECT_FALSE(is_admitted(operations));
  operations.back() = claim(2);
  EXPECT_TRUE(is_admitted(operations));
  auto transaction = world_.sign("east", operations);
  transaction.signature.bytes[0] ^= 1U;
  EXPECT_FALSE(verify_signatures(transaction));
}

// What does not decode has no signature: execution says so, and goes on.
TEST_F(ClaimSignatures, OfBytesThatAreNoClaimAreNotAskedFor) {
  auto bytes = *encode_operation(claim(0));
  ASSERT_EQ(bytes.front(), kClaimCodeIndex);
  const auto with = [&](const OperationBytes& operation) {
    TransactionBody body = world_.sign("east", {claim(0)}).body;
    return sign_transaction(body, {operation, *encode_operation(claim(1))}, key_named("east"));
  };
  auto cut = bytes;
  cut.pop_back();
  auto longer = bytes;
  longer.push_back(0);
  const OperationBytes alone{kClaimCodeIndex};
  // The same index, spelt in a way that is not canonical.
  auto padded = bytes;
  padded.front() = kClaimCodeIndex | 0x80;
  padded.insert(padded.begin() + 1, 0);
  for (const auto& operation : {cut, longer, alone, padded, OperationBytes{}}) {
    const auto transaction = with(operation);
    EXPECT_TRUE(verify_signatures(transaction));
    const auto block = world_.execute({transaction});
    ASSERT_EQ(block.transactions.size(), 1u);
    std::vector<Errc> outcomes;
    for (const auto& entry : block.entries) {
      const auto decoded = decode_entry(entry);
      if (const auto* found = std::get_if<OperationEntry>(&*decoded)) {
        outcomes.push_back(found->outcome);
      }
    }
    EXPECT_EQ(outcomes, (std::vector{Errc::operation_undecodable, Errc::ok}));
  }
}

// Two parties see anna's claim on its way.  They can be first with it; it is hers all the same.
TEST_F(ClaimSignatures, WhoeverSeesAClaimCanOnlyRepeatIt) {
  const auto annas = claim(5);
  auto stolen = annas;
  stolen.claim.claimant = subject_named("thief");
  stolen.claim.store = party_named("far store");
  EXPECT_FALSE(is_admitted({stolen})) << "her signature, over another claim";
  const auto thief = key_named("thief");
  stolen.key = thief.public_key();
  stolen.signature =
      thief.sign(Domain::code_claim, claim_message(world_.point().chain_id, stolen.claim));
  EXPECT_TRUE(is_admitted({stolen})) << "a signature, if not the code's";
  EXPECT_EQ(world_.run("brand", stolen), Errc::code_unknown) << "and no code's";
  EXPECT_FALSE(is_used(world_.state(), kSignedBatch, 5));

  // "brand" puts her claim first in the block, into a transaction of its own.
  const auto first = world_.sign("brand", {annas});
  const auto second = world_.sign("east", {annas});
  ASSERT_TRUE(verify_signatures(first) && verify_signatures(second));
  world_.block({first, second});
  EXPECT_EQ(world_.outcomes(), (std::vector{Errc::ok, Errc::code_used}));
  const auto record = find_claim(world_.state(), kSignedBatch, 5);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->claim, annas.claim) << "her claim, at her store";
  EXPECT_EQ(record->submitter, party_named("brand")) << "which earns nobody anything";
}

}  // namespace
}  // namespace fenrun::test
