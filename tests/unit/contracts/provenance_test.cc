// The life of a unit as a proof tells it: stories of goods, and what is refused.
#include "contracts/provenance.h"

#include <gtest/gtest.h>

#include "tests/support/printed_codes.h"
#include "tests/support/printed_goods.h"
#include "tests/support/provenance_prover.h"

namespace fenrun::test {
namespace {

std::string step_name(EventKind kind) {
  constexpr std::array<const char*, kEnumCount<EventKind>> kNames{
      "commissioning", "receiving", "selling",    "packing",   "unpacking", "opening", "shipping",
      "void shipping", "returning", "destroying", "releasing", "observed",  "claiming"};
  return kNames.at(static_cast<std::size_t>(kind));
}

class Lives : public testing::Test {
 protected:
  Lives() : world_(example_genesis(), example_trust_digest()), goods_(world_) {
    goods_.commission();
  }

  Provenance life(const UnitId& unit) const {
    auto told = ProvenanceProver(world_).life(unit);
    CHECK(told.has_value());
    EXPECT_EQ(told->custody, goods_.custody(unit));
    EXPECT_EQ(told->epc, goods_.epc(unit));
    return *std::move(told);
  }

  // "step" of what happened to the unit itself, "step of pallet 0" of what it was in.
  static std::vector<std::string> steps(const Provenance& life) {
    std::vector<std::string> out;
    for (const auto& event : life.events) {
      std::string text = step_name(event.kind);
      if (event.standing == EventStanding::erroneous) text = "not " + text;
      if (event.status == EventStatus::reversed) text += ", reversed";
      if (event.status == EventStatus::disputed) text += ", disputed";
      if (event.status == EventStatus::diverted) text += ", diverted";
      if (event.unit != life.unit) {
        text += event.unit.level == UnitLevel::case_ ? " of case " : " of pallet ";
        text += std::to_string(event.unit.index);
      }
      out.push_back(text);
    }
    return out;
  }
  std::vector<std::string> steps(const UnitId& unit) const { return steps(life(unit)); }

  using Steps = std::vector<std::string>;

  World world_;
  PrintedGoods goods_;
};

TEST_F(Lives, AnUntouchedBottleLivesWithItsPallet) {
  EXPECT_EQ(steps(bottle(7)), Steps{"commissioning"});
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(1)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(1)}), Errc::ok);
  ASSERT_EQ(goods_.ship("brand", "north", {pallet(0)}), Errc::ok);  // Another's.
  const auto told = life(bottle(7));
  EXPECT_EQ(steps(told), (Steps{"commissioning", "shipping of pallet 1", "receiving of pallet 1"}));
  EXPECT_EQ(told.own_events, 0u);
  ASSERT_EQ(told.containers.size(), 2u);
  EXPECT_EQ(told.containers[0].unit, carton(2));
  EXPECT_EQ(told.containers[1].unit, pallet(1));
  EXPECT_EQ(told.events[1].counterparty, party_named("east"));
  EXPECT_EQ(told.events[2].place, party_named("east"));
  EXPECT_EQ(told.use, CodeUse::none);
}

TEST_F(Lives, FromPlantToConsumer) {
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.unpack("east", pallet(0)), Errc::ok);
  ASSERT_EQ(goods_.ship("east", "store", {carton(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  ASSERT_EQ(goods_.unpack("store", carton(0)), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::retail_selling, "store", {bottle(1)}), Errc::ok);
  // What the pallet does without them is not theirs.
  ASSERT_EQ(goods_.ship("east", "north", {pallet(0)}), Errc::ok);
  const Steps until_opening{"commissioning",         "shipping of pallet 0",
                            "receiving of pallet 0", "unpacking of pallet 0",
                            "shipping of case 0",    "receiving of case 0",
                            "opening of case 0"};
  EXPECT_EQ(steps(bottle(0)), until_opening);
  auto sold = until_opening;
  sold.push_back("selling");
  const auto told = life(bottle(1));
  EXPECT_EQ(steps(told), sold);
  EXPECT_EQ(told.own_events, 1u);
  EXPECT_TRUE(told.containers.empty());
  EXPECT_EQ(told.custody.state, UnitState::sold);
}

TEST_F(Lives, SoldFromAContainerItGoesOnAlone) {
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::retail_selling, "store", {bottle(4)}), Errc::ok);
  ASSERT_EQ(goods_.ship("store", "kiosk", {pallet(0)}), Errc::ok);
  EXPECT_EQ(steps(bottle(4)), (Steps{"commissioning", "receiving of pallet 0", "selling"}));
  EXPECT_EQ(steps(bottle(5)),
            (Steps{"commissioning", "receiving of pallet 0", "shipping of pallet 0"}));
}

TEST_F(Lives, RepackedItLivesWithWhatItIsInNow) {
  ASSERT_EQ(goods_.unpack("brand", carton(0), {bottle(0)}), Errc::ok);
  ASSERT_EQ(goods_.pack("brand", carton(4), {bottle(0)}), Errc::ok);
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(2)}), Errc::ok);
  ASSERT_EQ(goods_.ship("brand", "north", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "east", {pallet(2)}), Errc::ok);
  const Steps packed{"commissioning", "unpacking", "packing", "shipping of pallet 2",
                     "receiving of pallet 2"};
  EXPECT_EQ(steps(bottle(0)), packed);
  // Emptied without being named, it is one of those that were in it.
  ASSERT_EQ(goods_.unpack("east", carton(4)), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {bottle(0)}), Errc::ok);
  auto out = packed;
  out.insert(out.end(), {"unpacking", "receiving"});
  EXPECT_EQ(steps(bottle(0)), out);
  EXPECT_EQ(steps(bottle(12)).back(), "unpacking of case 4");
}

TEST_F(Lives, WhatWasTakenBackIsToldToo) {
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::void_shipping, "brand", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.unpack("brand", pallet(0)), Errc::ok);
  ASSERT_EQ(goods_.take_back("brand"), Errc::ok);
  // It is in the pallet again.
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  ASSERT_EQ(goods_.report(EventKind::receiving, "north", {pallet(0)}), Errc::ok);
  EXPECT_EQ(steps(bottle(0)),
            (Steps{"commissioning", "shipping, reversed of pallet 0", "void shipping of pallet 0",
                   "unpacking, reversed of pallet 0", "not unpacking of pallet 0",
                   "shipping of pallet 0", "receiving, diverted of pallet 0"}));
  EXPECT_EQ(life(bottle(0)).custody.hold, Hold::diverted);
}

TEST_F(Lives, OfWhatIsDisputedBothSidesAreTold) {
  ASSERT_EQ(goods_.report(EventKind::receiving, "store", {carton(0)}), Errc::ok);
  auto back = goods_.last();
  ASSERT_EQ(goods_.report(EventKind::retail_selling, "store", {bottle(2)}), Errc::ok);
  back.standing = EventStanding::erroneous;
  back.id.document = digest_named("too late");
  ASSERT_EQ(goods_.run(back, "store"), Errc::ok);
  EXPECT_EQ(steps(bottle(2)), (Steps{"commissioning", "receiving, disputed of case 0", "selling"}));
  EXPECT_EQ(steps(bottle(1)),
            (Steps{"commissioning", "receiving, disputed of case 0", "not receiving of case 0"}));
}

TEST_F(Lives, ObservedAndRefusedEvents) {
  ASSERT_EQ(goods_.report(EventKind::observed, "store", {bottle(0)}), Errc::ok);
  ASSERT_NE(goods_.report(EventKind::retail_selling, "store", {bottle(0)}), Errc::ok);
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(0)}), Errc::ok);
  EXPECT_EQ(steps(bottle(0)), (Steps{"commissioning", "observed", "shipping of pallet 0"}));
}

TEST_F(Lives, UnitsOfAnErpHaveAHistoryFromTheStart) {
  ASSERT_EQ(world_.run("brand", OpenUnitBatch{kBatch, kItemProduct}), Errc::ok);
  // Seen before anybody knows it: passed over.
  ASSERT_EQ(
      world_.run("store", event(EventKind::observed, "store", {item(1)}, "early", world_.time())),
      Errc::ok);
  ASSERT_EQ(world_.run("brand", event(EventKind::commissioning, "brand", {item(1), item(2)}, "made",
                                      world_.time())),
            Errc::ok);
  const auto unit = find_unit_id(world_.state(), item(1).value).value();
  auto packed = goods_.make(EventKind::packing, "brand", {});
  packed.units = {item(1)};
  packed.parent = goods_.epc(carton(3));
  ASSERT_EQ(goods_.run(packed, "brand"), Errc::ok);
  ASSERT_EQ(goods_.ship("brand", "east", {pallet(1)}), Errc::ok);
  const auto told = ProvenanceProver(world_).life(unit).value();
  EXPECT_EQ(steps(told), (Steps{"commissioning", "packing", "shipping of pallet 1"}));
  EXPECT_EQ(told.epc, item(1));
  EXPECT_FALSE(told.range);
  EXPECT_EQ(told.own_events, 2u);
}

TEST_F(Lives, WhatIsNoUnitHasNone) {
  const ProvenanceProver prover(world_);
  EXPECT_EQ(prover.life(bottle(24)).error().code, Errc::unit_unknown);
  EXPECT_EQ(prover.life({UnitBatchId(9), UnitLevel::item, 0}).error().code, Errc::batch_unknown);
  EXPECT_EQ(prover.life({kPrintedBatch, UnitLevel::box, 0}).error().code, Errc::unit_unknown);
}

TEST(LivesOfSome, InertAndVoidedCodes) {
  World world(example_genesis(), example_trust_digest());
  PrintedGoods goods(world);
  auto made = goods.make(EventKind::commissioning, "brand", {});
  made.ranges = {{kPrintedBatch, UnitLevel::item, 0, 10}};
  ASSERT_EQ(goods.run(made, "brand"), Errc::ok);
  ASSERT_EQ(
      world.run("brand", VoidCodes{{kPrintedBatch, UnitLevel::item, 3, 2}, VoidReason::recalled}),
      Errc::ok);
  const ProvenanceProver prover(world);
  EXPECT_EQ(prover.life(bottle(10)).error().code, Errc::code_inactive);
  const auto recalled = prover.life(bottle(4)).value();
  ASSERT_TRUE(recalled.voided);
  EXPECT_EQ(recalled.voided->range.reason, VoidReason::recalled);
  EXPECT_FALSE(prover.life(bottle(5))->voided);
  EXPECT_TRUE(recalled.containers.empty());  // Its case is not commissioned, and that is shown.
}

TEST(LivesOfSome, ClaimsAreTold) {
  World world(example_genesis(), example_trust_digest());
  const PrintedCodes codes(chain_id(world.genesis()), UnitBatchId(5), 8);
  ASSERT_EQ(world.join("store", Role::store, "east"), Errc::ok);
  ASSERT_EQ(world.run("brand", registration("gateway", Role::gateway, "brand")), Errc::ok);
  ASSERT_EQ(world.run("brand", codes.registration(ClaimPath::bearer)), Errc::ok);
  ASSERT_EQ(world.run("brand", codes.commissioning(world.time())), Errc::ok);
  EXPECT_EQ(ProvenanceProver(world).life(codes.item(3))->use, CodeUse::unused);
  ASSERT_EQ(world.run("store", codes.sign(codes.claim(3, "Li", world.time(), "store"))), Errc::ok);
  const auto used = ProvenanceProver(world).life(codes.item(3)).value();
  EXPECT_EQ(used.use, CodeUse::used);
  ASSERT_TRUE(used.claim);
  EXPECT_EQ(used.claim->claim.store, party_named("store"));
  ASSERT_EQ(used.events.size(), 2u);
  EXPECT_EQ(used.events[1].kind, EventKind::claiming);
  EXPECT_EQ(ProvenanceProver(world).life(codes.item(2))->use, CodeUse::unused);
  // Of who was erased only the use is shown.
  ASSERT_EQ(world.run("gateway", EraseSubject{subject_named("Li")}), Errc::ok);
  const auto erased = ProvenanceProver(world).life(codes.item(3)).value();
  EXPECT_EQ(erased.use, CodeUse::used);
  EXPECT_FALSE(erased.claim);
  EXPECT_EQ(erased.events.size(), 1u);
  EXPECT_EQ(ProvenanceProver(world).life({UnitBatchId(5), UnitLevel::case_, 1})->use,
            CodeUse::none);
}

// ---- What is refused ---------------------------------------------------------------------------

class ForgedLives : public Lives {
 protected:
  ForgedLives() {
    CHECK(goods_.ship("brand", "east", {pallet(0)}) == Errc::ok);
    CHECK(goods_.report(EventKind::receiving, "east", {pallet(0)}) == Errc::ok);
    CHECK(goods_.report(EventKind::receiving, "store", {bottle(1)}) == Errc::ok);
    CHECK(goods_.report(EventKind::retail_selling, "store", {bottle(1)}) == Errc::ok);
    prover_.emplace(world_);
  }

  HistoryParts parts(const UnitId& unit) const { return prover_->parts(unit).value(); }
  Errc refusal(const HistoryParts& parts) const {
    const auto told = prover_->judge(parts);
    return told ? Errc::ok : told.error().code;
  }

  std::optional<ProvenanceProver> prover_;
};

TEST_F(ForgedLives, NothingCanBeLeftOut) {
  for (const auto& unit : {bottle(0), bottle(1), bottle(23), carton(0), pallet(0)}) {
    const auto whole = parts(unit);
    ASSERT_EQ(refusal(whole), Errc::ok);
    for (const auto position : whole.operations) {
      auto less = whole;
      less.operations.erase(position);
      EXPECT_EQ(refusal(less), Errc::statement_incomplete) << position.value();
    }
    for (const auto& key : whole.records) {
      auto less = whole;
      less.records.erase(key);
      EXPECT_NE(refusal(less), Errc::ok) << to_hex(key);
    }
    for (const auto& key : whole.absent) {
      auto less = whole;
      less.absent.erase(key);
      EXPECT_EQ(refusal(less), Errc::statement_incomplete) << to_hex(key);
    }
  }
}

TEST_F(ForgedLives, NothingCanBeAdded) {
  const auto others = parts(bottle(1));
  auto more = parts(bottle(0));
  more.records.insert(parameters_key());
  EXPECT_EQ(refusal(more), Errc::proof_not_canonical);
  more = parts(bottle(0));
  more.operations.insert(*others.operations.rbegin());
  EXPECT_EQ(refusal(more), Errc::proof_not_canonical);
}

TEST_F(ForgedLives, OnesOwnHistoryCannotBeHidden) {
  // Bottle 1 was sold; bottle 0 lies in the pallet still.
  auto parts_of_another = parts(bottle(0));
  ASSERT_TRUE(parts_of_another.records.contains(history_bits_key(bottle(0))));
  parts_of_another.subject = unit_key(bottle(1));
  EXPECT_EQ(refusal(parts_of_another), Errc::statement_incomplete);
  // Its untouched neighbour has the same life, and but for its code the same proof.
  parts_of_another.subject = unit_key(bottle(2));
  EXPECT_EQ(refusal(parts_of_another), Errc::statement_incomplete);
  ASSERT_EQ(parts_of_another.absent.erase(voided_key(kPrintedBatch, UnitLevel::item, 0)), 1u);
  parts_of_another.absent.insert(voided_key(kPrintedBatch, UnitLevel::item, 2));
  EXPECT_EQ(refusal(parts_of_another), Errc::ok);
  // One of another case has not.
  parts_of_another.subject = unit_key(bottle(12));
  EXPECT_NE(refusal(parts_of_another), Errc::ok);
}

TEST_F(ForgedLives, AnothersRecordIsNoHistory) {
  auto mixed = parts(bottle(1));
  mixed.records.erase(unit_key(bottle(1)));
  mixed.records.insert(unit_key(pallet(0)));
  EXPECT_EQ(refusal(mixed), Errc::statement_incomplete);
  mixed = parts(bottle(1));
  mixed.subject = unit_batch_key(kPrintedBatch);
  EXPECT_EQ(refusal(mixed), Errc::claim_mismatch);
}

TEST_F(ForgedLives, AContainersLifeCannotBeHidden) {
  // As if the case of bottle 23 had never been commissioned: its absence would have to be shown,
  // and the record before it is the range that it is in.
  const auto commissioning = find_commissioned(world_.state(), bottle(23))->range.event;
  HistoryParts alone;
  alone.subject = unit_key(bottle(23));
  alone.records = {unit_batch_key(kPrintedBatch),
                   commissioned_key(kPrintedBatch, UnitLevel::item, 0), event_key(commissioning),
                   history_bits_key(bottle(23))};
  alone.absent = {voided_key(kPrintedBatch, UnitLevel::item, 23)};
  alone.operations = {find_event(world_.state(), commissioning)->recorded_at};
  EXPECT_EQ(refusal(alone), Errc::statement_incomplete);
  alone.absent.insert(commissioned_key(kPrintedBatch, UnitLevel::case_, 7));
  EXPECT_EQ(refusal(alone), Errc::statement_incomplete);
}

TEST_F(ForgedLives, AVoidedCodeCannotPassForAGoodOne) {
  ASSERT_EQ(
      world_.run("brand", VoidCodes{{kPrintedBatch, UnitLevel::item, 20, 4}, VoidReason::leaked}),
      Errc::ok);
  prover_.emplace(world_);
  auto hidden = parts(bottle(23));
  const auto range = voided_key(kPrintedBatch, UnitLevel::item, 20);
  ASSERT_TRUE(hidden.records.contains(range));
  hidden.records.erase(range);
  EXPECT_EQ(refusal(hidden), Errc::statement_incomplete);
  hidden.absent.insert(voided_key(kPrintedBatch, UnitLevel::item, 23));
  EXPECT_EQ(refusal(hidden), Errc::statement_incomplete);
}

}  // namespace
}  // namespace fenrun::test
