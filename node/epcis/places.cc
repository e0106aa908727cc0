#include "node/epcis/places.h"

#include "core/text.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/personal_data.h"

namespace fenrun::epcis {
namespace {

constexpr JsonLimits kPlacesLimits{
    .bytes = 8 * 1024 * 1024, .depth = 2, .values = 20'001, .object_members = 20'000};

}  // namespace

Result<Places> Places::parse(std::string_view text, std::string file) {
  const auto fail = [&](const Error& error) {
    return Error{error.code, file + ": " + error.detail};
  };
  const auto json = parse_json(text, kPlacesLimits);
  if (!json) return fail(json.error());
  if (!json->is_object()) return fail({Errc::json_invalid, "must be an object"});
  Places places;
  for (const auto& [uri, value] : json->items()) {
    const auto place = canonical_place(uri);
    if (!place) return fail(place.error());
    if (personal_data_in(uri)) {
      return fail({Errc::personal_data, "a place's URI looks like personal data"});
    }
    if (!value.is_string()) return fail({Errc::json_invalid, uri + ": must be a string"});
    const auto party = fixed_from_hex<PartyId>(value.get_ref<const std::string&>());
    if (!party) return fail({party.error().code, uri + ": a party id is 32 hex digits"});
    const auto [it, is_new] = places.parties_.emplace(*place, *party);
    if (!is_new && it->second != *party) {
      return fail({Errc::value_invalid, uri + ": the place has another party already"});
    }
  }
  places.file_ = std::move(file);
  return places;
}

Result<PartyId> Places::find(std::string_view uri) const {
  FENRUN_TRY(const auto place, canonical_place(uri));
  const auto it = parties_.find(place);
  if (it != parties_.end()) return it->second;
  return Error{Errc::value_invalid, "no party for the place " + std::string(uri) + " in " + file_};
}

}  // namespace fenrun::epcis
