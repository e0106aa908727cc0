#include "node/intake/event_catalogue.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "node/epcis/epc_pattern.h"
#include "node/epcis/identifiers.h"

namespace fenrun {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string unit(std::uint64_t product, std::uint64_t serial) {
  const std::string urn =
      "urn:epc:id:sgtin:6901234.05678" + std::to_string(product) + "." + std::to_string(serial);
  return *epcis::canonical_identifier(urn);
}

epcis::Event event() {
  epcis::Event out;
  out.time = "1970-01-01T00:00:01.000Z";
  out.action = epcis::Action::observe;
  return out;
}

class EventCatalogueTest : public ::testing::Test {
 protected:
  void add(const epcis::Event& event) {
    const auto number = static_cast<std::uint32_t>(catalogue_.size());
    catalogue_.add({EventId{Digest{}, number, 0}, TimeMs(1'000), sha256(encode(number))}, event);
  }

  // The numbers of all events that answer, page by page.
  std::vector<std::size_t> all(const EventQuery& query, std::size_t limit = 3,
                               std::size_t looks = EventCatalogue::kLooksMax) const {
    std::vector<std::size_t> out;
    for (std::optional<std::size_t> from = 0; from;) {
      const auto page = catalogue_.find(query, *from, limit, looks);
      EXPECT_LE(page.numbers.size(), limit);
      EXPECT_TRUE(!page.next || *page.next > *from || limit == 0) << "a page that leads nowhere";
      out.insert(out.end(), page.numbers.begin(), page.numbers.end());
      from = page.next;
    }
    return out;
  }
  std::vector<std::size_t> having(EventField field, std::vector<std::string> values) const {
    return all({.conditions = {{{field}, std::move(values)}}});
  }
  static std::string pattern(const std::string& rest) {
    return epcis::canonical_pattern("urn:epc:idpat:" + rest).value();
  }

  EventCatalogue catalogue_;
};

TEST_F(EventCatalogueTest, an_identifier_is_found_where_it_stands) {
  auto packed = event();
  packed.parent = unit(1, 1);
  packed.epcs = {unit(2, 1), unit(2, 2)};
  add(packed);
  auto transformed = event();
  transformed.type = epcis::EventType::transformation;
  transformed.inputs = {unit(1, 1)};
  transformed.outputs = {unit(3, 1)};
  transformed.transformation_id = "urn:x:t1";
  add(transformed);

  EXPECT_THAT(having(EventField::epc, {unit(1, 1)}), IsEmpty());
  EXPECT_THAT(having(EventField::parent, {unit(1, 1)}), ElementsAre(0));
  EXPECT_THAT(having(EventField::epc, {unit(2, 2), unit(3, 1)}), ElementsAre(0));
  EXPECT_THAT(having(EventField::input, {unit(1, 1)}), ElementsAre(1));
  EXPECT_THAT(having(EventField::output, {unit(3, 1)}), ElementsAre(1));
  EXPECT_THAT(having(EventField::transformation, {"urn:x:t1"}), ElementsAre(1));
  EXPECT_THAT(all({.conditions = {{{EventField::parent, EventField::input}, {unit(1, 1)}}}}),
              ElementsAre(0, 1));
  EXPECT_THAT(all({.conditions = {{{EventField::input}, {unit(1, 1)}},
                                  {{EventField::output}, {unit(3, 1)}}}}),
              ElementsAre(1));
}

TEST_F(EventCatalogueTest, a_pattern_finds_what_it_stands_for) {
  for (const auto product : {1U, 2U, 1U}) {
    auto one = event();
    one.epcs = {unit(product, catalogue_.size()), unit(3, 7)};
    add(one);
  }
  auto pallet = event();
  pallet.parent = *epcis::canonical_identifier("urn:epc:id:sscc:6901234.0000000001");
  add(pallet);

  EXPECT_THAT(having(EventField::epc, {pattern("sgtin:6901234.056781.*")}), ElementsAre(0, 2));
  EXPECT_THAT(having(EventField::epc, {pattern("sgtin:6901234.056783.*")}), ElementsAre(0, 1, 2));
  EXPECT_THAT(having(EventField::epc, {pattern("sgtin:6901234.*.*")}), ElementsAre(0, 1, 2));
  EXPECT_THAT(having(EventField::epc, {pattern("sgtin:6901235.*.*")}), IsEmpty());
  EXPECT_THAT(having(EventField::epc, {pattern("sscc:*.*")}), IsEmpty());
  EXPECT_THAT(having(EventField::parent, {pattern("sscc:6901234.*")}), ElementsAre(3));
}

TEST_F(EventCatalogueTest, documents_and_parties_are_found_by_their_type) {
  auto shipped = event();
  shipped.biz_transactions = {{"https://ref.gs1.org/cbv/BTT-po", "urn:x:po:1"},
                              {std::nullopt, "urn:x:untyped"}};
  shipped.destinations = {{"https://ref.gs1.org/cbv/SDT-possessing_party", "urn:x:store"}};
  shipped.disposition = "https://ref.gs1.org/cbv/Disp-in_transit";
  add(shipped);
  const auto po = EventCatalogue::related("https://ref.gs1.org/cbv/BTT-po", "urn:x:po:1");
  const auto inv = EventCatalogue::related("https://ref.gs1.org/cbv/BTT-inv", "urn:x:po:1");
  const auto store =
      EventCatalogue::related("https://ref.gs1.org/cbv/SDT-possessing_party", "urn:x:store");
  EXPECT_THAT(having(EventField::biz_transaction, {po}), ElementsAre(0));
  EXPECT_THAT(having(EventField::biz_transaction, {inv}), IsEmpty());
  EXPECT_THAT(having(EventField::destination, {store}), ElementsAre(0));
  EXPECT_THAT(having(EventField::source, {store}), IsEmpty());
  EXPECT_THAT(all({.dispositions = {"https://ref.gs1.org/cbv/Disp-in_transit"}}), ElementsAre(0));
  EXPECT_THAT(all({.dispositions = {"https://ref.gs1.org/cbv/Disp-active"}}), IsEmpty());
}

// A page that looked at as much as it may ends, with what it found; the next goes on behind it.
TEST_F(EventCatalogueTest, no_question_looks_at_more_than_it_may) {
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    auto one = event();
    if (i == 900) one.biz_step = "urn:x:rare";
    add(one);
  }
  const EventQuery rare{.biz_steps = {"urn:x:rare"}};
  const auto first = catalogue_.find(rare, 0, 10, 200);
  EXPECT_THAT(first.numbers, IsEmpty());
  ASSERT_TRUE(first.next);
  EXPECT_EQ(*first.next, 100U);  // Two looks an event: itself, and its step.
  EXPECT_THAT(all(rare, 10, 200), ElementsAre(900));
  EXPECT_THAT(catalogue_.find(rare, 0, 10).numbers, ElementsAre(900));
  EXPECT_FALSE(catalogue_.find(rare, 0, 10).next);
  EXPECT_THAT(catalogue_.find(rare, 901, 10).numbers, IsEmpty());
  EXPECT_THAT(catalogue_.find(rare, std::size_t{1} << 53, 10).numbers, IsEmpty());
}

// Compared with looking at every event.
RC_GTEST_FIXTURE_PROP(EventCatalogueTest, finds_what_a_slow_search_finds, ()) {
  const auto small = rc::gen::inRange<std::uint64_t>(0, 4);
  std::vector<std::set<std::string>> epcs;
  std::vector<std::set<std::string>> parents;
  for (std::uint64_t i = 0; i < *rc::gen::inRange<std::uint64_t>(0, 40); ++i) {
    auto one = event();
    for (std::uint64_t j = *small; j > 0; --j) one.epcs.push_back(unit(*small, *small));
    if (*small > 1) one.parent = unit(*small, *small);
    add(one);
    const auto with_patterns = [](const std::vector<std::string>& units) {
      std::set<std::string> out(units.begin(), units.end());
      for (const auto& unit : units) {
        for (auto& pattern : epcis::patterns_of(unit)) out.insert(pattern);
      }
      return out;
    };
    epcs.push_back(with_patterns(one.epcs));
    parents.push_back(
        with_patterns(one.parent ? std::vector{*one.parent} : std::vector<std::string>()));
  }
  const auto asked = [&] {
    std::vector<std::string> values;
    for (std::uint64_t j = *small; j > 0; --j) {
      const auto product = std::to_string(*small);
      values.push_back(*rc::gen::arbitrary<bool>()
                           ? unit(*small, *small)
                           : pattern("sgtin:6901234.05678" + product + ".*"));
    }
    if (values.empty()) values.push_back(pattern("sgtin:6901234.*.*"));
    return values;
  };
  const EventQuery query{.conditions = {{{EventField::epc}, asked()},
                                        {{EventField::epc, EventField::parent}, asked()}}};
  const auto has = [](const std::set<std::string>& event, const std::vector<std::string>& values) {
    return std::ranges::any_of(values, [&](const auto& value) { return event.contains(value); });
  };
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < epcs.size(); ++i) {
    const auto& anywhere = query.conditions[1].values;
    if (has(epcs[i], query.conditions[0].values) &&
        (has(epcs[i], anywhere) || has(parents[i], anywhere))) {
      expected.push_back(i);
    }
  }
  const auto limit = *rc::gen::inRange<std::size_t>(1, 5);
  RC_ASSERT(all(query, limit) == expected);
  RC_ASSERT(all(query, limit, *rc::gen::inRange<std::size_t>(1, 60)) == expected);
}

}  // namespace
}  // namespace fenrun
