#include "node/epcis/record.h"

#include <algorithm>
#include <initializer_list>
#include <set>

#include "node/epcis/event_time.h"
#include "node/epcis/fields.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::epcis {
namespace {

class Recorder {
 public:
  Recorder(const Json& event, const Pointer& place, const Context& context, const RecordWith& with)
      : event_(event), place_(place), context_(context), with_(with) {}

  Result<RecordEvent> record() {
    if (!event_.is_object()) return at(place_, Errc::value_invalid, "must be an object");
    FENRUN_OK(check_type());
    FENRUN_OK(check_members());
    RecordEvent out;
    FENRUN_OK(read_step(out));
    FENRUN_TRY(const auto time, required("eventTime"));
    const Pointer time_place{&place_, "eventTime"};
    const auto ms = parse_event_time(time);
    if (!ms) return at(time_place, ms.error());
    out.time = *ms;
    FENRUN_OK(read_place(out));
    FENRUN_OK(read_units(out));
    return out;
  }

 private:
  Result<std::string> required(std::string_view name) const {
    return required_string(event_, name, place_);
  }

  Status check_type() const {
    FENRUN_TRY(const auto type, required("type"));
    if (type == "ObjectEvent") return {};
    return at({&place_, "type"}, Errc::not_supported_yet, shortened(type));
  }

  Status check_members() {
    const auto own_context = event_.find("@context");
    if (own_context != event_.end()) {
      FENRUN_OK(context_.add(*own_context, {&place_, "@context"}));
    }
    for (const auto& [name, value] : event_.items()) {
      const Pointer inner{&place_, name};
      const auto use = use_of_field(name);
      if (use == FieldUse::unsupported) {
        // An empty list says nothing.
        if (value.is_array() && value.empty()) continue;
        return at(inner, Errc::not_supported_yet, name);
      }
      if (!use && !context_.extension_name(name)) {
        return at(inner, Errc::value_invalid, "no member of an ObjectEvent, and no known prefix");
      }
    }
    return {};
  }

  Status read_step(RecordEvent& out) const {
    struct Step {
      std::string_view word;
      EventKind kind;
      std::string_view action;
      std::initializer_list<std::string_view> dispositions;
    };
    static const Step kSteps[] = {
        {"commissioning",
         EventKind::commissioning,
         "ADD",
         {"active", "in_progress", "sellable_accessible", "sellable_not_accessible"}},
        {"receiving",
         EventKind::receiving,
         "OBSERVE",
         {"active", "in_progress", "container_closed", "sellable_accessible",
          "sellable_not_accessible"}},
        {"retail_selling", EventKind::retail_selling, "OBSERVE", {"retail_sold"}},
    };
    const Pointer step_place{&place_, "bizStep"};
    if (!event_.contains("bizStep")) {
      return at(step_place, Errc::not_supported_yet, "an event without a business step");
    }
    FENRUN_TRY(const auto text, required("bizStep"));
    const auto word = canonical_word(Vocabulary::biz_step, text);
    if (!word) return at(step_place, word.error());
    const auto* const step =
        std::ranges::find_if(kSteps, [&](const Step& known) { return known.word == *word; });
    if (step == std::end(kSteps)) {
      return at(step_place, Errc::not_supported_yet, shortened(*word));
    }
    FENRUN_TRY(const auto action, required("action"));
    if (action != "ADD" && action != "OBSERVE" && action != "DELETE") {
      return at({&place_, "action"}, Errc::value_invalid, "must be ADD, OBSERVE or DELETE");
    }
    if (action != step->action) {
      return at({&place_, "action"}, Errc::not_supported_yet, action + " with " + *word);
    }
    FENRUN_OK(check_disposition(*word, step->dispositions));
    out.kind = step->kind;
    if (out.kind != EventKind::commissioning) return {};
    if (!with_.batch) {
      return at(step_place, Errc::value_invalid,
                "name the code batch to which the commissioned units belong");
    }
    out.batch = with_.batch;
    return {};
  }

  Status check_disposition(const std::string& step,
                           std::initializer_list<std::string_view> allowed) const {
    if (!event_.contains("disposition")) return {};
    const Pointer inner{&place_, "disposition"};
    FENRUN_TRY(const auto text, required("disposition"));
    const auto word = canonical_word(Vocabulary::disposition, text);
    if (!word) return at(inner, word.error());
    if (std::ranges::find(allowed, *word) != allowed.end()) return {};
    return at(inner, Errc::not_supported_yet, step + " with disposition " + shortened(*word));
  }

  Result<std::optional<PartyId>> place_of(std::string_view name) const {
    const Pointer inner{&place_, name};
    const auto it = event_.find(std::string(name));
    if (it == event_.end()) return std::optional<PartyId>();
    if (!it->is_object() || !it->contains("id")) {
      return at(inner, Errc::value_invalid, "must be an object with an id");
    }
    const Pointer id_place{&inner, "id"};
    FENRUN_TRY(const auto uri, string_of((*it)["id"], id_place));
    if (!with_.places) return std::optional<PartyId>(PartyId{});
    const auto party = with_.places->find(uri);
    if (!party) return at(id_place, party.error());
    return std::optional(*party);
  }

  // The business location is where the goods are afterwards, the read point where they were seen.
  // The ledger knows parties: both must be places of one.
  Status read_place(RecordEvent& out) const {
    FENRUN_TRY(const auto location, place_of("bizLocation"));
    FENRUN_TRY(const auto point, place_of("readPoint"));
    if (!location && !point) {
      return at({&place_, "bizLocation"}, Errc::value_invalid,
                "is missing, and so is readPoint: where was it?");
    }
    if (location && point && *location != *point) {
      return at({&place_, "readPoint"}, Errc::value_invalid,
                "is a place of another party than bizLocation");
    }
    out.place = location ? *location : *point;
    return {};
  }

  Status read_units(RecordEvent& out) const {
    const Pointer inner{&place_, "epcList"};
    const auto it = event_.find("epcList");
    if (it == event_.end() || !it->is_array() || it->empty()) {
      return at(inner, Errc::value_invalid, "must be a list of at least one EPC");
    }
    if (it->size() > kEventUnitsMax) {
      return at(inner, Errc::limit_exceeded,
                "more than " + std::to_string(kEventUnitsMax) + " EPCs");
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < it->size(); ++i) {
      const Pointer item{&inner, {}, i};
      FENRUN_TRY(const auto uri, string_of((*it)[i], item));
      auto epc = canonical_epc(uri);
      if (!epc) return at(item, epc.error());
      if (!seen.insert(*epc).second) {
        return at(item, Errc::value_invalid, "the same unit twice: " + *epc);
      }
      out.units.push_back(EpcText{*std::move(epc)});
    }
    return {};
  }

  const Json& event_;
  const Pointer& place_;
  Context context_;
  const RecordWith& with_;
};

}  // namespace

Result<RecordEvent> to_record(const Json& event, const Pointer& place, const Context& context,
                              const RecordWith& with) {
  return Recorder(event, place, context, with).record();
}

}  // namespace fenrun::epcis
