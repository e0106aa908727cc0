// Whatever happens to goods, in whatever order: containers form a forest, each unit is where its
// container's list says, and an event that is taken back leaves everything as it found it.
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
  RandomGoods() : goods_(world_) { goods_.commission(PrintedGoods::kBottles - 4); }

  // One event; whether it was recorded.
  bool step() {
    const auto before = picture();
    const auto kind =
        *rc::gen::element(EventKind::shipping, EventKind::receiving, EventKind::retail_selling,
                          EventKind::packing, EventKind::unpacking, EventKind::returning,
                          EventKind::destroying, EventKind::releasing, EventKind::observed);
    const auto place = *rc::gen::elementOf(kPlaces);
    const auto made = random_event(kind, place);
    const auto signer = kind == EventKind::releasing ? "brand" : place;
    const Errc outcome = goods_.run(made, signer);
    check_forest();
    if (outcome != Errc::ok) {
      RC_ASSERT(picture() == before);
      return false;
    }
    const bool changes_something = kind != EventKind::observed;
    if (changes_something && *rc::gen::inRange(0, 3) == 0) take_back(signer, before);
    return true;
  }

 private:
  using Picture = std::map<UnitId, std::pair<UnitSituation, Custody>>;
  struct All {
    Picture units;
    std::vector<UnitCounters> counters;

    friend bool operator==(const All&, const All&) = default;
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
    for (const auto& id : goods_.all()) out.units[id] = {goods_.unit(id).now, goods_.custody(id)};
    for (const auto region : {RegionCode(0), RegionCode(4403)}) {
      out.counters.push_back(goods_.counters(region));
    }
    return out;
  }

  void check_forest() const {
    const auto& state = world_.state();
    std::size_t inside = 0;
    for (const auto& id : goods_.all()) {
      RC_ASSERT(goods_.has_history(id) == goods_.has_record(id));
      const auto parent = goods_.unit(id).now.parent;
      if (!parent) continue;
      RC_ASSERT(rank_of(parent->level) > rank_of(id.level));
      RC_ASSERT(find_unit(state, *parent).has_value());
      // Who has a Record is in the list of its container, and in no other.
      if (!goods_.has_record(id)) continue;
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

  void take_back(const std::string& signer, const All& before) {
    const auto event = goods_.last();
    const auto after = picture();
    RC_ASSERT(goods_.take_back(signer) == Errc::ok);
    check_forest();
    const auto status = goods_.recorded(event).status;
    RC_ASSERT(status == EventStatus::reversed || status == EventStatus::disputed);
    RC_ASSERT(picture() == (status == EventStatus::reversed ? before : after));
    // An event that emptied a container does not name what was in it; one of several units may
    // have moved a container and what it took out of it.
    if (event.ranges.size() == 1) RC_ASSERT(status == EventStatus::reversed);
  }

  World world_;
  PrintedGoods goods_;
};

RC_GTEST_PROP(CustodyProperty, ContainersFormAForestAndReversalRestores, ()) {
  RandomGoods goods;
  int recorded = 0;
  for (int i = 0; i < 15; ++i) recorded += goods.step() ? 1 : 0;
  RC_TAG(recorded > 5);
}

}  // namespace
}  // namespace fenrun::test
