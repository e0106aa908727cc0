// Who takes part in an event: the parties of its places, sources and destinations.
// docs/spec/epcis.md, §6.
#pragma once

#include <optional>

#include "node/epcis/event.h"
#include "node/epcis/places.h"
#include "node/epcis/pointer.h"

namespace fenrun::epcis {

class EventParties {
 public:
  // `place`: where the event stands.  Without `places` every place is one of the party zero.
  // REQUIRES: all outlive it.
  EventParties(const Event& event, const Pointer& place, const Places* places)
      : event_(event), place_(place), places_(places) {}

  // Where the event was: the business location is where the goods are afterwards, the read point
  // where they were seen, a door of it, which need not be known, but must not be another party's.
  // Errc::value_invalid.
  Result<PartyId> place() const;

  // To whom goods go: of the first type of possessing_party, owning_party and location that a
  // destination has.  Errc::value_invalid if none has one, and for several parties of that type.
  Result<PartyId> consignee() const;

  // From whom goods are to come, likewise of the sources; none if no source has such a type.
  Result<std::optional<PartyId>> supplier() const;

 private:
  Result<PartyId> party_of(std::string_view uri, const Pointer& where) const;
  Result<std::optional<PartyId>> party_in(const std::vector<TypedUri>& list,
                                          const Pointer& list_place, std::string_view name) const;

  const Event& event_;
  const Pointer& place_;
  const Places* places_;
};

}  // namespace fenrun::epcis
