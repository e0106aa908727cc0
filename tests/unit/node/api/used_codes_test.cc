// What members learn of codes that were used.
#include "tests/support/printed_codes.h"
#include "tests/unit/node/api/api_fixture.h"

namespace fenrun::api {
namespace {

constexpr UnitBatchId kPrinted(77);

class UsedCodes : public ApiTest {
 protected:
  void submit(const std::string& name, const std::vector<Operation>& operations) {
    on_loop([&] {
      node_.submit(node_.sign(name, operations), [](const Result<Digest>& id) { CHECK(id); });
      node_.commit_block();
      return true;
    });
  }
  void SetUp() override {
    const test::PrintedCodes codes(chain_id(node_.genesis()), kPrinted, 4);
    const auto now = node_.journal().tip().time;
    const auto claim = [&](std::uint32_t index, const std::string& claimant) {
      return codes.sign(codes.claim(index, claimant, now));
    };
    ApiTest::SetUp();
    submit("brand", {codes.registration(ClaimPath::bearer), codes.commissioning(now)});
    submit("brand", {claim(3, "berta"), claim(1, "anna")});
  }
};

TEST_F(UsedCodes, AreListedByIndex) {
  const Json items = json("/v1/batches/77/claims")["items"];
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0]["index"], 1);
  EXPECT_EQ(items[1]["index"], 3);
  EXPECT_EQ(json("/v1/batches/77/claims/3"), items[1]);
  EXPECT_EQ(items[1]["claim"]["claimant"], to_hex(test::subject_named("berta").view()));
  EXPECT_EQ(items[1]["claimant_erased"], false);
  EXPECT_EQ(items[1]["submitter"], to_hex(test::party_named("brand").view()));
  EXPECT_EQ(items[1]["sight"], "unknown");
  EXPECT_EQ(json("/v1/batches/77/claims?limit=1")["items"].size(), 1u);
  EXPECT_EQ(json("/v1/batches/78/claims")["items"].size(), 0u);
  EXPECT_EQ(code("/v1/batches/77/claims/0", 404), "not_found");
  EXPECT_EQ(code("/v1/batches/77/claims/x", 400), "value_invalid");
  EXPECT_EQ(get("/v1/batches/77/claims/3", "").status, 401) << "for members";
}

TEST_F(UsedCodes, DoNotNameWhoWasErased) {
  submit("brand", {EraseSubject{test::subject_named("berta")}});
  const auto answer = get("/v1/batches/77/claims/3");
  EXPECT_EQ(answer.body.find(to_hex(test::subject_named("berta").view())), std::string::npos);
  const Json item = json("/v1/batches/77/claims/3");
  EXPECT_EQ(item["claimant_erased"], true);
  EXPECT_FALSE(item["claim"].contains("claimant"));
  EXPECT_EQ(item["claim"]["region"], 310'000);
  const Json items = json("/v1/batches/77/claims")["items"];
  EXPECT_TRUE(items[0]["claim"].contains("claimant")) << "the others are not concerned";
  EXPECT_FALSE(items[1]["claim"].contains("claimant"));
}

}  // namespace
}  // namespace fenrun::api
