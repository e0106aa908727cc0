#include "contracts/goods.h"

#include <gtest/gtest.h>

#include "contracts/earnings.h"
#include "contracts/epc.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

TEST(Epc, FormsAndCheckDigits) {
  EXPECT_EQ(parse_epc("01/06901234567892/21/B00001")->level, UnitLevel::item);
  EXPECT_EQ(parse_epc("01/16901234567899/21/C0001")->level, UnitLevel::case_);
  EXPECT_EQ(parse_epc("00/069012340000000115")->level, UnitLevel::logistic);
  EXPECT_EQ(parse_epc("01/06901234567892/21/B00001")->gtin, kItemProduct);
  for (const auto* bad :
       {"", "01/", "01/06901234567890/21/B1", "01/6901234567892/21/B1", "01/06901234567892",
        "01/06901234567892/21/", "01/06901234567892/21/123456789012345678901",
        "01/06901234567892/21/B 1", "01/06901234567892/10/B1", "01/0690123456789x/21/B1",
        "00/069012340000000116", "00/06901234000000011", "02/06901234567892/21/B1",
        "01/96901234567895/21/B1", "01/06901234567892/21/\xc3\xa9"}) {
    const auto epc = parse_epc(bad);
    ASSERT_FALSE(epc) << bad;
    EXPECT_EQ(epc.error().code, Errc::value_invalid) << bad;
  }
}

class Goods : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.join("store", Role::store, "east", {Channel::offline, RegionCode(4403), 2}),
              Errc::ok);
    commission_items(world_, 10);
  }

  Errc record(const std::string& signer, EventKind kind, const std::string& place,
              std::vector<EpcText> units) {
    return world_.run(signer, event(kind, place, std::move(units),
                                    "document " + std::to_string(++documents_), world_.time()));
  }
  Unit unit(int serial) const {
    const auto id = find_unit_id(world_.state(), item(serial).value);
    return find_unit(world_.state(), id.value()).value();
  }

  World world_;
  int documents_ = 0;
};

TEST_F(Goods, UnitsAreNumberedInTheOrderOfTheirCommissioning) {
  EXPECT_EQ(find_unit_id(world_.state(), item(7).value), (UnitId{kBatch, UnitLevel::item, 7}));
  EXPECT_EQ(record("brand", EventKind::commissioning, "brand",
                   {{"01/16901234567899/21/C0001"}, {"00/069012340000000115"}, item(10)}),
            Errc::ok);
  EXPECT_EQ(find_unit_id(world_.state(), "01/16901234567899/21/C0001"),
            (UnitId{kBatch, UnitLevel::case_, 0}));
  EXPECT_EQ(find_unit_id(world_.state(), "00/069012340000000115"),
            (UnitId{kBatch, UnitLevel::logistic, 0}));
  EXPECT_EQ(find_unit_id(world_.state(), item(10).value), (UnitId{kBatch, UnitLevel::item, 10}));
}

TEST_F(Goods, AUnitsChainBindsItsEvents) {
  const UnitId id{kBatch, UnitLevel::item, 3};
  const auto next = [&](const Digest& head) {
    const auto entry = encode_entry(world_.entries_of<OperationEntry>().at(0));
    return hash(Domain::unit_next, {head.view(), leaf_hash(entry).view()});
  };
  Digest head = next(hash(Domain::unit_open, {world_.point().chain_id.view(), encode(id)}));
  EXPECT_EQ(unit(3).head, head);
  EXPECT_EQ(unit(3).events, 1u);

  ASSERT_EQ(record("store", EventKind::receiving, "store", {item(3)}), Errc::ok);
  head = next(head);
  ASSERT_EQ(record("store", EventKind::retail_selling, "store", {item(3)}), Errc::ok);
  head = next(head);
  EXPECT_EQ(unit(3).head, head);
  EXPECT_EQ(unit(3).events, 3u);
  EXPECT_EQ(unit(3).now.custody.state, UnitState::sold);
  EXPECT_EQ(unit(3).now.custody.holder, party_named("store"));
  const auto last = find_event(world_.state(), unit(3).last);
  ASSERT_TRUE(last);
  const auto entry = world_.store().entry(last->recorded_at);
  EXPECT_TRUE(std::holds_alternative<OperationEntry>(*decode_entry(*entry)));
}

TEST_F(Goods, OnlyThoseConcernedReport) {
  ASSERT_EQ(world_.join("gate", Role::gateway, "brand"), Errc::ok);
  ASSERT_EQ(world_.join("north", Role::distributor, "brand"), Errc::ok);
  ASSERT_EQ(world_.join("kiosk", Role::store, "east"), Errc::ok);
  const auto receive = EventKind::receiving;
  EXPECT_EQ(record("store", receive, "store", {item(0)}), Errc::ok);
  EXPECT_EQ(record("east", receive, "store", {item(1)}), Errc::ok);
  EXPECT_EQ(record("brand", receive, "store", {item(2)}), Errc::ok);  // Above it, too.
  EXPECT_EQ(record("gate", receive, "store", {item(3)}), Errc::ok);
  EXPECT_EQ(record("north", receive, "store", {item(4)}), Errc::not_authorized);
  EXPECT_EQ(record("kiosk", receive, "store", {item(4)}), Errc::not_authorized);
  EXPECT_EQ(record("auditor", receive, "auditor", {item(4)}), Errc::role_not_allowed);
  EXPECT_EQ(record("store", EventKind::commissioning, "store", {item(20)}), Errc::not_authorized);
  // A store outside the brand's channel: the brand reports its own goods' sale there, once they
  // were received.
  ASSERT_EQ(world_.run("brand", registration("free", Role::store, "")), Errc::ok);
  auto shipping = event(EventKind::shipping, "brand", {item(4)}, "to free", world_.time());
  shipping.counterparty = party_named("free");
  EXPECT_EQ(world_.run("brand", shipping), Errc::ok);
  EXPECT_EQ(record("brand", receive, "free", {item(4)}), Errc::not_authorized);
  EXPECT_EQ(record("brand", EventKind::retail_selling, "free", {item(4)}), Errc::unit_not_received);
  EXPECT_EQ(record("free", receive, "free", {item(4)}), Errc::ok);
  EXPECT_EQ(record("brand", EventKind::retail_selling, "free", {item(4)}), Errc::ok);
}

TEST_F(Goods, EventsAreRefused) {
  const auto sell = EventKind::retail_selling;
  stock_items(world_, "store", 1, 1);
  EXPECT_EQ(record("store", sell, "store", {}), Errc::value_invalid);
  EXPECT_EQ(record("store", sell, "store", {item(99)}), Errc::unit_unknown);
  EXPECT_EQ(record("store", sell, "store", {item(1), item(1)}), Errc::value_invalid);
  EXPECT_EQ(record("store", sell, "store", {{"01/06901234567890/21/B1"}}), Errc::value_invalid);
  EXPECT_EQ(record("store", sell, "nobody", {item(1)}), Errc::party_unknown);
  ASSERT_EQ(record("store", sell, "store", {item(1)}), Errc::ok);
  EXPECT_EQ(record("store", sell, "store", {item(1)}), Errc::unit_sold);
  EXPECT_EQ(record("store", EventKind::receiving, "store", {item(1)}), Errc::unit_sold);
  EXPECT_EQ(record("store", sell, "store", {item(2)}), Errc::unit_not_received);
  stock_items(world_, "store", 2, 1);
  EXPECT_EQ(record("store", sell, "store", {item(2), item(1)}), Errc::unit_sold);
  EXPECT_EQ(unit(2).now.custody.state, UnitState::received);

  const auto commission = EventKind::commissioning;
  EXPECT_EQ(record("brand", commission, "brand", {item(1)}), Errc::unit_exists);
  EXPECT_EQ(record("brand", commission, "brand", {item(50), item(50)}), Errc::unit_exists);
  EXPECT_EQ(record("brand", commission, "brand", {{"01/06901234567885/21/B1"}}),
            Errc::value_invalid);  // Another product's item.
  auto without_batch = event(commission, "brand", {item(50)}, "x", world_.time());
  without_batch.batch.reset();
  EXPECT_EQ(world_.run("brand", without_batch), Errc::value_invalid);
  without_batch.batch = UnitBatchId(9);
  EXPECT_EQ(world_.run("brand", without_batch), Errc::batch_unknown);
  auto with_batch = event(sell, "store", {item(2)}, "x", world_.time());
  with_batch.batch = kBatch;
  EXPECT_EQ(world_.run("store", with_batch), Errc::value_invalid);
  EXPECT_FALSE(find_unit_id(world_.state(), item(50).value));
}

TEST_F(Goods, AnEventIsRecordedOnceAndNotBeforeItsTime) {
  const auto skew = parameters(world_.state()).event_skew_ms;
  // The block comes a second later.
  auto early = event(EventKind::receiving, "store", {item(1)}, "x", world_.in(1'001 + skew));
  EXPECT_EQ(world_.run("store", early), Errc::event_in_future);
  early.time = world_.in(1'000 + skew);
  EXPECT_EQ(world_.run("store", early), Errc::ok);
  EXPECT_EQ(world_.run("store", early), Errc::event_duplicate);
  early.id.index = 1;
  EXPECT_EQ(world_.run("store", early), Errc::ok);
  const auto recorded = find_event(world_.state(), {digest_named("x"), 1, 0});
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->signer, party_named("store"));
  EXPECT_EQ(recorded->units, 1u);
  EXPECT_TRUE(recorded->earnings.empty());
}

TEST_F(Goods, BatchesAreOpenedByBrandsOnce) {
  EXPECT_EQ(world_.run("east", OpenUnitBatch{UnitBatchId(2), kItemProduct}),
            Errc::role_not_allowed);
  EXPECT_EQ(world_.run("brand", OpenUnitBatch{kBatch, kItemProduct}), Errc::batch_exists);
  EXPECT_EQ(world_.run("brand", OpenUnitBatch{UnitBatchId(2), {"06901234567890"}}),
            Errc::value_invalid);
}

TEST_F(Goods, AnEventMayNameUnitsToTheFull) {
  std::vector<EpcText> units;
  for (int i = 0; i < 1'000; ++i) units.push_back({"01/06901234567892/21/" + std::to_string(i)});
  EXPECT_EQ(record("brand", EventKind::commissioning, "brand", units), Errc::ok);
  EXPECT_EQ(record("east", EventKind::receiving, "store", units), Errc::ok);
  EXPECT_EQ(record("east", EventKind::retail_selling, "store", units), Errc::ok);
}

class Earnings : public Goods {
 protected:
  void SetUp() override {
    Goods::SetUp();
    stock_items(world_, "store", 0, 9);
  }
  void start(const PolicyV1& policy) { start_campaign(world_, policy); }
  void fund(const std::string& funder, std::int64_t amount) {
    ASSERT_EQ(world_.run(funder, DeclareBudget{kCampaign, AssetId(0), Amount::minor(amount)}),
              Errc::ok);
  }
  std::int64_t payable(const std::string& name) const {
    return world_.balance_of(name, Book::payable, kCampaign, kPeriod).units();
  }
  Fund fund_of(const std::string& name) const {
    return find_fund(world_.state(), kCampaign, AssetId(0), party_named(name)).value();
  }
  std::vector<EventEarning> last_earnings() const {
    return find_event(world_.state(),
                      {digest_named("document " + std::to_string(documents_)), 0, 0})
        .value()
        .earnings;
  }
};

TEST_F(Earnings, ASalePaysTheStoreFromEachFunder) {
  start(selling_policy(world_));
  fund("brand", 1'000);
  fund("east", 1'000);
  ASSERT_EQ(record("store", EventKind::retail_selling, "store", {item(0), item(1)}), Errc::ok);
  EXPECT_EQ(payable("store"), 200);
  EXPECT_EQ(fund_of("brand").earned, Amount::minor(120));
  EXPECT_EQ(fund_of("east").earned, Amount::minor(80));
  const auto postings = world_.entries_of<Posting>();
  ASSERT_EQ(postings.size(), 2u);
  EXPECT_EQ(postings[0].amount, Amount::minor(120));
  EXPECT_EQ(postings[0].policy, kPolicy);
  EXPECT_EQ(postings[0].policy_version, 1u);
  EXPECT_EQ(postings[0].rule, 0u);
  EXPECT_EQ(postings[1].inputs, postings[0].inputs);
  EXPECT_EQ(postings[0].cause, find_event(world_.state(), unit(0).last)->recorded_at);
  ASSERT_EQ(last_earnings().size(), 1u);
  EXPECT_EQ(last_earnings()[0].outcome, EarningOutcome::earned);
  EXPECT_EQ(last_earnings()[0].amount, Amount::minor(200));

  EarningInputs inputs;
  inputs.policy = policy_digest(find_policy(world_.state(), kPolicy, 1)->terms);
  inputs.kind = EventKind::retail_selling;
  inputs.time = find_event(world_.state(), {digest_named("document 1"), 0, 0})->time;
  inputs.event = {digest_named("document 1"), 0, 0};
  inputs.place = inputs.payee = party_named("store");
  inputs.amount = Amount::minor(200);
  inputs.units = {{kBatch, UnitLevel::item, 0}, {kBatch, UnitLevel::item, 1}};
  EXPECT_EQ(postings[0].inputs, hash(Domain::inputs, encode(inputs)));
}

TEST_F(Earnings, AnEmptyFundIsExposed) {
  start(selling_policy(world_));
  fund("brand", 1'000);
  fund("east", 79);  // One fen short for two items.
  ASSERT_EQ(record("store", EventKind::retail_selling, "store", {item(0), item(1)}), Errc::ok);
  EXPECT_EQ(payable("store"), 0);
  EXPECT_EQ(fund_of("brand").earned, Amount());
  EXPECT_TRUE(world_.entries_of<Posting>().empty());
  EXPECT_EQ(last_earnings().at(0).outcome, EarningOutcome::budget_exhausted);
  EXPECT_EQ(last_earnings().at(0).amount, Amount::minor(200));
  EXPECT_EQ(unit(0).now.custody.state, UnitState::sold);
  ASSERT_EQ(record("store", EventKind::retail_selling, "store", {item(2)}), Errc::ok);
  EXPECT_EQ(payable("store"), 100);
}

TEST_F(Earnings, AUnitEarnsOnceUnderARule) {
  auto policy = selling_policy(world_);
  policy.rules[0].trigger = EventKind::receiving;
  start(policy);
  fund("brand", 1'000);
  fund("east", 1'000);
  ASSERT_EQ(record("east", EventKind::receiving, "store", {item(0)}), Errc::ok);
  EXPECT_EQ(payable("store"), 100);
  ASSERT_EQ(record("east", EventKind::receiving, "store", {item(0)}), Errc::ok);
  EXPECT_EQ(payable("store"), 100);
  EXPECT_TRUE(last_earnings().empty());
  ASSERT_EQ(record("east", EventKind::receiving, "store", {item(0), item(1)}), Errc::ok);
  EXPECT_EQ(payable("store"), 200);
  EXPECT_EQ(last_earnings().at(0).units, 1u);
}

TEST_F(Earnings, EachPayeeAndBasis) {
  auto policy = selling_policy(world_);
  auto parent = policy.rules[0];
  parent.payee = Payee::place_parent;
  parent.earning = FlatPerEvent{Amount::minor(7), Basis::per_event};
  auto signer = policy.rules[0];
  signer.payee = Payee::event_signer;
  signer.earning = FlatPerEvent{Amount::minor(1), Basis::per_unit};
  policy.rules = {policy.rules[0], parent, signer};
  start(policy);
  fund("brand", 10'000);
  fund("east", 10'000);
  ASSERT_EQ(record("brand", EventKind::retail_selling, "store", {item(0), item(1), item(2)}),
            Errc::ok);
  EXPECT_EQ(payable("store"), 300);
  EXPECT_EQ(payable("east"), 7);   // 4.2 and 2.8: 4 and 3, the larger remainder gets the fen.
  EXPECT_EQ(payable("brand"), 3);  // 1.8 and 1.2: 2 and 1.
  EXPECT_EQ(fund_of("brand").earned, Amount::minor(180 + 4 + 2));
  EXPECT_EQ(fund_of("east").earned, Amount::minor(120 + 3 + 1));

  ASSERT_EQ(world_.run("brand", registration("free", Role::store, "")), Errc::ok);
  auto shipping = event(EventKind::shipping, "brand", {item(9)}, "to free", world_.time());
  shipping.counterparty = party_named("free");
  ASSERT_EQ(world_.run("brand", shipping), Errc::ok);
  ASSERT_EQ(record("free", EventKind::receiving, "free", {item(9)}), Errc::ok);
  ASSERT_EQ(record("brand", EventKind::retail_selling, "free", {item(9)}), Errc::ok);
  ASSERT_EQ(last_earnings().size(), 3u);
  EXPECT_EQ(last_earnings()[1].outcome, EarningOutcome::no_payee);
}

TEST_F(Earnings, SelectorsChoose) {
  auto policy = selling_policy(world_);
  const auto with = [&](auto edit) {
    auto rule = policy.rules[0];
    edit(rule.selector);
    return rule;
  };
  policy.rules = {with([](Selector& s) { s.products = {kItemProduct}; }),
                  with([](Selector& s) { s.products = {{"16901234567899"}}; }),
                  with([](Selector& s) {
                    s.channels = {Channel::ecommerce, Channel::offline};
                  }),
                  with([](Selector& s) { s.channels = {Channel::ecommerce}; }),
                  with([](Selector& s) { s.regions = {RegionCode(4403)}; }),
                  with([](Selector& s) { s.regions = {RegionCode(1)}; }),
                  with([](Selector& s) { s.place_roles = {Role::store}; }),
                  with([](Selector& s) { s.place_roles = {Role::organizer}; })};
  start(policy);
  fund("brand", 10'000);
  fund("east", 10'000);
  ASSERT_EQ(record("store", EventKind::retail_selling, "store", {item(0)}), Errc::ok);
  std::vector<int> rules;
  for (const auto& earning : last_earnings()) rules.push_back(earning.rule);
  EXPECT_EQ(rules, (std::vector<int>{0, 2, 4, 6}));
}

TEST_F(Earnings, OnlyWithinPeriodAndEffectiveRange) {
  auto policy = selling_policy(world_);
  policy.effective_until = world_.in(60'000);
  start(policy);  // The period closes when the policy ends.
  fund("brand", 10'000);
  fund("east", 10'000);
  const auto sell_at = [&](int serial, TimeMs time) {
    const auto name = "at " + std::to_string(serial);
    EXPECT_EQ(
        world_.run("store", event(EventKind::retail_selling, "store", {item(serial)}, name, time)),
        Errc::ok);
    return find_event(world_.state(), {digest_named(name), 0, 0})->earnings.size();
  };
  EXPECT_EQ(sell_at(0, TimeMs(policy.effective_from.value() - 1)), 0u);
  EXPECT_EQ(sell_at(1, policy.effective_from), 1u);
  EXPECT_EQ(sell_at(2, policy.effective_until), 0u);  // Within the skew.
  EXPECT_EQ(sell_at(3, TimeMs(policy.effective_until.value() - 1)), 1u);
  world_.wait(policy.effective_until.value() - world_.time().value() - 1'000);
  EXPECT_EQ(sell_at(4, policy.effective_from), 0u);  // The period has closed.
}

TEST_F(Earnings, AnotherBrandsGoodsEarnNothing) {
  start(selling_policy(world_));
  fund("brand", 10'000);
  fund("east", 10'000);
  RegisterParty rival = std::get<RegisterParty>(registration("rival", Role::brand, ""));
  const ProposeChange proposal{AdmitParty{rival}, Height(world_.next_height().value() + 10)};
  ASSERT_EQ(world_.run("brand", proposal), Errc::ok);
  ASSERT_EQ(world_.run("east", ApproveChange{proposal_digest(proposal)}), Errc::ok);
  ASSERT_EQ(world_.run("auditor", ApproveChange{proposal_digest(proposal)}), Errc::ok);
  ASSERT_EQ(world_.run("rival", OpenUnitBatch{UnitBatchId(2), kItemProduct}), Errc::ok);
  auto made = event(EventKind::commissioning, "rival", {item(77)}, "rival's", world_.time());
  made.batch = UnitBatchId(2);
  ASSERT_EQ(world_.run("rival", made), Errc::ok);
  auto shipping = event(EventKind::shipping, "rival", {item(77)}, "to store", world_.time());
  shipping.counterparty = party_named("store");
  ASSERT_EQ(world_.run("rival", shipping), Errc::ok);
  ASSERT_EQ(record("store", EventKind::receiving, "store", {item(77)}), Errc::ok);
  EXPECT_EQ(record("brand", EventKind::retail_selling, "store", {item(77)}), Errc::ok);
  EXPECT_TRUE(last_earnings().empty());
  EXPECT_EQ(record("store", EventKind::retail_selling, "store", {item(77)}), Errc::unit_sold);
  made = event(EventKind::commissioning, "rival", {item(78)}, "rival's second", world_.time());
  made.batch = UnitBatchId(2);
  ASSERT_EQ(world_.run("rival", made), Errc::ok);
  EXPECT_EQ(record("store", EventKind::retail_selling, "store", {item(0), item(78)}),
            Errc::value_invalid);
}

}  // namespace
}  // namespace fenrun::test
