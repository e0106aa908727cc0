// Whatever happens to goods, in whatever order: containers form a forest, each unit is where its
// container's list says, an event that is taken back leaves everything as it found it, and the
// counters of each store are what its events add up to.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "contracts/counters.h"
#include "tests/support/printed_goods.h"

namespace fenrun::test {
namespace {

const std::vector<std::string> kPlaces{"brand", "east", "north", "store", "kiosk"};

class RandomGoods {
 public:
  RandomGoods() : goods_(world_) {
    goods_.commission(PrintedGoods::kBottles - 4);
    policy_ = selling_policy(world_);
    policy_.counts_by_store = true;
    // Ends somewhere among the events and what takes them back: an event is a second.
    policy_.effective_until = world_.in(*rc::gen::inRange<std::uint64_t>(16'000, 50'000));
    start_campaign(world_, policy_);
    seen_ = picture();
  }

  // One event; whether it was recorded.
  bool step() {
    const auto kind =
        *rc::gen::element(EventKind::shipping, EventKind::receiving, EventKind::retail_selling,
                          EventKind::packing, EventKind::unpacking, EventKind::returning,
                          EventKind::destroying, EventKind::releasing, EventKind::observed);
    const auto place = *rc::gen::elementOf(kPlaces);
    const auto made = random_event(kind, place);
    const auto signer = kind == EventKind::releasing ? "brand" : place;
    const Errc outcome = goods_.run(made, signer);
    check_forest();
    auto after = picture();
    if (outcome != Errc::ok) {
      RC_ASSERT(after == seen_);
      return false;
    }
    recorded_.push_back({goods_.last(), newly_held(goods_.last(), seen_, after)});
    check_store_counters();
    const bool changes_something = kind != EventKind::observed;
    if (changes_something && *rc::gen::inRange(0, 3) == 0) {
      take_back(signer, after);
    } else {
      seen_ = std::move(after);
    }
    return true;
  }

 private:
  using Picture = std::map<UnitId, std::pair<UnitSituation, Custody>>;
  struct All {
    Picture units;
    std::vector<UnitCounters> counters;

    friend bool operator==(const All&, const All&) = default;
  };

  struct Recorded {
    RecordEvent event;
    std::uint64_t diverted = 0;
  };

  static UnitId random_unit() {
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        return bottle(*rc::gen::inRange(0u, PrintedGoods::kBottles));
      case 1:
        return carton(*rc::gen::inRange(0u, PrintedGoods::kCases));
      default:
        return pallet(*rc::gen::inRange(0u, PrintedGoods::kPallets));
    }
  }

  RecordEvent random_event(EventKind kind, const std::string& place) {
    std::vector<UnitId> units;
    const int count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) units.push_back(random_unit());
    auto made = goods_.make(kind, place, units);
    if (kind == EventKind::shipping) {
      made.counterparty = party_named(*rc::gen::elementOf(kPlaces));
    }
    if (kind == EventKind::packing || kind == EventKind::unpacking) {
      const auto container = random_unit();
      made.parent = goods_.epc(container);
      if (kind == EventKind::unpacking && *rc::gen::arbitrary<bool>()) made.ranges.clear();
    }
    return made;
  }

  // What is there: what follows from ranges and containers included.
  All picture() const {
    All out;
    for (const auto& [id, unit] : goods_.units()) {
      out.units[id] = {unit.now, custody_of(world_.state(), unit)};
    }
    for (const auto region : {RegionCode(0), RegionCode(4403)}) {
      out.counters.push_back(goods_.counters(region));
    }
    for (const auto& place : kPlaces) out.counters.push_back(at_store(place));
    return out;
  }

  UnitCounters at_store(const std::string& place) const {
    return counters(world_.state(), StoreCounterId{0, party_named(place), kPrintedBatch});
  }

  // How many of the units that the event names are held since.
  static std::uint64_t newly_held(const RecordEvent& event, const All& before, const All& after) {
    std::uint64_t count = 0;
    for (const auto& range : event.ranges) {
      const UnitId id{range.batch, range.level, range.first};
      const auto is_held = [&](const All& all) {
        const auto unit = all.units.find(id);  // None: only observed, and not commissioned.
        return unit != all.units.end() && unit->second.second.hold == Hold::diverted;
      };
      if (is_held(after) && !is_held(before)) ++count;
    }
    return count;
  }

  // What the events at the place add up to, those taken back left out.
  UnitCounters recount(const std::string& place) const {
    UnitCounters sum;
    if (place != "store" && place != "kiosk") return sum;
    for (const auto& [event, diverted] : recorded_) {
      const auto record = goods_.recorded(event);
      const bool is_asked_for =
          event.time >= policy_.effective_from && event.time < policy_.effective_until;
      if (event.place != party_named(place) || !is_asked_for ||
          record.status == EventStatus::reversed) {
        continue;
      }
      sum.diverted += diverted;
      if (event.kind == EventKind::shipping) sum.shipped += record.units;
      if (event.kind == EventKind::receiving) sum.received += record.units;
      if (event.kind == EventKind::unpacking) sum.opened += 1;
      if (event.kind == EventKind::retail_selling) sum.sold += record.units;
      if (event.kind == EventKind::returning) sum.returned += record.units;
      if (event.kind == EventKind::destroying) sum.destroyed += record.units;
    }
    return sum;
  }

  void check_store_counters() const {
    for (const auto& place : kPlaces) RC_ASSERT(at_store(place) == recount(place));
  }

  void check_forest() const {
    const auto& state = world_.state();
    std::size_t inside = 0;
    const auto units = goods_.units();
    for (const auto& [id, unit] : units) {
      const bool has_record = goods_.has_record(id);
      RC_ASSERT(goods_.has_history(id) == has_record);
      const auto& parent = unit.now.parent;
      if (!parent) continue;
      RC_ASSERT(rank_of(parent->level) > rank_of(id.level));
      RC_ASSERT(units.contains(*parent));
      // Who has a Record is in the list of its container, and in no other.
      if (!has_record) continue;
      RC_ASSERT(state.value(content_key(*parent, id)).has_value());
      ++inside;
    }
    const auto family = content_prefix({})[0];
    std::size_t listed = 0;
    for (auto key = state.at_or_after(Bytes{family}); key && (*key)[0] == family;) {
      ++listed;
      key->push_back(0);
      key = state.at_or_after(*key);
    }
    RC_ASSERT(listed == inside);
  }

  // What happened last; `after` is what there was when it had.
  void take_back(const std::string& signer, const All& after) {
    const auto event = goods_.last();
    RC_ASSERT(goods_.take_back(signer) == Errc::ok);
    check_forest();
    check_store_counters();
    const auto status = goods_.recorded(event).status;
    RC_ASSERT(status == EventStatus::reversed || status == EventStatus::disputed);
    auto back = picture();
    RC_ASSERT(back == (status == EventStatus::reversed ? seen_ : after));
    seen_ = std::move(back);
    // An event that emptied a container does not name what was in it; one of several units may
    // have moved a container and what it took out of it.
    if (event.ranges.size() == 1) RC_ASSERT(status == EventStatus::reversed);
  }

  World world_;
  PrintedGoods goods_;
  PolicyV1 policy_;
  std::vector<Recorded> recorded_;  // Corrections apart.
  All seen_;                        // Before the last event.
};

RC_GTEST_PROP(CustodyProperty, ContainersFormAForestAndReversalRestores, ()) {
  RandomGoods goods;
  int recorded = 0;
  for (int i = 0; i < 15; ++i) recorded += goods.step() ? 1 : 0;
  RC_TAG(recorded > 5);
}

}  // namespace
}  // namespace fenrun::test
