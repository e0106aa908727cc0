#include "contracts/custody.h"

#include "contracts/parties.h"
#include "core/check.h"

namespace fenrun {
namespace {

bool is_below(const StateView& state, const PartyId& above, const PartyId& party) {
  const auto found = find_party(state, party);
  CHECK(found.has_value());
  return is_ancestor(state, above, *found);
}

// Steps that bring diverted goods back, or end their life, are never held up.
bool is_allowed_when_held(EventKind kind) {
  return kind == EventKind::returning || kind == EventKind::destroying ||
         kind == EventKind::releasing;
}

// The rules of one unit, whose custody is that of the outermost container around it.
class Rules {
 public:
  Rules(const StateView& state, const Step& step, const UnitId& id, const Unit& unit)
      : state_(state), step_(step), id_(id), unit_(unit), custody_(custody_of(state, unit)) {}

  Result<UnitSituation> apply() const {
    if (custody_.state == UnitState::destroyed) return refused(Errc::unit_destroyed);
    if (custody_.hold == Hold::diverted && !is_allowed_when_held(step_.kind)) {
      return refused(Errc::unit_held);
    }
    switch (step_.kind) {
      case EventKind::packing:
        return packed();
      case EventKind::unpacking:
      case EventKind::opening:
        return unpacked();
      case EventKind::shipping:
        return shipped();
      case EventKind::receiving:
        return received();
      case EventKind::retail_selling:
        return sold();
      case EventKind::returning:
        return returned();
      case EventKind::destroying:
        return destroyed();
      case EventKind::releasing:
        return released();
      case EventKind::commissioning:
      case EventKind::void_shipping:
      case EventKind::observed:
      case EventKind::claiming:
        break;
    }
    UNREACHABLE();
  }

 private:
  Error refused(Errc code) const { return {code, unit_.epc.value}; }
  bool is_held_at_place() const { return custody_.holder == step_.place_id; }
  bool is_sold() const { return custody_.state == UnitState::sold; }
  bool is_under_way() const { return custody_.state == UnitState::shipped; }

  // Out of its container, with this custody.
  UnitSituation alone(const Custody& custody) const {
    return {custody, std::nullopt, unit_.now.released};
  }

  Result<UnitSituation> packed() const {
    const UnitId& container = *step_.container;
    if (rank_of(container.level) <= rank_of(id_.level)) {
      return Error{Errc::value_invalid, "units: no container holds " + unit_.epc.value};
    }
    if (is_sold()) return refused(Errc::unit_sold);
    if (unit_.now.parent) return refused(Errc::unit_packed);
    if (is_under_way()) return refused(Errc::unit_state);
    if (!is_held_at_place()) return refused(Errc::unit_not_held);
    UnitSituation after = unit_.now;
    after.parent = container;
    return after;
  }

  Result<UnitSituation> unpacked() const {
    if (unit_.now.parent != step_.container) return refused(Errc::unit_not_packed);
    return alone(step_.container_custody);
  }

  Result<UnitSituation> shipped() const {
    if (is_sold()) return refused(Errc::unit_sold);
    if (unit_.now.parent) return refused(Errc::unit_packed);
    if (is_under_way()) return refused(Errc::unit_state);
    if (!is_held_at_place()) return refused(Errc::unit_not_held);
    return alone({UnitState::shipped, custody_.holder, step_.consignee, Hold::none});
  }

  // Received by whom they are for, or by somebody below it who gets them directly.  Goods that
  // nobody reported as shipped may go down the channel.
  bool is_diverted() const {
    const PartyId& owner = is_under_way() ? *custody_.consignee : custody_.holder;
    const bool is_back = is_held_at_place();
    return !is_back && owner != step_.place_id && !is_ancestor(state_, owner, step_.place);
  }

  Result<UnitSituation> received() const {
    if (is_sold()) return refused(Errc::unit_sold);
    const Hold hold = is_diverted() ? Hold::diverted : Hold::none;
    return alone({UnitState::received, step_.place_id, std::nullopt, hold});
  }

  Result<UnitSituation> sold() const {
    if (is_sold()) return refused(Errc::unit_sold);
    if (is_under_way() || !is_held_at_place()) return refused(Errc::unit_not_received);
    return alone({UnitState::sold, step_.place_id, std::nullopt, Hold::none});
  }

  // To who has or sold them, whom they were for, or anybody above who has them.  Only the last way
  // leads diverted goods back: who holds them cannot let go of them by returning them to itself.
  Result<UnitSituation> returned() const {
    const bool is_up =
        unit_.brand == step_.place_id || is_below(state_, step_.place_id, custody_.holder);
    if (!is_up && !is_held_at_place() && custody_.consignee != step_.place_id) {
      return refused(Errc::unit_not_held);
    }
    const Hold hold = is_up ? Hold::none : custody_.hold;
    return alone({UnitState::returned, step_.place_id, std::nullopt, hold});
  }

  Result<UnitSituation> destroyed() const {
    if (!is_held_at_place() && step_.signer != unit_.brand) return refused(Errc::unit_not_held);
    return alone({UnitState::destroyed, custody_.holder, std::nullopt, Hold::none});
  }

  Result<UnitSituation> released() const {
    if (step_.signer != unit_.brand) return refused(Errc::not_authorized);
    if (custody_.hold != Hold::diverted) return refused(Errc::unit_state);
    // What is held within a container is let go of with it.
    if (unit_.now.parent) return refused(Errc::unit_packed);
    UnitSituation after = unit_.now;
    after.custody.hold = Hold::none;
    return after;
  }

  const StateView& state_;
  const Step& step_;
  const UnitId& id_;
  const Unit& unit_;
  Custody custody_;
};

}  // namespace

Result<UnitSituation> situation_after(const StateView& state, const Step& step, const UnitId& id,
                                      const Unit& unit) {
  return Rules(state, step, id, unit).apply();
}

}  // namespace fenrun
