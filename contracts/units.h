// Units as they stand: those that have a Record, and printed ones that need none.
// docs/spec/contracts.md, "Units".
//
// A printed unit that was commissioned with its range, and to which nothing happened alone, has no
// Record: it lies in its container as packing is regular, and shares its container's custody.  Once
// something happens to it, it has a Record and a chain of its own.
#pragma once

#include <string_view>

#include "contracts/records.h"

namespace fenrun {

// The unit that an identifier names: one that was commissioned under it, or a printed one, whether
// it is commissioned or not.  None for one that nobody knows.
std::optional<UnitId> find_unit_id(const StateView& state, std::string_view epc);

// The unit as it stands; for a printed one without a Record what follows from its range and its
// container, with an empty history.  None until it is commissioned.
std::optional<Unit> find_unit(const StateView& state, const UnitId& unit);
// Only of one with a Record.
std::optional<Unit> find_unit_record(const StateView& state, const UnitId& unit);

// In whose hands the unit is: its own custody, or that of the outermost container around it.
Custody custody_of(const StateView& state, const Unit& unit);

struct RangeAt {
  std::uint32_t first = 0;
  CommissionedRange range;
};
// The range with which a printed unit was commissioned.
std::optional<RangeAt> find_commissioned(const StateView& state, const UnitId& unit);

struct VoidedAt {
  std::uint32_t first = 0;
  VoidedRange range;
};
// The range with which its code was voided.
std::optional<VoidedAt> find_voided(const StateView& state, const UnitId& unit);

// Whether the two have an index in common with a range of commissioned, or voided, ones.
bool overlaps_commissioned(const StateView& state, const UnitRange& range);
bool overlaps_voided(const StateView& state, const UnitRange& range);

// The container in which packing as printed puts the unit; none if it stands alone.
std::optional<UnitId> regular_parent(const CodeSet& codes, const UnitId& unit);

}  // namespace fenrun
