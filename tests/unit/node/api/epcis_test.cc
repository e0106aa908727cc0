// The EPCIS routes, over loopback.  docs/spec/api.md, "EPCIS".
#include <gmock/gmock.h>

#include <future>

#include "tests/unit/node/api/capture_fixture.h"

namespace fenrun::api {
namespace {

using ::testing::HasSubstr;

using test::commissioning_event;
using test::epcis_document;

class EpcisTest : public CaptureApiTest {
 protected:
  test::HttpAnswer send(const std::string& address, const std::string& body,
                        const std::string& headers = "Content-Type: application/json\r\n") {
    return test::HttpClient(port_).request("POST", "/epcis/v2/" + address, kMember + headers, body);
  }
  // The answer to one that waits for a block.
  test::HttpAnswer send_and_commit(const std::string& address, const std::string& body) {
    auto answer = std::async(std::launch::async, [&] { return send(address, body); });
    while (answer.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      commit_pending();
    }
    return answer.get();
  }
  void commit() {
    while (!commit_pending()) std::this_thread::yield();
  }
  Json job_once_finished(const std::string& address) {
    for (int i = 0; i < 5'000; ++i) {
      const auto job = json(address);
      if (job["running"] == false) return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "still running";
    return {};
  }
  std::size_t events(const std::string& query) {
    const auto answer = json("/epcis/v2/events" + query);
    return answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"].size();
  }
  // "400 epcisException:ValidationException"
  static std::string refusal(const test::HttpAnswer& answer) {
    const auto problem = parse_json(answer.body);
    return std::to_string(answer.status) + " " +
           (problem && problem->contains("type") ? (*problem)["type"].get<std::string>()
                                                 : answer.body);
  }
};

TEST_F(EpcisTest, a_document_becomes_a_job) {
  const auto body =
      epcis_document(Json::array({commissioning_event("A1"), commissioning_event("A2")}));
  const auto accepted = send("capture?batch=1", body);
  ASSERT_EQ(accepted.status, 202) << accepted.body;
  EXPECT_EQ(accepted.headers.at("gs1-epcis-version"), "2.0.0");
  const auto address = accepted.headers.at("location");
  EXPECT_THAT(address, HasSubstr("/epcis/v2/capture/"));
  EXPECT_EQ(json(address)["running"], true);
  commit();
  const auto job = job_once_finished(address);
  EXPECT_EQ(job["success"], true);
  EXPECT_EQ(job["captureErrorBehaviour"], "rollback");
  EXPECT_EQ(job["events"].size(), 2U);
  EXPECT_EQ(events("?MATCH_epc=https%3A%2F%2Fa.b%2F01%2F06901234567892%2F21%2FA2"), 1U);

  const auto document = get("/epcis/v2/documents/" + job["document"].get<std::string>());
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.body, body);  // The exact bytes.

  const auto jobs = json("/epcis/v2/capture");
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ("/epcis/v2/capture/" + jobs[0]["captureID"].get<std::string>(), address);
}

TEST_F(EpcisTest, a_query_document_is_taken_as_well) {
  const Json results = {{"queryName", "q"},
                        {"resultsBody", {{"eventList", Json::array({commissioning_event("Q1")})}}}};
  const Json document = {{"@context", test::kEpcisContext},
                         {"type", "EPCISQueryDocument"},
                         {"epcisBody", {{"queryResults", results}}}};
  EXPECT_EQ(
      send("capture?batch=1", document.dump(), "Content-Type: application/ld+json\r\n").status,
      202);
}

TEST_F(EpcisTest, one_event_is_answered_when_it_is_recorded) {
  const auto body = commissioning_event("E1").dump();
  const auto created = send_and_commit("events?batch=1", body);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.body, body);
  const auto address = created.headers.at("location");
  EXPECT_THAT(address, HasSubstr("/epcis/v2/events/ni%3A%2F%2F%2Fsha-256%3B"));
  EXPECT_EQ(json(address)["epcisBody"]["queryResults"]["resultsBody"]["eventList"].size(), 1U);

  // The same once more; said in other words; another commissioning of the unit.
  EXPECT_EQ(refusal(send_and_commit("events?batch=1", body)),
            "409 epcisException:ResourceAlreadyExistsException");
  auto other = commissioning_event("E1");
  other["epcList"][0] = "https://a.b/01/06901234567892/21/E1";
  EXPECT_EQ(send_and_commit("events?batch=1", other.dump()).status, 409);
  other["eventTime"] = "1970-01-01T00:00:02Z";
  EXPECT_EQ(code_of(send_and_commit("events?batch=1", other.dump())), "unit_exists");

  EXPECT_EQ(refusal(send("events", body)), "400 epcisException:ValidationException");  // No batch.
  EXPECT_EQ(
      refusal(send("events?batch=1", epcis_document(Json::array({commissioning_event("E2")})))),
      "400 epcisException:ValidationException");
  EXPECT_EQ(refusal(get("/epcis/v2/events/urn%3Ax%3Anone")),
            "404 epcisException:NoSuchResourceException");
}

TEST_F(EpcisTest, wrong_requests_are_told_what_is_wrong) {
  const auto body = epcis_document(Json::array({commissioning_event("W1")}));
  EXPECT_EQ(refusal(send("capture", "<epcis/>", "Content-Type: application/xml\r\n")),
            "415 epcisException:UnsupportedMediaTypeException");
  EXPECT_EQ(send("capture", body, "").status, 415);
  EXPECT_EQ(send("events", "<epcis/>", "Content-Type: text/xml; charset=utf-8\r\n").status, 415);
  for (const auto* text :
       {"", "{", "7", "null", "[1,", "\xff\xfe", R"({"type":"EPCISDocument"})",
        R"({"@context":"https://evil.example.com/c.jsonld","type":"EPCISDocument",
            "schemaVersion":"2.0","creationDate":"2026-05-01T12:00:00Z",
            "epcisBody":{"eventList":[]}})",
        R"({"type":"ObjectEvent","x":"13812345678"})"}) {
    EXPECT_EQ(refusal(send("capture", text)), "400 epcisException:ValidationException") << text;
  }
  EXPECT_EQ(refusal(send("capture", std::string(100'000, '['))),
            "413 epcisException:CaptureLimitExceededException");
  EXPECT_EQ(send("capture", std::string(600'000, ' ')).status, 413);
  const auto with = [&](const std::string& header) {
    return send("capture?batch=1", body, "Content-Type: application/json\r\n" + header).status;
  };
  EXPECT_EQ(with("GS1-Capture-Error-Behaviour: ignore\r\n"), 400);
  EXPECT_EQ(with("GS1-Capture-Error-Behaviour: proceed\r\n"), 202);
  EXPECT_EQ(with("GS1-EPCIS-Version: 1.2\r\n"), 406);
  EXPECT_EQ(send("capture?batch=x", body).status, 400);
  EXPECT_EQ(send("capture?colour=red", body).status, 400);
  EXPECT_EQ(get("/epcis/v2/events", kMember + std::string("Accept: application/xml\r\n")).status,
            406);
  for (const auto* query :
       {"eventType=Melting", "EQ_action=LOOK", "EQ_bizStep=melting", "GE_eventTime=yesterday",
        "MATCH_epc=B1", "MATCH_epc=urn%3Aepc%3Aidpat%3Asgtin%3A6901234.%2A.B1",
        "EQ_disposition=melted", "EQ_bizTransaction_po=7", "EQ_destination_location=x", "perPage=0",
        "perPage=101", "nextPageToken=x", "EQ_eventID="}) {
    EXPECT_EQ(refusal(get("/epcis/v2/events?" + std::string(query))),
              "400 epcisException:QueryParameterException")
        << query;
  }
  for (const auto* address : {"queries", "queries/q1", "queries/q1/subscriptions"}) {
    EXPECT_EQ(get("/epcis/v2/" + std::string(address)).status, 501) << address;
    EXPECT_EQ(send(address, "{}").status, 501) << address;
  }
  EXPECT_EQ(get("/epcis/v2/capture/x").status, 404);
  EXPECT_EQ(get("/epcis/v2/documents/" + std::string(64, 'a')).status, 404);
  EXPECT_EQ(get("/epcis/v2/documents/x").status, 400);
  EXPECT_EQ(get("/epcis/v2/events", "").status, 401);
}

TEST_F(EpcisTest, events_are_told_page_by_page) {
  Json list = Json::array();
  for (int i = 0; i < 5; ++i) list.push_back(commissioning_event("N" + std::to_string(i)));
  const auto accepted = send("capture?batch=1", epcis_document(std::move(list)));
  commit();
  job_once_finished(accepted.headers.at("location"));

  const auto first = get("/epcis/v2/events?perPage=2&EQ_bizStep=commissioning%7Cpacking");
  ASSERT_EQ(first.status, 200) << first.body;
  const auto link = first.headers.at("link");
  EXPECT_THAT(link, HasSubstr("; rel=\"next\""));
  EXPECT_THAT(link, HasSubstr("EQ_bizStep=commissioning%7Cpacking"));
  const auto next = get(link.substr(1, link.find('>') - 1));
  EXPECT_EQ(next.status, 200);
  EXPECT_TRUE(next.headers.contains("link"));
  EXPECT_EQ(events("?perPage=2&nextPageToken=4"), 1U);
  EXPECT_EQ(events("?eventType=ObjectEvent%7CAggregationEvent&EQ_action=ADD"), 5U);
  EXPECT_EQ(events("?EQ_bizStep=shipping"), 0U);
  EXPECT_EQ(events("?EQ_readPoint=urn%3Ax%3Aplant&GE_eventTime=1970-01-01T00:00:01Z"), 5U);
  EXPECT_EQ(events("?LT_eventTime=1970-01-01T00:00:01Z"), 0U);
  const auto of_unit = json("/epcis/v2/epcs/urn%3Aepc%3Aid%3Asgtin%3A6901234.056789.N3/events");
  EXPECT_EQ(of_unit["epcisBody"]["queryResults"]["resultsBody"]["eventList"].size(), 1U);
}

TEST_F(EpcisTest, events_are_found_by_patterns_documents_and_parties) {
  auto packing = commissioning_event("C1");
  packing["type"] = "AggregationEvent";
  packing["action"] = "OBSERVE";  // Nobody commissioned the pallet.
  packing["bizStep"] = "packing";
  packing["disposition"] = "in_progress";
  packing["parentID"] = "urn:epc:id:sscc:6901234.0000000001";
  packing["childEPCs"] = std::exchange(packing["epcList"], Json());
  packing.erase("epcList");
  packing["bizTransactionList"] = Json::array({{{"type", "po"}, {"bizTransaction", "urn:x:po:1"}}});
  packing["destinationList"] =
      Json::array({{{"type", "owning_party"}, {"destination", "urn:x:store"}}});
  const auto accepted = send(
      "capture?batch=1",
      epcis_document(Json::array({commissioning_event("C1"), commissioning_event("C2"), packing})),
      "Content-Type: application/json\r\nGS1-Capture-Error-Behaviour: proceed\r\n");
  commit();
  const auto job = job_once_finished(accepted.headers.at("location"));
  ASSERT_EQ(job["success"], true) << job;

  EXPECT_EQ(events("?MATCH_epc=urn:epc:idpat:sgtin:6901234.056789.*"), 3U);
  EXPECT_EQ(events("?MATCH_epc=urn:epc:idpat:sgtin:6901234.*.*&EQ_bizStep=packing"), 1U);
  EXPECT_EQ(events("?MATCH_epc=https://id.gs1.org/01/06901234567892"), 3U);
  EXPECT_EQ(events("?MATCH_epc=urn:epc:idpat:sscc:*.*"), 0U);
  EXPECT_EQ(events("?MATCH_anyEPC=urn:epc:idpat:sscc:6901234.*"), 1U);
  EXPECT_EQ(events("?MATCH_parentID=urn:epc:id:sscc:6901234.0000000001"), 1U);
  EXPECT_EQ(events("?MATCH_inputEPC=urn:epc:idpat:sgtin:*.*.*"), 0U);
  EXPECT_EQ(events("?EQ_disposition=in_progress"), 1U);
  EXPECT_EQ(events("?EQ_bizTransaction_po=urn:x:po:1%7Curn:x:po:2"), 1U);
  EXPECT_EQ(events("?EQ_bizTransaction_inv=urn:x:po:1"), 0U);
  EXPECT_EQ(events("?EQ_destination_owning_party=urn:x:store"), 1U);
  const auto of_pattern = json(
      "/epcis/v2/epcs/urn:epc:idpat:sscc:*.*/events?MATCH_epc=urn:epc:id:sgtin:6901234.056789.C1");
  EXPECT_EQ(of_pattern["epcisBody"]["queryResults"]["resultsBody"]["eventList"].size(), 1U);
}

TEST_F(EpcisTest, options_tell_what_is_spoken) {
  const auto options = [&](const std::string& address) {
    return test::HttpClient(port_).request("OPTIONS", "/epcis/v2/" + address);
  };
  for (const auto& [address, methods] : std::map<std::string, std::string>{
           {"capture", "POST, GET, HEAD, OPTIONS"},
           {"capture/x", "GET, HEAD, OPTIONS"},
           {"events", "POST, GET, HEAD, OPTIONS"},
           {"events/urn%3Ax", "GET, HEAD, OPTIONS"},
           {"epcs/urn%3Ax/events", "GET, HEAD, OPTIONS"},
           {"documents/x", "GET, HEAD, OPTIONS"},
           {"queries", "GET, HEAD, POST, OPTIONS"},
           {"queries/q1/subscriptions", "GET, HEAD, POST, OPTIONS"}}) {
    const auto answer = options(address);
    EXPECT_EQ(answer.status, 204) << address;
    EXPECT_EQ(answer.headers.at("allow"), methods) << address;
    for (const auto* header : {"gs1-epcis-version", "gs1-epcis-min", "gs1-epcis-max",
                               "gs1-cbv-version", "gs1-cbv-min", "gs1-cbv-max"}) {
      EXPECT_EQ(answer.headers.at(header), "2.0.0") << address;
    }
    EXPECT_EQ(answer.headers.at("gs1-epc-format"), "Never_Translates") << address;
  }
  const auto capture = options("capture");
  EXPECT_EQ(capture.headers.at("gs1-epcis-capture-limit"), "10000");
  EXPECT_EQ(capture.headers.at("gs1-epcis-capture-file-size-limit"), std::to_string(528 * 1024));
  EXPECT_EQ(capture.headers.at("gs1-capture-error-behaviour"), "all");
  EXPECT_FALSE(options("events").headers.contains("gs1-capture-error-behaviour"));
}

// Without a key the node signs nothing.
TEST_F(ApiTest, without_a_key_there_is_no_intake) {
  const auto answer = test::HttpClient(port_).request(
      "POST", "/epcis/v2/capture", kMember + std::string("Content-Type: application/json\r\n"),
      "[]");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(code_of(answer), "not_ready");
  EXPECT_THAT(answer.body, HasSubstr("key_file under [intake]"));
}

}  // namespace
}  // namespace fenrun::api
