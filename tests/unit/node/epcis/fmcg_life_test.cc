// The life of a few bottles, from documents to the ledger's state: tests/samples/fmcg.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contracts/units.h"
#include "node/epcis/capture.h"
#include "tests/support/vectors.h"
#include "tests/support/world.h"

namespace fenrun::epcis {
namespace {

using test::party_named;
using ::testing::Each;
using ::testing::ElementsAre;

// After all that the documents tell, but for R8.
constexpr TimeMs kToday(1'782'900'000'000);  // July 2026.

constexpr const char* kBottle = "01/06901234567892/21/B0000";  // And a digit.
constexpr const char* kCase = "01/16901234567899/21/C000";     // And a digit.
constexpr const char* kPallet = "00/069012340000000115";

std::string bottle(int number) { return kBottle + std::to_string(number); }
std::string crate(int number) { return kCase + std::to_string(number); }

Genesis genesis_today() {
  auto genesis = test::example_genesis();
  genesis.time = kToday;
  return genesis;
}

// The places of the documents, as parties of the world.
Places places_of_the_world() {
  const std::pair<const char*, const char*> parties[] = {
      {"urn:epc:id:sgln:6901234.00001.0", "brand"},
      {"urn:epc:id:sgln:6922222.00001.0", "east"},
      {"urn:epc:id:pgln:6922222.00000", "east"},
      {"urn:epc:id:sgln:6933333.00001.0", "west"},
      {"urn:epc:id:pgln:6933333.00000", "west"},
      {"https://id.brand.example.com/store/S000123", "store"},
      {"https://id.brand.example.com/store/S000999", "shop"},
  };
  Json json = Json::object();
  for (const auto& [uri, name] : parties) json[uri] = to_hex(party_named(name).view());
  return Places::parse(json.dump(), "places").value();
}

class FmcgLife : public ::testing::Test {
 protected:
  FmcgLife() : world_(genesis_today()), places_(places_of_the_world()) {
    EXPECT_EQ(world_.join("west", Role::distributor, "brand"), Errc::ok);
    EXPECT_EQ(world_.join("store", Role::store, "east"), Errc::ok);
    EXPECT_EQ(world_.join("shop", Role::store, "west"), Errc::ok);
    EXPECT_EQ(world_.run("brand", OpenUnitBatch{test::kBatch, test::kItemProduct}), Errc::ok);
  }

  CapturedDocument read(const std::string& name) const {
    const auto folder = test::checkout() / "tests" / "samples" / "fmcg";
    const auto text = test::contents_of(folder / (name + ".jsonld"));
    EXPECT_TRUE(text) << name;
    auto captured = capture_document(text.value_or(""), {&places_, test::kBatch});
    EXPECT_TRUE(captured) << name;
    return *std::move(captured);
  }

  // What becomes of a document's events when the party sends it.
  std::vector<Errc> send(const std::string& party, const std::string& name) {
    std::vector<Operation> operations;
    for (const auto& event : read(name).events) {
      EXPECT_TRUE(event.operations) << name << ": " << event.operations.error().to_string();
      if (!event.operations) return {event.operations.error().code};
      operations.insert(operations.end(), event.operations->begin(), event.operations->end());
    }
    return world_.run_all(party, operations);
  }
  void accept(const std::string& party, const std::string& name) {
    EXPECT_THAT(send(party, name), Each(Errc::ok)) << name;
  }

  // The story up to the document of this number.
  void live_until(int last) {
    const std::pair<const char*, const char*> story[] = {
        {"brand", "00_commissioning_logistic_units"},
        {"brand", "01_commissioning_bottles"},
        {"brand", "02_packing_bottles_to_case"},
        {"brand", "03_packing_cases_to_pallet"},
        {"brand", "04_shipping_brand_to_distributor"},
        {"east", "05_receiving_distributor"},
        {"east", "06_unpacking_pallet"},
        {"east", "07_shipping_distributor_to_store"},
        {"store", "08_receiving_store_open_case"},
        {"store", "09_retail_selling_scan"},
        {"store", "10_redemption_transaction"},
        {"east", "11_return_receiving"},
        {"brand", "12_decommissioning_void_code"},
    };
    for (; lived_ <= last; ++lived_) {
      accept(story[lived_].first, story[lived_].second);
    }
  }

  Unit unit(const std::string& epc) const {
    const auto id = find_unit_id(world_.state(), epc);
    EXPECT_TRUE(id) << epc;
    const auto found = id ? find_unit(world_.state(), *id) : std::nullopt;
    EXPECT_TRUE(found) << epc;
    return found.value_or(Unit{});
  }
  Custody custody(const std::string& epc) const { return custody_of(world_.state(), unit(epc)); }
  // In whose hands, and how.
  void expect_at(const std::string& epc, const std::string& party, UnitState state) const {
    const auto found = custody(epc);
    EXPECT_EQ(found.state, state) << epc;
    EXPECT_EQ(found.holder, party_named(party)) << epc;
  }
  // The container's identifier; empty if there is none.
  std::string container(const std::string& epc) const {
    const auto parent = unit(epc).now.parent;
    const auto found = parent ? find_unit(world_.state(), *parent) : std::nullopt;
    return found ? found->epc.value : "";
  }
  EventRecord record(const std::string& name, std::uint32_t index = 0) const {
    const auto found = find_event(world_.state(), EventId{read(name).document, index, 0});
    EXPECT_TRUE(found) << name;
    return found.value_or(EventRecord{});
  }

  test::World world_;
  Places places_;
  int lived_ = 0;
};

TEST_F(FmcgLife, from_the_plant_to_the_consumer_and_back) {
  live_until(1);
  expect_at(bottle(1), "brand", UnitState::commissioned);
  live_until(3);
  EXPECT_EQ(container(bottle(1)), crate(1));
  EXPECT_EQ(container(bottle(4)), crate(2));
  EXPECT_EQ(container(crate(1)), kPallet);

  live_until(4);  // What is within goes along.
  expect_at(bottle(1), "brand", UnitState::shipped);
  EXPECT_EQ(custody(bottle(1)).consignee, party_named("east"));
  live_until(5);
  expect_at(bottle(1), "east", UnitState::received);
  live_until(6);
  EXPECT_EQ(container(crate(1)), "");
  EXPECT_EQ(container(bottle(1)), crate(1));

  live_until(7);
  expect_at(bottle(1), "east", UnitState::shipped);
  EXPECT_EQ(custody(crate(1)).consignee, party_named("store"));
  expect_at(bottle(4), "east", UnitState::received);

  live_until(8);
  EXPECT_EQ(container(bottle(1)), "");
  expect_at(bottle(1), "store", UnitState::received);
  EXPECT_EQ(record("08_receiving_store_open_case", 1).kind, EventKind::opening);
  live_until(9);
  expect_at(bottle(1), "store", UnitState::sold);

  // A redemption is noted, and is no second sale.
  const auto before = unit(bottle(1));
  live_until(10);
  EXPECT_EQ(unit(bottle(1)).events, before.events + 1);
  expect_at(bottle(1), "store", UnitState::sold);
  EXPECT_EQ(record("10_redemption_transaction").kind, EventKind::observed);

  live_until(11);
  expect_at(bottle(3), "east", UnitState::returned);
  live_until(12);
  EXPECT_EQ(custody(bottle(3)).state, UnitState::destroyed);
}

TEST_F(FmcgLife, R1_what_exists_is_not_commissioned_again) {
  live_until(1);
  EXPECT_THAT(send("brand", "R1_duplicate_commissioning"), ElementsAre(Errc::unit_exists));
}

TEST_F(FmcgLife, R2_what_is_in_a_case_is_not_put_into_another) {
  live_until(2);
  EXPECT_THAT(send("brand", "R2_child_already_aggregated"), ElementsAre(Errc::unit_packed));
  EXPECT_EQ(container(bottle(4)), crate(2));
}

TEST_F(FmcgLife, R3_goods_that_somebody_else_receives_are_held) {
  live_until(6);
  accept("west", "R3_diversion_received_by_other_distributor");
  EXPECT_EQ(record("R3_diversion_received_by_other_distributor").status, EventStatus::diverted);
  EXPECT_EQ(custody(crate(2)).hold, Hold::diverted);
  EXPECT_EQ(custody(bottle(4)).hold, Hold::diverted);
  EXPECT_EQ(custody(bottle(1)).hold, Hold::none);
}

TEST_F(FmcgLife, R4_a_store_sells_what_it_received) {
  live_until(4);
  EXPECT_THAT(send("store", "R4_retail_scan_before_store_receipt"),
              ElementsAre(Errc::unit_not_received));
}

TEST_F(FmcgLife, R5_a_bottle_is_sold_once) {
  live_until(9);
  EXPECT_THAT(send("shop", "R5_second_retail_scan_same_code"), ElementsAre(Errc::unit_sold));
}

TEST_F(FmcgLife, R6_and_R9_wrong_check_digits_do_not_pass_the_intake) {
  for (const auto* name : {"R6_bad_check_digit", "R9_sscc_bad_check_digit_in_digital_link"}) {
    const auto event = read(name).events.at(0);
    ASSERT_FALSE(event.operations) << name;
    EXPECT_EQ(event.operations.error().code, Errc::value_invalid);
  }
}

TEST_F(FmcgLife, R7_a_forged_id_is_noticed_and_changes_nothing) {
  const std::string forged = "R7_forged_eventID";
  EXPECT_THAT(read(forged).events.at(0).flags, ElementsAre(Flag::event_id_mismatch));
  live_until(3);
  accept("brand", forged);
  expect_at(bottle(1), "brand", UnitState::shipped);
  // It is 04, whatever it calls itself.
  EXPECT_THAT(send("brand", "04_shipping_brand_to_distributor"),
              ElementsAre(Errc::event_duplicate));
}

TEST_F(FmcgLife, R8_nothing_happened_in_the_future) {
  live_until(1);
  EXPECT_THAT(send("brand", "R8_event_time_in_future_of_record"),
              ElementsAre(Errc::event_in_future));
}

TEST_F(FmcgLife, the_same_event_in_other_words_is_a_duplicate) {
  live_until(4);
  EXPECT_THAT(send("brand", "15_same_as_04_digitallink_utc_jumbled"),
              ElementsAre(Errc::event_duplicate));
  EXPECT_THAT(send("brand", "R7_forged_eventID"), ElementsAre(Errc::event_duplicate));
}

TEST_F(FmcgLife, an_error_takes_back_what_was_last) {
  live_until(4);
  accept("brand", "13_error_declaration_of_04");
  EXPECT_EQ(record("04_shipping_brand_to_distributor").status, EventStatus::reversed);
  expect_at(bottle(1), "brand", UnitState::commissioned);
  EXPECT_FALSE(custody(kPallet).consignee);
}

TEST_F(FmcgLife, an_error_of_what_is_long_past_is_a_dispute) {
  live_until(5);
  accept("brand", "13_error_declaration_of_04");
  EXPECT_EQ(record("04_shipping_brand_to_distributor").status, EventStatus::disputed);
  expect_at(bottle(1), "east", UnitState::received);
  live_until(12);  // It goes on.
}

TEST_F(FmcgLife, a_shipping_is_voided) {
  live_until(4);
  accept("brand", "14_void_shipping");
  EXPECT_EQ(record("04_shipping_brand_to_distributor").status, EventStatus::reversed);
  expect_at(kPallet, "brand", UnitState::commissioned);
}

}  // namespace
}  // namespace fenrun::epcis
