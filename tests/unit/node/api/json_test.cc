#include "node/json/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "core/text.h"
#include "node/json/reflect.h"
#include "node/json/views.h"
#include "tests/support/fake_node.h"

namespace fenrun {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

// Any value of any encodable type, within its limits; numbers are often extreme.
template <class T>
void fill(Random& random, T& out);

template <class V, std::size_t... I>
void fill_variant(Random& random, V& out, std::index_sequence<I...>) {
  const auto chosen = below(random, sizeof...(I));
  ((chosen == I ? fill(random, out.template emplace<I>()) : void()), ...);
}

template <class T>
void fill(Random& random, T& out) {
  if constexpr (std::is_same_v<T, bool>) {
    out = random() % 2 == 0;
  } else if constexpr (std::integral<T>) {
    const T values[] = {0, 1, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(),
                        static_cast<T>(random())};
    out = values[below(random, std::size(values))];
  } else if constexpr (std::is_same_v<T, Amount>) {
    std::int64_t units = 0;
    fill(random, units);
    out = Amount::minor(units);
  } else if constexpr (std::is_enum_v<T>) {
    out = static_cast<T>(below(random, kEnumCount<T>));
  } else if constexpr (codec::kIsStrong<T>) {
    typename T::rep number = 0;
    fill(random, number);
    out = T(number);
  } else if constexpr (codec::kIsFixedBytes<T>) {
    for (auto& byte : out.bytes) byte = static_cast<std::uint8_t>(random());
  } else if constexpr (codec::kIsText<T>) {
    const std::string texts[] = {"", "a", "\"\\\n\t\x01", "瓶", "01/069/21/x"};
    out.value = texts[below(random, std::size(texts))];
  } else if constexpr (codec::kIsList<T>) {
    out.resize(below(random, std::min<std::size_t>(T::kMax, 4)));
    for (auto& item : out) fill(random, item);
  } else if constexpr (codec::kIsOptional<T>) {
    out.reset();
    if (random() % 2 == 0) fill(random, out.emplace());
  } else if constexpr (codec::kIsVariant<T>) {
    fill_variant(random, out, std::make_index_sequence<std::variant_size_v<T>>());
  } else {
    out.fields([&](auto&... field) { (fill(random, field), ...); });
  }
}

RC_GTEST_PROP(OperationJson, RoundTripsEveryOperation, (std::uint64_t seed)) {
  Random random(seed);
  Operation operation;
  fill(random, operation);
  const auto text = print_json(to_json(operation));
  const auto json = parse_json(text);
  RC_ASSERT(json.has_value());
  RC_ASSERT((*json)["type"].get<std::string>() == name_of(operation));
  const auto back = operation_from_json(*json);
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == operation);
}

RC_GTEST_PROP(OperationJson, RefusesUnknownAndMissingMembers, (std::uint64_t seed)) {
  Random random(seed);
  Operation operation;
  fill(random, operation);
  Json json = to_json(operation);
  Json more = json;
  more["surprise"] = 1;
  const auto refused = operation_from_json(more);
  RC_ASSERT(!refused && refused.error().code == Errc::json_invalid);
  RC_ASSERT(refused.error().detail.find("surprise") != std::string::npos);
  json.erase("type");
  RC_ASSERT(!operation_from_json(json));
}

std::string detail_of(const std::string& text) {
  const auto json = parse_json(text);
  if (!json) return json.error().to_string();
  const auto draft = transaction_from_json(*json);
  return draft ? "ok" : draft.error().to_string();
}

TEST(TransactionJson, IsReadStrictly) {
  EXPECT_EQ(detail_of(R"({"operations":[{"type":"open_lane","lane":1}]})"), "ok");
  EXPECT_EQ(detail_of(R"({"operations":[{"type":"open_lane","lane":"1"}],"lane":2,"sequence":7,
                          "mode":"independent","valid_until":"18446744073709551615"})"),
            "ok");
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({})", "operations must be an array"},
      {R"({"operations":[]})", "operations must be an array"},
      {R"([])", "the document must be an object"},
      {R"({"operations":[{"type":"open_lane","lane":1}],"fee":1})", "unknown member 'fee'"},
      {R"({"operations":[{"type":"open_lane","lane":1,"x":1}]})",
       "operations[0] has an unknown member 'x'"},
      {R"({"operations":[{"type":"open_lane"}]})", "operations[0].lane is missing"},
      {R"({"operations":[{"type":"open_lane","lane":65536}]})",
       "operations[0].lane must be at most 65535"},
      {R"({"operations":[{"type":"open_lane","lane":-1}]})", "operations[0].lane is out of range"},
      {R"({"operations":[{"type":"open_lane","lane":1.0}]})", "'1.0' is no integer"},
      {R"({"operations":[{"type":"open_lane","lane":1e1}]})", "'1e1' is no integer"},
      {R"({"operations":[{"type":"open_lane","lane":9007199254740993}]})", "above 2^53"},
      {R"({"operations":[{"type":"open_lane","lane":"01"}]})", "no decimal integer"},
      {R"({"operations":[{"type":"open_lane","lane":1,"lane":1}]})", "'lane' is given twice"},
      {R"({"operations":[{"type":"open_gate"}]})", "operations[0].type must be one of"},
      {R"({"operations":[{"type":"object_to_recovery","party":"00FF"}]})",
       "operations[0].party is no lower-case hex"},
      {R"({"operations":[{"type":"object_to_recovery","party":"00ff"}]})",
       "operations[0].party must be 32 hex digits"},
      {R"({"operations":[{"type":"open_lane","lane":1}]}x)", "no JSON at byte"},
      {R"({"operations":[{"type":"open_lane","lane":1}],"mode":"both"})",
       "mode must be one of atomic, independent"},
  };
  for (const auto& [text, why] : cases) {
    EXPECT_NE(detail_of(text).find(why), std::string::npos) << text << "\n" << detail_of(text);
  }
}

TEST(Json, IsBounded) {
  EXPECT_TRUE(parse_json(std::string(30, '[') + std::string(30, ']')));
  EXPECT_EQ(parse_json(std::string(40, '[') + std::string(40, ']')).error().code,
            Errc::limit_exceeded);
  EXPECT_EQ(parse_json(std::string(1'000'000, '[')).error().code, Errc::limit_exceeded);
  std::string many = "[0";
  for (int i = 0; i < 250'000; ++i) many += ",0";
  EXPECT_EQ(parse_json(many + "]").error().code, Errc::limit_exceeded);
  EXPECT_EQ(parse_json(std::string(3'000'000, ' ')).error().code, Errc::limit_exceeded);
  std::string wide = "{";
  for (int i = 0; i < 200; ++i) wide += "\"" + std::to_string(i) + "\":0,";
  EXPECT_EQ(parse_json(wide + "\"x\":0}").error().code, Errc::limit_exceeded);
  EXPECT_EQ(parse_json("\"\xff\"").error().code, Errc::json_invalid);
  EXPECT_EQ(parse_json("").error().code, Errc::json_invalid);
}

TEST(Rfc3339, HasMilliseconds) {
  EXPECT_EQ(to_rfc3339(TimeMs(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(TimeMs(1'709'164'800'007)), "2024-02-29T00:00:00.007Z");
  EXPECT_EQ(to_rfc3339(kRfc3339Max), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(from_rfc3339("2024-02-29T00:00:00.007Z").value(), TimeMs(1'709'164'800'007));
  EXPECT_EQ(from_rfc3339("2024-02-29T00:00:00Z").value(), TimeMs(1'709'164'800'000));
  EXPECT_EQ(from_rfc3339("2024-02-29T00:00:00.5Z").value(), TimeMs(1'709'164'800'500));
  for (const std::string text :
       {"", "2024", "2023-02-29T00:00:00Z", "2024-02-29T24:00:00Z", "2024-02-29T00:00:60Z",
        "2024-02-29 00:00:00Z", "2024-02-29T00:00:00", "2024-02-29T00:00:00+00:00",
        "2024-02-29T00:00:00.Z", "2024-02-29T00:00:00.0000Z", "1969-12-31T23:59:59Z",
        "2024-13-01T00:00:00Z", "2024-2-29T00:00:00.00Z", "2024-02-29T00:00:00.-1Z"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
}

RC_GTEST_PROP(Rfc3339, RoundTrips, ()) {
  const TimeMs time(*rc::gen::inRange<std::uint64_t>(0, kRfc3339Max.value() + 1));
  RC_ASSERT(from_rfc3339(to_rfc3339(time)).value() == time);
}

TEST(EntryJson, ShowsWhatEveryEntryMeans) {
  const test::FakeNode node;
  std::map<std::string, int> kinds;
  std::map<std::string, int> families;
  for (std::uint64_t i = 0; i < node.journal().store().size(); ++i) {
    const auto entry = decode_entry(*node.journal().store().entry(Position(i)));
    const Json view = to_json(*entry);
    const auto kind = view["type"].get<std::string>();
    ++kinds[kind];
    EXPECT_TRUE(kind != "operation" || view["operation"].is_object()) << view.dump();
    EXPECT_TRUE(kind != "system" || view["work"].is_object()) << view.dump();
    if (kind != "record") continue;
    // Every family that the contracts write is known here, in key and value.
    ASSERT_TRUE(view.contains("decoded")) << view.dump();
    ++families[view["decoded"]["family"].get<std::string>()];
  }
  EXPECT_EQ(kinds.size(), 6u);
  EXPECT_GE(families.size(), 14u);
  EXPECT_GT(families["statement"], 0);
}

TEST(RecordJson, NamesTheFieldsOfItsKey) {
  const test::FakeNode node;
  const auto& state = node.journal().state();
  const auto view = [&](const RecordKey& key) {
    return decoded_record(key, state.value(key)).value_or(Json());
  };
  const auto fund = view(fund_key(test::kCampaign, AssetId(0), test::party_named("brand")));
  EXPECT_EQ(fund["family"], "fund");
  EXPECT_EQ(fund["key"]["campaign"], 1);
  EXPECT_EQ(fund["key"]["funder"], to_hex(test::party_named("brand").view()));
  EXPECT_EQ(fund["value"]["declared"], 10'000);
  const auto sentinel = view(party_scope());
  EXPECT_FALSE(sentinel.contains("value"));
  EXPECT_TRUE(sentinel.contains("next"));
  EXPECT_FALSE(decoded_record(bytes_of("\xf0key"), std::nullopt));
  EXPECT_FALSE(decoded_record({}, std::nullopt));
  // A key that is too long or short, and a value that does not decode, are not guessed at.
  RecordKey key = party_key(test::party_named("brand"));
  EXPECT_FALSE(decoded_record(key, Bytes{1, 2, 3}));
  key.pop_back();
  EXPECT_FALSE(decoded_record(key, std::nullopt));
}

}  // namespace
}  // namespace fenrun
