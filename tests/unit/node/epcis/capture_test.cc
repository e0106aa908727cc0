#include "node/epcis/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "node/epcis/event_hash.h"
#include "node/epcis/operation_groups.h"
#include "node/json/json.h"
#include "node/json/names.h"
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

constexpr RecordWith with_places(const Places& places) { return {&places, UnitBatchId(7)}; }

std::string word_of(const Operation& operation) {
  const auto* const record = std::get_if<RecordEvent>(&operation);
  if (!record) return std::string(name_of(operation));
  std::string word(json::kEnumNames<EventKind>.at(static_cast<std::size_t>(record->kind)));
  if (record->standing == EventStanding::erroneous) word += ", in error";
  return word;
}

// One word an event: its kind, or the code of its refusal; the code alone if the document is
// refused.
std::vector<std::string> outcomes(const std::string& text) {
  const auto known = places();
  const auto captured = capture_document(text, with_places(known));
  if (!captured) return {"document: " + std::string(name_of(captured.error().code))};
  std::vector<std::string> out;
  for (const auto& event : captured->events) {
    if (!event.operations) {
      out.emplace_back(name_of(event.operations.error().code));
      continue;
    }
    out.push_back(word_of(event.operations->front()));
  }
  return out;
}

// The detail of the one event's refusal, or of the document's; else the kind of what it is.
std::string outcome(const std::string& text) {
  const auto known = places();
  const auto captured = capture_document(text, with_places(known));
  if (!captured) return captured.error().to_string();
  if (captured->events.size() != 1) return "events";
  if (captured->events[0].operations) return outcomes(text)[0];
  return captured->events[0].operations.error().to_string();
}

// What the one event of the text is recorded as.
std::vector<RecordEvent> records_of(const std::string& text) {
  const auto known = places();
  const auto captured = capture_document(text, with_places(known));
  EXPECT_TRUE(captured && captured->events.size() == 1 && captured->events[0].operations)
      << outcome(text);
  if (!captured || captured->events.size() != 1 || !captured->events[0].operations) return {{}};
  std::vector<RecordEvent> out;
  for (const auto& operation : *captured->events[0].operations) {
    out.push_back(std::get<RecordEvent>(operation));
  }
  return out;
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

TEST(Capture, every_sample_is_recorded_as_what_it_says) {
  const std::pair<const char*, std::vector<std::string>> samples[] = {
      {"00_commissioning_logistic_units", {"commissioning"}},
      {"01_commissioning_bottles", {"commissioning"}},
      {"02_packing_bottles_to_case", {"packing", "packing"}},
      {"03_packing_cases_to_pallet", {"packing"}},
      {"04_shipping_brand_to_distributor", {"shipping"}},
      {"05_receiving_distributor", {"receiving"}},
      {"06_unpacking_pallet", {"unpacking"}},
      {"07_shipping_distributor_to_store", {"shipping"}},
      {"08_receiving_store_open_case", {"receiving", "unpacking"}},
      {"09_retail_selling_scan", {"retail_selling"}},
      {"10_redemption_transaction", {"observed"}},
      {"11_return_receiving", {"returning"}},
      {"12_decommissioning_void_code", {"destroying"}},
      {"13_error_declaration_of_04", {"shipping, in error"}},
      {"14_void_shipping", {"void_shipping"}},
      {"15_same_as_04_digitallink_utc_jumbled", {"shipping"}},
      // Whether the ledger believes these is for its state to say.
      {"R1_duplicate_commissioning", {"commissioning"}},
      {"R2_child_already_aggregated", {"packing"}},
      {"R3_diversion_received_by_other_distributor", {"receiving"}},
      {"R4_retail_scan_before_store_receipt", {"retail_selling"}},
      {"R5_second_retail_scan_same_code", {"retail_selling"}},
      {"R6_bad_check_digit", {"value_invalid"}},
      {"R7_forged_eventID", {"shipping"}},
      {"R8_event_time_in_future_of_record", {"observed"}},
      {"R9_sscc_bad_check_digit_in_digital_link", {"value_invalid"}},
  };
  for (const auto& [name, kinds] : samples) {
    EXPECT_EQ(outcomes(sample(std::string(name) + ".jsonld")), kinds) << name;
  }
}

TEST(Capture, what_is_taken_is_what_the_document_says) {
  const auto text = sample("08_receiving_store_open_case.jsonld");
  const auto known = places();
  const auto captured = capture_document(text, {&known, std::nullopt});
  ASSERT_TRUE(captured);
  ASSERT_TRUE(captured->events[0].operations) << captured->events[0].operations.error().to_string();
  ASSERT_EQ(captured->events[0].operations->size(), 1U);
  const auto& event = std::get<RecordEvent>(captured->events[0].operations->front());
  EXPECT_EQ(event.kind, EventKind::receiving);
  EXPECT_EQ(event.standing, EventStanding::asserted);
  EXPECT_EQ(to_rfc3339(event.time), "2026-05-05T07:00:00.000Z");
  EXPECT_EQ(to_hex(event.place.view()), "50000000000000000000000000000123");
  EXPECT_EQ(event.id, (EventId{sha256(bytes_of(text)), 0, 0}));
  EXPECT_FALSE(event.batch || event.parent || event.counterparty);
  ASSERT_TRUE(event.event_hash);
  EXPECT_EQ(event_hash_uri(*event.event_hash) + "\n",
            sample("08_receiving_store_open_case.hashes").substr(0, 90));
  ASSERT_EQ(event.units.size(), 1U);
  EXPECT_EQ(event.units[0].value, "01/16901234567899/21/C0001");

  const auto& opened = std::get<RecordEvent>(captured->events[1].operations->front());
  EXPECT_EQ(opened.id, (EventId{sha256(bytes_of(text)), 1, 0}));
  EXPECT_EQ(opened.parent, EpcText{"01/16901234567899/21/C0001"});
  ASSERT_EQ(opened.units.size(), 3U);
  EXPECT_EQ(opened.units[2].value, "01/06901234567892/21/B00003");
}

// An error declaration is found by the hash of what it declares an error.
TEST(Capture, a_correction_is_the_event_with_another_standing) {
  auto original = records_of(sample("04_shipping_brand_to_distributor.jsonld"))[0];
  const auto correction = records_of(sample("13_error_declaration_of_04.jsonld"))[0];
  EXPECT_EQ(correction.standing, EventStanding::erroneous);
  EXPECT_NE(correction.id.document, original.id.document);
  original.standing = EventStanding::erroneous;
  original.id = correction.id;
  EXPECT_EQ(correction, original);
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
  EXPECT_THAT(outcome(with("bizStep", "retail-selling")), HasSubstr("value_invalid: /bizStep"));
  EXPECT_THAT(outcome(with("bizStep", "cbv:BizStep-nothing")), HasSubstr("value_invalid"));
  EXPECT_EQ(outcome(with("bizStep", "https://own.example.com/step/melting")), "observed");
  EXPECT_EQ(outcome(with("bizStep", "inspecting")), "observed");
  EXPECT_EQ(outcome(with("disposition", "cbv:Disp-retail_sold")), "retail_selling");
  EXPECT_THAT(outcome(with("disposition", "asleep")), HasSubstr("value_invalid: /disposition"));
}

TEST(Capture, the_action_must_be_that_of_the_step) {
  EXPECT_EQ(outcome(with("action", "ADD")),
            "value_invalid: /action: retail_selling is recorded with OBSERVE (correct the field "
            "named)");
  EXPECT_THAT(outcome(with("action", "LOOK")), HasSubstr("value_invalid: /action"));
  EXPECT_THAT(outcome(with("action", 3)), HasSubstr("value_invalid: /action: must be a string"));
  auto event = good_event();
  event["bizStep"] = "destroying";
  EXPECT_THAT(outcome(print_json(event)), HasSubstr("/action: destroying is recorded with DELETE"));
  event["action"] = "DELETE";
  EXPECT_EQ(outcome(print_json(event)), "destroying");
  event["bizStep"] = "commissioning";
  EXPECT_THAT(outcome(print_json(event)), HasSubstr("/action"));
  event["action"] = "ADD";
  EXPECT_EQ(outcome(print_json(event)), "commissioning");
}

TEST(Capture, a_transaction_means_what_its_step_means) {
  auto event = good_event();
  event["type"] = "TransactionEvent";
  event["bizTransactionList"] = Json::array({{{"type", "po"}, {"bizTransaction", "urn:x:1"}}});
  EXPECT_EQ(outcome(print_json(event)), "retail_selling");
  event["action"] = "ADD";
  EXPECT_EQ(outcome(print_json(event)), "retail_selling");
  event["action"] = "DELETE";
  EXPECT_THAT(outcome(print_json(event)), HasSubstr("/action"));
  event["bizStep"] = "https://own.example.com/step/redeeming";
  EXPECT_EQ(outcome(print_json(event)), "observed");
}

TEST(Capture, goods_are_shipped_to_somebody) {
  auto event = good_event();
  event["bizStep"] = "departing";
  EXPECT_THAT(outcome(print_json(event)), HasSubstr("/destinationList: names no possessing_party"));
  const auto to = [&](const Json& destinations) {
    event["destinationList"] = destinations;
    return print_json(event);
  };
  const Json store = {{"type", "location"},
                      {"destination", "https://id.brand.example.com/store/S000123"}};
  const Json owner = {{"type", "owning_party"}, {"destination", "urn:epc:id:pgln:6922222.00000"}};
  const Json holder = {{"type", "possessing_party"},
                       {"destination", "urn:epc:id:pgln:6933333.00000"}};
  const auto consignee = [&](const Json& destinations) {
    const auto party = records_of(to(destinations))[0].counterparty;
    return party ? to_hex(party->view()) : "nobody";
  };
  EXPECT_EQ(consignee(Json::array({store})), "50000000000000000000000000000123");
  EXPECT_EQ(consignee(Json::array({store, owner})), "d0000000000000000000000000000001");
  EXPECT_EQ(consignee(Json::array({store, owner, holder})), "d0000000000000000000000000000002");
  auto unknown = holder;
  unknown["destination"] = "https://nobody.example.com/";
  EXPECT_THAT(outcome(to(Json::array({store, unknown}))),
              HasSubstr("value_invalid: /destinationList/1/destination: no party for the place "
                        "https://nobody.example.com/ in places.json"));
  auto other = owner;
  other["type"] = "possessing_party";
  EXPECT_THAT(outcome(to(Json::array({holder, other}))),
              HasSubstr("/destinationList/1/destination: is of another party"));
  unknown["type"] = "https://own.example.com/type";
  EXPECT_THAT(outcome(to(Json::array({unknown}))), HasSubstr("/destinationList: names no"));
}

TEST(Capture, a_return_names_what_allows_it) {
  auto event = good_event();
  event["bizStep"] = "receiving";
  event["disposition"] = "returned";
  EXPECT_THAT(outcome(print_json(event)), HasSubstr("value_invalid: /bizTransactionList"));
  event["bizTransactionList"] = Json::array({{{"type", "po"}, {"bizTransaction", "urn:x:1"}}});
  EXPECT_THAT(outcome(print_json(event)), HasSubstr("of type rma"));
  event["bizTransactionList"].push_back({{"type", "cbv:BTT-rma"}, {"bizTransaction", "urn:x:2"}});
  EXPECT_EQ(outcome(print_json(event)), "returning");
  event["disposition"] = "in_progress";
  EXPECT_EQ(outcome(print_json(event)), "receiving");
}

Json aggregation(const char* action, const char* step) {
  auto event = good_event();
  event["type"] = "AggregationEvent";
  event["action"] = action;
  event["bizStep"] = step;
  event["parentID"] = "urn:epc:id:sscc:6901234.0000000011";
  event["childEPCs"] = event["epcList"];
  event.erase("epcList");
  return event;
}

TEST(Capture, what_is_put_into_a_container_and_taken_out) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"ADD", "packing", "packing"},        {"ADD", "repackaging", "packing"},
      {"DELETE", "unpacking", "unpacking"}, {"DELETE", "packing", "unpacking"},
      {"OBSERVE", "packing", "observed"},   {"ADD", "loading", "observed"},
      {"DELETE", "unloading", "observed"},  {"OBSERVE", "receiving", "observed"},
  };
  for (const auto& [action, step, kind] : cases) {
    EXPECT_EQ(outcome(print_json(aggregation(action, step))), kind) << action << " " << step;
  }
  EXPECT_THAT(outcome(print_json(aggregation("ADD", "unpacking"))),
              HasSubstr("/action: unpacking is recorded with DELETE"));

  auto all = aggregation("DELETE", "unpacking");
  all.erase("childEPCs");
  EXPECT_TRUE(records_of(print_json(all))[0].units.empty());
  EXPECT_EQ(records_of(print_json(all))[0].parent, EpcText{"00/069012340000000115"});

  // Some bottles of a lot are not all that the container holds.
  all["childQuantityList"] =
      Json::array({{{"epcClass", "urn:epc:class:lgtin:6901234.056789.L1"}, {"quantity", 3}}});
  EXPECT_EQ(outcome(print_json(all)), "observed");

  auto crate = aggregation("ADD", "packing");
  crate["parentID"] = "urn:epc:id:grai:6901234.00001.1";
  EXPECT_THAT(outcome(print_json(crate)), HasSubstr("not_supported_yet: /parentID: neither"));
}

TEST(Capture, an_observation_notes_the_units_that_it_names) {
  auto event = aggregation("OBSERVE", "inspecting");
  event["childEPCs"] = Json::parse(R"(["urn:epc:id:sgtin:6901234.056789.B1",
      "urn:epc:id:grai:6901234.00001.1", "https://a.b/01/06901234567892/21/B1",
      "urn:epc:class:lgtin:6901234.056789.L1"])");
  const auto observed = records_of(print_json(event))[0];
  EXPECT_FALSE(observed.parent);
  EXPECT_THAT(observed.units,
              ElementsAre(EpcText{"00/069012340000000115"}, EpcText{"01/06901234567892/21/B1"}));

  const auto juice = records_of(R"({
    "type": "TransformationEvent", "eventTime": "2026-05-06T19:05:12.345+08:00",
    "eventTimeZoneOffset": "+08:00", "bizStep": "commissioning",
    "readPoint": {"id": "urn:epc:id:sgln:6901234.00001.0"},
    "inputEPCList": ["urn:epc:id:sgtin:6901234.056789.B1"],
    "outputEPCList": ["urn:epc:id:sgtin:6901234.056789.B2"]
  })")[0];
  EXPECT_EQ(juice.kind, EventKind::observed);
  EXPECT_FALSE(juice.batch);
  EXPECT_EQ(juice.units.size(), 2U);

  // Classes of goods have no history of their own.
  auto lots = good_event();
  lots.erase("epcList");
  lots["quantityList"] =
      Json::array({{{"epcClass", "urn:epc:class:lgtin:6901234.056789.L1"}, {"quantity", 3}}});
  EXPECT_EQ(outcome(print_json(lots)), "record_activity") << "but sales can be counted";
  lots["quantityList"][0]["uom"] = "KGM";
  EXPECT_EQ(outcome(print_json(lots)), "observed");
  EXPECT_TRUE(records_of(print_json(lots))[0].units.empty());
}

TEST(Capture, commissioning_needs_a_batch) {
  const auto text = sample("01_commissioning_bottles.jsonld");
  const auto known = places();
  const auto captured = capture_document(text, {&known, std::nullopt});
  ASSERT_TRUE(captured);
  EXPECT_THAT(captured->events[0].operations.error().detail, HasSubstr("/bizStep: name the code"));
  const auto batched = records_of(text)[0];
  EXPECT_EQ(batched.batch, UnitBatchId(7));
  EXPECT_EQ(batched.units.size(), 6U);
}

TEST(Capture, nothing_is_passed_over) {
  EXPECT_THAT(outcome(with("errorDeclaration", Json::object())),
              HasSubstr("value_invalid: /errorDeclaration/declarationTime"));
  EXPECT_THAT(outcome(with("quantityList", Json::array({Json::object()}))),
              HasSubstr("value_invalid: /quantityList/0/epcClass"));
  EXPECT_THAT(outcome(with("quantityList", Json::array())), HasSubstr("retail_selling"));
  EXPECT_THAT(outcome(with("sensorElementList", Json::array({1}))),
              HasSubstr("value_invalid: /sensorElementList/0"));
  EXPECT_THAT(outcome(with("colour", "red")), HasSubstr("value_invalid: /colour"));
  EXPECT_THAT(outcome(with("own:colour", "red")), HasSubstr("value_invalid: /own:colour"));
  auto event = good_event();
  event["@context"] = Json::array({kContext, {{"own", "https://own.example.com/"}}});
  event["own:colour"] = "red";
  EXPECT_EQ(outcome(print_json(event)), "retail_selling");
}

TEST(Capture, contexts_are_never_fetched) {
  EXPECT_THAT(outcome(with("@context", "https://evil.example.com/context.jsonld")),
              HasSubstr("value_invalid: /@context: contexts are built in and never fetched"));
  for (const auto& context :
       {Json({{"@vocab", "https://x.example.com/"}}), Json({{"bizStep", "https://x.example.com/"}}),
        Json({{"cbv", "https://x.example.com/"}}), Json({{"own", 1}}), Json({{"own", "no-uri"}}),
        Json(7), Json::array({Json::array({kContext})})}) {
    EXPECT_THAT(outcome(with("@context", context)), HasSubstr("value_invalid: /@context"))
        << context;
  }
}

TEST(Capture, a_query_document_is_taken_as_well) {
  const Json results = {{"queryName", "q"},
                        {"resultsBody", {{"eventList", Json::array({good_event()})}}}};
  const Json document = {{"@context", kContext},
                         {"type", "EPCISQueryDocument"},
                         {"epcisBody", {{"queryResults", results}}}};
  EXPECT_THAT(outcomes(print_json(document)), ElementsAre("retail_selling"));

  auto empty = document;
  empty["epcisBody"] = Json::object();
  EXPECT_THAT(outcome(print_json(empty)),
              HasSubstr("value_invalid: /epcisBody/queryResults/resultsBody/eventList"));
}

TEST(Capture, the_frame_of_a_document_is_checked) {
  const auto whole = *parse_json(sample("09_retail_selling_scan.jsonld"));
  const auto altered = [&](const std::string& member, const Json& value) {
    auto document = whole;
    document[member] = value;
    return outcome(print_json(document));
  };
  EXPECT_THAT(altered("schemaVersion", "1.2"), HasSubstr("not_supported_yet: /schemaVersion"));
  EXPECT_THAT(altered("creationDate", "yesterday"), HasSubstr("value_invalid: /creationDate"));
  EXPECT_EQ(altered("epcisHeader", Json::object()), "retail_selling");  // Master data.
  EXPECT_THAT(altered("epcisHeader", 7), HasSubstr("value_invalid: /epcisHeader"));
  EXPECT_THAT(altered("note", "x"), HasSubstr("value_invalid: /note"));
  EXPECT_THAT(altered("epcisBody", {{"event", good_event()}}), HasSubstr("/epcisBody/eventList"));
  auto bare = whole;
  bare.erase("@context");
  EXPECT_THAT(outcome(print_json(bare)), HasSubstr("/@context: is missing"));
}

// Whatever a document can say is looked at, and the refusal names the place and not the data.
TEST(Capture, personal_data_anywhere_refuses_the_document) {
  const auto whole = *parse_json(sample("09_retail_selling_scan.jsonld"));
  const std::string phone = "13812345678";
  const auto text = [&](const std::string& pointer, const Json& value) {
    auto document = whole;
    document[Json::json_pointer(pointer)] = value;
    return outcome(print_json(document));
  };
  const std::string event = "/epcisBody/eventList/0";
  for (const auto& pointer : std::vector<std::string>{
           "/id",
           "/sender",
           "/creationDate",
           "/@context/0",
           "/@context/1/cbvmda",
           "/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/id",
           event + "/eventID",
           event + "/type",
           event + "/eventTime",
           event + "/epcList/0",
           event + "/parentID",
           event + "/bizStep",
           event + "/disposition",
           event + "/readPoint/id",
           event + "/readPoint/fenrun:door",
           event + "/bizTransactionList/0/bizTransaction",
           event + "/sourceList/0/source",
           event + "/destinationList/0/destination",
           event + "/quantityList/0/epcClass",
           event + "/ilmd/fenrun:note",
           event + "/certificationInfo/0",
           event + "/errorDeclaration/fenrun:by",
           event + "/errorDeclaration/correctiveEventIDs/0",
           event + "/sensorElementList/0/sensorMetadata/deviceID",
           event + "/sensorElementList/0/sensorReport/0/stringValue",
           event + "/fenrun:other/deep/0/er",
           event + "/rdfs:comment",
           event + "/unknown"}) {
    EXPECT_EQ(text(pointer, "urn:x:" + phone).find("personal_data: " + pointer + ": looks like"),
              0U)
        << text(pointer, "urn:x:" + phone);
  }
  const auto in_name = text(event + "/fenrun:" + phone, 1);
  EXPECT_THAT(in_name, HasSubstr("personal_data: " + event + ": the name of a member looks like"));
  EXPECT_EQ(in_name.find(phone), std::string::npos);

  auto two = Json::array({good_event(), good_event()});
  two[1]["eventID"] = "openid:oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
  EXPECT_THAT(outcome(print_json(two)), HasSubstr("personal_data: /1/eventID"));
}

TEST(Capture, units_are_checked_one_by_one) {
  const auto unit = [](const char* uri) { return with("epcList", Json::array({uri})); };
  EXPECT_THAT(outcome(unit("https://id.gs1.org/01/06901234567890/21/B00001")),
              HasSubstr("value_invalid: /epcList/0: check digit"));
  EXPECT_THAT(outcome(unit("https://id.gs1.org/00/069012340000000116")),
              HasSubstr("value_invalid: /epcList/0: check digit"));
  EXPECT_THAT(outcome(with("epcList", Json::array())), HasSubstr("at least one EPC"));
  EXPECT_THAT(outcome(with("epcList", "urn:epc:id:sscc:6901234.0000000011")),
              HasSubstr("value_invalid: /epcList"));
  EXPECT_THAT(outcome(with("epcList", Json::array({"urn:epc:id:sgtin:6901234.056789.B1",
                                                   "https://a.b/01/06901234567892/21/B1"}))),
              HasSubstr("/epcList/1: the same unit twice"));
}

// A thousand units an operation, or as many as its bytes allow; the hash goes with the first part.
TEST(Capture, a_large_event_comes_in_parts) {
  const auto many = [](std::size_t count, const std::string& serial) {
    auto event = good_event();
    event["epcList"] = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      event["epcList"].push_back("urn:epc:id:sgtin:6901234.056789." + serial +
                                 std::to_string(10'000 + i));
    }
    return event;
  };
  const auto sizes = [](const std::vector<RecordEvent>& records) {
    std::vector<std::size_t> out;
    for (const auto& record : records) out.push_back(record.units.size());
    return out;
  };
  const auto records = records_of(print_json(many(2'001, "B")));
  EXPECT_THAT(sizes(records), ElementsAre(1'000, 1'000, 1));
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].id.part, i);
    EXPECT_EQ(records[i].id.index, 0U);
    EXPECT_EQ(records[i].event_hash.has_value(), i == 0);
    EXPECT_TRUE(encode_operation(records[i]));
  }
  EXPECT_EQ(records[1].units[0].value, "01/06901234567892/21/B11000");

  // 41 bytes each and one for the length: 761 of them are 31,962 bytes.
  const auto longer = records_of(print_json(many(1'000, "ABCDEFGHIJKLMNO")));
  EXPECT_THAT(sizes(longer), ElementsAre(761, 239));
  EXPECT_TRUE(encode_operation(longer[0]));

  auto error = many(1'001, "B");
  error["errorDeclaration"] = {{"declarationTime", "2026-05-07T00:00:00Z"}};
  const auto declared = records_of(print_json(error));
  ASSERT_EQ(declared.size(), 2U);
  EXPECT_EQ(declared[0].event_hash, declared[1].event_hash);
}

TEST(Capture, parts_of_an_event_share_a_transaction_where_they_fit) {
  auto event = good_event();
  event["epcList"] = Json::array();
  for (int i = 0; i < 3'000; ++i) {
    event["epcList"].push_back("urn:epc:id:sgtin:6901234.056789.B" + std::to_string(i));
  }
  auto events = Json::array();
  for (int i = 0; i < 5; ++i) events.push_back(event);
  const auto known = places();
  const auto groups = operation_groups(*capture_document(print_json(events), with_places(known)));
  // Three parts of some 27 KB an event, 256 KiB a transaction.
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_THAT(groups[0].events, ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_THAT(groups[1].events, ElementsAre(3, 3, 3, 4, 4, 4));
  EXPECT_EQ(groups[1].operations.size(), 6U);
}

TEST(Capture, a_place_is_found_or_named) {
  EXPECT_THAT(outcome(with("bizLocation", {{"id", "https://store.example.com/9"}})),
              HasSubstr("value_invalid: /bizLocation/id: no party for the place "
                        "https://store.example.com/9 in places.json"));
  EXPECT_THAT(outcome(with("bizLocation", {{"id", "urn:epc:id:sgln:6901234.00001.0"}})),
              HasSubstr("/readPoint: is a place of another party"));
  auto nowhere = good_event();
  nowhere.erase("readPoint");
  EXPECT_THAT(outcome(print_json(nowhere)), HasSubstr("where was it?"));
  EXPECT_THAT(outcome(with("readPoint", "urn:x:y")), HasSubstr("/readPoint: must be an object"));
  // A door of a known place need not be known itself.
  auto door = good_event();
  door["bizLocation"] = door["readPoint"];
  door["readPoint"] = {{"id", "https://store.example.com/door/9"}};
  EXPECT_EQ(outcome(print_json(door)), "retail_selling");
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
