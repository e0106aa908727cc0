// Orders, displays, sales without codes and shares: as EPCIS tells them, and in plain JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "node/epcis/capture.h"
#include "node/epcis/operation_groups.h"
#include "node/json/json.h"

namespace fenrun::epcis {
namespace {

using ::testing::HasSubstr;

constexpr const char* kStore = "https://example.com/stores/123";
constexpr const char* kSupplier = "urn:epc:id:sgln:6901234.00002.0";
const std::string kStoreParty = "50000000000000000000000000000123";
const std::string kSupplierParty = "d1000000000000000000000000000001";

PartyId party(const std::string& hex) { return *fixed_from_hex<PartyId>(hex); }
Digest reference(const std::string& text) { return sha256(bytes_of(text)); }

Result<CapturedDocument> captured(const Json& document) {
  const Json known = {{kStore, kStoreParty}, {kSupplier, kSupplierParty}};
  const auto places = Places::parse(known.dump(), "places.json");
  EXPECT_TRUE(places);
  return capture_document(document.dump(), {&*places, UnitBatchId(7)});
}

// The one operation that records the document's one event, or why none does.
Result<Operation> recorded(const Json& document) {
  FENRUN_TRY(const auto result, captured(document));
  EXPECT_EQ(result.events.size(), 1U);
  if (!result.events.at(0).operations) return result.events[0].operations.error();
  EXPECT_EQ(result.events[0].operations->size(), 1U);
  return result.events[0].operations->at(0);
}

std::string refusal(const Json& document) {
  const auto result = recorded(document);
  return result ? "recorded" : result.error().to_string();
}

Json plain(const Json& activity) {
  return {{"type", "ActivityDocument"}, {"activities", Json::array({activity})}};
}

Json an_order() {
  return {{"kind", "restock_order"}, {"time", "2026-03-01T08:00:00+08:00"},
          {"place", kStore},         {"supplier", kSupplier},
          {"reference", "PO-1"},     {"lines", {{{"gtin", "6901234567892"}, {"quantity", 24}}}}};
}

// ---- Plain JSON --------------------------------------------------------------------------------

TEST(PlainActivities, AnOrderIsWhatItSays) {
  auto order = an_order();
  order["value"] = {{"asset", 0}, {"amount", 120'000}};
  order["evidence"] = {std::string(64, 'a')};
  const auto document = captured(plain(order));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->kind, DocumentKind::activities);
  EXPECT_EQ(document->events.at(0).type, "restock_order");
  EXPECT_FALSE(document->events[0].event || document->events[0].hash);
  const auto& read = std::get<RecordActivity>(document->events[0].operations->at(0));
  EXPECT_EQ(read.id,
            (ActivityId{party(kStoreParty), ActivityKind::restock_order, reference("PO-1")}));
  EXPECT_EQ(read.time, TimeMs(1'772'323'200'000));
  EXPECT_EQ(read.counterparty, party(kSupplierParty));
  ASSERT_EQ(read.lines.size(), 1U);
  EXPECT_EQ(read.lines[0], (ActivityLine{GtinText{"06901234567892"}, 24}));
  EXPECT_EQ(read.value, (ActivityValue{AssetId(0), Amount::minor(120'000)}));
  EXPECT_EQ(read.evidence.size(), 1U);
  EXPECT_EQ(read.source, (EventId{document->document, 0, 0}));
}

TEST(PlainActivities, APartyMayBeNamedByItsId) {
  auto order = an_order();
  order["place"] = kStoreParty;
  order["supplier"] = kSupplierParty;
  const auto by_id = recorded(plain(order));
  const auto by_place = recorded(plain(an_order()));
  ASSERT_TRUE(by_id && by_place);
  EXPECT_EQ(std::get<RecordActivity>(*by_id).id, std::get<RecordActivity>(*by_place).id);
}

TEST(PlainActivities, WhatHasNoNumberIsKnownByItsDocument) {
  const Json share = {{"kind", "share"},
                      {"time", "2026-03-01T08:00:00Z"},
                      {"place", kStore},
                      {"subject", std::string(32, '1')},
                      {"reached", std::string(32, '2')}};
  const Json twice = {{"type", "ActivityDocument"}, {"activities", {share, share}}};
  const auto document = captured(twice);
  ASSERT_TRUE(document);
  const auto id = [&](std::size_t i) {
    return std::get<RecordActivity>(document->events.at(i).operations->at(0)).id;
  };
  EXPECT_EQ(id(0).reference, sha256(encode(EventId{document->document, 0, 0})));
  EXPECT_NE(id(0), id(1));
  EXPECT_EQ(operation_groups(*document).at(0).operations.size(), 2U);
}

TEST(PlainActivities, UnitsThatAreSoldAreAnEventOfTheirs) {
  const Json sale = {{"kind", "sale"},
                     {"time", "2026-03-01T08:00:00Z"},
                     {"place", kStore},
                     {"units", {"https://example.com/01/06901234567892/21/B00001"}}};
  const auto operation = recorded(plain(sale));
  ASSERT_TRUE(operation) << operation.error().to_string();
  const auto& event = std::get<RecordEvent>(*operation);
  EXPECT_EQ(event.kind, EventKind::retail_selling);
  EXPECT_EQ(event.place, party(kStoreParty));
  ASSERT_EQ(event.units.size(), 1U);
  EXPECT_EQ(event.units[0].value, "01/06901234567892/21/B00001");

  auto many = sale;
  many["units"] = Json::array();
  for (int i = 0; i < 2'500; ++i) {
    many["units"].push_back("https://id.gs1.org/01/06901234567892/21/U" + std::to_string(i));
  }
  const auto parts = captured(plain(many));
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->events.at(0).operations->size(), 3U);
  for (std::uint32_t part = 0; part < 3; ++part) {
    const auto& record = std::get<RecordEvent>(parts->events[0].operations->at(part));
    EXPECT_EQ(record.id, (EventId{parts->document, 0, part}));
  }
}

TEST(PlainActivities, AWithdrawalNamesWhatItWithdraws) {
  const Json withdrawal = {
      {"kind", "withdrawal"}, {"of", "restock_order"}, {"place", kStore}, {"reference", "PO-1"}};
  const auto operation = recorded(plain(withdrawal));
  ASSERT_TRUE(operation) << operation.error().to_string();
  const auto order = recorded(plain(an_order()));
  EXPECT_EQ(std::get<WithdrawActivity>(*operation).id, std::get<RecordActivity>(*order).id);
}

TEST(PlainActivities, AreRefusedWithThePlaceOfWhatIsWrong) {
  const auto refused = [](const char* member, const Json& value) {
    auto order = an_order();
    if (value.is_discarded()) {
      order.erase(member);
    } else {
      order[member] = value;
    }
    return refusal(plain(order));
  };
  const Json missing(Json::value_t::discarded);
  EXPECT_THAT(refused("kind", "order"), HasSubstr("/activities/0/kind: must be one of"));
  EXPECT_THAT(refused("kind", missing), HasSubstr("/activities/0/kind"));
  EXPECT_THAT(refused("time", "2026-03-01"), HasSubstr("/activities/0/time"));
  EXPECT_THAT(refused("time", "2026-03-01T08:00:00"), HasSubstr("/activities/0/time"));
  EXPECT_THAT(refused("place", "https://example.com/stores/9"), HasSubstr("/activities/0/place"));
  EXPECT_THAT(refused("reference", missing), HasSubstr("the order's number"));
  EXPECT_THAT(refused("reference", std::string(129, 'x')), HasSubstr("limit_exceeded"));
  EXPECT_THAT(refused("reference", ""), HasSubstr("/activities/0/reference"));
  EXPECT_THAT(refused("subject", "anna"), HasSubstr("/activities/0/subject"));
  EXPECT_THAT(refused("subject", "13800138000"), HasSubstr("personal_data"));
  EXPECT_THAT(refused("lines", 3), HasSubstr("/activities/0/lines: must be a list"));
  EXPECT_THAT(refused("lines", {{{"gtin", "6901234567893"}, {"quantity", 1}}}),
              HasSubstr("/activities/0/lines/0/gtin"));
  for (const Json& quantity : {Json(0), Json(-1), Json(1.5), Json(5'000'000'000), Json("x")}) {
    EXPECT_THAT(refused("lines", {{{"gtin", "6901234567892"}, {"quantity", quantity}}}),
                HasSubstr("/activities/0/lines/0/quantity"));
  }
  EXPECT_THAT(refused("lines", {{{"gtin", "6901234567892"}, {"quantity", 1}, {"uom", "KGM"}}}),
              HasSubstr("/activities/0/lines/0: must have gtin and quantity"));
  EXPECT_THAT(refused("lines", std::vector<int>(129)), HasSubstr("limit_exceeded"));
  EXPECT_THAT(refused("value", {{"asset", 0}}), HasSubstr("/activities/0/value"));
  EXPECT_THAT(refused("value", {{"asset", 0}, {"amount", 1.5}}),
              HasSubstr("/activities/0/value/amount"));
  EXPECT_THAT(refused("value", {{"asset", -1}, {"amount", 1}}),
              HasSubstr("/activities/0/value/asset"));
  EXPECT_THAT(refused("evidence", {"aa"}), HasSubstr("/activities/0/evidence/0"));
  EXPECT_THAT(refused("units", {"urn:x:y"}), HasSubstr("/activities/0/units: with a sale only"));
  EXPECT_THAT(refused("note", "x"), HasSubstr("/activities/0/note: no member of an activity"));
  EXPECT_THAT(refusal(plain(3)), HasSubstr("/activities/0: must be an object"));
  EXPECT_THAT(refusal({{"type", "ActivityDocument"}}), HasSubstr("/activities: must be a list"));
  EXPECT_THAT(refusal({{"type", "ActivityDocument"}, {"activities", Json::array()}, {"x", 1}}),
              HasSubstr("/x: no member"));
}

// ---- EPCIS -------------------------------------------------------------------------------------

Json transaction(const std::string& type, const std::string& action) {
  return {{"@context", "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"},
          {"type", "TransactionEvent"},
          {"eventTime", "2026-03-01T08:00:00+08:00"},
          {"eventTimeZoneOffset", "+08:00"},
          {"action", action},
          {"bizLocation", {{"id", kStore}}},
          {"bizTransactionList", {{{"type", type}, {"bizTransaction", "urn:example:order:1"}}}},
          {"sourceList", {{{"type", "owning_party"}, {"source", kSupplier}}}},
          {"quantityList",
           {{{"epcClass", "urn:epc:class:lgtin:6901234.056789.LOT1"}, {"quantity", 10}},
            {{"epcClass", "https://id.gs1.org/01/06901234567892"}, {"quantity", 14}}}}};
}

TEST(EpcisActivities, APurchaseOrderIsARestockOrder) {
  const auto operation = recorded(transaction("po", "ADD"));
  ASSERT_TRUE(operation) << operation.error().to_string();
  const auto& order = std::get<RecordActivity>(*operation);
  EXPECT_EQ(order.id, (ActivityId{party(kStoreParty), ActivityKind::restock_order,
                                  reference("urn:example:order:1")}));
  EXPECT_EQ(order.counterparty, party(kSupplierParty));
  ASSERT_EQ(order.lines.size(), 1U) << "lots of one product are one line";
  EXPECT_EQ(order.lines[0], (ActivityLine{GtinText{"06901234567892"}, 24}));

  auto cancelled = transaction("po", "DELETE");
  cancelled.erase("quantityList");
  const auto withdrawal = recorded(cancelled);
  ASSERT_TRUE(withdrawal) << withdrawal.error().to_string();
  EXPECT_EQ(std::get<WithdrawActivity>(*withdrawal).id, order.id);

  auto in_error = transaction("po", "ADD");
  in_error["errorDeclaration"] = {{"declarationTime", "2026-03-02T08:00:00Z"}};
  const auto corrected = recorded(in_error);
  ASSERT_TRUE(corrected);
  EXPECT_EQ(std::get<WithdrawActivity>(*corrected).id, order.id);
}

// Purchase orders stand in many documents that are about something else.
TEST(EpcisActivities, APurchaseOrderBesideAStepIsNoOrder) {
  const auto kind = [](const Json& event) {
    const auto operation = recorded(event);
    return operation ? std::string(name_of(*operation)) : operation.error().to_string();
  };
  auto with_step = transaction("po", "ADD");
  with_step["bizStep"] = "inspecting";
  EXPECT_EQ(kind(with_step), "record_event");
  auto of_units = transaction("po", "ADD");
  of_units["epcList"] = {"https://id.gs1.org/01/06901234567892/21/B00001"};
  EXPECT_EQ(kind(of_units), "record_event");
  auto without_supplier = transaction("po", "ADD");
  without_supplier.erase("sourceList");
  EXPECT_EQ(kind(without_supplier), "record_event");
  auto by_weight = transaction("po", "ADD");
  by_weight["quantityList"][0]["uom"] = "KGM";
  EXPECT_EQ(kind(by_weight), "record_event");
}

TEST(EpcisActivities, OwnTypesMeanWhatTheySay) {
  auto display = transaction("urn:fenrun:btt:display", "ADD");
  display.erase("quantityList");
  display["epcList"] = Json::array();
  const std::string digest(64, 'b');
  display["bizTransactionList"].push_back(
      {{"type", "urn:fenrun:btt:evidence"}, {"bizTransaction", "ni:///sha-256;" + digest}});
  const auto operation = recorded(display);
  ASSERT_TRUE(operation) << operation.error().to_string();
  const auto& read = std::get<RecordActivity>(*operation);
  EXPECT_EQ(read.id.kind, ActivityKind::display);
  EXPECT_FALSE(read.counterparty);
  ASSERT_EQ(read.evidence.size(), 1U);
  EXPECT_EQ(to_hex(read.evidence[0].view()), digest);

  display["bizTransactionList"][1]["bizTransaction"] = "urn:example:photo:1";
  EXPECT_THAT(refusal(display), HasSubstr("/bizTransactionList/1/bizTransaction: evidence is"));

  auto by_weight = transaction("urn:fenrun:btt:ecommerce_order", "ADD");
  by_weight["quantityList"][0]["uom"] = "KGM";
  EXPECT_THAT(refusal(by_weight), HasSubstr("/quantityList: must name products"));
  EXPECT_THAT(refusal(transaction("urn:fenrun:btt:group_buy_order", "DELETE")),
              HasSubstr("withdrawn as a whole"));
}

TEST(EpcisActivities, ASaleOfClassesCounts) {
  auto sale = transaction("inv", "OBSERVE");
  sale["bizStep"] = "retail_selling";
  const auto document = captured(sale);
  ASSERT_TRUE(document);
  const auto& event = document->events.at(0);
  const auto& read = std::get<RecordActivity>(event.operations->at(0));
  EXPECT_EQ(read.id, (ActivityId{party(kStoreParty), ActivityKind::sale, *event.hash}));
  EXPECT_EQ(read.source, (EventId{document->document, 0, 0}));

  auto in_error = sale;
  in_error["errorDeclaration"] = {{"declarationTime", "2026-03-02T08:00:00Z"}};
  const auto corrected = recorded(in_error);
  ASSERT_TRUE(corrected);
  EXPECT_EQ(std::get<WithdrawActivity>(*corrected).id, read.id);

  auto too_much = sale;
  too_much["quantityList"][0]["quantity"] = 4'294'967'295;
  EXPECT_THAT(refusal(too_much), HasSubstr("/quantityList/1: too many pieces"));
}

}  // namespace
}  // namespace fenrun::epcis
