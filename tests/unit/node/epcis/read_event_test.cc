#include "node/epcis/read_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "node/epcis/capture.h"
#include "node/epcis/event_hash.h"
#include "tests/support/vectors.h"

namespace fenrun::epcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kUnit = "urn:epc:id:sgtin:6901234.056789.B00001";

Json parsed(const std::string& text) {
  const auto json = parse_json(text, {.numbers = JsonNumbers::texts});
  EXPECT_TRUE(json) << text;
  return json ? *json : Json();
}

Json event_of(const std::string& type, const Json& members) {
  Json out = {{"type", type},
              {"eventTime", "2026-05-06T19:05:12.345+08:00"},
              {"eventTimeZoneOffset", "+08:00"}};
  if (type != "TransformationEvent") out["action"] = "OBSERVE";
  out.update(members);
  return out;
}
Json object_event(const Json& members = Json::object()) {
  Json out = event_of("ObjectEvent", {{"epcList", Json::array({kUnit})}});
  out.update(members);
  return out;
}

Result<ReadEvent> read_alone(const Json& event) {
  Growth growth;
  return read_event(event, Pointer{}, Context{}, growth);
}

// "accepted" or the refusal.
std::string outcome(const Json& event) {
  const auto read = read_alone(event);
  if (!read) return read.error().to_string();
  return read->identifier_fault ? read->identifier_fault->to_string() : "accepted";
}
std::string pre_hash_of(const Json& event) {
  const auto read = read_alone(event);
  EXPECT_TRUE(read) << read.error().to_string();
  return read ? pre_hash(read->event) : "";
}
// The part of the pre-hash string behind what all of these events have.
std::string tail_of(const Json& event) {
  const std::string mark = "action=OBSERVE";
  const auto text = pre_hash_of(event);
  return text.substr(text.find(mark) + mark.size());
}

std::string without(Json event, const std::string& member) {
  event.erase(member);
  return outcome(event);
}

TEST(ReadEvent, every_type_has_members_that_must_be_there) {
  const Json units = Json::array({kUnit});
  const Json quantities = parsed(R"([{"epcClass": "urn:epc:idpat:sgtin:6901234.056789.*"}])");
  const Json po = parsed(R"([{"type": "po", "bizTransaction": "urn:x:1"}])");

  EXPECT_EQ(outcome(event_of("ObjectEvent", {{"epcList", Json::array()}})), "accepted");
  EXPECT_EQ(outcome(event_of("ObjectEvent", {{"quantityList", quantities}})), "accepted");
  EXPECT_THAT(outcome(event_of("ObjectEvent", {{"quantityList", Json::array()}})),
              HasSubstr("value_invalid: /epcList"));
  for (const auto* name : {"eventTime", "eventTimeZoneOffset", "action", "type"}) {
    EXPECT_THAT(without(object_event(), name),
                HasSubstr("value_invalid: /" + std::string(name) + ": is missing"));
  }

  EXPECT_EQ(outcome(event_of("AggregationEvent", {{"childEPCs", units}})), "accepted");
  EXPECT_THAT(outcome(event_of("AggregationEvent", {{"action", "ADD"}, {"childEPCs", units}})),
              HasSubstr("/parentID: is missing"));
  EXPECT_THAT(outcome(event_of("AggregationEvent", {{"parentID", kUnit}})),
              HasSubstr("/childEPCs"));
  EXPECT_EQ(outcome(event_of("AggregationEvent", {{"action", "DELETE"}, {"parentID", kUnit}})),
            "accepted");

  const Json sale = event_of("TransactionEvent", {{"bizTransactionList", po}, {"epcList", units}});
  EXPECT_EQ(outcome(sale), "accepted");
  EXPECT_THAT(without(sale, "bizTransactionList"), HasSubstr("/bizTransactionList: is missing"));
  EXPECT_THAT(without(sale, "epcList"), HasSubstr("/epcList: is missing"));

  const Json juice = event_of("TransformationEvent",
                              {{"inputEPCList", units}, {"outputQuantityList", quantities}});
  EXPECT_EQ(outcome(juice), "accepted");
  EXPECT_THAT(without(juice, "inputEPCList"), HasSubstr("/inputEPCList: is missing"));
  EXPECT_THAT(without(juice, "outputQuantityList"), HasSubstr("/outputEPCList: is missing"));
  EXPECT_EQ(outcome(event_of("TransformationEvent",
                             {{"inputEPCList", units}, {"transformationID", "urn:x:1"}})),
            "accepted");

  const Json tag = event_of("AssociationEvent", {{"parentID", kUnit}, {"childEPCs", units}});
  EXPECT_EQ(outcome(tag), "accepted");
  EXPECT_THAT(without(tag, "parentID"), HasSubstr("/parentID: is missing"));
}

TEST(ReadEvent, members_have_their_form) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"type": "MeltingEvent"})", "/type: none of the five types"},
      {R"({"action": "LOOK"})", "/action: must be ADD, OBSERVE or DELETE"},
      {R"({"eventTime": "2026-05-06T19:05:12"})", "/eventTime: a time looks like"},
      {R"({"eventTime": 7})", "/eventTime: must be a string"},
      {R"({"recordTime": "now"})", "/recordTime"},
      {R"({"eventTimeZoneOffset": "8"})", "/eventTimeZoneOffset"},
      {R"({"eventTimeZoneOffset": "+14:01"})", "/eventTimeZoneOffset"},
      {R"({"eventTimeZoneOffset": "Z"})", "/eventTimeZoneOffset"},
      {R"({"epcList": "urn:x:1"})", "/epcList: must be a list"},
      {R"({"epcList": ["B1"]})", "/epcList/0: no absolute URI"},
      {R"({"epcList": ["urn:x:1", "urn:x:1"]})", "/epcList/1: the same EPC twice"},
      {R"({"epcList": ["urn:epc:id:sgtin:1.2.3"]})", "/epcList/0"},
      {R"({"parentID": "urn:x:1"})", "/parentID: no member"},
      {R"({"colour": "red"})", "/colour: no member"},
      {R"({"own:colour": "red"})", "/own:colour"},
      {R"({"epcis:action": "ADD"})", "/epcis:action"},
      {R"({"https://ref.gs1.org/epcis/action": "ADD"})", "/https:~1~1ref.gs1.org~1epcis~1action"},
      {R"({"bizStep": "transforming"})", "/bizStep: no word"},
      {R"({"bizStep": "cbv:BizStep-transforming"})", "/bizStep: no word"},
      {R"({"bizStep": "cbv:Disp-active"})", "/bizStep: a word of another vocabulary"},
      {R"({"bizStep": ":x"})", "/bizStep: no word"},
      {R"({"disposition": "in_transport"})", "/disposition: no word"},
      {R"({"persistentDisposition": {}})", "/persistentDisposition"},
      {R"({"persistentDisposition": {"set": []}})", "/persistentDisposition/set"},
      {R"({"persistentDisposition": {"set": ["active", "active"]}})",
       "/persistentDisposition/set/1"},
      {R"({"persistentDisposition": {"put": ["active"]}})", "/persistentDisposition/put"},
      {R"({"readPoint": "urn:x:1"})", "/readPoint: must be an object"},
      {R"({"readPoint": {"name": "x"}})", "/readPoint: must be an object with an id"},
      {R"({"readPoint": {"id": "urn:x:1", "name": "x"}})", "/readPoint/name"},
      {R"({"bizLocation": {"id": "https://a.cn/414/69012340000"}})", "/bizLocation/id"},
      {R"({"certificationInfo": [{}]})", "/certificationInfo/0: must be a string"},
      {R"({"errorDeclaration": {}})", "/errorDeclaration/declarationTime: is missing"},
      {R"({"errorDeclaration": {"declarationTime": "2026-05-01T00:00:00Z", "reason": "oops"}})",
       "/errorDeclaration/reason"},
      {R"({"errorDeclaration": {"declarationTime": "2026-05-01T00:00:00Z", "by": "me"}})",
       "/errorDeclaration/by"},
      {R"({"eventID": "17"})", "/eventID: no absolute URI"},
      {R"({"sensorElementList": [{}]})", "/sensorElementList/0/sensorReport"},
      {R"({"sensorElementList": [{"sensorReport": [{"value": "hot"}]}]})",
       "/sensorElementList/0/sensorReport/0/value: must be a number"},
      {R"({"sensorElementList": [{"sensorReport": [{"value": 1}]}]})",
       "/sensorElementList/0/sensorReport/0/type: is missing"},
      {R"({"sensorElementList": [{"sensorReport": [{"type": "Heat"}]}]})",
       "/sensorElementList/0/sensorReport/0/type: no word"},
      {R"({"sensorElementList": [{"sensorReport": [{"type": "Mass", "component": "w"}]}]})",
       "/sensorElementList/0/sensorReport/0/component: no word"},
      {R"({"sensorElementList": [{"sensorReport": [{"type": "Mass", "hexBinaryValue": "g"}]}]})",
       "/sensorElementList/0/sensorReport/0/hexBinaryValue"},
      {R"({"sensorElementList": [{"sensorReport": [{"heat": 1}]}]})",
       "/sensorElementList/0/sensorReport/0/heat"},
      {R"({"gs1:x": {"@context": {}}})", "/gs1:x/@context"},
      {R"({"gs1:x": {"own:y": 1}})", "/gs1:x/own:y"},
      {R"({"@context": "https://evil.example.com/"})", "/@context: contexts are built in"},
  };
  for (const auto& [members, refusal] : cases) {
    EXPECT_THAT(outcome(object_event(parsed(members))),
                StartsWith("value_invalid: " + std::string(refusal)))
        << members;
  }
  EXPECT_THAT(outcome(7), HasSubstr("must be an object"));
}

TEST(ReadEvent, parts_have_their_form) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"bizTransactionList": [{"type": "po"}]})", "/bizTransactionList/0/bizTransaction"},
      {R"({"bizTransactionList": [{"type": "pod", "bizTransaction": "urn:x:1"}]})",
       "/bizTransactionList/0/type"},
      {R"({"bizTransactionList": [{"bizTransaction": "urn:epc:id:gdti:1"}]})",
       "/bizTransactionList/0/bizTransaction"},
      {R"({"sourceList": [{"source": "urn:x:1"}]})", "/sourceList/0/type: is missing"},
      {R"({"destinationList": [{"type": "location"}]})", "/destinationList/0/destination"},
      {R"({"destinationList": [{"type": "location", "destination": "urn:x:1", "x": 1}]})",
       "/destinationList/0/x"},
      {R"({"quantityList": [{"quantity": 1}]})", "/quantityList/0/epcClass: is missing"},
      {R"({"quantityList": [{"epcClass": "urn:x:1", "weight": 5}]})", "/quantityList/0/weight"},
      {R"({"quantityList": [{"epcClass": "urn:x:1", "quantity": "5"}]})",
       "/quantityList/0/quantity: must be a number"},
      {R"({"quantityList": [{"epcClass": "urn:x:1", "uom": "kg"}]})", "/quantityList/0/uom"},
      {R"({"ilmd": {}})", "/ilmd: stands only where something begins"},
      {R"({"action": "ADD", "ilmd": {"materialType": "soil"}})", "/ilmd/materialType"},
  };
  for (const auto& [members, refusal] : cases) {
    EXPECT_THAT(outcome(object_event(parsed(members))),
                StartsWith("value_invalid: " + std::string(refusal)))
        << members;
  }
}

TEST(ReadEvent, what_is_in_order_is_accepted) {
  for (const auto* members : {
           R"({"bizStep": "urn:epcglobal:cbv:bizstep:shipping"})",
           R"({"bizStep": "https://own.example.com/step/melting"})",
           R"({"bizStep": "gs1:melting", "disposition": "cbv:Disp-active"})",
           R"({"bizStep": "cbv:melting"})",
           R"({"eventTimeZoneOffset": "-14:00"})",
           R"({"epcList": ["https://own.example.com/thing/1", "urn:epc:id:gid:1.2.3"]})",
           R"({"epcList": ["https://a.cn/01/06901234567892"]})",
           R"({"epcList": ["urn:epc:class:lgtin:6901234.056789.L"]})",
           R"({"bizTransactionList": [{"bizTransaction": "https://a.cn/po/01/7"}]})",
           R"({"sourceList": [{"type": "cbv:my_own_party", "source": "urn:x:1"}]})",
           R"({"quantityList": [{"epcClass": "urn:x:1", "quantity": 200.50, "uom": "KGM"}]})",
           R"({"action": "ADD", "ilmd": {"cbvmda:lotNumber": "1"}})",
           R"({"certificationInfo": ["urn:x:1", "urn:x:2"]})",
           R"({"eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8"})",
           R"({"https://own.example.com/colour": ["red", null, {"bare": 1.5e3}]})",
           R"({"readPoint": {"id": "geo:1,2", "gs1:x": 1}, "gs1:y": 12345678901234567890})",
           R"({"sensorElementList": [{"sensorReport": [{"type": "gs1:Mass", "value": 2.5}]}]})",
           R"({"@context": {"own": "urn:own:", "own:x": {"@type": "xsd:integer"}}, "own:x": 1})",
       }) {
    EXPECT_EQ(outcome(object_event(parsed(members))), "accepted") << members;
  }
}

TEST(ReadEvent, a_wrong_check_digit_refuses_and_leaves_a_hash) {
  const Json wrong =
      object_event(parsed(R"({"epcList": ["https://id.gs1.org/01/06901234567890/21/B00001"]})"));
  EXPECT_THAT(outcome(wrong), StartsWith("value_invalid: /epcList/0: check digit"));
  EXPECT_THAT(pre_hash_of(wrong), HasSubstr("epc=https://id.gs1.org/01/06901234567890/21/B00001"));
  for (const auto* members :
       {R"({"readPoint": {"id": "https://a.cn/414/6901234000010"}})",
        R"({"sourceList": [{"type": "location", "source": "https://a.cn/414/6901234000010"}]})",
        R"({"quantityList": [{"epcClass": "https://a.cn/01/06901234567890"}]})",
        R"({"bizTransactionList": [{"bizTransaction": "https://a.cn/253/4012345000093X"}]})"}) {
    EXPECT_THAT(outcome(object_event(parsed(members))), HasSubstr("check digit")) << members;
  }
  EXPECT_EQ(outcome(object_event({{"gs1:x", "https://a.cn/414/6901234000010"}})), "accepted");
}

TEST(ReadEvent, spellings_of_one_event_have_one_hash) {
  const Json one = object_event(parsed(
      R"({"bizStep": "shipping", "epcList": ["urn:epc:id:sscc:6901234.0000000011",
          "urn:epc:id:sgtin:6901234.056789.B1"], "gs1:n": 7, "gs1:t": "2026-05-01T00:00:00Z"})"));
  const Json other = parsed(
      R"({"type": "ObjectEvent", "eventTime": "2026-05-06T11:05:12.3450Z", "gs1:n": " 007.0 ",
          "eventTimeZoneOffset": "+08:00", "action": "OBSERVE", "eventID": "urn:x:1",
          "https://gs1.org/voc/t": "2026-05-01T08:00:00.000+08:00", "rdfs:comment": "none",
          "epcList": ["https://a.cn/01/06901234567892/10/L/21/B1",
          "https://a.cn/00/069012340000000115?x"], "bizStep": "cbv:BizStep-shipping",
          "errorDeclaration": {"declarationTime": "2026-05-01T00:00:00Z"},
          "recordTime": "2026-05-07T00:00:00Z"})");
  EXPECT_EQ(pre_hash_of(one), pre_hash_of(other));
}

TEST(ReadEvent, extensions_are_put_together_each_for_itself) {
  EXPECT_EQ(tail_of(object_event(parsed(
                R"({"gs1:b": ["3", 10, {"gs1:d": true, "gs1:c": ["y", "x"]}], "gs1:a": "cba",
                    "gs1:empty": {}, "gs1:none": null})"))),
            "{https://gs1.org/voc/}a=cba{https://gs1.org/voc/}b=10{https://gs1.org/voc/}b=3"
            "{https://gs1.org/voc/}b{https://gs1.org/voc/}c=x{https://gs1.org/voc/}c=y"
            "{https://gs1.org/voc/}d=true{https://gs1.org/voc/}empty{https://gs1.org/voc/}none");
  EXPECT_EQ(tail_of(object_event(
                parsed(R"({"gs1:a": "1", "readPoint": {"gs1:z": "2", "id": "urn:x:1"}})"))),
            "readPointid=urn:x:1{https://gs1.org/voc/}z=2{https://gs1.org/voc/}a=1");
}

TEST(ReadEvent, short_names_of_long_extensions_are_bounded) {
  Json ones = Json::array();
  for (int i = 0; i < 25'000; ++i) ones.push_back(1);
  Json event = object_event({{"@context", {{"a", "urn:" + std::string(400, 'x')}}}, {"a:b", ones}});
  EXPECT_THAT(outcome(event), StartsWith("limit_exceeded: /a:b/"));
  event["a:b"] = 1;
  EXPECT_EQ(outcome(event), "accepted");
  event["a:" + std::string(200, 'b')] = 1;
  EXPECT_THAT(outcome(event), StartsWith("limit_exceeded: the name of an extension"));
}

// What is kept and hashed of a document is bounded, into however many events it is divided.
TEST(ReadEvent, a_document_grows_so_far_and_no_further) {
  Json document = {
      {"@context", Json::array({"https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
                                {{"a", "urn:" + std::string(400, 'x')}}})},
      {"type", "EPCISDocument"},
      {"schemaVersion", "2.0"},
      {"creationDate", "2026-05-01T12:00:00Z"}};
  Json members = object_event();
  members["a:b"] = Json::array();
  members["epcList"] = Json::array();
  for (int i = 0; i < 50; ++i) {
    members["a:b"].push_back(1);
    members["epcList"].push_back("a:" + std::to_string(i));
  }
  Json events = Json::array();
  for (int i = 0; i < 2'000; ++i) events.push_back(members);
  document["epcisBody"] = {{"eventList", std::move(events)}};
  const std::string text = document.dump();
  ASSERT_LT(text.size(), 3U * 1024 * 1024);

  const auto hostile = Document::read(text);
  ASSERT_TRUE(hostile) << hostile.error().to_string();
  Growth growth;
  std::size_t hashed = 0;
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < hostile->size(); ++i) {
    const auto site = hostile->site(i);
    const auto read = read_event(hostile->event(i), site.pointer(), hostile->context(), growth);
    if (!read) {
      ASSERT_EQ(read.error().code, Errc::limit_exceeded);
      continue;
    }
    hashed += pre_hash(read->event).size();
    ++accepted;
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_LT(accepted, hostile->size());
  EXPECT_LE(growth.spent(), kGrowthBytesMax);
  EXPECT_LE(hashed, kGrowthBytesMax + text.size());
}

TEST(ReadEvent, a_context_defines_so_many_prefixes) {
  Json prefixes = Json::object();
  for (std::size_t i = 0; i < kContextPrefixesMax; ++i) {
    prefixes["p" + std::to_string(i)] = "urn:x:" + std::to_string(i);
  }
  EXPECT_EQ(outcome(object_event({{"@context", prefixes}, {"p7:b", 1}})), "accepted");
  EXPECT_THAT(outcome(object_event({{"@context", Json::array({prefixes, {{"q", "urn:y:"}}})}})),
              StartsWith("limit_exceeded: /@context/1/q: more than 256 prefixes"));
}

// An event's context adds to its document's, and ends with the event.
TEST(ReadEvent, a_context_within_another_sees_it) {
  Context outer;
  ASSERT_TRUE(outer.add({{"a", "urn:a:"}, {"b", "urn:b:"}}, Pointer{}));
  auto inner = Context::within(outer);
  ASSERT_TRUE(inner.add({{"b", "urn:c:"}}, Pointer{}));
  EXPECT_EQ(inner.expanded("a:1"), "urn:a:1");
  EXPECT_EQ(inner.expanded("b:1"), "urn:c:1");
  EXPECT_EQ(outer.expanded("b:1"), "urn:b:1");
  EXPECT_EQ(inner.extension_name("rdfs:comment"), "{http://www.w3.org/2000/01/rdf-schema#}comment");
}

TEST(ReadEvent, an_id_that_is_the_hash_of_another_event_is_noticed) {
  const auto read = read_alone(object_event());
  ASSERT_TRUE(read);
  auto event = read->event;
  const auto hash = event_hash(event);
  EXPECT_FALSE(has_foreign_hash(event, hash));
  event.event_id = event_hash_uri(hash);
  EXPECT_FALSE(has_foreign_hash(event, hash));
  event.event_id = event_hash_uri(Digest{});
  EXPECT_TRUE(has_foreign_hash(event, hash));
  event.event_id = "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8";
  EXPECT_FALSE(has_foreign_hash(event, hash));
}

// The refusals of a document's events, or of the document.
std::vector<std::string> refusals(const std::string& text) {
  const auto document = capture_document(text, {});
  if (!document) return {document.error().to_string()};
  std::vector<std::string> out;
  for (const auto& event : document->events) {
    if (event.refusal) out.push_back(event.refusal->to_string());
  }
  return out;
}

TEST(PublicDocuments, valid_ones_are_accepted) {
  const auto folder = test::public_vectors_folder() / "epcis";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no public documents";
  std::size_t count = 0;
  for (const auto* inner : {"gs1", "openepcis/valid", "hash-vectors"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder / inner)) {
      const auto extension = entry.path().extension();
      if (extension != ".jsonld" && extension != ".json") continue;
      const auto text = test::contents_of(entry.path()).value_or("");
      EXPECT_THAT(refusals(text), ElementsAre()) << entry.path();
      ++count;
    }
  }
  EXPECT_GT(count, 0U);
}

TEST(PublicDocuments, invalid_ones_are_refused_for_their_reason) {
  const auto folder = test::public_vectors_folder() / "epcis" / "openepcis" / "invalid";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no public documents";
  const std::pair<const char*, std::vector<const char*>> cases[] = {
      {"Combination_of_events_with_missing_mandatory_fields",
       {"/0/action: is missing", "/1/eventTimeZoneOffset: is missing"}},
      {"Combination_of_non_standard_bizStep_and_disposition", {"/0/bizStep", "/1/disposition"}},
      {"ObjectEvent_with_ilmd_field_without_namespace", {"/0/ilmd/materialType"}},
      {"ObjectEvent_with_invalid_certificationInfo", {"/0/certificationInfo/0"}},
      {"ObjectEvent_with_non_standard_bizStep", {"/0/bizStep"}},
      {"ObjectEvent_with_non_standard_disposition", {"/0/disposition"}},
      {"ObjectEvent_with_unknown_field_in_quantityList", {"/0/quantityList/0/weight"}},
      {"ObjectEvent_without_identifier_list", {"/0/epcList"}},
  };
  std::set<std::string> known;
  for (const auto& [name, reasons] : cases) {
    known.insert(name);
    const auto text = test::contents_of(folder / (std::string(name) + ".json"));
    if (!text) continue;
    const auto found = refusals(*text);
    ASSERT_EQ(found.size(), reasons.size()) << name;
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_THAT(found[i],
                  StartsWith("value_invalid: /epcisBody/eventList" + std::string(reasons[i])))
          << name;
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (known.contains(entry.path().stem().string())) continue;
    EXPECT_FALSE(refusals(test::contents_of(entry.path()).value_or("")).empty()) << entry.path();
  }
}

}  // namespace
}  // namespace fenrun::epcis
