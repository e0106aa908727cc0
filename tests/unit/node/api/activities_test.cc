// Orders and other activities: how they come in, and what members are told of them.
#include "contracts/operations.h"
#include "core/text.h"
#include "tests/support/printed_codes.h"
#include "tests/unit/node/api/capture_fixture.h"

namespace fenrun::api {
namespace {

class ActivitiesTest : public CaptureApiTest {
 protected:
  test::HttpAnswer send(const Json& document, const std::string& query = "",
                        const std::string& type = "application/json") {
    return test::HttpClient(port_).request("POST", "/v1/activities" + query,
                                           kMember + ("Content-Type: " + type + "\r\n"),
                                           document.dump());
  }
  // The job of a document, once it is over.
  Json job_of(const Json& document, const std::string& query = "") {
    const auto answer = send(document, query);
    EXPECT_EQ(answer.status, 202u) << answer.body;
    const std::string address = Json::parse(answer.body)["job"];
    for (;;) {
      commit_pending();
      const Json job = json(address);
      if (!job["running"].get<bool>()) return job;
    }
  }

  Json share(const std::string& subject, const std::string& reference) const {
    return {{"kind", "share"},
            {"time", "1970-01-01T00:00:01Z"},
            {"place", place_},
            {"subject", to_hex(test::subject_named(subject).view())},
            {"reference", reference}};
  }
  static Json document(const Json& activities) {
    return {{"type", "ActivityDocument"}, {"activities", activities}};
  }

  const std::string place_ = to_hex(test::party_named("brand").view());
};

TEST_F(ActivitiesTest, BecomeAJobAndARecord) {
  const Json job = job_of(document({share("anna", "s-1"), share("berta", "s-2")}));
  EXPECT_EQ(job["success"], true) << job;
  EXPECT_EQ(job["events"][0]["type"], "share");
  EXPECT_EQ(job["events"][1]["outcome"], "ok");

  const Json items = json("/v1/activities")["items"];
  ASSERT_EQ(items.size(), 2u);
  const std::string reference = to_hex(sha256(bytes_of("s-1")).view());
  const Json one = json("/v1/activities/" + place_ + "/share/" + reference);
  EXPECT_EQ(one["activity"]["subject"], to_hex(test::subject_named("anna").view()));
  EXPECT_EQ(one["signer"], place_);
  EXPECT_EQ(json("/v1/activities?place=" + place_ + "&kind=share")["items"].size(), 2u);
  EXPECT_EQ(json("/v1/activities?place=" + place_ + "&kind=sale")["items"].size(), 0u);
  EXPECT_EQ(json("/v1/activities?place=" + std::string(32, '0'))["items"].size(), 0u);
  EXPECT_EQ(code("/v1/activities?kind=share", 400), "value_invalid");
  EXPECT_EQ(code("/v1/activities?place=" + place_ + "&kind=x", 400), "value_invalid");
  EXPECT_EQ(code("/v1/activities/" + place_ + "/sale/" + reference, 404), "not_found");
  EXPECT_EQ(get("/v1/activities", "").status, 401) << "for members";
}

TEST_F(ActivitiesTest, AreTakenAsAWholeOrEachForItself) {
  ASSERT_EQ(job_of(document(Json::array({share("anna", "s-1")})))["success"], true);
  const Json twice = document({share("anna", "s-1"), share("berta", "s-2")});
  const Json whole = job_of(twice);
  EXPECT_EQ(whole["success"], false);
  EXPECT_EQ(whole["events"][0]["outcome"], "activity_exists");
  EXPECT_EQ(whole["events"][1]["outcome"], "atomic_aborted");
  const Json each = job_of(twice, "?error_behaviour=proceed");
  EXPECT_EQ(each["events"][0]["outcome"], "activity_exists");
  EXPECT_EQ(each["events"][1]["outcome"], "ok");
}

TEST_F(ActivitiesTest, DoNotNameWhoWasErased) {
  job_of(document({share("anna", "s-1"), share("berta", "s-2")}));
  on_loop([&] {
    node_.submit(node_.sign("brand", {EraseSubject{test::subject_named("anna")}}),
                 [](const Result<Digest>& id) { CHECK(id); });
    node_.commit_block();
    return true;
  });
  const auto answer = get("/v1/activities");
  EXPECT_EQ(answer.body.find(to_hex(test::subject_named("anna").view())), std::string::npos);
  EXPECT_NE(answer.body.find(to_hex(test::subject_named("berta").view())), std::string::npos);
  const std::string reference = to_hex(sha256(bytes_of("s-1")).view());
  EXPECT_EQ(json("/v1/activities/" + place_ + "/share/" + reference)["subject_erased"], true);
}

TEST_F(ActivitiesTest, AreRefusedByTheirForm) {
  EXPECT_EQ(send(document(Json::array({share("anna", "s-1")})), "?error_behaviour=maybe").status,
            400u);
  EXPECT_EQ(send(document(Json::array({share("anna", "s-1")})), "", "text/xml").status, 415u);
  EXPECT_EQ(send(document(3)).status, 400u);
  EXPECT_EQ(send({{"type", "EPCISDocument"}}).status, 400u);
  EXPECT_EQ(send(Json::array()).status, 400u) << "events of EPCIS go elsewhere";
  const auto elsewhere = test::HttpClient(port_).request(
      "POST", "/epcis/v2/capture", kMember + std::string("Content-Type: application/json\r\n"),
      document(Json::array({share("anna", "s-1")})).dump());
  EXPECT_EQ(elsewhere.status, 400u);
  EXPECT_EQ(json("/v1/activities")["items"].size(), 0u);
}

}  // namespace
}  // namespace fenrun::api
