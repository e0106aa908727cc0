// What the life of a unit is told from, and which parts of it were needed.  docs/spec/proofs.md,
// §6.
//
// Two implementations: a node's journal, from which a proof is made (provenance_journal.h), and a
// proof, from which the life is told again (provenance.cc).  Both run the same rules, so that a
// proof holds exactly what the rules ask for.
#pragma once

#include <optional>
#include <vector>

#include "contracts/records.h"
#include "ledger/prover.h"

namespace fenrun {

class ProvenanceSource {
 public:
  virtual ~ProvenanceSource() = default;

  virtual const Digest& chain_id() const = 0;
  // The current value of a key; none if it has none, or none is shown.
  virtual Result<std::optional<Bytes>> value(const RecordKey& key) = 0;
  // Errc::statement_incomplete for one that is not shown; the errors of the store.
  virtual Result<OperationEntry> operation(Position position) = 0;
  // Positions of Operations, ascending: all those in the unit's chain, and perhaps others.
  virtual Result<std::vector<Position>> candidates(const UnitId& unit) = 0;

  // The current Record with the greatest key below this one: if the key is shown to be absent, that
  // which shows it; none if there is none.
  struct Neighbour {
    RecordKey key;
    Bytes value;
  };
  virtual Result<std::optional<Neighbour>> before(const RecordKey& key) = 0;
  // A unit that may have this identifier and a Record: value() says whether it is there.
  virtual std::optional<UnitId> unit_named(const EpcText& epc) = 0;
};

// A family of ranges that do not overlap, each under the key of its first unit.
using RangeFamily = RecordKey (*)(UnitBatchId, UnitLevel, std::uint32_t);

template <class Range>
struct RangeAround {
  std::uint32_t first = 0;
  Range range;
};

// A source that keeps account of what was looked at.
class ProvenanceReader {
 public:
  explicit ProvenanceReader(ProvenanceSource& source) : source_(&source) {}

  ProvenanceSource& source() { return *source_; }
  const HistoryParts& parts() const { return parts_; }

  // The value of a key; the Record is needed if there is one.
  template <class V>
  Result<std::optional<V>> find(const RecordKey& key) {
    FENRUN_TRY(const auto bytes, source_->value(key));
    if (!bytes) return std::optional<V>();
    auto value = decode<V>(*bytes);
    if (!value) return Error{Errc::entry_malformed, "record " + to_hex(key)};
    parts_.records.insert(key);
    return std::optional<V>(*std::move(value));
  }
  // In an ordered family.  If it is not there, that must be shown.
  template <class V>
  Result<std::optional<V>> find_or_absent(const RecordKey& key) {
    FENRUN_TRY(auto linked, find<Linked<V>>(key));
    if (!linked) {
      parts_.absent.insert(key);
      return std::optional<V>();
    }
    if (!linked->value) return Error{Errc::entry_malformed, "record " + to_hex(key)};
    return std::move(linked->value);
  }
  // The range of the family around the unit.  If there is none, that must be shown: then the Record
  // before the unit's key is another's, or ends before it.
  template <class Range>
  Result<std::optional<RangeAround<Range>>> find_range(RangeFamily key_of, const UnitId& unit) {
    const auto own = key_of(unit.batch, unit.level, unit.index);
    FENRUN_TRY(auto linked, find<Linked<Range>>(own));
    std::uint32_t first = unit.index;
    if (!linked) {
      FENRUN_TRY(const auto neighbour, source_->before(own));
      const auto index = neighbour ? index_in(neighbour->key, own) : std::nullopt;
      const auto range =
          index ? decode<Linked<Range>>(neighbour->value) : Result<Linked<Range>>(Errc::not_found);
      if (!range || !range->value || unit.index - *index >= range->value->count) {
        parts_.absent.insert(own);
        return std::optional<RangeAround<Range>>();
      }
      first = *index;
      FENRUN_TRY(linked, find<Linked<Range>>(neighbour->key));
      if (!linked) return Error{Errc::statement_incomplete, "the range of codes"};
    }
    if (!linked->value) return Error{Errc::entry_malformed, "record " + to_hex(own)};
    return std::optional(RangeAround<Range>{first, *linked->value});
  }
  Result<OperationEntry> operation(Position position) {
    FENRUN_TRY(auto entry, source_->operation(position));
    parts_.operations.insert(position);
    return entry;
  }

 private:
  // The index with which a key ends, if it is of the same family, batch and level as the other.
  static std::optional<std::uint32_t> index_in(ByteView key, ByteView other) {
    constexpr std::size_t kIndexBytes = 4;
    const auto prefix = other.first(other.size() - kIndexBytes);
    if (key.size() != other.size() || !equal(key.first(prefix.size()), prefix)) return std::nullopt;
    std::uint32_t index = 0;
    for (const auto byte : key.subspan(prefix.size())) index = (index << 8) | byte;
    return index;
  }

  ProvenanceSource* source_;
  HistoryParts parts_;
};

}  // namespace fenrun
