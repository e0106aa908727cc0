#include "node/epcis/read_event.h"

#include "node/epcis/event_members.h"
#include "node/epcis/event_parts.h"

namespace fenrun::epcis {
namespace {

class EventReader {
 public:
  EventReader(const Json& json, const Pointer& place, ReadingState state)
      : json_(json), place_(place), state_(std::move(state)) {}

  Result<ReadEvent> read() {
    FENRUN_OK(read_type());
    FENRUN_OK(read_extension_members());
    FENRUN_OK(read_times());
    FENRUN_OK(read_what());
    FENRUN_OK(read_why());
    FENRUN_OK(read_where());
    FENRUN_OK(read_parties());
    FENRUN_OK(read_about_itself());
    FENRUN_OK(check_subject());
    FENRUN_OK(check_master_data());
    return ReadEvent{std::move(event_), std::move(state_.identifier_fault)};
  }

 private:
  // Reads a member, if it is there, into a value, an optional or a list.
  template <class T, class Read>
  Status member(std::string_view name, T& out, Read how) {
    const Json* const value = member_of(json_, name);
    if (!value) return {};
    FENRUN_TRY(out, how(*value, Pointer{&place_, name}));
    return {};
  }

  Error missing(std::string_view name, const std::string& why = "is missing") const {
    return at({&place_, name}, Errc::value_invalid, why);
  }

  Status epcs(std::string_view name, std::vector<std::string>& out, Repeats repeats) {
    return member(name, out, [&](const Json& value, const Pointer& place) {
      return read_epcs(value, place, repeats, state_);
    });
  }
  Status quantities(std::string_view name, std::vector<QuantityElement>& out) {
    return member(name, out, [&](const Json& value, const Pointer& place) {
      return read_quantities(value, place, state_);
    });
  }
  Status uri(std::string_view name, std::optional<std::string>& out, UriRole role) {
    return member(name, out, [&](const Json& value, const Pointer& place) {
      return read_uri(value, place, role, state_);
    });
  }
  Status word(std::string_view name, std::optional<std::string>& out, Vocabulary vocabulary) {
    return member(name, out, [&](const Json& value, const Pointer& place) {
      return read_word(value, place, vocabulary, state_);
    });
  }

  Status read_type() {
    FENRUN_TRY(const auto name, required_string(json_, "type", place_));
    const auto type = event_type(name);
    if (!type) return missing("type", "none of the five types of events: " + shortened(name));
    event_.type = *type;
    return {};
  }

  // What is neither a standard member nor an extension is refused.
  Status read_extension_members() {
    FENRUN_TRY(event_.extensions,
               read_extensions(json_, place_, state_, [&](std::string_view name) {
                 return has_member(event_.type, name);
               }));
    return {};
  }

  Status read_times() {
    const Json* const time = member_of(json_, "eventTime");
    if (!time) return missing("eventTime");
    FENRUN_TRY(event_.time, read_time(*time, Pointer{&place_, "eventTime"}));
    FENRUN_TRY(event_.time_zone_offset, required_string(json_, "eventTimeZoneOffset", place_));
    if (!is_offset(event_.time_zone_offset)) {
      return missing("eventTimeZoneOffset", "looks like +08:00, between -14:00 and +14:00");
    }
    std::string record_time;
    return member("recordTime", record_time, read_time);
  }

  static bool is_offset(std::string_view text) {
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
    const auto two = [&](std::size_t i) { return text.substr(i, 2); };
    const auto is_below = [](std::string_view digits, std::string_view limit) {
      return digits[0] >= '0' && digits[0] <= '9' && digits[1] >= '0' && digits[1] <= '9' &&
             digits < limit;
    };
    return text.substr(1) == "14:00" || (is_below(two(1), "14") && is_below(two(4), "60"));
  }

  Status read_what() {
    FENRUN_OK(uri("parentID", event_.parent, UriRole::identifier));
    FENRUN_OK(epcs("epcList", event_.epcs, Repeats::refused));
    FENRUN_OK(epcs("childEPCs", event_.epcs, Repeats::allowed));
    FENRUN_OK(quantities("quantityList", event_.quantities));
    FENRUN_OK(quantities("childQuantityList", event_.quantities));
    FENRUN_OK(epcs("inputEPCList", event_.inputs, Repeats::refused));
    FENRUN_OK(quantities("inputQuantityList", event_.input_quantities));
    FENRUN_OK(epcs("outputEPCList", event_.outputs, Repeats::refused));
    FENRUN_OK(quantities("outputQuantityList", event_.output_quantities));
    return uri("transformationID", event_.transformation_id, UriRole::reference);
  }

  Status read_why() {
    if (event_.type != EventType::transformation) {
      FENRUN_TRY(const auto action, required_string(json_, "action", place_));
      if (action == "ADD") event_.action = Action::add;
      if (action == "OBSERVE") event_.action = Action::observe;
      if (action == "DELETE") event_.action = Action::remove;
      if (!event_.action) return missing("action", "must be ADD, OBSERVE or DELETE");
    }
    FENRUN_OK(word("bizStep", event_.biz_step, Vocabulary::biz_step));
    FENRUN_OK(word("disposition", event_.disposition, Vocabulary::disposition));
    PersistentDisposition persistent;
    FENRUN_OK(
        member("persistentDisposition", persistent, [&](const Json& value, const Pointer& place) {
          return read_persistent_disposition(value, place, state_);
        }));
    event_.dispositions_set = std::move(persistent.set);
    event_.dispositions_unset = std::move(persistent.unset);
    return {};
  }

  Status read_where() {
    const auto how = [&](const Json& value, const Pointer& place) {
      return read_place(value, place, state_);
    };
    FENRUN_OK(member("readPoint", event_.read_point, how));
    return member("bizLocation", event_.biz_location, how);
  }

  Status typed_uris(std::string_view list, const TypedUriForm& form, std::vector<TypedUri>& out) {
    return member(list, out, [&](const Json& value, const Pointer& place) {
      return read_typed_uris(value, place, form, state_);
    });
  }

  Status read_parties() {
    using enum Vocabulary;
    FENRUN_OK(typed_uris("bizTransactionList",
                         {"bizTransaction", biz_transaction_type, UriRole::reference, false},
                         event_.biz_transactions));
    FENRUN_OK(typed_uris("sourceList", {"source", source_or_destination_type, UriRole::identifier},
                         event_.sources));
    return typed_uris("destinationList",
                      {"destination", source_or_destination_type, UriRole::identifier},
                      event_.destinations);
  }

  Status read_about_itself() {
    FENRUN_OK(uri("eventID", event_.event_id, UriRole::address));
    FENRUN_OK(member("certificationInfo", event_.certifications,
                     [&](const Json& value, const Pointer& place) {
                       return read_certifications(value, place, state_);
                     }));
    FENRUN_OK(member("sensorElementList", event_.sensor_elements,
                     [&](const Json& value, const Pointer& place) {
                       return read_sensor_elements(value, place, state_);
                     }));
    return member("errorDeclaration", event_.error, [&](const Json& value, const Pointer& place) {
      return read_error_declaration(value, place, state_);
    });
  }

  // What the event must be about, by its type.
  Status check_subject() const {
    const bool has_children = !event_.epcs.empty() || !event_.quantities.empty();
    const bool is_deletion = event_.action == Action::remove;
    const bool has_list = member_of(json_, "epcList") != nullptr || !event_.quantities.empty();
    switch (event_.type) {
      case EventType::object:
        if (has_list || (!event_.sensor_elements.empty() && event_.read_point)) return {};
        return missing("epcList", "is missing, and so is quantityList: of what does it speak?");
      case EventType::aggregation:
        if (!event_.parent && event_.action != Action::observe) return missing("parentID");
        if (has_children || is_deletion) return {};
        return missing("childEPCs", "is missing, and so is childQuantityList");
      case EventType::transaction:
        if (event_.biz_transactions.empty()) return missing("bizTransactionList");
        if (has_list || is_deletion) return {};
        return missing("epcList", "is missing, and so is quantityList");
      case EventType::transformation:
        return check_transformation();
      case EventType::association:
        if (!event_.parent) return missing("parentID");
        if (has_children || is_deletion) return {};
        return missing("childEPCs", "is missing, and so is childQuantityList");
    }
    return {};
  }

  Status check_transformation() const {
    const bool has_inputs = !event_.inputs.empty() || !event_.input_quantities.empty();
    const bool has_outputs = !event_.outputs.empty() || !event_.output_quantities.empty();
    const bool is_part = event_.transformation_id && (has_inputs || has_outputs);
    if (is_part || (has_inputs && has_outputs)) return {};
    return missing(has_inputs ? "outputEPCList" : "inputEPCList",
                   "is missing: what becomes of what?");
  }

  Status check_master_data() {
    const Json* const ilmd = member_of(json_, "ilmd");
    if (!ilmd) return {};
    const Pointer place{&place_, "ilmd"};
    if (event_.type == EventType::object && event_.action != Action::add) {
      return at(place, Errc::value_invalid, "stands only where something begins: with ADD");
    }
    if (!ilmd->is_object()) return at(place, Errc::value_invalid, "must be an object");
    FENRUN_TRY(event_.ilmd,
               read_extensions(*ilmd, place, state_, [](std::string_view) { return false; }));
    return {};
  }

  const Json& json_;
  const Pointer& place_;
  ReadingState state_;
  Event event_;
};

}  // namespace

Result<ReadEvent> read_event(const Json& json, const Pointer& place, const Context& context,
                             Growth& growth) {
  if (!json.is_object()) return at(place, Errc::value_invalid, "must be an object");
  const Json* const own = member_of(json, "@context");
  if (!own) return EventReader(json, place, {context, growth}).read();
  auto extended = Context::within(context);
  FENRUN_OK(extended.add(*own, {&place, "@context"}));
  return EventReader(json, place, {extended, growth}).read();
}

}  // namespace fenrun::epcis
