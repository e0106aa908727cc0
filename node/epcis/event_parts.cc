#include "node/epcis/event_parts.h"

#include <algorithm>
#include <initializer_list>
#include <set>

#include "core/text.h"

namespace fenrun::epcis {
namespace {

using Names = std::initializer_list<std::string_view>;

Status check_object(const Json& value, const Pointer& place) {
  if (value.is_object()) return {};
  return at(place, Errc::value_invalid, "must be an object");
}

// An object without other members, not even extensions; a comment is none.
Status check_closed(const Json& value, const Pointer& place, Names names,
                    const ReadingState& state) {
  FENRUN_OK(check_object(value, place));
  for (const auto& [name, member] : value.items()) {
    if (std::ranges::find(names, name) != names.end() || is_comment(name, state)) continue;
    return at({&place, name}, Errc::value_invalid, "no member that EPCIS has here");
  }
  return {};
}

// UN/ECE Recommendation 20.
bool is_unit_of_measure(std::string_view text) {
  return (text.size() == 2 || text.size() == 3) &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
}

Result<QuantityElement> read_quantity(const Json& value, const Pointer& place,
                                      ReadingState& state) {
  FENRUN_OK(check_closed(value, place, {"epcClass", "quantity", "uom"}, state));
  QuantityElement out;
  const Pointer class_place{&place, "epcClass"};
  const Json* const epc_class = member_of(value, "epcClass");
  if (!epc_class) return at(class_place, Errc::value_invalid, "is missing");
  FENRUN_TRY(out.epc_class, read_uri(*epc_class, class_place, UriRole::identifier, state));
  if (const Json* const quantity = member_of(value, "quantity")) {
    FENRUN_TRY(out.quantity, read_number(*quantity, {&place, "quantity"}));
  }
  if (const Json* const uom = member_of(value, "uom")) {
    const Pointer uom_place{&place, "uom"};
    FENRUN_TRY(const auto text, string_of(*uom, uom_place));
    if (!is_unit_of_measure(text)) {
      return at(uom_place, Errc::value_invalid, "no code of a unit of measure, such as KGM");
    }
    out.uom = text;
  }
  return out;
}

Result<TypedUri> read_typed_uri(const Json& value, const Pointer& place, const TypedUriForm& form,
                                ReadingState& state) {
  FENRUN_OK(check_closed(value, place, {"type", form.name}, state));
  TypedUri out;
  const Pointer type_place{&place, "type"};
  if (const Json* const type = member_of(value, "type")) {
    FENRUN_TRY(out.type, read_word(*type, type_place, form.types, state));
  } else if (form.needs_type) {
    return at(type_place, Errc::value_invalid, "is missing");
  }
  const Pointer uri_place{&place, form.name};
  const Json* const uri = member_of(value, form.name);
  if (!uri) return at(uri_place, Errc::value_invalid, "is missing");
  FENRUN_TRY(out.uri, read_uri(*uri, uri_place, form.role, state));
  return out;
}

Result<std::vector<std::string>> read_dispositions(const Json& value, const Pointer& place,
                                                   ReadingState& state) {
  FENRUN_OK(check_list(value, place));
  if (value.empty()) return at(place, Errc::value_invalid, "must name a disposition");
  std::vector<std::string> out;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Pointer item{&place, {}, i};
    FENRUN_TRY(auto word, read_word(value[i], item, Vocabulary::disposition, state));
    if (!seen.insert(value[i].get_ref<const std::string&>()).second) {
      return at(item, Errc::value_invalid, "the same disposition twice");
    }
    out.push_back(std::move(word));
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> read_epcs(const Json& value, const Pointer& place, Repeats repeats,
                                           ReadingState& state) {
  FENRUN_OK(check_list(value, place));
  std::vector<std::string> out;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Pointer item{&place, {}, i};
    FENRUN_TRY(auto uri, read_uri(value[i], item, UriRole::identifier, state));
    const bool is_new = seen.insert(value[i].get_ref<const std::string&>()).second;
    if (!is_new && repeats == Repeats::refused) {
      return at(item, Errc::value_invalid, "the same EPC twice");
    }
    out.push_back(std::move(uri));
  }
  return out;
}

Result<std::vector<QuantityElement>> read_quantities(const Json& value, const Pointer& place,
                                                     ReadingState& state) {
  FENRUN_OK(check_list(value, place));
  std::vector<QuantityElement> out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    FENRUN_TRY(auto element, read_quantity(value[i], {&place, {}, i}, state));
    out.push_back(std::move(element));
  }
  return out;
}

Result<Place> read_place(const Json& value, const Pointer& place, ReadingState& state) {
  FENRUN_OK(check_object(value, place));
  const Json* const id = member_of(value, "id");
  if (!id) return at(place, Errc::value_invalid, "must be an object with an id");
  Place out;
  FENRUN_TRY(out.id, read_uri(*id, {&place, "id"}, UriRole::identifier, state));
  FENRUN_TRY(out.extensions, read_extensions(value, place, state,
                                             [](std::string_view name) { return name == "id"; }));
  return out;
}

Result<std::vector<TypedUri>> read_typed_uris(const Json& value, const Pointer& place,
                                              const TypedUriForm& form, ReadingState& state) {
  FENRUN_OK(check_list(value, place));
  std::vector<TypedUri> out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    FENRUN_TRY(auto item, read_typed_uri(value[i], {&place, {}, i}, form, state));
    out.push_back(std::move(item));
  }
  return out;
}

Result<PersistentDisposition> read_persistent_disposition(const Json& value, const Pointer& place,
                                                          ReadingState& state) {
  FENRUN_OK(check_closed(value, place, {"set", "unset"}, state));
  if (!value.contains("set") && !value.contains("unset")) {
    return at(place, Errc::value_invalid, "must set or unset something");
  }
  PersistentDisposition out;
  if (const Json* const set = member_of(value, "set")) {
    FENRUN_TRY(out.set, read_dispositions(*set, {&place, "set"}, state));
  }
  if (const Json* const unset = member_of(value, "unset")) {
    FENRUN_TRY(out.unset, read_dispositions(*unset, {&place, "unset"}, state));
  }
  return out;
}

Result<ErrorDeclaration> read_error_declaration(const Json& value, const Pointer& place,
                                                ReadingState& state) {
  FENRUN_OK(check_object(value, place));
  ErrorDeclaration out;
  const Pointer time_place{&place, "declarationTime"};
  const Json* const time = member_of(value, "declarationTime");
  if (!time) return at(time_place, Errc::value_invalid, "is missing");
  FENRUN_TRY(out.time, read_time(*time, time_place));
  if (const Json* const reason = member_of(value, "reason")) {
    FENRUN_TRY(out.reason, read_word(*reason, {&place, "reason"}, Vocabulary::error_reason, state));
  }
  if (const Json* const ids = member_of(value, "correctiveEventIDs")) {
    const Pointer ids_place{&place, "correctiveEventIDs"};
    FENRUN_OK(check_list(*ids, ids_place));
    for (std::size_t i = 0; i < ids->size(); ++i) {
      FENRUN_TRY(auto id, read_uri((*ids)[i], {&ids_place, {}, i}, UriRole::address, state));
      out.corrective_event_ids.push_back(std::move(id));
    }
  }
  const auto extensions = read_extensions(value, place, state, [](std::string_view name) {
    return name == "declarationTime" || name == "reason" || name == "correctiveEventIDs";
  });
  if (!extensions) return extensions.error();
  return out;
}

Result<std::vector<std::string>> read_certifications(const Json& value, const Pointer& place,
                                                     ReadingState& state) {
  std::vector<std::string> out;
  if (!value.is_array()) {
    FENRUN_TRY(auto uri, read_uri(value, place, UriRole::address, state));
    out.push_back(std::move(uri));
    return out;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    FENRUN_TRY(auto uri, read_uri(value[i], {&place, {}, i}, UriRole::address, state));
    out.push_back(std::move(uri));
  }
  return out;
}

}  // namespace fenrun::epcis
