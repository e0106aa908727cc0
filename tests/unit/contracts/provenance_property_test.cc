// Whatever happens to goods, a proof tells of each unit exactly those events that changed it or
// what was around it, as somebody saw who watched the state from event to event.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/support/printed_goods.h"
#include "tests/support/provenance_prover.h"

namespace fenrun::test {
namespace {

class WatchedGoods {
 public:
  WatchedGoods() : world_(example_genesis(), example_trust_digest()), goods_(world_) {
    watch([&] { commission(UnitLevel::item, 18); });
    watch([&] { commission(UnitLevel::case_, 6); });
    // Its pallets are commissioned in the course of things.
  }

  void step() {
    const int what = *rc::gen::inRange(0, 10);
    if (what == 0 && !has_pallets_) {
      has_pallets_ = true;
      watch([&] { commission(UnitLevel::logistic, PrintedGoods::kPallets); });
    } else if (what <= 2 && made_) {
      watch([&] { goods_.take_back("brand"); });
      made_ = false;
    } else {
      watch([&] { made_ = report(); });
    }
  }

  void check() const {
    const ProvenanceProver prover(world_);
    const auto units = goods_.units();
    for (const auto& [id, unit] : units) {
      const auto told = prover.life(id);
      RC_ASSERT(told.has_value());
      std::set<Position> positions;
      for (const auto& event : told->events) positions.insert(event.position);
      RC_ASSERT(positions == seen_.at(id));
      RC_ASSERT(told->custody == custody_of(world_.state(), unit));
      auto parent = unit.now.parent;
      for (const auto& around : told->containers) {
        RC_ASSERT(parent == around.unit);
        parent = units.at(around.unit).now.parent;
      }
      RC_ASSERT(!parent);
    }
  }

 private:
  // What can be seen of a unit: how many events it had, and what is around it.
  struct Sight {
    std::uint32_t events = 0;
    std::vector<UnitId> around;
  };
  using Picture = std::map<UnitId, Sight>;

  Picture look() const {
    Picture out;
    const auto units = goods_.units();
    for (const auto& [id, unit] : units) {
      Sight sight{unit.events, {}};
      for (auto parent = unit.now.parent; parent; parent = units.at(*parent).now.parent) {
        sight.around.push_back(*parent);
      }
      out[id] = std::move(sight);
    }
    return out;
  }

  template <class Act>
  void watch(Act act) {
    const auto before = std::move(sights_);
    act();
    sights_ = look();
    const auto& after = sights_;
    const Position position = last_operation();
    const auto is_touched = [&](const UnitId& id) {
      return !before.contains(id) || after.at(id).events > before.at(id).events;
    };
    for (const auto& [id, sight] : after) {
      std::vector<UnitId> all = sight.around;
      all.push_back(id);
      if (before.contains(id)) {
        const auto& earlier = before.at(id).around;
        all.insert(all.end(), earlier.begin(), earlier.end());
      }
      if (std::ranges::any_of(all, is_touched)) seen_[id].insert(position);
    }
  }

  Position last_operation() const {
    const auto& entries = world_.entries();
    const auto first = world_.tip().position.value() + 1 - entries.size();
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (std::holds_alternative<OperationEntry>(entries[i])) return Position(first + i);
    }
    return Position(0);
  }

  void commission(UnitLevel level, std::uint32_t count) {
    auto made = goods_.make(EventKind::commissioning, "brand", {});
    made.ranges = {{kPrintedBatch, level, 0, count}};
    RC_ASSERT(goods_.run(made, "brand") == Errc::ok);
  }

  UnitId any_unit() const { return *rc::gen::elementOf(goods_.all()); }

  bool report() {
    const auto kind = *rc::gen::weightedElement<EventKind>({{4, EventKind::packing},
                                                            {4, EventKind::unpacking},
                                                            {2, EventKind::shipping},
                                                            {4, EventKind::receiving},
                                                            {1, EventKind::retail_selling},
                                                            {1, EventKind::returning},
                                                            {1, EventKind::observed}});
    const auto subject = any_unit();
    // Mostly where it can be.
    const auto& holders = std::vector<std::string>{"brand", "east", "store", "kiosk", "north"};
    std::string place = *rc::gen::elementOf(holders);
    if (kind != EventKind::receiving) {
      for (const auto& name : holders) {
        if (goods_.is_with(name, subject)) place = name;
      }
    }
    auto made = goods_.make(kind, place, {subject});
    if (*rc::gen::arbitrary<bool>()) {
      const auto other = any_unit();
      if (other != subject) made.ranges.push_back({other.batch, other.level, other.index, 1});
    }
    if (kind == EventKind::shipping) {
      made.counterparty = party_named(*rc::gen::elementOf(holders));
    }
    if (kind == EventKind::packing) made.parent = goods_.epc(any_unit());
    if (kind == EventKind::unpacking) {
      const auto parent = goods_.unit(subject).now.parent;
      made.parent = goods_.epc(parent.value_or(subject));
      if (*rc::gen::arbitrary<bool>()) made.ranges.clear();
    }
    return goods_.run(made, place) == Errc::ok;
  }

  World world_;
  PrintedGoods goods_;
  Picture sights_;  // After the last event.
  std::map<UnitId, std::set<Position>> seen_;
  bool has_pallets_ = false;
  bool made_ = false;
};

RC_GTEST_PROP(ProvenanceProperty, AProofTellsWhatAWitnessSaw, ()) {
  WatchedGoods goods;
  for (int i = 0; i < 20; ++i) goods.step();
  goods.check();
}

}  // namespace
}  // namespace fenrun::test
