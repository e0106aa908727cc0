#include "contracts/units.h"

#include <algorithm>

#include "contracts/codes.h"
#include "contracts/epc.h"
#include "core/check.h"
#include "core/text.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

// The number of 17 digits that an SSCC is without its check digit.
std::optional<std::uint64_t> sscc_number(std::string_view epc) {
  constexpr std::string_view kPrefix = "00/";
  constexpr std::size_t kDigits = 17;
  if (!epc.starts_with(kPrefix) || epc.size() != kPrefix.size() + kDigits + 1) return std::nullopt;
  const auto digits = epc.substr(kPrefix.size(), kDigits);
  if (!std::ranges::all_of(digits, is_digit)) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : digits) number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  return number;
}

std::optional<UnitId> printed_logistic(const StateView& state, std::uint64_t sscc) {
  const auto id = find_value<UnitBatchId>(state, sscc_block_key(sscc));
  if (!id) return std::nullopt;
  const auto batch = find_unit_batch(state, *id);
  CHECK(batch && batch->codes && batch->codes->sscc_first);
  const auto* const level = find_level(*batch->codes, UnitLevel::logistic);
  CHECK(level != nullptr);
  const auto first = *batch->codes->sscc_first;
  if (sscc < first || sscc - first >= level->count) return std::nullopt;
  return UnitId{*id, UnitLevel::logistic, static_cast<std::uint32_t>(sscc - first)};
}

std::optional<UnitId> printed_unit(const StateView& state, std::string_view epc) {
  constexpr std::string_view kGtinPrefix = "01/";
  constexpr std::string_view kSerialPrefix = "/21/";
  if (const auto sscc = sscc_number(epc)) return printed_logistic(state, *sscc);
  const auto serial_at = kGtinPrefix.size() + kGtinBytes + kSerialPrefix.size();
  if (!epc.starts_with(kGtinPrefix) || epc.size() < serial_at) return std::nullopt;
  const auto printed = printed_serial(epc.substr(serial_at));
  if (!printed) return std::nullopt;
  const auto batch = find_unit_batch(state, printed->batch);
  if (!batch || !batch->codes) return std::nullopt;
  const auto gtin = epc.substr(kGtinPrefix.size(), kGtinBytes);
  for (const auto& level : batch->codes->levels) {
    const UnitId unit{printed->batch, level.level, printed->index};
    if (level.gtin.value == gtin && unit.index < level.count) return unit;
  }
  return std::nullopt;
}

// A family of ranges that do not overlap: the key of each is that of its first unit.
using RangeKey = RecordKey (*)(UnitBatchId, UnitLevel, std::uint32_t);

template <class Range>
struct FirstAndRange {
  std::uint32_t first = 0;
  Range range;
};

// The last range that begins before the index `end`, which may be 2^32.
template <class Range>
std::optional<FirstAndRange<Range>> last_before(const StateView& state, RangeKey key_of,
                                                UnitBatchId batch, UnitLevel level,
                                                std::uint64_t end) {
  constexpr std::size_t kIndexBytes = 4;
  const auto lowest = key_of(batch, level, 0);
  auto bound = end > 0xffff'ffff ? key_of(batch, level, 0xffff'ffff)
                                 : key_of(batch, level, static_cast<std::uint32_t>(end));
  if (end > 0xffff'ffff) bound.push_back(0);  // Directly behind the last index.
  const auto key = state.before(bound);
  const auto prefix = ByteView(lowest).first(lowest.size() - kIndexBytes);
  if (!key || key->size() != lowest.size() ||
      !std::ranges::equal(prefix, ByteView(*key).first(prefix.size()))) {
    return std::nullopt;
  }
  FirstAndRange<Range> out;
  for (std::size_t i = prefix.size(); i < key->size(); ++i)
    out.first = (out.first << 8) | (*key)[i];
  const auto range = find_linked<Range>(state, *key);
  CHECK(range.has_value());
  out.range = *range;
  return out;
}

template <class Range>
bool overlaps(const StateView& state, RangeKey key_of, const UnitRange& range) {
  const auto end = std::uint64_t{range.first} + range.count;
  const auto last = last_before<Range>(state, key_of, range.batch, range.level, end);
  return last && std::uint64_t{last->first} + last->range.count > range.first;
}

template <class Range>
std::optional<FirstAndRange<Range>> find_range(const StateView& state, RangeKey key_of,
                                               const UnitId& unit) {
  auto last =
      last_before<Range>(state, key_of, unit.batch, unit.level, std::uint64_t{unit.index} + 1);
  if (!last || unit.index - last->first >= last->range.count) return std::nullopt;
  return last;
}

}  // namespace

std::optional<UnitId> find_unit_id(const StateView& state, std::string_view epc) {
  if (epc.size() > kEpcBytesMax) return std::nullopt;
  if (const auto mapped = find_value<UnitId>(state, epc_key(epc))) return mapped;
  if (!parse_epc(epc)) return std::nullopt;
  return printed_unit(state, epc);
}

std::optional<Unit> find_unit_record(const StateView& state, const UnitId& unit) {
  return find_value<Unit>(state, unit_key(unit));
}

std::optional<Unit> find_unit(const StateView& state, const UnitId& id) {
  if (auto record = find_unit_record(state, id)) return record;
  const auto batch = find_unit_batch(state, id.batch);
  if (!batch || !batch->codes) return std::nullopt;
  const auto commissioned = find_commissioned(state, id);
  if (!commissioned) return std::nullopt;

  Unit unit;
  unit.epc = printed_epc(*batch->codes, id);
  unit.brand = batch->brand;
  unit.last = commissioned->range.event;
  unit.now.custody.holder = commissioned->range.place;
  const auto parent_id = regular_parent(*batch->codes, id);
  const auto parent = parent_id ? find_unit(state, *parent_id) : std::nullopt;
  if (!parent) return unit;
  if (parent->now.released) {
    unit.now.custody = *parent->now.released;
  } else {
    unit.now.parent = parent_id;
  }
  return unit;
}

Custody custody_of(const StateView& state, const Unit& unit) {
  Custody custody = unit.now.custody;
  auto parent = unit.now.parent;
  // A container is of a higher rank than what it holds.
  for (std::size_t depth = 0; parent; ++depth) {
    CHECK(depth < kEnumCount<UnitLevel>);
    const auto container = find_unit(state, *parent);
    CHECK(container.has_value());
    custody = container->now.custody;
    parent = container->now.parent;
  }
  return custody;
}

std::optional<RangeAt> find_commissioned(const StateView& state, const UnitId& unit) {
  const auto found = find_range<CommissionedRange>(state, commissioned_key, unit);
  if (!found) return std::nullopt;
  return RangeAt{found->first, found->range};
}

std::optional<VoidedAt> find_voided(const StateView& state, const UnitId& unit) {
  const auto found = find_range<VoidedRange>(state, voided_key, unit);
  if (!found) return std::nullopt;
  return VoidedAt{found->first, found->range};
}

bool overlaps_commissioned(const StateView& state, const UnitRange& range) {
  return overlaps<CommissionedRange>(state, commissioned_key, range);
}

bool overlaps_voided(const StateView& state, const UnitRange& range) {
  return overlaps<VoidedRange>(state, voided_key, range);
}

std::optional<UnitId> regular_parent(const CodeSet& codes, const UnitId& unit) {
  for (std::size_t i = 0; i + 1 < codes.levels.size(); ++i) {
    const auto& level = codes.levels[i];
    if (level.level != unit.level || level.per_parent == 0) continue;
    const auto& next = codes.levels[i + 1];
    const UnitId parent{unit.batch, next.level, unit.index / level.per_parent};
    if (parent.index < next.count) return parent;
  }
  return std::nullopt;
}

}  // namespace fenrun
