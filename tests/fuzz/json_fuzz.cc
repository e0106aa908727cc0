// JSON that strangers send: operations, transactions, EPCIS documents, the places file.  What is
// accepted prints as JSON that is read alike.
#include <algorithm>

#include "contracts/epc.h"
#include "node/epcis/capture.h"
#include "node/epcis/personal_data.h"
#include "node/json/json.h"
#include "node/json/views.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/world.h"

namespace fenrun::fuzz {
namespace {

std::vector<Operation> operations() {
  RegisterParty party;
  party.party = test::party_named("store");
  party.parent = test::party_named("brand");
  party.keys = {{KeyPurpose::transactions, test::key_named("store").public_key(), {}}};
  PolicyV1 policy;
  policy.countersigners = {test::party_named("east")};
  policy.funding = {{test::party_named("brand"), 1'000'000}};
  policy.rules = {Rule{}};
  RecordEvent event;
  event.time = TimeMs(1'700'000'000'000);
  event.batch = UnitBatchId(1);
  event.event_hash = test::digest_named("hash");
  event.units = {test::item(1), test::item(2)};
  return {party,
          event,
          PublishPolicy{policy},
          ProposeChange{SetParameters{default_parameters()}, Height(9)},
          ProposeChange{AdmitMember{{"west"}, test::party_named("west"), {}, {}}, Height(9)},
          InstructPayout{},
          OpenPeriod{},
          RecordEvidence{}};
}

std::vector<Bytes> operation_json_seeds() {
  std::vector<Bytes> seeds;
  for (const auto& operation : operations())
    seeds.push_back(seed_of(print_json(to_json(operation))));
  return seeds;
}

std::vector<Bytes> transaction_json_seeds() {
  Json json = {{"operations", Json::array()},
               {"lane", 0},
               {"mode", "atomic"},
               {"sequence", 7},
               {"valid_until", 99}};
  json["operations"].push_back(to_json(operations()[5]));
  json["operations"].push_back(to_json(operations()[6]));
  return {seed_of(print_json(json))};
}

std::vector<Bytes> json_seeds() {
  return {seed_of(R"({"a":[1,-2,true,null,"\u00e9\n"],"b":{"c":9007199254740992}})"),
          seed_of("[[[[[[[[[[]]]]]]]]]]"), seed_of("\"\\ud83d\\ude00\"")};
}

std::vector<Bytes> view_seeds() {
  const auto genesis = execute_genesis(test::example_genesis(), test::digest_named("policy"));
  std::vector<Bytes> seeds;
  for (const auto& entry : genesis.entries) {
    if (seeds.size() < 12) seeds.push_back(entry);
  }
  return seeds;
}

constexpr std::string_view kPlaces =
    R"({"urn:epc:id:sgln:6901234.00001.0":"00112233445566778899aabbccddeeff",)"
    R"("https://example.com/store":"ffeeddccbbaa99887766554433221100"})";

std::vector<Bytes> places_seeds() { return {seed_of(kPlaces)}; }

// What documents say that the ledger does not record.
std::string other_events() {
  return R"([{"type":"AggregationEvent","eventTime":"2026-03-01T08:00:00.1235Z","action":"ADD",)"
         R"("eventTimeZoneOffset":"-14:00","parentID":"urn:epc:id:sscc:6901234.0000000011",)"
         R"("childEPCs":["urn:epc:id:grai:6901234.00001.A",)"
         R"("https://a.cn/8006/040123451111180102"],)"
         R"("childQuantityList":[{"epcClass":"urn:epc:idpat:sgtin:6901234.056789.*",)"
         R"("quantity":2.50e1,"uom":"KGM"}],"persistentDisposition":{"set":["cbv:Disp-recalled"]},)"
         R"("sourceList":[{"type":"location","source":"urn:epc:id:sgln:6901234.00001.0"}],)"
         R"("sensorElementList":[{"sensorMetadata":{"time":"2026-03-01T08:00:00Z"},)"
         R"("sensorReport":[{"type":"Temperature","value":-1.5,"component":"x"}]}],)"
         R"("gs1:x":["007",null,{"bare":[true,"urn:epcglobal:cbv:disp:active"]}],)"
         R"("eventID":"ni:///sha-256;00?ver=CBV2.0"},)"
         R"({"type":"TransformationEvent","eventTime":"2026-03-01T08:00:00Z",)"
         R"("eventTimeZoneOffset":"+08:00","inputEPCList":["urn:epc:id:cpi:6901234.AB.1"],)"
         R"("transformationID":"urn:epc:id:gdti:6901234.00001.X",)"
         R"("ilmd":{"cbvmda:lotNumber":"L"}}])";
}

std::string query_document() {
  return R"({"@context":{"own":"urn:own:"},"type":"EPCISQueryDocument","epcisBody":{)"
         R"("queryResults":{"resultsBody":{"eventList":)" +
         other_events() + "}}}}";
}

std::vector<Bytes> capture_seeds() {
  const std::string event =
      R"({"type":"ObjectEvent","action":"OBSERVE","bizStep":"retail_selling",)"
      R"("disposition":"retail_sold","epcList":["urn:epc:id:sgtin:6901234.056789.B1",)"
      R"("https://id.gs1.org/01/06901234567892/21/B2"],"eventTime":"2026-03-01T08:00:00.000Z",)"
      R"("eventTimeZoneOffset":"+08:00","bizLocation":{"id":"urn:epc:id:sgln:6901234.00001.0"},)"
      R"("readPoint":{"id":"https://example.com/store"}})";
  const std::string commissioning =
      R"({"type":"ObjectEvent","action":"ADD","bizStep":"commissioning",)"
      R"("epcList":["urn:epc:id:sgtin:6901234.056789.B1"],"eventTime":"2026-03-01T08:00:00+08:00",)"
      R"("eventTimeZoneOffset":"+08:00","readPoint":{"id":"https://example.com/store"}})";
  const std::string head =
      R"({"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",)"
      R"({"own":"https://example.com/ns/"}],"type":"EPCISDocument","schemaVersion":"2.0",)"
      R"("creationDate":"2026-03-01T08:00:00.000Z","epcisBody":{"eventList":[)";
  return {seed_of(event),
          seed_of("[" + event + "," + commissioning + "]"),
          seed_of(head + commissioning + "," + event + "]}}"),
          seed_of(R"({"type":"AggregationEvent"})"),
          seed_of(other_events()),
          seed_of(query_document())};
}

void expect_whole(const RecordEvent& event) {
  const bool may_be_empty = event.kind == EventKind::observed || event.kind == EventKind::unpacking;
  EXPECT_FUZZ(may_be_empty || !event.units.empty(), "an event of nothing");
  for (const auto& unit : event.units) {
    EXPECT_FUZZ(parse_epc(unit.value).has_value(), "no unit of the ledger: " + unit.value);
  }
  const bool is_of_container =
      event.kind == EventKind::packing || event.kind == EventKind::unpacking;
  EXPECT_FUZZ(event.batch.has_value() == (event.kind == EventKind::commissioning),
              "a batch where none is, or none where one is");
  EXPECT_FUZZ(event.parent.has_value() == is_of_container, "a container where none is, or none");
  EXPECT_FUZZ(event.counterparty.has_value() == (event.kind == EventKind::shipping),
              "a consignee where none is, or none");
  EXPECT_FUZZ(encode_operation(event).has_value(), "more than an operation holds");
}

void expect_named(const Operation& operation, const EventId& id) {
  EXPECT_FUZZ(encode_operation(operation).has_value(), "more than an operation holds");
  if (const auto* const record = std::get_if<RecordEvent>(&operation)) {
    expect_whole(*record);
    EXPECT_FUZZ(record->id == id, "events that are not numbered as they stand");
  } else if (const auto* const activity = std::get_if<RecordActivity>(&operation)) {
    EXPECT_FUZZ(activity->source == id, "activities that are not numbered as they stand");
    EXPECT_FUZZ(!activity->id.reference.is_zero(), "an activity without a name");
  } else {
    const auto& withdrawal = std::get<WithdrawActivity>(operation);
    EXPECT_FUZZ(!withdrawal.id.reference.is_zero(), "nothing to withdraw");
  }
}

// Form, identifiers and hash of every event.
void expect_checked(const epcis::CapturedEvent& event) {
  EXPECT_FUZZ(event.refusal || event.hash || !event.event, "accepted without a hash");
  EXPECT_FUZZ(!event.refusal || is_code_of_form(event.refusal->code), event.refusal->to_string());
  EXPECT_FUZZ(!event.refusal || !event.operations, "recorded though refused");
  const auto* const record =
      event.operations ? std::get_if<RecordEvent>(&event.operations->front()) : nullptr;
  if (record) EXPECT_FUZZ(record->event_hash == event.hash, "recorded with another hash");
}

}  // namespace

FENRUN_FUZZ(json, json_seeds) {
  const auto json = parse_json(text_of(input));
  if (!json) {
    EXPECT_FUZZ(
        json.error().code == Errc::json_invalid || json.error().code == Errc::limit_exceeded,
        json.error().to_string());
    return;
  }
  const auto again = parse_json(print_json(*json));
  EXPECT_FUZZ(again && *again == *json, "what is printed reads otherwise");
}

FENRUN_FUZZ(operation_json, operation_json_seeds) {
  const auto json = parse_json(text_of(input));
  if (!json) return;
  const auto operation = operation_from_json(*json);
  if (!operation) {
    EXPECT_FUZZ(is_code_of_form(operation.error().code), operation.error().to_string());
    return;
  }
  const auto printed = to_json(*operation);
  const auto again = operation_from_json(printed);
  EXPECT_FUZZ(again && *again == *operation, "what is printed is another operation");
  // Whoever signs sees the bytes that the ledger will decode.
  if (const auto bytes = encode_operation(*operation)) {
    const auto decoded = decode_operation(*bytes);
    EXPECT_FUZZ(decoded && *decoded == *operation, "what is signed is another operation");
  }
}

FENRUN_FUZZ(transaction_json, transaction_json_seeds) {
  const auto json = parse_json(text_of(input));
  if (!json) return;
  const auto draft = transaction_from_json(*json);
  if (!draft) {
    EXPECT_FUZZ(is_code_of_form(draft.error().code), draft.error().to_string());
    return;
  }
  for (const auto& payload : draft->operations) {
    EXPECT_FUZZ(decode_operation(payload).has_value(), "an operation that nobody can decode");
  }
}

FENRUN_FUZZ(entry_view, view_seeds) {
  const auto entry = decode_entry(input);
  if (!entry) return;
  const auto text = print_json(to_json(*entry));
  JsonLimits limits;
  limits.bytes = text.size();
  const auto again = parse_json(text, limits);
  EXPECT_FUZZ(again.has_value(), again ? "" : again.error().to_string());
}

FENRUN_FUZZ(places, places_seeds) {
  const auto places = epcis::Places::parse(text_of(input), "places.json");
  if (places) return;
  EXPECT_FUZZ(is_code_of_form(places.error().code), places.error().to_string());
}

FENRUN_FUZZ(capture, capture_seeds) {
  static const auto kKnown = epcis::Places::parse(kPlaces, "places.json").value();
  const auto captured = epcis::capture_document(text_of(input), {&kKnown, UnitBatchId(1)});
  if (!captured) {
    EXPECT_FUZZ(is_code_of_form(captured.error().code), captured.error().to_string());
    return;
  }
  EXPECT_FUZZ(captured->document == sha256(input), "bound to other bytes");
  std::uint32_t index = 0;
  for (const auto& event : captured->events) {
    expect_checked(event);
    if (!event.operations) {
      EXPECT_FUZZ(is_code_of_form(event.operations.error().code),
                  event.operations.error().to_string());
    }
    for (std::uint32_t part = 0; event.operations && part < event.operations->size(); ++part) {
      expect_named((*event.operations)[part], {captured->document, index, part});
    }
    ++index;
  }
}

}  // namespace fenrun::fuzz
