#include "contracts/policies.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace fenrun::test {
namespace {

class Policies : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
    policy_ = selling_policy(world_);
  }

  Errc publish(const PolicyV1& policy) { return world_.run("brand", PublishPolicy{policy}); }
  Errc countersign(const std::string& name, const PolicyV1& policy) {
    return world_.run(name,
                      CountersignPolicy{policy.policy, policy.version, policy_digest(policy)});
  }
  std::vector<PolicyInForce> in_force() const {
    return brand_policies(world_.state(), party_named("brand")).policies;
  }
  template <class Edit>
  Errc publish_edited(Edit edit) {
    auto edited = policy_;
    edit(edited);
    return publish(edited);
  }

  World world_;
  PolicyV1 policy_;
};

TEST_F(Policies, ApplyOnceCountersigned) {
  ASSERT_EQ(publish(policy_), Errc::ok);
  EXPECT_TRUE(in_force().empty());
  ASSERT_EQ(countersign("east", policy_), Errc::ok);
  ASSERT_EQ(in_force().size(), 1u);
  EXPECT_EQ(in_force()[0].effective_from, policy_.effective_from);
  EXPECT_FALSE(in_force()[0].counts_by_store);
  EXPECT_EQ(find_policy(world_.state(), kPolicy, 1)->stage, PolicyStage::countersigned);
  EXPECT_EQ(latest_policy_version(world_.state(), kPolicy), 1u);
  EXPECT_EQ(latest_policy_version(world_.state(), PolicyId(2)), 0u);
}

TEST_F(Policies, WaitForTheLastCountersigner) {
  policy_.countersigners = {party_named("auditor"), party_named("east")};
  ASSERT_EQ(publish(policy_), Errc::ok);
  ASSERT_EQ(countersign("east", policy_), Errc::ok);
  EXPECT_EQ(countersign("east", policy_), Errc::already_signed);
  EXPECT_TRUE(in_force().empty());
  ASSERT_EQ(countersign("auditor", policy_), Errc::ok);
  EXPECT_EQ(in_force().size(), 1u);
}

TEST_F(Policies, AreNeverRetroactive) {
  policy_.effective_from = world_.in(1'000);  // The time of the block that publishes it.
  EXPECT_EQ(publish(policy_), Errc::policy_retroactive);
  policy_.effective_from = world_.in(2'000);
  ASSERT_EQ(publish(policy_), Errc::ok);
  world_.wait(500);
  EXPECT_EQ(countersign("east", policy_), Errc::policy_retroactive);
  EXPECT_TRUE(in_force().empty());
}

TEST_F(Policies, ANewVersionEndsTheOlderOne) {
  ASSERT_EQ(publish(policy_), Errc::ok);
  ASSERT_EQ(countersign("east", policy_), Errc::ok);
  auto second = policy_;
  second.version = 2;
  second.effective_from = world_.in(100'000);
  ASSERT_EQ(publish(second), Errc::ok);
  EXPECT_EQ(in_force()[0].effective_until, policy_.effective_until);
  ASSERT_EQ(countersign("east", second), Errc::ok);
  ASSERT_EQ(in_force().size(), 2u);
  EXPECT_EQ(in_force()[0].effective_until, second.effective_from);
  EXPECT_EQ(in_force()[1].effective_until, second.effective_until);
  const auto first = find_policy(world_.state(), kPolicy, 1);
  EXPECT_EQ(first->effective_until, second.effective_from);
  EXPECT_EQ(std::get<PolicyV1>(first->terms), policy_);  // As it was signed.
}

TEST_F(Policies, AnOlderVersionMayBeCountersignedLater) {
  policy_.effective_from = world_.in(50'000);
  ASSERT_EQ(publish(policy_), Errc::ok);
  auto second = policy_;
  second.version = 2;
  second.effective_from = world_.in(100'000);
  ASSERT_EQ(publish(second), Errc::ok);
  ASSERT_EQ(countersign("east", second), Errc::ok);
  ASSERT_EQ(countersign("east", policy_), Errc::ok);
  ASSERT_EQ(in_force().size(), 2u);
  EXPECT_EQ(in_force()[0].version, 1u);
  EXPECT_EQ(in_force()[0].effective_until, second.effective_from);
}

TEST_F(Policies, PublicationIsRefused) {
  policy_.effective_from = world_.in(100'000);
  EXPECT_EQ(world_.run("east", PublishPolicy{policy_}), Errc::not_authorized);
  const auto v = Errc::value_invalid;
  EXPECT_EQ(publish_edited([](auto& p) { p.campaign = CampaignId(9); }), Errc::campaign_unknown);
  EXPECT_EQ(publish_edited([](auto& p) { p.policy = PolicyId(0); }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.version = 0; }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.version = 2; }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.effective_until = p.effective_from; }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.countersigners = {}; }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.countersigners.push_back(party_named("brand")); }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.countersigners.push_back(party_named("east")); }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.countersigners.push_back(party_named("nobody")); }),
            Errc::party_unknown);
  EXPECT_EQ(publish_edited([](auto& p) { p.funding[0].ppm = 600'001; }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.funding = {}; }), v);
  EXPECT_EQ(publish_edited([](auto& p) {
              p.funding[0].ppm = 1'000'000;
              p.funding[1].ppm = 0;
            }),
            v);
  EXPECT_EQ(publish_edited([](auto& p) { p.funding[1].funder = party_named("brand"); }), v);
  // Nobody pays for a rule that they did not sign.
  EXPECT_EQ(publish_edited([](auto& p) { p.funding[1].funder = party_named("auditor"); }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.rules = {}; }), v);
  EXPECT_EQ(publish_edited([](auto& p) { p.rules[0].selector.products = {{"06901234567890"}}; }),
            v);
  EXPECT_EQ(publish_edited([](auto& p) { p.rules[0].selector.only_at_holder = true; }), v)
      << "not a rule for claims";
  EXPECT_EQ(
      publish_edited([](auto& p) { std::get<FlatPerEvent>(p.rules[0].earning).amount = Amount(); }),
      Errc::amount_not_positive);
  EXPECT_EQ(publish_edited([](auto& p) {
              std::get<FlatPerEvent>(p.rules[0].earning).amount = Amount::minor(INT64_MAX);
            }),
            Errc::amount_overflow);
  EXPECT_EQ(publish_edited([](auto& p) {
              for (int i = 0; i < 15; ++i) {
                p.rules.push_back(p.rules[0]);
                for (int k = 0; k < 20; ++k)
                  p.rules.back().selector.products.push_back(kItemProduct);
              }
            }),
            Errc::limit_exceeded);

  ASSERT_EQ(publish(policy_), Errc::ok);
  EXPECT_EQ(publish(policy_), Errc::policy_exists);
  // The next version begins later than the first.
  EXPECT_EQ(publish_edited([](auto& p) { p.version = 2; }), v);
}

TEST_F(Policies, CountersignatureIsRefused) {
  EXPECT_EQ(countersign("east", policy_), Errc::policy_unknown);
  ASSERT_EQ(publish(policy_), Errc::ok);
  EXPECT_EQ(countersign("auditor", policy_), Errc::not_authorized);
  EXPECT_EQ(world_.run("east", CountersignPolicy{kPolicy, 1, digest_named("another text")}),
            Errc::policy_digest_mismatch);
}

TEST(Campaigns, OnlyBrandsOpenThem) {
  World world;
  EXPECT_EQ(world.run("east", OpenCampaign{kCampaign, {}}), Errc::role_not_allowed);
  EXPECT_EQ(world.run("brand", OpenCampaign{CampaignId(0), {}}), Errc::value_invalid);
  EXPECT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
  EXPECT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::campaign_exists);
}

TEST(Periods, DoNotOverlapAndLieInTheFuture) {
  World world;
  ASSERT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
  const std::uint64_t base = world.time().value() + 100'000;
  const auto open = [&](std::uint32_t id, std::uint64_t opens, std::uint64_t closes) {
    return world.run("brand", OpenPeriod{kCampaign, PeriodId(id), PeriodKind::per_event,
                                         TimeMs(base + opens), TimeMs(base + closes)});
  };
  EXPECT_EQ(open(1, 100, 200), Errc::ok);
  EXPECT_EQ(open(1, 300, 400), Errc::period_exists);
  EXPECT_EQ(open(2, 199, 300), Errc::period_invalid);
  EXPECT_EQ(open(2, 50, 101), Errc::period_invalid);
  EXPECT_EQ(open(2, 120, 180), Errc::period_invalid);
  EXPECT_EQ(open(2, 50, 300), Errc::period_invalid);
  EXPECT_EQ(open(2, 200, 200), Errc::period_invalid);
  EXPECT_EQ(open(2, 200, 300), Errc::ok);
  EXPECT_EQ(open(3, 50, 100), Errc::ok);
  EXPECT_EQ(open(0, 500, 600), Errc::value_invalid);
  EXPECT_EQ(world.run("brand", OpenPeriod{kCampaign, PeriodId(4), PeriodKind::per_event,
                                          world.in(1'000), world.in(2'000)}),
            Errc::period_invalid);
  EXPECT_EQ(world.run("brand", OpenPeriod{kCampaign, PeriodId(4), PeriodKind::calendar,
                                          world.in(5'000), world.in(6'000)}),
            Errc::not_supported_yet);
  EXPECT_EQ(world.run("east", OpenPeriod{kCampaign, PeriodId(4), PeriodKind::per_event,
                                         world.in(5'000), world.in(6'000)}),
            Errc::not_authorized);

  const auto at = [&](std::uint64_t time) {
    return period_at(world.state(), kCampaign, TimeMs(base + time));
  };
  EXPECT_EQ(at(49), std::nullopt);
  EXPECT_EQ(at(50), PeriodId(3));
  EXPECT_EQ(at(100), PeriodId(1));
  EXPECT_EQ(at(199), PeriodId(1));
  EXPECT_EQ(at(299), PeriodId(2));
  EXPECT_EQ(at(300), std::nullopt);
  EXPECT_EQ(period_at(world.state(), CampaignId(2), TimeMs(base + 100)), std::nullopt);
}

TEST(SystemWork, AnnouncesPeriodsWhenTheirTimeComes) {
  World world;
  ASSERT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
  ASSERT_EQ(world.run("brand", OpenPeriod{kCampaign, kPeriod, PeriodKind::per_event,
                                          world.in(10'000), world.in(20'000)}),
            Errc::ok);
  world.wait(8'999);
  EXPECT_TRUE(world.entries_of<SystemEntry>().empty());
  world.wait(1);
  EXPECT_EQ(world.entries_of<SystemEntry>().size(), 1u);
  EXPECT_TRUE(find_period(world.state(), kCampaign, kPeriod)->opened_at);
  world.wait(9'999);
  EXPECT_TRUE(world.entries_of<SystemEntry>().empty());
  world.wait(1);
  EXPECT_EQ(world.entries_of<SystemEntry>().size(), 1u);
  EXPECT_TRUE(find_period(world.state(), kCampaign, kPeriod)->closed_at);
  world.wait(100'000);
  EXPECT_TRUE(world.entries_of<SystemEntry>().empty());
}

TEST(SystemWork, WhatIsTooMuchForABlockIsCarriedOver) {
  World world;
  ASSERT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
  std::vector<Operation> periods;
  const std::uint64_t base = world.time().value() + 10'000;
  constexpr std::uint32_t kPeriods = 300;
  for (std::uint32_t i = 0; i < kPeriods; ++i) {
    periods.push_back(OpenPeriod{kCampaign, PeriodId(i + 1), PeriodKind::per_event,
                                 TimeMs(base + 2 * i), TimeMs(base + 2 * i + 1)});
  }
  for (const auto outcome : world.run_all("brand", periods)) ASSERT_EQ(outcome, Errc::ok);
  world.wait(100'000);
  EXPECT_EQ(world.entries_of<SystemEntry>().size(), kSystemWorkPerBlockMax);
  EXPECT_TRUE(world.state().value(schedule_cursor_key()));
  world.wait(1);
  EXPECT_EQ(world.entries_of<SystemEntry>().size(), kSystemWorkPerBlockMax);
  world.wait(1);
  EXPECT_EQ(world.entries_of<SystemEntry>().size(), 2 * kPeriods - 2 * kSystemWorkPerBlockMax);
  EXPECT_FALSE(world.state().value(schedule_cursor_key()));
  world.wait(1);
  EXPECT_TRUE(world.entries_of<SystemEntry>().empty());
  for (std::uint32_t i = 1; i <= kPeriods; ++i) {
    EXPECT_TRUE(find_period(world.state(), kCampaign, PeriodId(i))->closed_at) << i;
  }
}

}  // namespace
}  // namespace fenrun::test
