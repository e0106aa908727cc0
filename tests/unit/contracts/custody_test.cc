// Containers and custody of printed goods, and events taken back.
#include "contracts/custody.h"

#include <gtest/gtest.h>

#include <map>

#include "contracts/counters.h"
#include "tests/support/printed_goods.h"

namespace fenrun::test {
namespace {

class Printed : public testing::Test {
 protected:
  Printed() : goods_(world_) { goods_.commission(); }

  // Of batch 8.
  void commission_case_of_a_thousand() {
    RegisterCodes codes;
    codes.batch = UnitBatchId(8);
    codes.levels = {{UnitLevel::item, kItemProduct, 1'000, 1'000},
                    {UnitLevel::case_, {"16901234567899"}, 1, 0}};
    ASSERT_EQ(world_.run("brand", codes), Errc::ok);
    auto made = goods_.make(EventKind::commissioning, "brand", {});
    made.ranges = {{UnitBatchId(8), UnitLevel::item, 0, 1'000},
                   {UnitBatchId(8), UnitLevel::case_, 0, 1}};
    ASSERT_EQ(goods_.run(made, "brand"), Errc::ok);
  }

  World world_;
  PrintedGoods goods_;
};

TEST_F(Printed, CodesAreFoundByWhatIsPrinted) {
  for (const auto& id : goods_.all()) {
    EXPECT_EQ(find_unit_id(world_.state(), goods_.epc(id).value), id) << goods_.epc(id).value;
  }
  EXPECT_EQ(goods_.epc(pallet(0)).value, "00/069012340000000016");
  EXPECT_FALSE(find_unit_id(world_.state(), goods_.epc(bottle(23)).value + "0"));
  EXPECT_FALSE(find_unit(world_.state(), bottle(24)));
  EXPECT_FALSE(find_unit(world_.state(), {UnitBatchId(8), UnitLevel::item, 0}));
}

TEST_F(Printed, UntouchedUnitsNeedNoRecords) {
  ASSERT_EQ(goods_.all().size(), 36u);
  for (const auto& id : goods_.all()) EXPECT_FALSE(goods_.has_record(id));
  EXPECT_EQ(goods_.unit(bottle(7)).now.parent, carton(2));
  EXPECT_EQ(goods_.unit(carton(2)).now.parent, pallet(1));
  EXPECT_EQ(goods_.unit(pallet(1)).now.parent, std::nullopt);
  EXPECT_EQ(goods_.state(bottle(7)), UnitState::commissioned);
  EXPECT_TRUE(goods_.is_with("brand", bottle(7)));
  EXPECT_EQ(goods_.counters().commissioned, 36u);

  // What happens to a pallet happens to all that is in it, for one Record.
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(1)}), Errc::ok);
  EXPECT_EQ(goods_.state(bottle(7)), UnitState::shipped);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(1)}), Errc::ok);
  EXPECT_EQ(goods_.state(bottle(7)), UnitState::received);
  EXPECT_TRUE(goods_.is_with("east", bottle(7)));
  EXPECT_TRUE(goods_.is_with("brand", bottle(0)));
  EXPECT_FALSE(goods_.has_record(bottle(7)));
  EXPECT_EQ(goods_.counters().shipped, 1u);
  EXPECT_EQ(goods_.counters().received, 1u);
}

TEST_F(Printed, ALifeFromPlantToConsumer) {
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.unpack("east", pallet(0)), Errc::ok);
  EXPECT_EQ(goods_.unit(carton(1)).now.parent, std::nullopt);
  EXPECT_TRUE(goods_.is_with("east", carton(1)));
  EXPECT_FALSE(goods_.has_record(carton(1)));
  ASSERT_EQ(goods_.ship("east", "store", {carton(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  EXPECT_TRUE(goods_.is_with("store", bottle(2)));
  EXPECT_TRUE(goods_.is_with("east", bottle(3)));
  // A store's unpacking is an opening.
  ASSERT_EQ(goods_.unpack("store", carton(0)), Errc::ok);
  EXPECT_EQ(goods_.recorded(goods_.last()).kind, EventKind::opening);
  EXPECT_EQ(goods_.counters(RegionCode(4403)).opened, 1u);
  EXPECT_EQ(goods_.report(EventKind::retail_selling, "kiosk", {bottle(1)}),
            Errc::unit_not_received);
  ASSERT_EQ(goods_.report(EventKind::retail_selling, "store", {bottle(1)}), Errc::ok);
  EXPECT_EQ(goods_.report(EventKind::retail_selling, "store", {bottle(1)}), Errc::unit_sold);
  EXPECT_EQ(goods_.counters(RegionCode(4403)).sold, 1u);
  // Back to the distributor, and out of use.
  ASSERT_EQ(goods_.report(EventKind::returning, "east", {bottle(1)}), Errc::ok);
  EXPECT_EQ(goods_.state(bottle(1)), UnitState::returned);
  EXPECT_EQ(goods_.report(EventKind::destroying, "store", {bottle(1)}), Errc::unit_not_held);
  ASSERT_EQ(goods_.report(EventKind::destroying, "brand", {bottle(1)}), Errc::ok);
  EXPECT_EQ(goods_.report(EventKind::receiving, "east", {bottle(1)}), Errc::unit_destroyed);
  EXPECT_EQ(goods_.unit(bottle(1)).events, 3u);
}

TEST_F(Printed, DivertedGoodsAreHeld) {
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "north", {pallet(0)}), Errc::ok);
  EXPECT_EQ(goods_.recorded(goods_.last()).status, EventStatus::diverted);
  EXPECT_EQ(goods_.counters().diverted, 1u);
  EXPECT_EQ(goods_.custody(bottle(0)).hold, Hold::diverted);
  EXPECT_TRUE(goods_.is_with("north", bottle(0)));
  EXPECT_EQ(goods_.ship("north", "east", {pallet(0)}), Errc::unit_held);
  EXPECT_EQ(goods_.unpack("north", pallet(0)), Errc::unit_held);
  EXPECT_EQ(goods_.report(EventKind::receiving, "north", {carton(0)}), Errc::unit_held);
  EXPECT_EQ(goods_.report(EventKind::releasing, "north", {pallet(0)}), Errc::not_authorized);
  auto release = goods_.make(EventKind::releasing, "north", {pallet(0)});
  EXPECT_EQ(goods_.run(release, "brand"), Errc::ok);
  EXPECT_EQ(goods_.custody(bottle(0)).hold, Hold::none);
  EXPECT_EQ(goods_.ship("north", "east", {pallet(0)}), Errc::ok);
  // Without a despatch advice goods may go down the channel, and nowhere else.
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {pallet(1)}), Errc::ok);
  EXPECT_EQ(goods_.recorded(goods_.last()).status, EventStatus::recorded);
  ASSERT_EQ(goods_.report(EventKind::receiving, "kiosk", {pallet(1)}), Errc::ok);
  EXPECT_EQ(goods_.recorded(goods_.last()).status, EventStatus::diverted);
  // Who took them in does not let go of them itself, nor divert them once more.
  const auto diverted = goods_.counters().diverted;
  ASSERT_EQ(goods_.report(EventKind::returning, "kiosk", {pallet(1)}), Errc::ok);
  EXPECT_EQ(goods_.custody(pallet(1)).hold, Hold::diverted);
  ASSERT_EQ(goods_.report(EventKind::returning, "kiosk", {carton(2)}), Errc::ok);
  EXPECT_EQ(goods_.custody(carton(2)).hold, Hold::diverted);
  EXPECT_EQ(goods_.recorded(goods_.last()).status, EventStatus::recorded);
  EXPECT_EQ(goods_.counters().diverted, diverted);
  // It ends when they go back up.
  ASSERT_EQ(goods_.report(EventKind::returning, "east", {pallet(1)}), Errc::ok);
  EXPECT_EQ(goods_.custody(pallet(1)).hold, Hold::none);
}

TEST_F(Printed, OneContainerAtATime) {
  EXPECT_EQ(goods_.pack("brand", carton(1), {bottle(0)}), Errc::unit_packed);
  EXPECT_EQ(goods_.unpack("brand", carton(1), {bottle(0)}), Errc::unit_not_packed);
  ASSERT_EQ(goods_.unpack("brand", carton(0), {bottle(0), bottle(1)}), Errc::ok);
  EXPECT_EQ(goods_.unit(bottle(0)).now.parent, std::nullopt);
  EXPECT_EQ(goods_.unit(bottle(2)).now.parent, carton(0));
  EXPECT_EQ(goods_.pack("brand", bottle(0), {carton(5)}), Errc::value_invalid);  // Upside down.
  ASSERT_EQ(goods_.pack("brand", carton(1), {bottle(0)}), Errc::ok);
  EXPECT_EQ(goods_.unit(bottle(0)).now.parent, carton(1));
  EXPECT_EQ(goods_.ship("brand", "east", {bottle(0)}), Errc::unit_packed);
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  EXPECT_EQ(goods_.pack("brand", carton(1), {bottle(1)}), Errc::unit_state);
  EXPECT_EQ(goods_.state(bottle(0)), UnitState::shipped);
  EXPECT_EQ(goods_.state(bottle(1)), UnitState::commissioned);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(0)}), Errc::ok);
  EXPECT_EQ(goods_.pack("east", carton(1), {bottle(1)}), Errc::unit_not_held);
  // All that is in the case, the one put in by hand included.
  ASSERT_EQ(goods_.unpack("east", carton(1)), Errc::ok);
  for (const auto index : {0u, 3u, 4u, 5u}) {
    EXPECT_EQ(goods_.unit(bottle(index)).now.parent, std::nullopt);
    EXPECT_TRUE(goods_.is_with("east", bottle(index)));
  }
  EXPECT_EQ(goods_.unit(carton(1)).now.parent, pallet(0));
  EXPECT_FALSE(goods_.has_record(bottle(4)));
}

TEST_F(Printed, SomethingSoldFromAContainerHasLeftIt) {
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {pallet(0)}), Errc::ok);
  const auto receiving = goods_.last();
  ASSERT_EQ(goods_.report(EventKind::retail_selling, "store", {bottle(4)}), Errc::ok);
  EXPECT_EQ(goods_.unit(bottle(4)).now.parent, std::nullopt);
  // The receipt of the pallet cannot be taken back any more: not all of it is there.
  auto back = receiving;
  back.standing = EventStanding::erroneous;
  back.id.document = digest_named("too late");
  ASSERT_EQ(goods_.run(back, "store"), Errc::ok);
  EXPECT_EQ(goods_.recorded(receiving).status, EventStatus::disputed);
  EXPECT_TRUE(goods_.is_with("store", bottle(0)));
}

TEST_F(Printed, NothingGoesBackIntoAContainerThatMovedOn) {
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {bottle(4)}), Errc::ok);
  auto back = goods_.last();
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  back.standing = EventStanding::erroneous;
  back.id.document = digest_named("too late");
  ASSERT_EQ(goods_.run(back, "store"), Errc::ok);
  EXPECT_EQ(
      find_event(world_.state(), find_event(world_.state(), back.id)->corrects.value())->status,
      EventStatus::disputed);
  EXPECT_TRUE(goods_.is_with("store", bottle(4)));
  EXPECT_EQ(goods_.unit(bottle(4)).now.parent, std::nullopt);
}

TEST_F(Printed, ACorrectionNamesAllThatTheEventNamed) {
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0), pallet(1)}), Errc::ok);
  auto back = goods_.last();
  EXPECT_EQ(goods_.report(EventKind::void_shipping, "brand", {pallet(0)}), Errc::value_invalid);
  back.standing = EventStanding::erroneous;
  back.id.document = digest_named("a part of it");
  back.ranges.pop_back();
  EXPECT_EQ(goods_.run(back, "brand"), Errc::value_invalid);
  EXPECT_EQ(goods_.state(pallet(0)), UnitState::shipped);
  EXPECT_EQ(find_event(world_.state(), goods_.unit(pallet(0)).last)->status, EventStatus::recorded);
  EXPECT_EQ(goods_.unit(pallet(0)).events, 1u);
}

TEST_F(Printed, AShippingIsVoidedWholeAndInTime) {
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0), pallet(1)}), Errc::ok);
  const auto shipping = goods_.last();
  EXPECT_EQ(goods_.report(EventKind::void_shipping, "east", {pallet(0), pallet(1)}),
            Errc::unit_not_held);
  ASSERT_EQ(goods_.report(EventKind::void_shipping, "brand", {pallet(0), pallet(1)}), Errc::ok);
  EXPECT_EQ(goods_.recorded(shipping).status, EventStatus::reversed);
  EXPECT_EQ(goods_.recorded(goods_.last()).corrects, shipping.id);
  EXPECT_EQ(goods_.state(pallet(0)), UnitState::commissioned);
  EXPECT_EQ(goods_.counters().shipped, 0u);
  EXPECT_EQ(goods_.unit(pallet(0)).events, 2u);  // Nothing is forgotten.

  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::void_shipping, "brand", {pallet(0)}), Errc::ok);
  EXPECT_EQ(goods_.recorded(goods_.last()).status, EventStatus::disputed);
  EXPECT_EQ(goods_.state(pallet(0)), UnitState::received);
  EXPECT_EQ(goods_.unit(pallet(0)).events, 5u);
}

TEST_F(Printed, CommissioningIsOnceAndOfWhatIsPrinted) {
  const auto commission = [&](UnitRange range, const std::string& signer = "brand") {
    auto made = goods_.make(EventKind::commissioning, "brand", {});
    made.ranges = {range};
    return goods_.run(made, signer);
  };
  EXPECT_EQ(commission({kPrintedBatch, UnitLevel::item, 23, 1}), Errc::unit_exists);
  EXPECT_EQ(commission({kPrintedBatch, UnitLevel::item, 23, 2}), Errc::value_invalid);
  EXPECT_EQ(commission({kPrintedBatch, UnitLevel::box, 0, 1}), Errc::value_invalid);
  EXPECT_EQ(commission({UnitBatchId(9), UnitLevel::item, 0, 1}), Errc::batch_unknown);
  EXPECT_EQ(commission({kPrintedBatch, UnitLevel::item, 0, 0}), Errc::value_invalid);
}

TEST(PrintedCodes, AreCommissionedByNameOrRangeAndNotWhenVoid) {
  World world;
  PrintedGoods goods(world);
  ASSERT_EQ(
      world.run("brand", VoidCodes{{kPrintedBatch, UnitLevel::item, 20, 4}, VoidReason::leaked}),
      Errc::ok);
  auto made = goods.make(EventKind::commissioning, "brand", {});
  made.ranges = {{kPrintedBatch, UnitLevel::item, 10, 11}};
  EXPECT_EQ(goods.run(made, "brand"), Errc::code_void);
  made.ranges = {{kPrintedBatch, UnitLevel::item, 10, 10}};
  for (std::uint32_t i = 0; i < 10; ++i) made.units.push_back(goods.epc(bottle(9 - i)));
  EXPECT_EQ(goods.run(made, "east"), Errc::not_authorized);
  ASSERT_EQ(goods.run(made, "brand"), Errc::ok);
  EXPECT_EQ(find_commissioned(world.state(), bottle(19))->first, 0u);  // One range of it all.
  EXPECT_EQ(goods.counters().commissioned, 20u);
  // Without a case around it a bottle stands alone.
  EXPECT_EQ(goods.unit(bottle(0)).now.parent, std::nullopt);
  EXPECT_EQ(goods.report(EventKind::receiving, "store", {bottle(21)}), Errc::code_inactive);
}

TEST_F(Printed, EventsInPartsAndInOtherWords) {
  auto made = goods_.make(EventKind::shipping, "brand", {pallet(0)});
  made.counterparty = party_named("east");
  ASSERT_EQ(goods_.run(made, "brand"), Errc::ok);
  auto again = made;
  again.id.document = digest_named("said in other words");
  EXPECT_EQ(goods_.run(again, "brand"), Errc::event_duplicate);
  auto part = made;
  part.id.part = 1;
  part.event_hash.reset();
  part.ranges = {{kPrintedBatch, UnitLevel::logistic, 1, 1}};
  EXPECT_EQ(goods_.run(part, "brand"), Errc::ok);
  EXPECT_EQ(goods_.run(part, "brand"), Errc::event_duplicate);
  // Each part is taken back for itself, under the hash of the whole.
  auto back = part;
  back.standing = EventStanding::erroneous;
  back.event_hash = made.event_hash;
  back.id.document = digest_named("error declaration");
  ASSERT_EQ(goods_.run(back, "brand"), Errc::ok);
  EXPECT_EQ(goods_.state(pallet(1)), UnitState::commissioned);
  EXPECT_EQ(goods_.state(pallet(0)), UnitState::shipped);
  back.id.document = digest_named("declared twice");
  EXPECT_EQ(goods_.run(back, "brand"), Errc::unit_state);
  back.event_hash = digest_named("no event's");
  EXPECT_EQ(goods_.run(back, "brand"), Errc::event_unknown);
}

TEST_F(Printed, OnlyWhoReportedOrTheBrandTakesBack) {
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {pallet(0)}), Errc::ok);
  EXPECT_EQ(goods_.take_back("kiosk"), Errc::not_authorized);
  EXPECT_EQ(goods_.take_back("brand"), Errc::ok);
  EXPECT_EQ(goods_.state(pallet(0)), UnitState::commissioned);
}

TEST_F(Printed, ObservedEventsAreRecordedOnly) {
  auto seen = goods_.make(EventKind::observed, "store", {bottle(0)});
  seen.units = {{"01/06901234567892/21/NOBODYS"}};
  ASSERT_EQ(goods_.run(seen, "store"), Errc::ok);
  EXPECT_EQ(goods_.unit(bottle(0)).events, 1u);
  EXPECT_EQ(goods_.unit(bottle(0)).now.parent, carton(0));
  EXPECT_TRUE(goods_.is_with("brand", bottle(0)));
  EXPECT_EQ(goods_.recorded(seen).units, 1u);
  // It has a Record now, and still leaves the case with the others.
  ASSERT_EQ(goods_.unpack("brand", carton(0)), Errc::ok);
  EXPECT_EQ(goods_.unit(bottle(0)).now.parent, std::nullopt);
  EXPECT_EQ(goods_.report(EventKind::observed, "auditor", {}), Errc::ok);
}

TEST_F(Printed, FormsAreRefused) {
  EXPECT_EQ(goods_.report(EventKind::opening, "store", {carton(0)}), Errc::value_invalid);
  EXPECT_EQ(goods_.report(EventKind::claiming, "store", {bottle(0)}), Errc::value_invalid);
  EXPECT_EQ(goods_.report(EventKind::shipping, "brand", {pallet(0)}), Errc::value_invalid);
  EXPECT_EQ(goods_.report(EventKind::packing, "brand", {bottle(0)}), Errc::value_invalid);
  EXPECT_EQ(goods_.ship("brand", "auditor", {pallet(0)}), Errc::role_not_allowed);
  EXPECT_EQ(goods_.ship("brand", "nobody", {pallet(0)}), Errc::party_unknown);
  EXPECT_EQ(goods_.ship("brand", "east", {pallet(0), pallet(0)}), Errc::value_invalid);
  auto wide = goods_.make(EventKind::receiving, "store", {});
  wide.ranges = {{kPrintedBatch, UnitLevel::item, 0, 1'001}};
  EXPECT_EQ(goods_.run(wide, "store"), Errc::limit_exceeded);
  wide.ranges = {{kPrintedBatch, UnitLevel::item, 0xffff'ffff, 2}};
  EXPECT_EQ(goods_.run(wide, "store"), Errc::value_invalid);
}

TEST_F(Printed, OneThousandUnitsLeaveTheirContainersInOneEvent) {
  commission_case_of_a_thousand();
  auto made = goods_.make(EventKind::unpacking, "brand", {});
  made.ranges = {{UnitBatchId(8), UnitLevel::item, 0, 1'000}};
  made.parent = goods_.epc({UnitBatchId(8), UnitLevel::case_, 0});
  ASSERT_EQ(goods_.run(made, "brand"), Errc::ok);
  made.kind = EventKind::packing;
  made.id.document = digest_named("packed again");
  made.event_hash.reset();
  ASSERT_EQ(goods_.run(made, "brand"), Errc::ok);
  made = goods_.make(EventKind::unpacking, "brand", {});
  made.parent = goods_.epc({UnitBatchId(8), UnitLevel::case_, 0});
  ASSERT_EQ(goods_.run(made, "brand"), Errc::ok);
  EXPECT_EQ(goods_.recorded(made).units, 1'000u);
}

// Else it would be executed for each block, and fit into none.
TEST_F(Printed, ATransactionThatWritesTooMuchFailsFromThereOn) {
  commission_case_of_a_thousand();

  // Out of the case and in again, a thousand writes and more each.
  const auto moves = [&](std::size_t count) {
    std::vector<Operation> operations;
    for (std::size_t i = 0; i < count; ++i) {
      auto move = goods_.make(i % 2 == 0 ? EventKind::unpacking : EventKind::packing, "brand", {});
      move.ranges = {{UnitBatchId(8), UnitLevel::item, 0, 1'000}};
      move.parent = goods_.epc({UnitBatchId(8), UnitLevel::case_, 0});
      operations.emplace_back(move);
    }
    return operations;
  };
  world_.block({world_.sign("brand", moves(160))});
  const auto outcomes = world_.outcomes();
  ASSERT_EQ(outcomes.size(), 160u);
  const auto first = std::ranges::find(outcomes, Errc::output_limit);
  ASSERT_NE(first, outcomes.end());
  EXPECT_TRUE(std::all_of(outcomes.begin(), first, [](Errc code) { return code == Errc::ok; }));
  EXPECT_TRUE(
      std::all_of(first, outcomes.end(), [](Errc code) { return code == Errc::output_limit; }));

  // Two such fit into a block.  Others wait, and the fourth that does ends it.
  const auto fitting = static_cast<std::size_t>(first - outcomes.begin());
  ASSERT_GT(fitting, 30u);
  if (fitting % 2 == 1) world_.block({world_.sign("brand", moves(2))});
  const auto heavy = [&](std::uint64_t ahead) {
    return world_.sign("brand", moves((fitting - 2) / 2 * 2), TransactionMode::atomic, ahead);
  };
  const auto small = world_.sign("auditor", {OpenLane{Lane(1)}});
  for (const std::size_t misfits : {3U, 4U}) {
    std::vector<SignedTransaction> transactions{heavy(0), heavy(1)};
    // Of its turn each, since none of them takes effect.
    for (std::size_t i = 0; i < misfits; ++i) transactions.push_back(heavy(2));
    transactions.push_back(small);
    const auto block = world_.execute(transactions);
    EXPECT_EQ(block.transactions.size(), misfits < 4 ? 3u : 2u);
  }
}

TEST(Counters, MonthsAreThoseOfUtcPlusEight) {
  const auto month = [](std::uint64_t year, std::uint64_t month_of_year) {
    return static_cast<std::uint16_t>((year - 1970) * 12 + month_of_year - 1);
  };
  EXPECT_EQ(month_of(TimeMs(0)), month(1970, 1));
  EXPECT_EQ(month_of(TimeMs(1'780'243'200'000)), month(2026, 6));  // Midnight in China.
  EXPECT_EQ(month_of(TimeMs(1'780'243'199'999)), month(2026, 5));
  EXPECT_EQ(month_of(TimeMs(951'840'000'000)), month(2000, 3));  // 29 February 2000, 16:00 UTC.
  EXPECT_EQ(month_of(TimeMs(951'839'999'999)), month(2000, 2));
  EXPECT_EQ(month_of(TimeMs(~0ull / 2)), 0xffff);
}

}  // namespace
}  // namespace fenrun::test
