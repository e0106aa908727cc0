// A batch of printed codes in a World: 24 bottles, 3 to a case, 2 cases to a pallet, as
// commissioned by the brand.  Stores "store" and "kiosk" are below "east"; "north" is another
// distributor.
#pragma once

#include "contracts/codes.h"
#include "ledger/ordered_family.h"
#include "tests/support/world.h"

namespace fenrun::test {

inline constexpr UnitBatchId kPrintedBatch(7);

inline UnitId bottle(std::uint32_t index) { return {kPrintedBatch, UnitLevel::item, index}; }
inline UnitId carton(std::uint32_t index) { return {kPrintedBatch, UnitLevel::case_, index}; }
inline UnitId pallet(std::uint32_t index) { return {kPrintedBatch, UnitLevel::logistic, index}; }

class PrintedGoods {
 public:
  static constexpr std::uint32_t kBottles = 24;
  static constexpr std::uint32_t kCases = 8;
  static constexpr std::uint32_t kPallets = 4;

  explicit PrintedGoods(World& world, ClaimPath path = ClaimPath::none,
                        ClaimGate gate = ClaimGate::commissioned, const Digest& root = {})
      : world_(world) {
    CHECK(world.join("north", Role::distributor, "brand") == Errc::ok);
    CHECK(world.join("store", Role::store, "east", {Channel::offline, RegionCode(4403), 2}) ==
          Errc::ok);
    CHECK(world.join("kiosk", Role::store, "east") == Errc::ok);
    CHECK(world.run("brand", registration("gate", Role::gateway, "brand")) == Errc::ok);
    RegisterCodes codes;
    codes.batch = kPrintedBatch;
    codes.levels = {{UnitLevel::item, kItemProduct, kBottles, 3},
                    {UnitLevel::case_, {"16901234567899"}, kCases, 2},
                    {UnitLevel::logistic, {}, kPallets, 0}};
    codes.sscc_first = 6901234000000001;
    codes.root = root;
    codes.path = path;
    if (path == ClaimPath::gateway) codes.gateway = party_named("gate");
    codes.gate = gate;
    CHECK(world.run("brand", codes) == Errc::ok);
  }

  // All levels, or so many of them as are told.
  void commission(std::uint32_t bottles = kBottles) {
    auto made = event(EventKind::commissioning, "brand", {}, next_document(), world_.time());
    made.batch.reset();
    made.ranges = {{kPrintedBatch, UnitLevel::item, 0, bottles},
                   {kPrintedBatch, UnitLevel::case_, 0, kCases},
                   {kPrintedBatch, UnitLevel::logistic, 0, kPallets}};
    CHECK(world_.run("brand", made) == Errc::ok);
  }

  // An event whose hash is that of its name, by the party at its place.
  RecordEvent make(EventKind kind, const std::string& place, const std::vector<UnitId>& units) {
    auto made = event(kind, place, {}, next_document(), world_.time());
    made.batch.reset();
    made.event_hash = digest_named("hash of " + std::to_string(documents_));
    for (const auto& unit : units) made.ranges.push_back({unit.batch, unit.level, unit.index, 1});
    return made;
  }
  Errc run(const RecordEvent& made, const std::string& signer) {
    last_ = made;
    return world_.run(signer, made);
  }
  Errc report(EventKind kind, const std::string& place, const std::vector<UnitId>& units) {
    return run(make(kind, place, units), place);
  }
  Errc ship(const std::string& from, const std::string& to, const std::vector<UnitId>& units) {
    auto made = make(EventKind::shipping, from, units);
    made.counterparty = party_named(to);
    return run(made, from);
  }
  Errc pack(const std::string& place, const UnitId& container, const std::vector<UnitId>& units,
            EventKind kind = EventKind::packing) {
    auto made = make(kind, place, units);
    made.parent = epc(container);
    return run(made, place);
  }
  Errc unpack(const std::string& place, const UnitId& container,
              const std::vector<UnitId>& units = {}) {
    return pack(place, container, units, EventKind::unpacking);
  }
  // The last event was in error.
  Errc take_back(const std::string& signer) {
    auto made = last_;
    made.standing = EventStanding::erroneous;
    made.id = {digest_named(next_document()), 0, 0};
    return world_.run(signer, made);
  }
  const RecordEvent& last() const { return last_; }
  EventRecord recorded(const RecordEvent& made) const {
    return find_event(world_.state(), made.id).value();
  }

  EpcText epc(const UnitId& unit) const {
    return printed_epc(*find_unit_batch(world_.state(), kPrintedBatch)->codes, unit);
  }
  Unit unit(const UnitId& id) const { return find_unit(world_.state(), id).value(); }
  Custody custody(const UnitId& id) const { return custody_of(world_.state(), unit(id)); }
  UnitState state(const UnitId& id) const { return custody(id).state; }
  bool is_with(const std::string& party, const UnitId& id) const {
    return custody(id).holder == party_named(party);
  }
  bool has_record(const UnitId& id) const {
    return find_unit_record(world_.state(), id).has_value();
  }
  // Whether its history bit says that it has a Record.
  bool has_history(const UnitId& id) const {
    const auto bits = find_linked<UnitBits>(world_.state(), history_bits_key(id));
    return bits && bits->is_set(id.index);
  }
  UnitCounters counters(RegionCode region = RegionCode(0)) const {
    return fenrun::counters(world_.state(), {kPrintedBatch, region, 0});
  }
  // Every unit that is commissioned, each read once.
  std::map<UnitId, Unit> units() const {
    std::map<UnitId, Unit> out;
    const auto add = [&](const UnitId& id) {
      if (auto unit = find_unit(world_.state(), id)) out.emplace(id, *std::move(unit));
    };
    for (std::uint32_t i = 0; i < kBottles; ++i) add(bottle(i));
    for (std::uint32_t i = 0; i < kCases; ++i) add(carton(i));
    for (std::uint32_t i = 0; i < kPallets; ++i) add(pallet(i));
    return out;
  }
  std::vector<UnitId> all() const {
    std::vector<UnitId> out;
    for (const auto& [id, unit] : units()) out.push_back(id);
    return out;
  }

 private:
  std::string next_document() { return "printed " + std::to_string(++documents_); }

  World& world_;
  RecordEvent last_;
  int documents_ = 0;
};

}  // namespace fenrun::test
