#include "node/epcis/event_parties.h"

#include <array>

#include "node/epcis/fields.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::epcis {
namespace {

// Whom a list of sources or destinations means: the first of these that it has.
constexpr auto kPartyTypes =
    std::to_array<std::string_view>({"possessing_party", "owning_party", "location"});

}  // namespace

Result<PartyId> EventParties::party_of(std::string_view uri, const Pointer& where) const {
  if (!places_) return PartyId{};
  auto party = places_->find(uri);
  if (!party) return at(where, party.error());
  return *party;
}

Result<PartyId> EventParties::place() const {
  const Pointer location_place{&place_, "bizLocation"};
  const Pointer point_place{&place_, "readPoint"};
  if (!event_.biz_location && !event_.read_point) {
    return at(location_place, Errc::value_invalid,
              "is missing, and so is readPoint: where was it?");
  }
  if (!event_.biz_location) return party_of(event_.read_point->id, {&point_place, "id"});
  FENRUN_TRY(const auto party, party_of(event_.biz_location->id, {&location_place, "id"}));
  if (event_.read_point && places_) {
    const auto other = places_->find(event_.read_point->id);
    if (other && *other != party) {
      return at(point_place, Errc::value_invalid, "is a place of another party than bizLocation");
    }
  }
  return party;
}

Result<std::optional<PartyId>> EventParties::party_in(const std::vector<TypedUri>& list,
                                                      const Pointer& list_place,
                                                      std::string_view name) const {
  std::optional<PartyId> found;
  for (const auto type : kPartyTypes) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (word_of(Vocabulary::source_or_destination_type, list[i].type.value_or("")) != type) {
        continue;
      }
      const Pointer item{&list_place, {}, i};
      const Pointer where{&item, name};
      FENRUN_TRY(const auto party, party_of(list[i].uri, where));
      if (found && *found != party) {
        return at(where, Errc::value_invalid, "is of another party than the one before");
      }
      found = party;
    }
    if (found) return found;
  }
  return found;
}

Result<PartyId> EventParties::consignee() const {
  const Pointer list{&place_, "destinationList"};
  FENRUN_TRY(const auto party, party_in(event_.destinations, list, "destination"));
  if (party) return *party;
  return at(list, Errc::value_invalid,
            "names no possessing_party, owning_party or location: shipped to whom?");
}

Result<std::optional<PartyId>> EventParties::supplier() const {
  return party_in(event_.sources, {&place_, "sourceList"}, "source");
}

}  // namespace fenrun::epcis
