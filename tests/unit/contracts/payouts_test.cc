#include "contracts/payouts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "contracts/shares.h"
#include "core/text.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

Amount fen(std::int64_t units) { return Amount::minor(units); }

TEST(Divide, LargestRemainderTiesByOrder) {
  const auto divided = [](std::int64_t amount, std::vector<std::int64_t> weights) {
    std::vector<std::int64_t> out;
    for (const auto share : divide(fen(amount), weights)) out.push_back(share.units());
    return out;
  };
  using Shares = std::vector<std::int64_t>;
  EXPECT_EQ(divided(100, {600'000, 400'000}), (Shares{60, 40}));
  EXPECT_EQ(divided(1, {500'000, 500'000}), (Shares{1, 0}));
  EXPECT_EQ(divided(1, {400'000, 600'000}), (Shares{0, 1}));
  EXPECT_EQ(divided(10, {1, 1, 1}), (Shares{4, 3, 3}));
  EXPECT_EQ(divided(0, {1, 2}), (Shares{0, 0}));
  EXPECT_EQ(divided(INT64_MAX, {INT64_MAX, 0}), (Shares{INT64_MAX, 0}));
}

RC_GTEST_PROP(Divide, LosesNothingAndExceedsNoWeight, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 16);
  auto weights = *rc::gen::container<std::vector<std::int64_t>>(
      count, rc::gen::inRange<std::int64_t>(0, 1000));
  weights[0] += 1;
  const auto total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  const auto amount = *rc::gen::inRange<std::int64_t>(0, total + 1);
  std::int64_t sum = 0;
  const auto shares = divide(fen(amount), weights);
  for (std::size_t i = 0; i < count; ++i) {
    sum += shares[i].units();
    RC_ASSERT(shares[i].units() >= amount * weights[i] / total);
    RC_ASSERT(shares[i].units() <= weights[i]);
  }
  RC_ASSERT(sum == amount);
}

TEST(Funds, AreDeclaredAndBacked) {
  World world;
  ASSERT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
  ASSERT_EQ(world.join("store", Role::store, "east"), Errc::ok);
  ASSERT_EQ(world.run("brand", registration("foreign", Role::distributor, "")), Errc::ok);
  const AssetId cny(0);
  const auto declare = [&](const std::string& who, std::int64_t amount) {
    return world.run(who, DeclareBudget{kCampaign, cny, fen(amount)});
  };
  const auto attest = [&](const std::string& who, std::int64_t amount) {
    return world.run(who, AttestBacking{party_named("east"), kCampaign, cny, fen(amount),
                                        digest_named("bank slip")});
  };
  EXPECT_EQ(attest("custodian", 1), Errc::fund_unknown);
  EXPECT_EQ(declare("east", 0), Errc::amount_not_positive);
  EXPECT_EQ(declare("east", -5), Errc::amount_not_positive);
  EXPECT_EQ(declare("store", 5), Errc::role_not_allowed);
  EXPECT_EQ(declare("foreign", 5), Errc::not_authorized);
  EXPECT_EQ(world.run("east", DeclareBudget{CampaignId(9), cny, fen(5)}), Errc::campaign_unknown);
  EXPECT_EQ(declare("east", 500), Errc::ok);
  EXPECT_EQ(declare("east", 100), Errc::ok);
  EXPECT_EQ(declare("east", INT64_MAX), Errc::amount_overflow);
  EXPECT_EQ(world.balance_of("east", Book::fund, kCampaign, PeriodId(0)), fen(600));
  EXPECT_EQ(world.balance_of("east", Book::external, kCampaign, PeriodId(0)), fen(-600));

  EXPECT_EQ(attest("brand", 1), Errc::role_not_allowed);
  EXPECT_EQ(attest("custodian", 0), Errc::amount_not_positive);
  EXPECT_EQ(attest("custodian", 400), Errc::ok);
  EXPECT_EQ(attest("auditor", 201), Errc::backing_exceeds_budget);
  EXPECT_EQ(attest("auditor", 200), Errc::ok);
  const auto fund = find_fund(world.state(), kCampaign, cny, party_named("east"));
  EXPECT_EQ(fund->backed, fen(600));
  EXPECT_EQ(funds_of(world.state(), kCampaign, cny).size(), 1u);
  EXPECT_TRUE(funds_of(world.state(), kCampaign, AssetId(1)).empty());
}

// "store" has sold three items: 300 earned, 180 from the brand and 120 from "east".
class Payouts : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.join("store", Role::store, "east"), Errc::ok);
    commission_items(world_, 3);
    stock_items(world_, "store", 0, 3);
    start_campaign(world_, selling_policy(world_));
    for (const auto* funder : {"brand", "east"}) {
      ASSERT_EQ(world_.run(funder, DeclareBudget{kCampaign, AssetId(0), fen(1'000)}), Errc::ok);
    }
    ASSERT_EQ(world_.run("store", event(EventKind::retail_selling, "store",
                                        {item(0), item(1), item(2)}, "sale", world_.time())),
              Errc::ok);
  }

  static InstructPayout terms(const std::string& name, std::int64_t amount) {
    return {payout_named(name), party_named("store"), kCampaign, AssetId(0), kPeriod,
            fen(amount),        Rail::wechat};
  }
  Errc instruct(const std::string& name, std::int64_t amount) {
    return world_.run("brand", terms(name, amount));
  }
  Errc settle(const std::string& name, PayoutResult result, std::uint32_t attempt = 1) {
    return world_.run("brand",
                      SettlePayout{payout_named(name), attempt, result, digest_named("callback")});
  }
  Amount balance_of(const std::string& name, Book book) const {
    return world_.balance_of(name, book, kCampaign, kPeriod);
  }
  Amount settled(const std::string& name) const {
    return find_fund(world_.state(), kCampaign, AssetId(0), party_named(name))->settled;
  }

  World world_;
};

TEST_F(Payouts, GoFromEarnedToAcknowledged) {
  ASSERT_EQ(instruct("one", 250), Errc::ok);
  EXPECT_EQ(balance_of("store", Book::payable), fen(50));
  EXPECT_EQ(balance_of("store", Book::instructed), fen(250));
  EXPECT_EQ(world_.run("store", AcknowledgePayout{payout_named("one")}), Errc::payout_state);
  ASSERT_EQ(settle("one", PayoutResult::paid), Errc::ok);
  EXPECT_EQ(balance_of("store", Book::instructed), Amount());
  // Each funder's world outside is credited with its part of what was still owed.
  EXPECT_EQ(balance_of("brand", Book::external), fen(150));
  EXPECT_EQ(balance_of("east", Book::external), fen(100));
  EXPECT_EQ(settled("brand"), fen(150));
  EXPECT_EQ(settled("east"), fen(100));
  EXPECT_EQ(world_.run("east", AcknowledgePayout{payout_named("one")}), Errc::not_authorized);
  ASSERT_EQ(world_.run("store", AcknowledgePayout{payout_named("one")}), Errc::ok);
  EXPECT_EQ(world_.run("store", AcknowledgePayout{payout_named("one")}), Errc::already_signed);
  EXPECT_TRUE(find_payout(world_.state(), payout_named("one"))->acknowledged);

  ASSERT_EQ(instruct("two", 50), Errc::ok);
  ASSERT_EQ(settle("two", PayoutResult::paid), Errc::ok);
  EXPECT_EQ(settled("brand"), fen(180));
  EXPECT_EQ(settled("east"), fen(120));
}

TEST_F(Payouts, DischargeThoseWhoStillOwe) {
  ASSERT_EQ(instruct("one", 300), Errc::ok);
  ASSERT_EQ(settle("one", PayoutResult::paid), Errc::ok);
  // From now on the brand pays all but a millionth.
  auto second = std::get<PolicyV1>(find_policy(world_.state(), kPolicy, 1)->terms);
  second.version = 2;
  second.effective_from = world_.in(3'000);
  second.funding = {{party_named("brand"), 999'999}, {party_named("east"), 1}};
  ASSERT_EQ(world_.run("brand", PublishPolicy{second}), Errc::ok);
  ASSERT_EQ(world_.run("east", CountersignPolicy{kPolicy, 2, policy_digest(second)}), Errc::ok);
  ASSERT_EQ(world_.run("brand",
                       event(EventKind::commissioning, "brand", {item(3)}, "more", world_.time())),
            Errc::ok);
  stock_items(world_, "store", 3, 1);
  ASSERT_EQ(world_.run("store",
                       event(EventKind::retail_selling, "store", {item(3)}, "last", world_.time())),
            Errc::ok);
  ASSERT_EQ(instruct("two", 100), Errc::ok);
  ASSERT_EQ(settle("two", PayoutResult::paid), Errc::ok);
  EXPECT_EQ(settled("brand"), fen(280));
  EXPECT_EQ(settled("east"), fen(120));
}

TEST_F(Payouts, AFailedOneMayBeTriedAgain) {
  ASSERT_EQ(instruct("one", 100), Errc::ok);
  EXPECT_EQ(instruct("one", 100), Errc::payout_exists);  // Not definitely failed.
  ASSERT_EQ(settle("one", PayoutResult::failed), Errc::ok);
  EXPECT_EQ(balance_of("store", Book::payable), fen(300));
  EXPECT_EQ(settled("brand"), Amount());
  EXPECT_EQ(instruct("one", 99), Errc::payout_exists);  // Other terms.
  ASSERT_EQ(instruct("one", 100), Errc::ok);
  EXPECT_EQ(find_payout(world_.state(), payout_named("one"))->attempt, 2u);
  EXPECT_EQ(settle("one", PayoutResult::paid, 1), Errc::payout_state);
  EXPECT_EQ(settle("one", PayoutResult::paid, 2), Errc::ok);
  EXPECT_EQ(settle("one", PayoutResult::failed, 2), Errc::payout_state);
  EXPECT_EQ(instruct("one", 100), Errc::payout_exists);
}

TEST_F(Payouts, AreRefused) {
  EXPECT_EQ(instruct("one", 301), Errc::payout_exceeds_earned);
  EXPECT_EQ(instruct("one", 0), Errc::amount_not_positive);
  EXPECT_EQ(world_.run("east", terms("one", 1)), Errc::not_authorized);
  auto other = terms("one", 1);
  other.period = PeriodId(2);
  EXPECT_EQ(world_.run("brand", other), Errc::payout_exceeds_earned);
  other = terms("one", 1);
  other.asset = AssetId(1);
  EXPECT_EQ(world_.run("brand", other), Errc::payout_exceeds_earned);
  other.campaign = CampaignId(2);
  EXPECT_EQ(world_.run("brand", other), Errc::campaign_unknown);
  other = terms("one", 1);
  other.payee = party_named("nobody");
  EXPECT_EQ(world_.run("brand", other), Errc::party_unknown);
  EXPECT_EQ(settle("one", PayoutResult::paid), Errc::payout_unknown);
  EXPECT_EQ(world_.run("store", AcknowledgePayout{payout_named("one")}), Errc::payout_unknown);
  ASSERT_EQ(instruct("one", 300), Errc::ok);
  EXPECT_EQ(instruct("two", 1), Errc::payout_exceeds_earned);
  EXPECT_EQ(world_.run("east", SettlePayout{payout_named("one"), 1, PayoutResult::paid, {}}),
            Errc::not_authorized);
}

TEST(ProviderNumber, CanBeRecomputed) {
  const Digest chain = digest_named("chain");
  const auto payout = payout_named("one");
  const auto number = provider_number(chain, payout, 2);
  Bytes message = to_bytes(bytes_of("fenrun/payout/v1"));
  append(message, chain.view());
  append(message, payout.view());
  append(message, Bytes{2, 0, 0, 0});
  EXPECT_EQ(number, to_base32(sha256(message).view().first(20)));
  EXPECT_EQ(number.size(), 32u);
  EXPECT_NE(number, provider_number(chain, payout, 1));
}

}  // namespace
}  // namespace fenrun::test
