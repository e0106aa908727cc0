// What is counted of each store, and when.
#include "contracts/counters.h"

#include <gtest/gtest.h>

#include "tests/support/printed_codes.h"
#include "tests/support/printed_goods.h"

namespace fenrun::test {
namespace {

constexpr UnitBatchId kOtherBatch(8);

// Printed goods of a brand whose policy asks for the counters of each store, if the test starts it.
class StoreCounters : public testing::Test {
 protected:
  StoreCounters() : goods_(world_) {
    goods_.commission();
    policy_ = selling_policy(world_);
    policy_.counts_by_store = true;
  }

  void start() {
    policy_.effective_from = world_.in(5'000);
    start_campaign(world_, policy_);
  }
  UnitCounters at(const std::string& store, UnitBatchId batch = kPrintedBatch) const {
    return counters(world_.state(),
                    StoreCounterId{month_of(world_.time()), party_named(store), batch});
  }
  UnitCounters in_region() const { return goods_.counters(RegionCode(4403)); }
  // How many Records the family has.
  std::size_t records() const {
    const auto family = counters_key(StoreCounterId{})[0];
    std::size_t count = 0;
    for (auto key = world_.state().at_or_after(Bytes{family}); key && (*key)[0] == family;) {
      EXPECT_TRUE(store_counter_in_key(*key));
      ++count;
      key->push_back(0);
      key = world_.state().at_or_after(*key);
    }
    return count;
  }
  Errc sell(std::uint32_t index, TimeMs time) {
    auto made = goods_.make(EventKind::retail_selling, "store", {bottle(index)});
    made.time = time;
    return goods_.run(made, "store");
  }
  // A second batch: one case of three bottles, with the brand.
  void print_other_batch() {
    RegisterCodes codes;
    codes.batch = kOtherBatch;
    codes.levels = {{UnitLevel::item, kItemProduct, 3, 3}, {UnitLevel::case_, kCaseProduct, 1, 0}};
    ASSERT_EQ(world_.run("brand", codes), Errc::ok);
    auto made = goods_.make(EventKind::commissioning, "brand", {});
    made.ranges = {{kOtherBatch, UnitLevel::item, 0, 3}, {kOtherBatch, UnitLevel::case_, 0, 1}};
    ASSERT_EQ(goods_.run(made, "brand"), Errc::ok);
  }
  void let_rival_in() {
    const auto rival = std::get<RegisterParty>(registration("rival", Role::brand, ""));
    ASSERT_EQ(world_.decide(AdmitParty{rival}), Errc::ok);
  }

  World world_;
  PrintedGoods goods_;
  PolicyV1 policy_;
};

TEST_F(StoreCounters, AreKeptOnlyWhereAPolicyAsks) {
  policy_.counts_by_store = false;
  start();
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  EXPECT_FALSE(goods_.recorded(goods_.last()).counted_by_store);
  EXPECT_EQ(in_region().received, 1u);
  EXPECT_EQ(at("store"), UnitCounters{});
  EXPECT_EQ(records(), 0u);
}

TEST_F(StoreCounters, TellEachStep) {
  start();
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.unpack("east", pallet(0)), Errc::ok);
  EXPECT_EQ(records(), 0u) << "a distributor is no store";
  ASSERT_EQ(goods_.ship("east", "store", {carton(0), carton(1)}), Errc::ok);
  EXPECT_FALSE(goods_.recorded(goods_.last()).counted_by_store);

  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0), carton(1)}), Errc::ok);
  EXPECT_TRUE(goods_.recorded(goods_.last()).counted_by_store);
  ASSERT_EQ(goods_.unpack("store", carton(0)), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::retail_selling, "store", {bottle(0), bottle(1)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::returning, "store", {bottle(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::destroying, "store", {bottle(0)}), Errc::ok);
  ASSERT_EQ(goods_.ship("store", "east", {carton(1)}), Errc::ok);
  const UnitCounters all{.commissioned = 0,
                         .shipped = 1,
                         .received = 2,
                         .opened = 1,
                         .sold = 2,
                         .returned = 1,
                         .destroyed = 1,
                         .diverted = 0,
                         .claimed = 0,
                         .claimed_elsewhere = 0};
  EXPECT_EQ(at("store"), all);
  EXPECT_EQ(in_region(), all) << "nobody else is in this region";

  // What was for the store turns up in the kiosk.
  ASSERT_EQ(goods_.ship("brand", "store", {pallet(2)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "kiosk", {pallet(2)}), Errc::ok);
  EXPECT_EQ(at("kiosk").received, 1u);
  EXPECT_EQ(at("kiosk").diverted, 1u);
  EXPECT_EQ(at("store"), all);
  EXPECT_EQ(records(), 2u);
  ASSERT_EQ(goods_.take_back("kiosk"), Errc::ok);
  EXPECT_EQ(at("kiosk"), UnitCounters{});
}

TEST_F(StoreCounters, WhatIsNoStepIsNotCounted) {
  start();
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  ASSERT_EQ(goods_.unpack("store", carton(0)), Errc::ok);
  ASSERT_EQ(goods_.pack("store", carton(0), {bottle(0)}), Errc::ok);
  EXPECT_FALSE(goods_.recorded(goods_.last()).counted_by_store);
  ASSERT_EQ(goods_.report(EventKind::observed, "store", {bottle(0)}), Errc::ok);
  EXPECT_FALSE(goods_.recorded(goods_.last()).counted_by_store);
  EXPECT_EQ(at("store").received, 1u);
  EXPECT_EQ(at("store").opened, 1u);
}

TEST_F(StoreCounters, GoodsThatBeginInAStoreCountThere) {
  start();
  RegisterCodes codes;
  codes.batch = kOtherBatch;
  codes.levels = {{UnitLevel::item, kItemProduct, 5, 0}};
  ASSERT_EQ(world_.run("brand", codes), Errc::ok);
  auto made = goods_.make(EventKind::commissioning, "store", {});
  made.ranges = {{kOtherBatch, UnitLevel::item, 0, 5}};
  ASSERT_EQ(goods_.run(made, "brand"), Errc::ok);
  EXPECT_EQ(at("store", kOtherBatch).commissioned, 5u);
}

TEST_F(StoreCounters, TheEventsTimeDecides) {
  policy_.effective_until = world_.in(60'000);
  start();  // The period closes when the policy ends.
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {pallet(0)}), Errc::ok);
  const TimeMs from = policy_.effective_from;
  const TimeMs until = policy_.effective_until;
  ASSERT_EQ(sell(0, TimeMs(from.value() - 1)), Errc::ok);
  EXPECT_EQ(at("store").sold, 0u);
  ASSERT_EQ(sell(1, from), Errc::ok);
  EXPECT_EQ(at("store").sold, 1u);
  ASSERT_EQ(sell(2, until), Errc::ok);  // Within the skew.
  EXPECT_EQ(at("store").sold, 1u);
  world_.wait(120'000);
  ASSERT_EQ(sell(3, TimeMs(until.value() - 1)), Errc::ok);
  EXPECT_EQ(at("store").sold, 2u) << "reported late; whether it earns is another question";
  EXPECT_TRUE(goods_.recorded(goods_.last()).earnings.empty());
  EXPECT_EQ(in_region().sold, 4u);
}

TEST_F(StoreCounters, ANewerVersionMayAskForThemNoMore) {
  start();
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {pallet(0)}), Errc::ok);
  auto second = policy_;
  second.version = 2;
  second.counts_by_store = false;
  second.effective_from = world_.in(5'000);
  ASSERT_EQ(world_.run("brand", PublishPolicy{second}), Errc::ok);
  EXPECT_NE(policy_digest(second), policy_digest(policy_));
  ASSERT_EQ(world_.run("east", CountersignPolicy{kPolicy, 2, policy_digest(second)}), Errc::ok);
  ASSERT_EQ(sell(0, world_.time()), Errc::ok);
  const auto counted = goods_.last();
  world_.wait(10'000);
  ASSERT_EQ(sell(1, world_.time()), Errc::ok);
  const auto uncounted = goods_.last();
  EXPECT_EQ(at("store").sold, 1u);

  // Each is taken back as it was counted, whatever is in force by then.
  const auto take_back = [&](RecordEvent made) {
    made.standing = EventStanding::erroneous;
    made.id.document = digest_named("error of " + to_hex(made.id.document.view()));
    EXPECT_EQ(goods_.run(made, "store"), Errc::ok);
  };
  take_back(uncounted);
  EXPECT_EQ(at("store").sold, 1u);
  EXPECT_EQ(in_region().sold, 1u);
  take_back(counted);
  EXPECT_EQ(at("store").sold, 0u);
  EXPECT_EQ(in_region().sold, 0u);
  EXPECT_EQ(at("store").received, 1u);
}

TEST_F(StoreCounters, AnUncountedEventIsTakenBackWhenStoresAreCounted) {
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  const auto receiving = goods_.last();
  EXPECT_FALSE(goods_.recorded(receiving).counted_by_store);
  start();
  ASSERT_EQ(goods_.take_back("store"), Errc::ok);
  EXPECT_EQ(in_region().received, 0u);
  EXPECT_EQ(records(), 0u);
}

TEST_F(StoreCounters, AShippingThatIsVoidedIsTakenBack) {
  start();
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  ASSERT_EQ(goods_.ship("store", "kiosk", {carton(0)}), Errc::ok);
  EXPECT_EQ(at("store").shipped, 1u);
  ASSERT_EQ(goods_.report(EventKind::void_shipping, "store", {carton(0)}), Errc::ok);
  EXPECT_EQ(at("store").shipped, 0u);
  EXPECT_FALSE(goods_.recorded(goods_.last()).counted_by_store);
}

TEST_F(StoreCounters, ADisputedEventStaysCounted) {
  start();
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  auto back = goods_.last();
  ASSERT_EQ(goods_.unpack("store", carton(0)), Errc::ok);
  back.standing = EventStanding::erroneous;
  back.id.document = digest_named("too late");
  ASSERT_EQ(goods_.run(back, "store"), Errc::ok);
  EXPECT_EQ(at("store").received, 1u);
}

TEST_F(StoreCounters, AreApartForEachBatch) {
  print_other_batch();
  start();
  const UnitId other{kOtherBatch, UnitLevel::case_, 0};
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0), other, carton(1)}), Errc::ok);
  EXPECT_EQ(goods_.recorded(goods_.last()).counted.batch, kPrintedBatch);
  EXPECT_EQ(at("store").received, 2u);
  EXPECT_EQ(at("store", kOtherBatch).received, 1u);
  EXPECT_EQ(records(), 2u);
  ASSERT_EQ(goods_.take_back("store"), Errc::ok);
  EXPECT_EQ(at("store"), UnitCounters{});
  EXPECT_EQ(at("store", kOtherBatch), UnitCounters{});
}

TEST_F(StoreCounters, AnotherBrandsPolicyDoesNotCountTheseGoods) {
  let_rival_in();
  policy_.countersigners = {party_named("east")};
  policy_.funding = {{party_named("rival"), 1'000'000}};
  policy_.effective_from = world_.in(10'000);
  ASSERT_EQ(world_.run("rival", OpenCampaign{kCampaign, {}}), Errc::ok);
  ASSERT_EQ(world_.run("rival", PublishPolicy{policy_}), Errc::ok);
  ASSERT_EQ(world_.run("east", CountersignPolicy{kPolicy, 1, policy_digest(policy_)}), Errc::ok);
  world_.wait(20'000);
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  EXPECT_EQ(records(), 0u);
}

TEST_F(StoreCounters, ACodeIsCountedAtTheStoreThatItsClaimNames) {
  const PrintedCodes codes(world_.point().chain_id, UnitBatchId(11), 6);
  ASSERT_EQ(world_.run("brand", codes.registration(ClaimPath::bearer)), Errc::ok);
  ASSERT_EQ(world_.run("brand", codes.commissioning(world_.time())), Errc::ok);
  const auto claim = [&](std::uint32_t index, const std::string& store) {
    return world_.run("east", codes.sign(codes.claim(index, "anna", world_.time(), store)));
  };
  ASSERT_EQ(claim(0, "store"), Errc::ok);
  EXPECT_FALSE(find_claim(world_.state(), codes.batch(), 0)->counted_by_store);
  start();
  const auto receive = [&](const std::string& place, std::uint32_t index) {
    auto made = goods_.make(EventKind::receiving, place, {});
    made.units = {codes.case_epc(index)};
    return goods_.run(made, place);
  };
  ASSERT_EQ(receive("store", 0), Errc::ok);
  ASSERT_EQ(claim(1, "store"), Errc::ok);
  EXPECT_TRUE(find_claim(world_.state(), codes.batch(), 1)->counted_by_store);
  ASSERT_EQ(claim(2, "store"), Errc::ok);  // Still with the brand.
  ASSERT_EQ(claim(3, ""), Errc::ok);
  EXPECT_FALSE(find_claim(world_.state(), codes.batch(), 3)->counted_by_store);
  ASSERT_EQ(receive("store", 2), Errc::ok);
  ASSERT_EQ(receive("kiosk", 2), Errc::ok);  // Diverted.
  ASSERT_EQ(claim(4, "kiosk"), Errc::ok);
  const auto at_store = at("store", codes.batch());
  EXPECT_EQ(at_store.claimed, 2u);
  EXPECT_EQ(at_store.claimed_elsewhere, 1u);
  const auto at_kiosk = at("kiosk", codes.batch());
  EXPECT_EQ(at_kiosk.claimed, 1u);
  EXPECT_EQ(at_kiosk.claimed_elsewhere, 1u) << "goods that are held";
}

}  // namespace
}  // namespace fenrun::test
