// Promises that were not kept, as /metrics counts them.
#include "node/unpaid_earnings.h"

#include <gtest/gtest.h>

#include "tests/support/printed_codes.h"
#include "tests/support/world.h"

namespace fenrun {
namespace {

using test::digest_named;
using test::item;
using test::kCampaign;
using test::kPeriod;
using test::party_named;

constexpr AssetId kAsset(0);

class UnpaidEarningsTest : public testing::Test {
 protected:
  // "store" sells items of a budget that covers one.
  void SetUp() override {
    ASSERT_EQ(world_.join("store", Role::store, "east"), Errc::ok);
    test::start_campaign(world_, test::selling_policy(world_));
    test::commission_items(world_, 4);
    test::stock_items(world_, "store", 0, 4);
    ASSERT_EQ(world_.run("brand", DeclareBudget{kCampaign, kAsset, Amount::minor(60)}), Errc::ok);
    ASSERT_EQ(world_.run("east", DeclareBudget{kCampaign, kAsset, Amount::minor(40)}), Errc::ok);
  }

  RecordEvent sale(int serial) const {
    const std::string document = "sale of " + std::to_string(serial);
    RecordEvent made =
        test::event(EventKind::retail_selling, "store", {item(serial)}, document, world_.time());
    made.event_hash = digest_named(document);
    return made;
  }
  void run(const std::string& name, const std::vector<Operation>& operations) {
    auto block = world_.execute({world_.sign(name, operations)});
    unpaid_.add(unpaid_earnings_of(block));
    world_.commit(std::move(block));
    EXPECT_EQ(world_.outcomes(), std::vector(operations.size(), Errc::ok));
  }

  test::World world_;
  UnpaidEarnings unpaid_;
};

TEST_F(UnpaidEarningsTest, CountsWhatNoBudgetCovers) {
  run("store", {sale(0)});
  EXPECT_EQ(unpaid_.budget_exhausted(), 0u);
  run("store", {sale(1), sale(2)});
  EXPECT_EQ(unpaid_.budget_exhausted(), 2u);
  EXPECT_EQ(unpaid_.owed_back(), 0u);
  ASSERT_EQ(unpaid_.newest().size(), 2u);
  const auto& first = unpaid_.newest()[0];
  EXPECT_EQ(first.height, world_.point().height);
  EXPECT_EQ(first.time, world_.time());
  EXPECT_FALSE(first.taken_back_at);
  EXPECT_EQ(first.earning.amount, Amount::minor(100));
  EXPECT_EQ(first.earning.payee, party_named("store"));
  EXPECT_EQ(first.place, party_named("store"));
  EXPECT_EQ(first.campaign, kCampaign);
  EXPECT_EQ(first.asset, kAsset);
  EXPECT_LT(first.operation, unpaid_.newest()[1].operation);
}

TEST_F(UnpaidEarningsTest, CountsWhatCannotGoBackOnceAndNothingTwice) {
  const auto sold = sale(0);
  run("store", {sold});
  run("brand", {InstructPayout{test::payout_named("1"), party_named("store"), kCampaign, kAsset,
                               kPeriod, Amount::minor(100)}});
  auto back = sold;
  back.standing = EventStanding::erroneous;
  back.id = {digest_named("it was none"), 0, 0};
  run("store", {back});
  EXPECT_EQ(unpaid_.owed_back(), 1u);
  run("store", {sale(1)});
  EXPECT_EQ(unpaid_.owed_back(), 1u);
  EXPECT_EQ(unpaid_.budget_exhausted(), 1u);
  const auto& owed = unpaid_.newest().at(0);
  EXPECT_EQ(owed.earning.outcome, EarningOutcome::owed_back);
  ASSERT_TRUE(owed.taken_back_at);
  EXPECT_GT(*owed.taken_back_at, owed.operation);
}

TEST(UnpaidEarnings, AreOfPlacesWithNobodyAboveToo) {
  test::World world;
  auto policy = test::selling_policy(world);
  policy.rules[0].payee = Payee::place_parent;
  test::start_campaign(world, policy);
  test::commission_items(world, 1);
  auto sale = test::event(EventKind::retail_selling, "brand", {item(0)}, "sale", world.time());
  sale.event_hash = digest_named("sale");
  const auto found = unpaid_earnings_of(world.execute({world.sign("brand", {sale})}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].earning.outcome, EarningOutcome::no_payee);
  EXPECT_EQ(found[0].place, party_named("brand"));
  EXPECT_TRUE(found[0].earning.payee.is_zero());
}

TEST(UnpaidEarnings, AreOfClaimsToo) {
  test::World world;
  ASSERT_EQ(world.join("store", Role::store, "east"), Errc::ok);
  const test::PrintedCodes codes(world.point().chain_id, UnitBatchId(2), 4);
  ASSERT_EQ(world.run("brand", codes.registration(ClaimPath::bearer)), Errc::ok);
  ASSERT_EQ(world.run("brand", codes.commissioning(world.time())), Errc::ok);
  auto policy = test::selling_policy(world);
  policy.rules[0].trigger = EventKind::claiming;
  test::start_campaign(world, policy);  // With no budget.
  const auto claim = [&](std::uint32_t index, const std::string& store) {
    return codes.sign(codes.claim(index, "anna", world.time(), store));
  };
  const auto found =
      unpaid_earnings_of(world.execute({world.sign("east", {claim(0, "store"), claim(1, "")})}));
  ASSERT_EQ(found.size(), 1u) << "where no store is named nothing is promised";
  EXPECT_EQ(found[0].earning.outcome, EarningOutcome::budget_exhausted);
  EXPECT_EQ(found[0].place, party_named("store"));
}

TEST_F(UnpaidEarningsTest, RemembersTheNewest) {
  run("store", {sale(0), sale(1)});
  const UnpaidEarning one = unpaid_.newest().at(0);
  for (std::size_t i = 1; i < kUnpaidRemembered; ++i) unpaid_.add({one});
  EXPECT_EQ(unpaid_.newest().size(), kUnpaidRemembered);
  auto last = one;
  last.earning.rule = 7;
  unpaid_.add({last});
  EXPECT_EQ(unpaid_.count(), kUnpaidRemembered + 1);
  EXPECT_EQ(unpaid_.newest().size(), kUnpaidRemembered);
  EXPECT_EQ(unpaid_.newest().back(), last);
}

}  // namespace
}  // namespace fenrun
