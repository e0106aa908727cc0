#include "node/epcis/record.h"

#include <algorithm>
#include <array>
#include <set>

#include "node/epcis/activity.h"
#include "node/epcis/event_parties.h"
#include "node/epcis/event_time.h"
#include "node/epcis/fields.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::epcis {
namespace {

// What a step says of the goods that an ObjectEvent or a TransactionEvent names.
struct Step {
  std::string_view word;
  EventKind kind;
  Action action;
};

constexpr auto kSteps = std::to_array<Step>({
    {"commissioning", EventKind::commissioning, Action::add},
    {"shipping", EventKind::shipping, Action::observe},
    {"departing", EventKind::shipping, Action::observe},
    {"void_shipping", EventKind::void_shipping, Action::observe},
    {"receiving", EventKind::receiving, Action::observe},
    {"accepting", EventKind::receiving, Action::observe},
    {"retail_selling", EventKind::retail_selling, Action::observe},
    {"decommissioning", EventKind::destroying, Action::remove},
    {"destroying", EventKind::destroying, Action::remove},
});

std::string_view name_of(Action action) {
  switch (action) {
    case Action::add:
      return "ADD";
    case Action::observe:
      return "OBSERVE";
    case Action::remove:
      return "DELETE";
  }
  return "";
}

class Recorder {
 public:
  Recorder(const Event& event, const Pointer& place, const RecordWith& with)
      : event_(event), place_(place), with_(with), parties_(event, place, with.places) {
    if (event.biz_step) step_ = word_of(Vocabulary::biz_step, *event.biz_step);
  }

  Result<std::vector<Operation>> record() const {
    FENRUN_TRY(auto activity, to_activity(event_, place_, with_.places));
    if (activity) return std::vector<Operation>{*std::move(activity)};
    RecordEvent head;
    FENRUN_TRY(head.kind, kind());
    head.standing = event_.error ? EventStanding::erroneous : EventStanding::asserted;
    FENRUN_TRY(head.time, parse_event_time(event_.time));
    FENRUN_TRY(head.place, parties_.place());
    if (head.kind == EventKind::shipping) {
      FENRUN_TRY(head.counterparty, parties_.consignee());
    }
    if (head.kind == EventKind::commissioning) {
      if (!with_.batch) {
        return at({&place_, "bizStep"}, Errc::value_invalid,
                  "name the code batch to which the commissioned units belong");
      }
      head.batch = with_.batch;
    }
    if (head.kind == EventKind::observed) return in_parts(head, observed_units());
    if (is_of_container(head.kind)) {
      const Pointer inner{&place_, "parentID"};
      auto parent = canonical_epc(event_.parent.value_or(""));
      if (!parent) return at(inner, parent.error());
      head.parent = EpcText{*std::move(parent)};
    }
    FENRUN_TRY(const auto units, named_units(head.kind));
    return in_parts(head, units);
  }

 private:
  static bool is_of_container(EventKind kind) {
    return kind == EventKind::packing || kind == EventKind::unpacking;
  }

  // Classes of goods have no history of their own.
  bool is_of_classes_only() const { return event_.epcs.empty() && !event_.quantities.empty(); }

  Result<EventKind> kind() const {
    if (is_of_classes_only()) return EventKind::observed;
    switch (event_.type) {
      case EventType::object:
      case EventType::transaction:
        return kind_of_step();
      case EventType::aggregation:
        return kind_of_aggregation();
      case EventType::transformation:
      case EventType::association:
        return EventKind::observed;
    }
    return EventKind::observed;
  }

  Result<EventKind> kind_of_step() const {
    const auto* const step = std::ranges::find(kSteps, step_, &Step::word);
    if (step == kSteps.end()) return EventKind::observed;
    // A transaction begins with what is added to it.
    const bool is_added = event_.type == EventType::transaction && event_.action == Action::add &&
                          step->action == Action::observe;
    if (event_.action != step->action && !is_added) return wrong_action(step->action);
    if (step->kind != EventKind::receiving || !is_return()) return step->kind;
    const bool has_rma = std::ranges::any_of(event_.biz_transactions, [](const TypedUri& item) {
      return item.type && word_of(Vocabulary::biz_transaction_type, *item.type) == "rma";
    });
    if (has_rma) return EventKind::returning;
    return at({&place_, "bizTransactionList"}, Errc::value_invalid,
              "a return names the business transaction that allows it, of type rma");
  }

  bool is_return() const {
    return event_.disposition &&
           word_of(Vocabulary::disposition, *event_.disposition) == "returned";
  }

  Result<EventKind> kind_of_aggregation() const {
    const bool is_packing = step_ == "packing" || step_ == "repackaging";
    if (event_.action == Action::observe || (!is_packing && step_ != "unpacking")) {
      return EventKind::observed;
    }
    if (event_.action == Action::remove) return EventKind::unpacking;
    if (is_packing) return EventKind::packing;
    return wrong_action(Action::remove);
  }

  Error wrong_action(Action expected) const {
    return at({&place_, "action"}, Errc::value_invalid,
              std::string(step_) + " is recorded with " + std::string(name_of(expected)));
  }

  std::string_view list_name() const {
    return event_.type == EventType::aggregation ? "childEPCs" : "epcList";
  }

  // Of a step that bears on goods: each one must be a unit.
  Result<std::vector<EpcText>> named_units(EventKind kind) const {
    const Pointer list{&place_, list_name()};
    // A container may be emptied of all that it holds.
    if (event_.epcs.empty() && kind != EventKind::unpacking) {
      return at(list, Errc::value_invalid, "must be a list of at least one EPC");
    }
    std::vector<EpcText> out;
    std::set<std::string_view> seen;
    out.reserve(event_.epcs.size());  // seen points into it.
    for (std::size_t i = 0; i < event_.epcs.size(); ++i) {
      auto epc = canonical_epc(event_.epcs[i]);
      if (!epc) return at({&list, {}, i}, epc.error());
      out.push_back(EpcText{*std::move(epc)});
      if (!seen.insert(out.back().value).second) {
        return at({&list, {}, i}, Errc::value_invalid, "the same unit twice: " + out.back().value);
      }
    }
    return out;
  }

  // Whatever the event names that is a unit, once each.
  std::vector<EpcText> observed_units() const {
    std::vector<EpcText> out;
    std::set<std::string> seen;
    const auto add = [&](const std::string& uri) {
      auto epc = canonical_epc(uri);
      if (epc && seen.insert(*epc).second) out.push_back(EpcText{*std::move(epc)});
    };
    if (event_.parent) add(*event_.parent);
    for (const auto* list : {&event_.epcs, &event_.inputs, &event_.outputs}) {
      std::ranges::for_each(*list, add);
    }
    return out;
  }

  const Event& event_;
  const Pointer& place_;
  const RecordWith& with_;
  EventParties parties_;
  std::string_view step_;  // Bare; empty for own words, and without a step.
};

}  // namespace

std::vector<Operation> in_parts(const RecordEvent& head, const std::vector<EpcText>& units) {
  std::vector<Operation> out;
  RecordEvent part = head;
  std::size_t bytes = 0;
  for (const auto& unit : units) {
    const std::size_t cost = 1 + unit.value.size();
    if (part.units.size() == kEventUnitsMax || bytes + cost > kPartUnitsBytesMax) {
      out.emplace_back(std::move(part));
      part = head;
      part.id.part = static_cast<std::uint32_t>(out.size());
      bytes = 0;
    }
    part.units.push_back(unit);
    bytes += cost;
  }
  out.emplace_back(std::move(part));
  return out;
}

Result<std::vector<Operation>> to_operations(const Event& event, const Pointer& place,
                                             const RecordWith& with) {
  return Recorder(event, place, with).record();
}

}  // namespace fenrun::epcis
