// What members learn of what goods went through, by region and by store.
#include "contracts/counters.h"

#include "tests/unit/node/api/api_fixture.h"

namespace fenrun::api {
namespace {

using test::party_named;

constexpr std::uint64_t kMonthMs = 31ull * 24 * 3'600 * 1'000;

std::string hex_of(const std::string& name) { return to_hex(party_named(name).view()); }

// Two stores receive bottles of two batches, in two months, under a policy that counts by store.
class Counters : public ApiTest {
 protected:
  static constexpr UnitBatchId kSecondBatch{2};

  void SetUp() override {
    ApiTest::SetUp();
    auto policy = std::get<PolicyV1>(find_policy(state(), test::kPolicy, 1)->terms);
    policy.policy = PolicyId(2);
    policy.counts_by_store = true;
    policy.effective_from = in(5'000);
    policy.effective_until = in(10 * kMonthMs);
    submit("brand", {PublishPolicy{policy}, OpenUnitBatch{kSecondBatch, test::kItemProduct}});
    submit("east", {CountersignPolicy{policy.policy, 1, policy_digest(policy)},
                    test::registration("second", Role::store, "east")});
    auto made = test::event(EventKind::commissioning, "brand", items(4, 8), "more", in(0));
    made.batch = kSecondBatch;
    submit("brand", {made}, 10'000);
    receive("store", items(2, 3));
    receive("store", items(4, 6));
    receive("second", items(6, 7));
    wait(kMonthMs);
    receive("store", items(7, 8));
    receive("second", items(3, 4));
  }

  const StateView& state() { return node_.journal().state(); }
  TimeMs in(std::uint64_t ms) { return TimeMs(node_.journal().tip().time.value() + ms); }
  static std::vector<EpcText> items(int first, int end) {
    std::vector<EpcText> out;
    for (int i = first; i < end; ++i) out.push_back(test::item(i));
    return out;
  }
  void wait(std::uint64_t ms) {
    on_loop([&] {
      node_.commit_block(ms);
      return true;
    });
  }
  void submit(const std::string& name, const std::vector<Operation>& operations,
              std::uint64_t ms = 1'000) {
    on_loop([&] {
      node_.submit(node_.sign(name, operations), [](const Result<Digest>& id) { CHECK(id); });
      node_.commit_block(ms);
      return true;
    });
  }
  void receive(const std::string& store, const std::vector<EpcText>& units) {
    submit(store, {test::event(EventKind::receiving, store, units, store + units[0].value, in(0))});
  }
  // All pages of a list, of `limit` items at most.
  Json pages(const std::string& query, int limit) {
    Json all = Json::array();
    std::string cursor;
    for (int page = 0; page < 100; ++page) {
      const Json answer = json("/v1/counters?" + query + "&limit=" + std::to_string(limit) +
                               (cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_LE(answer["items"].size(), static_cast<std::size_t>(limit));
      for (const auto& item : answer["items"]) all.push_back(item);
      if (!answer.contains("next")) return all;
      cursor = answer["next"].get<std::string>();
    }
    ADD_FAILURE() << query << " has no end";
    return all;
  }
};

TEST_F(Counters, OfEachStoreAreListedByMonthStoreAndBatch) {
  const Json items = json("/v1/counters?by=store")["items"];
  ASSERT_EQ(items.size(), 5u);
  std::vector<StoreCounterId> ids;
  std::map<std::string, int> received;
  for (const auto& item : items) {
    const auto store = item["store"].get<std::string>();
    ids.push_back({item["month"].get<std::uint16_t>(), *fixed_from_hex<PartyId>(store),
                   UnitBatchId(item["batch"].get<std::uint32_t>())});
    received[store] += item["received"].get<int>();
  }
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_EQ(received[hex_of("store")], 4);
  EXPECT_EQ(received[hex_of("second")], 2);
  const StoreCounterId first{month_of(in(0)), party_named("store"), kSecondBatch};
  const Json record = json("/v1/records/" + to_hex(counters_key(first)));
  EXPECT_EQ(record["decoded"]["family"], "store_counters") << record;
}

// Every question is answered with what a look at all of them gives.
TEST_F(Counters, AreNarrowedDownByStoreBatchAndMonth) {
  const Json all = json("/v1/counters?by=store")["items"];
  const int last_month = month_of(in(0));
  for (const std::string store : {"", "store", "second", "east"}) {
    for (const int batch : {0, 1, 2, 3}) {
      for (const int month : {-1, last_month - 1, last_month, last_month + 1}) {
        std::string query = "by=store";
        if (!store.empty()) query += "&store=" + hex_of(store);
        if (batch > 0) query += "&batch=" + std::to_string(batch);
        if (month >= 0) query += "&month=" + std::to_string(month);
        Json expected = Json::array();
        for (const auto& item : all) {
          const bool is_asked_for = (store.empty() || item["store"] == hex_of(store)) &&
                                    (batch == 0 || item["batch"] == batch) &&
                                    (month < 0 || item["month"] == month);
          if (is_asked_for) expected.push_back(item);
        }
        for (const int limit : {1, 2, 100}) EXPECT_EQ(pages(query, limit), expected) << query;
      }
    }
  }
  EXPECT_EQ(json("/v1/counters?store=" + hex_of("second"))["items"].size(), 2u);
}

TEST_F(Counters, OfRegionsAreWhatIsListedElse) {
  const Json items = json("/v1/counters")["items"];
  ASSERT_FALSE(items.empty());
  EXPECT_FALSE(items[0].contains("store"));
  EXPECT_EQ(json("/v1/counters?by=region")["items"], items);
  const Json second = json("/v1/counters?batch=2")["items"];
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0]["received"], 3);
  EXPECT_EQ(second[1]["received"], 1);
  const auto month = second[1]["month"].get<int>();
  EXPECT_EQ(json("/v1/counters?batch=2&month=" + std::to_string(month))["items"],
            Json::array({second[1]}));
  EXPECT_TRUE(json("/v1/counters?batch=3")["items"].empty());
}

TEST_F(Counters, QuestionsThatMeanNothingAreRefused) {
  EXPECT_EQ(code("/v1/counters?by=brand", 400), "value_invalid");
  EXPECT_EQ(code("/v1/counters?by=region&store=" + hex_of("store"), 400), "value_invalid");
  EXPECT_EQ(code("/v1/counters?store=somewhere", 400), "value_invalid");
  EXPECT_EQ(code("/v1/counters?by=store&batch=-1", 400), "value_invalid");
  EXPECT_EQ(code("/v1/counters?by=store&month=65536", 400), "value_invalid");
  EXPECT_EQ(code("/v1/counters?by=store&cursor=00", 400), "value_invalid");
  EXPECT_EQ(get("/v1/counters?by=store", "").status, 401);
}

}  // namespace
}  // namespace fenrun::api
