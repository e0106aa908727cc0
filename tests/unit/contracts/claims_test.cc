#include "contracts/claims.h"

#include <gtest/gtest.h>

#include "contracts/counters.h"
#include "contracts/earnings.h"
#include "ledger/ordered_family.h"
#include "tests/support/printed_codes.h"

namespace fenrun::test {
namespace {

constexpr UnitBatchId kBearer(11);
constexpr UnitBatchId kAttested(12);
constexpr std::uint32_t kCodes = 6;

// "store" sells below "east", and "gateway" scans; two batches of six printed items, in cases of
// two, can be claimed as soon as they are commissioned, which they are.
class Claims : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.join("store", Role::store, "east"), Errc::ok);
    ASSERT_EQ(world_.join("gateway", Role::gateway, "brand"), Errc::ok);
    print(bearer_, ClaimPath::bearer);
    print(attested_, ClaimPath::gateway);
  }

  void print(const PrintedCodes& codes, ClaimPath path, ClaimGate gate = ClaimGate::commissioned) {
    ASSERT_EQ(world_.run("brand", codes.registration(path, gate)), Errc::ok);
    ASSERT_EQ(world_.run("brand", codes.commissioning(world_.time())), Errc::ok);
  }
  // Something happens to cases.
  Errc happen(EventKind kind, const std::string& signer, const std::string& place,
              const std::vector<EpcText>& units, const std::string& consignee = "") {
    RecordEvent event;
    event.kind = kind;
    event.time = world_.time();
    event.place = party_named(place);
    if (!consignee.empty()) event.counterparty = party_named(consignee);
    event.id.document = digest_named("document " + std::to_string(++documents_));
    event.units = {std::vector<EpcText>(units)};
    return world_.run(signer, event);
  }

  ClaimCode good(std::uint32_t index, const std::string& claimant = "anna",
                 const std::string& store = "") const {
    return bearer_.sign(bearer_.claim(index, claimant, world_.time(), store));
  }
  AttestClaim seen(std::uint32_t index, const std::string& claimant = "anna",
                   const std::string& store = "") const {
    return {attested_.claim(index, claimant, world_.time(), store)};
  }
  UnitCounters counted(UnitBatchId batch) const {
    return counters(world_.state(), {batch, RegionCode(310'000), month_of(world_.time())});
  }

  World world_;
  PrintedCodes bearer_{world_.point().chain_id, kBearer, kCodes};
  PrintedCodes attested_{world_.point().chain_id, kAttested, kCodes};
  int documents_ = 0;
};

using BearerClaims = Claims;
using AttestedClaims = Claims;
using ClaimsAndGoods = Claims;

TEST_F(BearerClaims, ACodeIsUsedOnce) {
  EXPECT_FALSE(is_used(world_.state(), kBearer, 3));
  const auto first = good(3);
  // Whoever submits it: here a distributor, which gains nothing by it.
  ASSERT_EQ(world_.run("east", first), Errc::ok);
  EXPECT_TRUE(is_used(world_.state(), kBearer, 3));
  EXPECT_FALSE(is_used(world_.state(), kBearer, 2));
  EXPECT_FALSE(is_used(world_.state(), kAttested, 3));
  const auto record = find_claim(world_.state(), kBearer, 3);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->claim, first.claim);
  EXPECT_EQ(record->submitter, party_named("east"));
  EXPECT_EQ(record->sight, ClaimSight::unknown);
  EXPECT_TRUE(record->earnings.empty());
  const auto operation = world_.entries_of<OperationEntry>().at(0);
  EXPECT_EQ(operation.transaction.next(), record->recorded_at);

  EXPECT_EQ(world_.run("east", first), Errc::code_used);
  EXPECT_EQ(world_.run("gateway", first), Errc::code_used);
  EXPECT_EQ(world_.run("east", good(3, "berta")), Errc::code_used) << "whoever holds it now";
  EXPECT_EQ(world_.run_all("east", {good(4), good(4, "berta")}),
            (std::vector{Errc::ok, Errc::code_used}));
  EXPECT_EQ(find_claim(world_.state(), kBearer, 3), record);
  EXPECT_EQ(find_claim(world_.state(), kBearer, 4)->claim.claimant, subject_named("anna"));
  EXPECT_EQ(counted(kBearer).claimed, 2u);
  EXPECT_EQ(counted(kBearer).claimed_elsewhere, 0u);
}

TEST_F(BearerClaims, NeedABatchThatIsPrintedForThem) {
  auto claim = good(0);
  claim.claim.batch = UnitBatchId(99);
  EXPECT_EQ(world_.run("east", claim), Errc::batch_unknown);
  ASSERT_EQ(world_.run("brand", OpenUnitBatch{kBatch, kItemProduct}), Errc::ok);
  claim.claim.batch = kBatch;
  EXPECT_EQ(world_.run("east", claim), Errc::batch_unknown);

  const PrintedCodes none(world_.point().chain_id, UnitBatchId(13), 2);
  print(none, ClaimPath::none);
  EXPECT_EQ(world_.run("east", none.sign(none.claim(0, "anna", world_.time()))),
            Errc::claim_path_wrong);
  EXPECT_EQ(world_.run("gateway", AttestClaim{none.claim(0, "anna", world_.time())}),
            Errc::claim_path_wrong);
  EXPECT_EQ(world_.run("east", attested_.sign(seen(0).claim)), Errc::claim_path_wrong);
  EXPECT_EQ(world_.run("gateway", AttestClaim{good(0).claim}), Errc::claim_path_wrong);
  EXPECT_FALSE(is_used(world_.state(), kBearer, 0));
}

TEST_F(BearerClaims, NeedAKeyUnderTheBatchsRoot) {
  const auto outcome = [&](const ClaimCode& claim) { return world_.run("east", claim); };
  auto fake = good(2);
  fake.key = key_named("forger").public_key();
  EXPECT_EQ(outcome(fake), Errc::code_unknown);
  // A good code, for another index.
  fake = good(2);
  fake.claim.index = 3;
  EXPECT_EQ(outcome(fake), Errc::code_unknown);
  fake.path = bearer_.path(3);
  EXPECT_EQ(outcome(fake), Errc::code_unknown);
  fake = good(2);
  fake.path = bearer_.path(3);
  EXPECT_EQ(outcome(fake), Errc::code_unknown);

  for (std::size_t i = 0; i < good(2).path.size(); ++i) {
    fake = good(2);
    fake.path[i].bytes[31] ^= 1U;
    EXPECT_EQ(outcome(fake), Errc::code_unknown);
  }
  fake = good(2);
  fake.path.pop_back();
  EXPECT_EQ(outcome(fake), Errc::code_unknown);
  fake = good(2);
  fake.path.push_back(fake.path.back());
  EXPECT_EQ(outcome(fake), Errc::code_unknown);
  fake.path.clear();
  EXPECT_EQ(outcome(fake), Errc::code_unknown);
  for (const std::uint32_t index : {kCodes, kCodes + 1, 0xffff'ffffU}) {
    fake = good(2);
    fake.claim.index = index;
    EXPECT_EQ(outcome(fake), Errc::code_unknown);
  }
  EXPECT_EQ(outcome(good(2)), Errc::ok);
}

TEST_F(BearerClaims, SayWhatIsWrongWithTheirTimeAndStore) {
  const auto skew = parameters(world_.state()).event_skew_ms;
  constexpr std::uint64_t kBlockMs = 1'000;  // From one block of a test to the next.
  const auto at = [&](std::uint64_t ms, const std::string& store) {
    return bearer_.sign(bearer_.claim(5, "anna", world_.in(ms), store));
  };
  EXPECT_EQ(world_.run("east", at(kBlockMs + skew + 1, "")), Errc::event_in_future);
  EXPECT_EQ(world_.run("east", at(0, "nobody")), Errc::party_unknown);
  EXPECT_EQ(world_.run("east", at(0, "east")), Errc::role_not_allowed);
  EXPECT_EQ(world_.run("east", at(0, "gateway")), Errc::role_not_allowed);
  EXPECT_EQ(world_.run("east", at(kBlockMs + skew, "store")), Errc::ok);
  // As late as one likes, and at a group buy's organizer.
  ASSERT_EQ(world_.join("leader", Role::organizer, "east"), Errc::ok);
  EXPECT_EQ(world_.run("east", bearer_.sign(bearer_.claim(4, "anna", TimeMs(1), "leader"))),
            Errc::ok);
}

// Bits lie in chunks of 1,024.
TEST_F(BearerClaims, AreSetInTheRightBits) {
  const PrintedCodes codes(world_.point().chain_id, UnitBatchId(14), 2'100);
  print(codes, ClaimPath::bearer);
  const std::set<std::uint32_t> used{0, 7, 8, 1'023, 1'024, 2'047, 2'048, 2'099};
  for (const auto index : std::vector<std::uint32_t>(used.rbegin(), used.rend())) {
    ASSERT_EQ(world_.run("east", codes.sign(codes.claim(index, "anna", world_.time()))), Errc::ok);
  }
  std::size_t chunks = 0;
  auto key = next_linked(world_.state(), claim_bits_scope(codes.batch()));
  for (; key; key = next_linked(world_.state(), *key)) ++chunks;
  EXPECT_EQ(chunks, 3u);
  for (std::uint32_t i = 0; i < codes.count(); ++i) {
    ASSERT_EQ(is_used(world_.state(), codes.batch(), i), used.contains(i)) << i;
    ASSERT_EQ(find_claim(world_.state(), codes.batch(), i).has_value(), used.contains(i)) << i;
  }
  const auto bits =
      find_linked<UnitBits>(world_.state(), claim_bits_key(codes.batch(), 8))->bits.bytes;
  EXPECT_EQ(bits[0], 0b1000'0001);
  EXPECT_EQ(bits[1], 0b0000'0001);
  EXPECT_EQ(bits[127], 0b1000'0000);
}

TEST_F(AttestedClaims, AreTheGatewaysAlone) {
  EXPECT_EQ(world_.run("brand", seen(1)), Errc::not_authorized);
  ASSERT_EQ(world_.join("other gateway", Role::gateway, "brand"), Errc::ok);
  EXPECT_EQ(world_.run("other gateway", seen(1)), Errc::not_authorized);
  EXPECT_EQ(world_.run("gateway", seen(kCodes)), Errc::code_unknown);
  EXPECT_EQ(world_.run_all("gateway", {seen(1, "anna", "store"), seen(1, "berta"), seen(2)}),
            (std::vector{Errc::ok, Errc::code_used, Errc::ok}));
  const auto record = find_claim(world_.state(), kAttested, 1);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->claim.claimant, subject_named("anna"));
  EXPECT_EQ(record->submitter, party_named("gateway"));
  EXPECT_EQ(record->sight, ClaimSight::elsewhere) << "the goods are still at the brand's";
  EXPECT_EQ(counted(kAttested).claimed, 2u);
  EXPECT_EQ(counted(kAttested).claimed_elsewhere, 1u);
  EXPECT_LE(encode_operation(seen(1, "anna", "store"))->size(), 64u);
}

TEST_F(ClaimsAndGoods, VoidedCodesSayWhy) {
  ASSERT_EQ(world_.run("east", good(1)), Errc::ok);
  const auto take_out = [&](std::uint32_t first, std::uint32_t count, VoidReason reason) {
    return world_.run("brand", VoidCodes{{kBearer, UnitLevel::item, first, count}, reason});
  };
  ASSERT_EQ(take_out(1, 2, VoidReason::leaked), Errc::ok);
  ASSERT_EQ(take_out(3, 1, VoidReason::damaged), Errc::ok);
  ASSERT_EQ(take_out(4, 2, VoidReason::recalled), Errc::ok);
  EXPECT_EQ(world_.run("east", good(1)), Errc::code_used) << "used comes first";
  EXPECT_EQ(world_.run("east", good(2)), Errc::code_void);
  EXPECT_EQ(world_.run("east", good(3)), Errc::code_void);
  EXPECT_EQ(world_.run("east", good(4)), Errc::code_recalled);
  EXPECT_EQ(world_.run("east", good(5)), Errc::code_recalled);
  EXPECT_EQ(world_.run("east", good(0)), Errc::ok);
}

// What whoever scans a code is told before it is claimed.
TEST_F(ClaimsAndGoods, CodesAreAskedAbout) {
  const PrintedCodes codes(world_.point().chain_id, UnitBatchId(13), kCodes);
  const auto answer = [&](UnitBatchId batch, std::uint32_t index) {
    const auto status = check_code(world_.state(), batch, index);
    return status ? Errc::ok : status.error().code;
  };
  EXPECT_EQ(answer(codes.batch(), 0), Errc::batch_unknown);
  ASSERT_EQ(world_.run("brand", codes.registration(ClaimPath::bearer, ClaimGate::received)),
            Errc::ok);
  EXPECT_EQ(answer(codes.batch(), kCodes), Errc::code_unknown);
  EXPECT_EQ(answer(codes.batch(), 0), Errc::code_inactive);
  ASSERT_EQ(world_.run("brand", codes.commissioning(world_.time())), Errc::ok);
  EXPECT_EQ(answer(codes.batch(), 0), Errc::unit_not_received);
  ASSERT_EQ(happen(EventKind::receiving, "store", "store", {codes.case_epc(0)}), Errc::ok);
  EXPECT_EQ(answer(codes.batch(), 0), Errc::ok);
  ASSERT_EQ(happen(EventKind::destroying, "brand", "brand", {codes.case_epc(1)}), Errc::ok);
  EXPECT_EQ(answer(codes.batch(), 2), Errc::unit_destroyed);
  ASSERT_EQ(world_.run("east", codes.sign(codes.claim(0, "anna", world_.time()))), Errc::ok);
  ASSERT_EQ(
      world_.run("brand", VoidCodes{{codes.batch(), UnitLevel::item, 0, 3}, VoidReason::recalled}),
      Errc::ok);
  EXPECT_EQ(answer(codes.batch(), 0), Errc::code_used);
  EXPECT_EQ(answer(codes.batch(), 1), Errc::code_recalled);
  EXPECT_EQ(answer(codes.batch(), 2), Errc::code_recalled) << "voided comes before destroyed";
}

TEST_F(ClaimsAndGoods, CodesAreInertUntilCommissioned) {
  const PrintedCodes codes(world_.point().chain_id, UnitBatchId(13), 2);
  ASSERT_EQ(world_.run("brand", codes.registration(ClaimPath::bearer)), Errc::ok);
  const auto claim = [&] { return codes.sign(codes.claim(0, "anna", world_.time())); };
  EXPECT_EQ(world_.run("east", claim()), Errc::code_inactive);
  ASSERT_EQ(world_.run("brand", codes.commissioning(world_.time())), Errc::ok);
  EXPECT_EQ(world_.run("east", claim()), Errc::ok);
}

TEST_F(ClaimsAndGoods, DestroyedUnitsUseNoCode) {
  ASSERT_EQ(happen(EventKind::destroying, "brand", "brand", {bearer_.case_epc(0)}), Errc::ok);
  EXPECT_EQ(world_.run("east", good(0)), Errc::unit_destroyed);
  EXPECT_EQ(world_.run("east", good(1)), Errc::unit_destroyed);
  ASSERT_EQ(world_.run("east", good(2)), Errc::ok);
  ASSERT_EQ(happen(EventKind::destroying, "brand", "brand", {bearer_.case_epc(1)}), Errc::ok);
  EXPECT_EQ(world_.run("east", good(2)), Errc::code_used);
}

// The gate: only what a store received can be claimed.
TEST_F(ClaimsAndGoods, SomeCodesWaitForTheirStore) {
  const PrintedCodes codes(world_.point().chain_id, UnitBatchId(13), kCodes);
  print(codes, ClaimPath::bearer, ClaimGate::received);
  const auto outcome = [&](std::uint32_t index) {
    return world_.run("east", codes.sign(codes.claim(index, "anna", world_.time(), "store")));
  };
  const std::vector all{codes.case_epc(0), codes.case_epc(1), codes.case_epc(2)};
  EXPECT_EQ(outcome(0), Errc::unit_not_received);
  ASSERT_EQ(happen(EventKind::shipping, "brand", "brand", all, "east"), Errc::ok);
  EXPECT_EQ(outcome(0), Errc::unit_not_received);
  ASSERT_EQ(happen(EventKind::receiving, "east", "east", all), Errc::ok);
  EXPECT_EQ(outcome(0), Errc::unit_not_received) << "a distributor is no store";
  ASSERT_EQ(happen(EventKind::shipping, "east", "east", all, "store"), Errc::ok);
  EXPECT_EQ(outcome(0), Errc::unit_not_received) << "under way";
  ASSERT_EQ(happen(EventKind::receiving, "store", "store", all), Errc::ok);
  EXPECT_EQ(outcome(0), Errc::ok);
  ASSERT_EQ(happen(EventKind::retail_selling, "store", "store", {all[1]}), Errc::ok);
  EXPECT_EQ(outcome(2), Errc::ok) << "sold with its case";
  ASSERT_EQ(happen(EventKind::returning, "store", "store", {all[1]}), Errc::ok);
  EXPECT_EQ(outcome(3), Errc::ok) << "returned to the store";
  ASSERT_EQ(happen(EventKind::returning, "east", "east", {all[2]}), Errc::ok);
  EXPECT_EQ(outcome(4), Errc::unit_not_received) << "returned to the distributor";
  for (const std::uint32_t index : {0U, 2U, 3U}) {
    EXPECT_EQ(find_claim(world_.state(), codes.batch(), index)->sight, ClaimSight::here);
  }
}

TEST_F(ClaimsAndGoods, AreSeenWhereTheGoodsAreOrElsewhere) {
  ASSERT_EQ(world_.join("other store", Role::store, "east"), Errc::ok);
  ASSERT_EQ(world_.run("brand", registration("west", Role::distributor, "brand")), Errc::ok);
  ASSERT_EQ(world_.run("west", registration("far store", Role::store, "west")), Errc::ok);
  const std::vector all{bearer_.case_epc(0), bearer_.case_epc(1), bearer_.case_epc(2)};
  ASSERT_EQ(happen(EventKind::shipping, "brand", "brand", all, "east"), Errc::ok);
  ASSERT_EQ(happen(EventKind::receiving, "store", "store", {all[0], all[1]}), Errc::ok);
  ASSERT_EQ(happen(EventKind::receiving, "far store", "far store", {all[2]}), Errc::ok);

  ASSERT_EQ(
      world_.run_all("east", {good(0, "anna", "store"), good(1, "anna", "other store"),
                              good(2, "anna"), good(4, "anna", "far store"), good(5, "anna")}),
      (std::vector(5, Errc::ok)));
  const auto sight = [&](std::uint32_t index) {
    return find_claim(world_.state(), kBearer, index)->sight;
  };
  EXPECT_EQ(sight(0), ClaimSight::here);
  EXPECT_EQ(sight(1), ClaimSight::elsewhere);
  EXPECT_EQ(sight(2), ClaimSight::unknown);
  EXPECT_EQ(sight(4), ClaimSight::held) << "diverted goods are used, too, and seen";
  EXPECT_EQ(sight(5), ClaimSight::held) << "whether a store is named or not";
  EXPECT_EQ(counted(kBearer).claimed, 5u);
  EXPECT_EQ(counted(kBearer).claimed_elsewhere, 3u);
}

// 100 for each claim at a store, from the brand and its distributor.
class ClaimEarnings : public Claims {
 protected:
  PolicyV1 promise(bool only_at_holder = false) {
    auto policy = selling_policy(world_);
    policy.rules[0].trigger = EventKind::claiming;
    policy.rules[0].selector.only_at_holder = only_at_holder;
    start_campaign(world_, policy);
    for (const auto* funder : {"brand", "east"}) {
      EXPECT_EQ(world_.run(funder, DeclareBudget{kCampaign, AssetId(0), Amount::minor(1'000)}),
                Errc::ok);
    }
    return policy;
  }
};

TEST_F(ClaimEarnings, GoToTheStoreThatTheClaimNames) {
  const auto policy = promise();
  ASSERT_EQ(happen(EventKind::shipping, "brand", "brand", {bearer_.case_epc(2)}, "east"), Errc::ok);
  ASSERT_EQ(world_.run("brand", registration("west", Role::distributor, "brand")), Errc::ok);
  ASSERT_EQ(world_.run("west", registration("far store", Role::store, "west")), Errc::ok);
  ASSERT_EQ(happen(EventKind::receiving, "far store", "far store", {bearer_.case_epc(2)}),
            Errc::ok);

  const auto earned = [&](const std::string& name) {
    return world_.balance_of(name, Book::payable, kCampaign, kPeriod);
  };
  const auto claim = good(0, "anna", "store");
  ASSERT_EQ(world_.run("east", claim), Errc::ok);
  EXPECT_EQ(earned("store"), Amount::minor(100));
  const auto postings = world_.entries_of<Posting>();
  ASSERT_EQ(postings.size(), 2u);
  EarningInputs inputs;
  inputs.policy = policy_digest(policy);
  inputs.kind = EventKind::claiming;
  inputs.time = claim.claim.time;
  inputs.event = {hash(Domain::code_claim, {world_.point().chain_id.view(), encode(claim.claim)}),
                  0, 0};
  inputs.place = inputs.payee = party_named("store");
  inputs.amount = Amount::minor(100);
  inputs.units = {bearer_.item(0)};
  EXPECT_EQ(postings[0].inputs, hash(Domain::inputs, encode(inputs)));
  const auto record = find_claim(world_.state(), kBearer, 0);
  ASSERT_EQ(record->earnings.size(), 1u);
  EXPECT_EQ(record->earnings[0].outcome, EarningOutcome::earned);
  EXPECT_EQ(record->earnings[0].amount, Amount::minor(100));
  EXPECT_FALSE(find_unit_record(world_.state(), bearer_.item(0))) << "the item has no history";

  // Once for a code; not without a store, nor for diverted goods.
  ASSERT_EQ(world_.run_all("east", {claim, good(1), good(4, "anna", "far store")}),
            (std::vector{Errc::code_used, Errc::ok, Errc::ok}));
  EXPECT_TRUE(world_.entries_of<Posting>().empty());
  EXPECT_EQ(earned("far store"), Amount());
  // On the other path as well.
  ASSERT_EQ(world_.run("gateway", seen(0, "berta", "store")), Errc::ok);
  EXPECT_EQ(earned("store"), Amount::minor(200));
}

// By what stores and others recorded: a code that got about is worth nothing where the goods are
// not.
TEST_F(ClaimEarnings, GoOnlyToTheStoreOfTheGoodsWhereTheRuleSaysSo) {
  promise(true);
  ASSERT_EQ(world_.join("other store", Role::store, "east"), Errc::ok);
  const std::vector cases{bearer_.case_epc(0), bearer_.case_epc(1)};
  ASSERT_EQ(happen(EventKind::shipping, "brand", "brand", cases, "east"), Errc::ok);
  const auto earned = [&](const std::string& name) {
    return world_.balance_of(name, Book::payable, kCampaign, kPeriod);
  };
  const auto earnings_of = [&](std::uint32_t index) {
    return find_claim(world_.state(), kBearer, index)->earnings.size();
  };

  ASSERT_EQ(world_.run("east", good(0, "anna", "store")), Errc::ok);
  EXPECT_EQ(earnings_of(0), 0u) << "the goods are on their way to east";
  ASSERT_EQ(happen(EventKind::receiving, "store", "store", cases), Errc::ok);
  ASSERT_EQ(world_.run("east", good(1, "anna", "other store")), Errc::ok);
  EXPECT_EQ(earnings_of(1), 0u);
  EXPECT_EQ(earned("other store"), Amount());
  ASSERT_EQ(world_.run("east", good(2, "anna", "store")), Errc::ok);
  EXPECT_EQ(earnings_of(2), 1u);
  EXPECT_EQ(earned("store"), Amount::minor(100));
}

// Who took in goods of another channel does not make them its own by returning them to itself.
TEST_F(ClaimEarnings, DoNotFollowDivertedGoods) {
  promise(true);
  ASSERT_EQ(world_.run("brand", registration("west", Role::distributor, "brand")), Errc::ok);
  ASSERT_EQ(world_.run("west", registration("far store", Role::store, "west")), Errc::ok);
  const std::vector cases{bearer_.case_epc(0)};
  ASSERT_EQ(happen(EventKind::shipping, "brand", "brand", cases, "east"), Errc::ok);
  ASSERT_EQ(happen(EventKind::receiving, "far store", "far store", cases), Errc::ok);
  ASSERT_EQ(happen(EventKind::returning, "far store", "far store", cases), Errc::ok);
  ASSERT_EQ(world_.run("west", good(0, "anna", "far store")), Errc::ok);
  EXPECT_EQ(find_claim(world_.state(), kBearer, 0)->sight, ClaimSight::held);
  EXPECT_EQ(world_.balance_of("far store", Book::payable, kCampaign, kPeriod), Amount());
  EXPECT_EQ(happen(EventKind::retail_selling, "far store", "far store", {bearer_.item_epc(1)}),
            Errc::unit_held);
  // Returned up the channel they are free again.
  ASSERT_EQ(happen(EventKind::returning, "brand", "brand", cases), Errc::ok);
  ASSERT_EQ(world_.run("west", good(1, "anna", "far store")), Errc::ok);
  EXPECT_EQ(find_claim(world_.state(), kBearer, 1)->sight, ClaimSight::elsewhere);
}

TEST(Subjects, AreErasedOnce) {
  World world;
  ASSERT_EQ(world.join("gateway", Role::gateway, "brand"), Errc::ok);
  const auto anna = subject_named("anna");
  EXPECT_EQ(world.run("east", EraseSubject{anna}), Errc::role_not_allowed);
  EXPECT_FALSE(find_erasure(world.state(), anna));
  ASSERT_EQ(world.run("gateway", EraseSubject{anna}), Errc::ok);
  const auto erasure = find_erasure(world.state(), anna);
  ASSERT_TRUE(erasure);
  EXPECT_EQ(erasure->by, party_named("gateway"));
  EXPECT_EQ(world.run("gateway", EraseSubject{anna}), Errc::already_signed);
  EXPECT_EQ(world.run("brand", EraseSubject{anna}), Errc::already_signed);
  EXPECT_EQ(find_erasure(world.state(), anna), erasure);
  EXPECT_EQ(world.run("brand", EraseSubject{subject_named("berta")}), Errc::ok);
}

}  // namespace
}  // namespace fenrun::test
