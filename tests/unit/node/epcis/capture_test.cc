#include "node/epcis/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "node/epcis/event_hash.h"
#include "node/json/json.h"
#include "node/json/time.h"
#include "tests/support/vectors.h"

namespace fenrun::epcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kContext = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

std::string sample(const std::string& name) {
  const auto text = test::contents_of(test::checkout() / "tests" / "samples" / "fmcg" / name);
  EXPECT_TRUE(text) << name;
  return text.value_or("");
}

Places places() {
  auto out = Places::parse(sample("places.json"), "places.json");
  EXPECT_TRUE(out) << out.error().to_string();
  return *std::move(out);
}

// One word an event: its kind, or the code of its refusal; the code alone if the document is
// refused.
std::vector<std::string> outcomes(const std::string& text) {
  const auto captured = capture_document(text, places(), UnitBatchId(7));
  if (!captured) return {"document: " + std::string(name_of(captured.error().code))};
  std::vector<std::string> out;
  for (const auto& event : captured->events) {
    if (!event) {
      out.emplace_back(name_of(event.error().code));
      continue;
    }
    switch (event->kind) {
      case EventKind::commissioning:
        out.emplace_back("commissioning");
        break;
      case EventKind::receiving:
        out.emplace_back("receiving");
        break;
      case EventKind::retail_selling:
        out.emplace_back("retail_selling");
        break;
    }
  }
  return out;
}

// The detail of the one event's refusal, or of the document's.
std::string refusal(const std::string& text) {
  const auto captured = capture_document(text, places(), UnitBatchId(7));
  if (!captured) return captured.error().to_string();
  if (captured->events.size() != 1 || captured->events[0]) return "accepted";
  return captured->events[0].error().to_string();
}

Json good_event() {
  return *parse_json(R"({
    "type": "ObjectEvent",
    "eventTime": "2026-05-06T19:05:12.345+08:00",
    "eventTimeZoneOffset": "+08:00",
    "epcList": ["urn:epc:id:sgtin:6901234.056789.B00001"],
    "action": "OBSERVE",
    "bizStep": "retail_selling",
    "readPoint": {"id": "https://id.brand.example.com/store/S000123"}
  })");
}

std::string with(const std::string& member, const Json& value) {
  auto event = good_event();
  event[member] = value;
  return print_json(event);
}

TEST(Capture, every_sample_is_taken_or_refused_for_its_reason) {
  EXPECT_THAT(outcomes(sample("00_commissioning_logistic_units.jsonld")),
              ElementsAre("commissioning"));
  EXPECT_THAT(outcomes(sample("01_commissioning_bottles.jsonld")), ElementsAre("commissioning"));
  EXPECT_THAT(outcomes(sample("02_packing_bottles_to_case.jsonld")),
              ElementsAre("not_supported_yet", "not_supported_yet"));
  EXPECT_THAT(outcomes(sample("05_receiving_distributor.jsonld")), ElementsAre("receiving"));
  EXPECT_THAT(outcomes(sample("08_receiving_store_open_case.jsonld")),
              ElementsAre("receiving", "not_supported_yet"));
  EXPECT_THAT(outcomes(sample("09_retail_selling_scan.jsonld")), ElementsAre("retail_selling"));
  for (const auto* name :
       {"03_packing_cases_to_pallet", "04_shipping_brand_to_distributor", "06_unpacking_pallet",
        "07_shipping_distributor_to_store", "10_redemption_transaction", "11_return_receiving",
        "12_decommissioning_void_code", "13_error_declaration_of_04", "14_void_shipping",
        "15_same_as_04_digitallink_utc_jumbled", "R2_child_already_aggregated",
        "R6_bad_check_digit", "R7_forged_eventID", "R8_event_time_in_future_of_record",
        "R9_sscc_bad_check_digit_in_digital_link"}) {
    EXPECT_THAT(outcomes(sample(std::string(name) + ".jsonld")), ElementsAre("not_supported_yet"))
        << name;
  }
  // Whether the ledger believes these is for its state to say; R3's place is not ours.
  EXPECT_THAT(outcomes(sample("R1_duplicate_commissioning.jsonld")), ElementsAre("commissioning"));
  EXPECT_THAT(outcomes(sample("R3_diversion_received_by_other_distributor.jsonld")),
              ElementsAre("value_invalid"));
  EXPECT_THAT(outcomes(sample("R4_retail_scan_before_store_receipt.jsonld")),
              ElementsAre("retail_selling"));
  EXPECT_THAT(outcomes(sample("R5_second_retail_scan_same_code.jsonld")),
              ElementsAre("value_invalid"));  // Sold at a store that is not in places.json.
}

TEST(Capture, what_is_taken_is_what_the_document_says) {
  const auto text = sample("08_receiving_store_open_case.jsonld");
  const auto captured = capture_document(text, places(), std::nullopt);
  ASSERT_TRUE(captured);
  ASSERT_TRUE(captured->events[0]) << captured->events[0].error().to_string();
  const auto& event = *captured->events[0];
  EXPECT_EQ(event.kind, EventKind::receiving);
  EXPECT_EQ(to_rfc3339(event.time), "2026-05-05T07:00:00.000Z");
  EXPECT_EQ(to_hex(event.place.view()), "50000000000000000000000000000123");
  EXPECT_EQ(event.document, sha256(bytes_of(text)));
  EXPECT_EQ(event.event_index, 0U);
  EXPECT_FALSE(event.batch);
  ASSERT_TRUE(event.event_hash);
  EXPECT_EQ(event_hash_uri(*event.event_hash) + "\n",
            sample("08_receiving_store_open_case.hashes").substr(0, 90));
  ASSERT_EQ(event.units.size(), 1U);
  EXPECT_EQ(event.units[0].value, "01/16901234567899/21/C0001");
  EXPECT_EQ(captured->events[1].error().detail, "/epcisBody/eventList/1/type: AggregationEvent");
}

TEST(Capture, events_may_come_without_a_document) {
  EXPECT_THAT(outcomes(print_json(good_event())), ElementsAre("retail_selling"));
  EXPECT_THAT(outcomes(print_json(Json::array({good_event(), good_event()}))),
              ElementsAre("retail_selling", "retail_selling"));
  EXPECT_THAT(outcomes("[]"), ElementsAre());
  EXPECT_THAT(outcomes("[7]"), ElementsAre("value_invalid"));
  EXPECT_THAT(outcomes(R"({"type":"EPCISMasterDataDocument"})"),
              ElementsAre("document: not_supported_yet"));
  EXPECT_THAT(outcomes("7"), ElementsAre("document: value_invalid"));
}

TEST(Capture, words_have_four_spellings) {
  for (const auto* word : {"retail_selling", "cbv:BizStep-retail_selling",
                           "https://ref.gs1.org/cbv/BizStep-retail_selling",
                           "urn:epcglobal:cbv:bizstep:retail_selling"}) {
    EXPECT_THAT(outcomes(with("bizStep", word)), ElementsAre("retail_selling")) << word;
  }
  EXPECT_THAT(refusal(with("bizStep", "retail-selling")), HasSubstr("value_invalid: /bizStep"));
  EXPECT_THAT(refusal(with("bizStep", "cbv:BizStep-nothing")), HasSubstr("value_invalid"));
  EXPECT_THAT(refusal(with("bizStep", "https://own.example.com/step/melting")),
              HasSubstr("not_supported_yet: /bizStep: https://own.example.com/step/melting"));
  EXPECT_THAT(refusal(with("disposition", "cbv:Disp-retail_sold")), HasSubstr("accepted"));
  EXPECT_THAT(refusal(with("disposition", "in_transit")), HasSubstr("not_supported_yet"));
  EXPECT_THAT(refusal(with("disposition", "asleep")), HasSubstr("value_invalid: /disposition"));
}

TEST(Capture, the_action_must_be_that_of_the_step) {
  EXPECT_THAT(refusal(with("action", "ADD")), HasSubstr("not_supported_yet: /action"));
  EXPECT_THAT(refusal(with("action", "LOOK")), HasSubstr("value_invalid: /action"));
  EXPECT_THAT(refusal(with("action", 3)), HasSubstr("value_invalid: /action: must be a string"));
}

TEST(Capture, commissioning_needs_a_batch) {
  const auto captured =
      capture_document(sample("01_commissioning_bottles.jsonld"), places(), std::nullopt);
  ASSERT_TRUE(captured);
  EXPECT_THAT(captured->events[0].error().detail, HasSubstr("code batch"));
  const auto batched =
      capture_document(sample("01_commissioning_bottles.jsonld"), places(), UnitBatchId(7));
  EXPECT_EQ(batched->events[0]->batch, UnitBatchId(7));
  EXPECT_EQ(batched->events[0]->units.size(), 6U);
}

TEST(Capture, nothing_is_passed_over) {
  EXPECT_THAT(refusal(with("errorDeclaration", Json::object())), HasSubstr("not_supported_yet"));
  EXPECT_THAT(refusal(with("quantityList", Json::array({Json::object()}))),
              HasSubstr("not_supported_yet: /quantityList"));
  EXPECT_THAT(refusal(with("quantityList", Json::array())), HasSubstr("accepted"));
  EXPECT_THAT(refusal(with("sensorElementList", Json::array({1}))), HasSubstr("not_supported_yet"));
  EXPECT_THAT(refusal(with("colour", "red")), HasSubstr("value_invalid: /colour"));
  EXPECT_THAT(refusal(with("own:colour", "red")), HasSubstr("value_invalid: /own:colour"));
  auto event = good_event();
  event["@context"] = Json::array({kContext, {{"own", "https://own.example.com/"}}});
  event["own:colour"] = "red";
  EXPECT_THAT(refusal(print_json(event)), HasSubstr("accepted"));
}

TEST(Capture, contexts_are_never_fetched) {
  EXPECT_THAT(refusal(with("@context", "https://evil.example.com/context.jsonld")),
              HasSubstr("value_invalid: /@context: contexts are built in and never fetched"));
  for (const auto& context :
       {Json({{"@vocab", "https://x.example.com/"}}), Json({{"bizStep", "https://x.example.com/"}}),
        Json({{"cbv", "https://x.example.com/"}}), Json({{"own", 1}}), Json({{"own", "no-uri"}}),
        Json(7), Json::array({Json::array({kContext})})}) {
    EXPECT_THAT(refusal(with("@context", context)), HasSubstr("value_invalid: /@context"))
        << context;
  }
}

TEST(Capture, a_query_document_is_read_and_not_sent) {
  const Json results = {{"queryName", "q"},
                        {"resultsBody", {{"eventList", Json::array({good_event()})}}}};
  const Json document = {{"@context", kContext},
                         {"type", "EPCISQueryDocument"},
                         {"epcisBody", {{"queryResults", results}}}};
  EXPECT_THAT(outcomes(print_json(document)), ElementsAre("document: not_supported_yet"));
  const auto checked = check_document(print_json(document), {});
  ASSERT_TRUE(checked) << checked.error().to_string();
  EXPECT_FALSE(checked->events[0].refusal);
  EXPECT_EQ(checked->events[0].record.error().code, Errc::not_supported_yet);

  auto empty = document;
  empty["epcisBody"] = Json::object();
  EXPECT_THAT(refusal(print_json(empty)),
              HasSubstr("value_invalid: /epcisBody/queryResults/resultsBody/eventList"));
}

TEST(Capture, the_frame_of_a_document_is_checked) {
  const auto whole = *parse_json(sample("09_retail_selling_scan.jsonld"));
  const auto altered = [&](const std::string& member, const Json& value) {
    auto document = whole;
    document[member] = value;
    return refusal(print_json(document));
  };
  EXPECT_THAT(altered("schemaVersion", "1.2"), HasSubstr("not_supported_yet: /schemaVersion"));
  EXPECT_THAT(altered("creationDate", "yesterday"), HasSubstr("value_invalid: /creationDate"));
  EXPECT_THAT(altered("epcisHeader", Json::object()), HasSubstr("not_supported_yet"));
  EXPECT_THAT(altered("note", "x"), HasSubstr("value_invalid: /note"));
  EXPECT_THAT(altered("epcisBody", {{"event", good_event()}}), HasSubstr("/epcisBody/eventList"));
  auto bare = whole;
  bare.erase("@context");
  EXPECT_THAT(refusal(print_json(bare)), HasSubstr("/@context: is missing"));
}

TEST(Capture, personal_data_anywhere_refuses_the_document) {
  EXPECT_THAT(refusal(with("ilmd", {{"deep", {{"note", "13812345678"}}}})),
              HasSubstr("personal_data: /ilmd/deep/note: looks like a mobile number"));
  auto two = Json::array({good_event(), good_event()});
  two[1]["eventID"] = "openid:oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
  EXPECT_THAT(refusal(print_json(two)), HasSubstr("personal_data: /1/eventID"));
}

TEST(Capture, units_are_checked_one_by_one) {
  const auto unit = [](const char* uri) { return with("epcList", Json::array({uri})); };
  EXPECT_THAT(refusal(unit("https://id.gs1.org/01/06901234567890/21/B00001")),
              HasSubstr("value_invalid: /epcList/0: GTIN check digit"));
  EXPECT_THAT(refusal(unit("https://id.gs1.org/00/069012340000000116")),
              HasSubstr("value_invalid: /epcList/0: SSCC check digit"));
  EXPECT_THAT(refusal(with("epcList", Json::array())), HasSubstr("at least one EPC"));
  EXPECT_THAT(refusal(with("epcList", "urn:epc:id:sscc:6901234.0000000011")),
              HasSubstr("value_invalid: /epcList"));
  EXPECT_THAT(refusal(with("epcList", Json::array({"urn:epc:id:sgtin:6901234.056789.B1",
                                                   "https://a.b/01/06901234567892/21/B1"}))),
              HasSubstr("/epcList/1: the same unit twice"));
  auto many = Json::array();
  for (int i = 0; i < 1001; ++i) {
    many.push_back("urn:epc:id:sgtin:6901234.056789.B" + std::to_string(i));
  }
  EXPECT_THAT(refusal(with("epcList", many)), HasSubstr("limit_exceeded: /epcList"));
}

TEST(Capture, a_place_is_found_or_named) {
  EXPECT_THAT(refusal(with("bizLocation", {{"id", "https://store.example.com/9"}})),
              HasSubstr("value_invalid: /bizLocation/id: no party for the place "
                        "https://store.example.com/9 in places.json"));
  EXPECT_THAT(refusal(with("bizLocation", {{"id", "urn:epc:id:sgln:6901234.00001.0"}})),
              HasSubstr("/readPoint: is a place of another party"));
  auto nowhere = good_event();
  nowhere.erase("readPoint");
  EXPECT_THAT(refusal(print_json(nowhere)), HasSubstr("where was it?"));
  EXPECT_THAT(refusal(with("readPoint", "urn:x:y")), HasSubstr("an object with an id"));
}

TEST(Capture, hostile_json_is_refused) {
  EXPECT_THAT(outcomes(""), ElementsAre("document: json_invalid"));
  EXPECT_THAT(outcomes("{\"type\":\"ObjectEvent\"} x"), ElementsAre("document: json_invalid"));
  EXPECT_THAT(outcomes("{\"type\":\"ObjectEvent\",\"type\":\"ObjectEvent\"}"),
              ElementsAre("document: json_invalid"));
  EXPECT_THAT(outcomes("\xff\xfe"), ElementsAre("document: json_invalid"));
  EXPECT_THAT(outcomes("[\"\xc3\x28\"]"), ElementsAre("document: json_invalid"));
  EXPECT_THAT(outcomes(std::string(100'000, '[')), ElementsAre("document: limit_exceeded"));
  EXPECT_THAT(outcomes(std::string(kDocumentBytesMax + 1, ' ')),
              ElementsAre("document: limit_exceeded"));
  std::string many = "[{}";
  for (std::size_t i = 0; i < kDocumentEventsMax; ++i) many += ",{}";
  EXPECT_THAT(outcomes(many + "]"), ElementsAre("document: limit_exceeded"));
  EXPECT_THAT(outcomes("[null,[],{}]"),
              ElementsAre("value_invalid", "value_invalid", "value_invalid"));
}

TEST(PlacesFile, is_read_strictly) {
  const auto refused = [](const std::string& text) {
    const auto parsed = Places::parse(text, "p.json");
    return parsed ? std::string("accepted") : parsed.error().to_string();
  };
  EXPECT_EQ(refused(R"({"urn:x:y": "00000000000000000000000000000001"})"), "accepted");
  EXPECT_THAT(refused(R"({"urn:x:y": "1"})"), HasSubstr("p.json: urn:x:y: a party id is 32 hex"));
  EXPECT_THAT(refused(R"({"urn:x:y": 1})"), HasSubstr("must be a string"));
  EXPECT_THAT(refused(R"({"shop": "00000000000000000000000000000001"})"), HasSubstr("absolute"));
  EXPECT_THAT(refused("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(refused(R"({"tel:13812345678": "00000000000000000000000000000001"})"),
              HasSubstr("personal_data"));
  EXPECT_THAT(refused(R"({"urn:epc:id:sgln:6901234.00001.0": "00000000000000000000000000000001",
                          "https://a.b/414/6901234000016": "00000000000000000000000000000002"})"),
              HasSubstr("another party already"));
}

}  // namespace
}  // namespace fenrun::epcis
