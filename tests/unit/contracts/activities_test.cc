// Orders, sales without codes, shares and displays.
#include "contracts/activities.h"

#include <gtest/gtest.h>

#include "tests/support/printed_codes.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

// With the check digit behind: GS1 General Specifications, §7.9.
GtinText gtin_of(const std::string& digits) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<std::size_t>(digits[i] - '0');
    sum += (digits.size() - i) % 2 == 1 ? 3 * digit : digit;
  }
  return {digits + std::to_string((10 - sum % 10) % 10)};
}

RecordActivity activity(const World& world, ActivityKind kind, const std::string& place,
                        const std::string& reference) {
  RecordActivity out;
  out.id = {party_named(place), kind, digest_named(reference)};
  out.time = world.time();
  out.lines = {{kItemProduct, 24}};
  out.source = {digest_named("document of " + reference), 3, 0};
  switch (kind) {
    case ActivityKind::restock_order:
      out.counterparty = party_named("east");
      break;
    case ActivityKind::share:
      out.subject = subject_named("anna");
      break;
    case ActivityKind::display:
      out.evidence = {digest_named("photo")};
      break;
    case ActivityKind::ecommerce_order:
    case ActivityKind::group_buy_order:
    case ActivityKind::sale:
      break;
  }
  return out;
}

class Activities : public ::testing::Test {
 protected:
  Activities() {
    world_.join("store", Role::store, "east");
    world_.join("kiosk", Role::store, "east");
    world_.join("leader", Role::organizer, "east");
    world_.join("gateway", Role::gateway, "east");
    world_.join("north", Role::distributor, "brand");
    world_.join("till", Role::device, "store");
  }

  RecordActivity order(const std::string& number) const {
    return activity(world_, ActivityKind::restock_order, "store", number);
  }
  Errc run(const std::string& name, const Operation& operation) {
    return world_.run(name, operation);
  }
  std::optional<ActivityRecord> found(const ActivityId& id) const {
    return find_activity(world_.state(), id);
  }

  World world_;
};

TEST_F(Activities, AStoreOrders) {
  auto order = this->order("PO-1");
  order.value = ActivityValue{AssetId(0), Amount::minor(120'000)};
  ASSERT_EQ(run("store", order), Errc::ok);
  const auto record = found(order.id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->activity, order);
  EXPECT_EQ(record->signer, party_named("store"));
  EXPECT_FALSE(record->withdrawn_at);

  EXPECT_EQ(run("store", order), Errc::activity_exists);
  EXPECT_EQ(run("east", order), Errc::activity_exists) << "whoever tells of it again";
  auto of_the_kiosk = order;
  of_the_kiosk.id.place = party_named("kiosk");
  EXPECT_EQ(run("kiosk", of_the_kiosk), Errc::ok) << "a number of its own";
  auto of_another_kind = activity(world_, ActivityKind::sale, "store", "PO-1");
  EXPECT_EQ(run("store", of_another_kind), Errc::ok);
}

TEST_F(Activities, AreRecordedByThePlaceOrAboveIt) {
  const auto try_as = [&](const std::string& name, ActivityKind kind, const std::string& place) {
    return run(name, activity(world_, kind, place, name));
  };
  for (const auto* name : {"store", "east", "brand", "gateway"}) {
    EXPECT_EQ(try_as(name, ActivityKind::restock_order, "store"), Errc::ok) << name;
    EXPECT_EQ(try_as(name, ActivityKind::display, "store"), Errc::ok) << name;
  }
  for (const auto* name : {"kiosk", "north", "auditor", "till"}) {
    EXPECT_EQ(try_as(name, ActivityKind::restock_order, "store"), Errc::not_authorized) << name;
    EXPECT_EQ(try_as(name, ActivityKind::share, "store"), Errc::not_authorized) << name;
  }
  auto from_north = order("PO-north");
  from_north.counterparty = party_named("north");
  EXPECT_EQ(run("north", from_north), Errc::not_authorized) << "nor who says that it supplies";

  EXPECT_EQ(try_as("till", ActivityKind::sale, "store"), Errc::ok);
  EXPECT_EQ(try_as("till", ActivityKind::sale, "kiosk"), Errc::not_authorized);
  EXPECT_EQ(try_as("leader", ActivityKind::group_buy_order, "leader"), Errc::ok);
  EXPECT_EQ(try_as("store", ActivityKind::group_buy_order, "store"), Errc::role_not_allowed);
  EXPECT_EQ(try_as("auditor", ActivityKind::display, "auditor"), Errc::role_not_allowed);
}

TEST_F(Activities, SayWhatTheirKindAsksFor) {
  const auto refused = [&](ActivityKind kind, auto&& change) {
    auto wrong = activity(world_, kind, "store", "wrong");
    change(wrong);
    const Errc outcome = run("store", wrong);
    EXPECT_FALSE(found(wrong.id));
    return outcome;
  };
  using enum ActivityKind;
  const auto invalid = Errc::value_invalid;
  EXPECT_EQ(refused(restock_order, [](auto& a) { a.counterparty.reset(); }), invalid);
  EXPECT_EQ(refused(restock_order, [](auto& a) { a.lines = {}; }), invalid);
  EXPECT_EQ(refused(restock_order, [](auto& a) { a.subject = subject_named("a"); }), invalid);
  EXPECT_EQ(refused(restock_order, [](auto& a) { a.counterparty = a.id.place; }), invalid);
  EXPECT_EQ(refused(restock_order, [](auto& a) { a.counterparty = party_named("nobody"); }),
            Errc::party_unknown);
  EXPECT_EQ(refused(restock_order, [](auto& a) { a.counterparty = party_named("auditor"); }),
            Errc::role_not_allowed);
  EXPECT_EQ(refused(sale, [](auto& a) { a.counterparty = party_named("east"); }), invalid);
  EXPECT_EQ(refused(sale, [](auto& a) { a.reached = subject_named("b"); }), invalid);
  EXPECT_EQ(refused(sale, [](auto& a) { a.lines[0].quantity = 0; }), invalid);
  EXPECT_EQ(refused(sale, [](auto& a) { a.lines[0].product = {"06901234567893"}; }), invalid);
  EXPECT_EQ(refused(sale, [](auto& a) { a.lines.push_back(a.lines[0]); }), invalid);
  EXPECT_EQ(refused(sale, [](auto& a) { a.value = ActivityValue{}; }), Errc::amount_not_positive);
  EXPECT_EQ(refused(sale, [](auto& a) { a.id.reference = {}; }), invalid);
  EXPECT_EQ(refused(sale, [](auto& a) { a.source.part = 1; }), invalid);
  EXPECT_EQ(refused(sale, [](auto& a) { a.id.place = party_named("nobody"); }),
            Errc::party_unknown);
  EXPECT_EQ(refused(share, [](auto& a) { a.subject.reset(); }), invalid);
  EXPECT_EQ(refused(display, [](auto& a) { a.evidence = {}; }), invalid);
  const std::uint64_t far = parameters(world_.state()).event_skew_ms + 3'600'000;
  EXPECT_EQ(refused(sale, [&](auto& a) { a.time = world_.in(far); }), Errc::event_in_future);

  auto share_of_two = activity(world_, share, "store", "a share");
  share_of_two.lines = {};
  share_of_two.reached = subject_named("berta");
  EXPECT_EQ(run("store", share_of_two), Errc::ok);
}

TEST_F(Activities, AreWithdrawnOnceAndKeepTheirName) {
  const auto order = this->order("PO-1");
  EXPECT_EQ(run("store", WithdrawActivity{order.id}), Errc::activity_unknown);
  ASSERT_EQ(run("east", order), Errc::ok);
  EXPECT_EQ(run("kiosk", WithdrawActivity{order.id}), Errc::not_authorized);
  EXPECT_EQ(run("brand", WithdrawActivity{order.id}), Errc::not_authorized);
  ASSERT_EQ(run("store", WithdrawActivity{order.id}), Errc::ok) << "whose order it is";
  const auto record = found(order.id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->withdrawn_by, party_named("store"));
  EXPECT_TRUE(record->withdrawn_at);
  EXPECT_EQ(record->activity, order) << "what was said stays said";
  EXPECT_EQ(run("east", WithdrawActivity{order.id}), Errc::activity_withdrawn);
  EXPECT_EQ(run("store", order), Errc::activity_exists);
}

// The largest that an operation can carry fits a Record.
TEST_F(Activities, HaveRoom) {
  auto large = order("large");
  large.lines = {};
  for (std::uint32_t i = 0; i < kActivityLinesMax; ++i) {
    large.lines.push_back({gtin_of("0690123" + std::to_string(100'000 + i)), i + 1});
  }
  for (std::size_t i = 0; i < kActivityEvidenceMax; ++i) {
    large.evidence.push_back(digest_named("photo " + std::to_string(i)));
  }
  large.value = ActivityValue{AssetId(0), Amount::minor(1)};
  ASSERT_EQ(run("store", large), Errc::ok);
  ASSERT_EQ(run("store", WithdrawActivity{large.id}), Errc::ok);
  EXPECT_LE(encode(*found(large.id)).size(), 4'096U);
}

// A store's machine reports what it sells, with a key of its own.
TEST_F(Activities, ADeviceSellsForItsStore) {
  ASSERT_EQ(run("brand", OpenUnitBatch{kBatch, kItemProduct}), Errc::ok);
  const auto happened = [&](EventKind kind, const std::string& place, const std::string& document) {
    return event(kind, place, {item(1), item(2)}, document, world_.time());
  };
  ASSERT_EQ(run("brand", happened(EventKind::commissioning, "brand", "made")), Errc::ok);
  ASSERT_EQ(run("store", happened(EventKind::receiving, "store", "received")), Errc::ok);
  EXPECT_EQ(run("till", happened(EventKind::returning, "store", "back")), Errc::not_authorized);
  auto sold = happened(EventKind::retail_selling, "store", "sold");
  sold.units = {item(1)};
  ASSERT_EQ(run("till", sold), Errc::ok);
  EXPECT_EQ(find_event(world_.state(), sold.id)->signer, party_named("till"));
  EXPECT_EQ(run("till", happened(EventKind::observed, "store", "seen")), Errc::ok);
  EXPECT_EQ(run("till", happened(EventKind::observed, "kiosk", "seen there")),
            Errc::not_authorized);

  EXPECT_EQ(run("store", registration("till 2", Role::device, "store")), Errc::ok);
  EXPECT_EQ(run("brand", registration("till 3", Role::device, "store")), Errc::ok);
  EXPECT_EQ(run("store", registration("branch", Role::store, "store")), Errc::role_not_allowed);
  EXPECT_EQ(run("kiosk", registration("till 4", Role::device, "store")), Errc::not_authorized);
  EXPECT_EQ(run("till", registration("part", Role::device, "till")), Errc::role_not_allowed);
}

TEST_F(Activities, AStolenDeviceGetsAnotherKeyFromItsStore) {
  const ProposeRecovery proposal{party_named("till"), key_named("another").public_key(),
                                 possession("another", "till")};
  EXPECT_EQ(run("kiosk", proposal), Errc::not_authorized);
  EXPECT_EQ(run("store", proposal), Errc::ok);
  EXPECT_EQ(run("auditor", ApproveRecovery{party_named("till"), proposal.new_key}), Errc::ok);
}

}  // namespace
}  // namespace fenrun::test
