#include "contracts/provenance_journal.h"

#include <map>

namespace fenrun {
namespace {

Error at_fault(Position position) {
  return {Errc::corruption, "entry " + std::to_string(position.value()) + " is of another kind"};
}

class JournaledHistory final : public ProvenanceSource {
 public:
  JournaledHistory(const Journal& journal, std::uint64_t size) : journal_(journal), size_(size) {}

  const Digest& chain_id() const override { return journal_.tip().chain_id; }

  Result<std::optional<Bytes>> value(const RecordKey& key) override {
    FENRUN_TRY(auto record, record_at_checkpoint(key));
    std::optional<Bytes> none;
    if (!record || !record->entry.value) return none;
    const auto& value = *record->entry.value;
    const bool is_claim = key[0] == static_cast<std::uint8_t>(ContractFamily::claim);
    if (is_claim && is_erased(value)) return none;
    return std::optional<Bytes>(Bytes(value.begin(), value.end()));
  }

  Result<OperationEntry> operation(Position position) override {
    const auto known = operations_.find(position);
    if (known != operations_.end()) return known->second;
    FENRUN_TRY(auto operation, entry_of<OperationEntry>(position));
    return operations_.emplace(position, std::move(operation)).first->second;
  }

  // The versions of the unit's Record count its events: those that count more than the one before
  // name the blocks in which the unit's events are.
  Result<std::vector<Position>> candidates(const UnitId& unit) override {
    std::vector<Position> out;
    FENRUN_TRY(auto version, record_at_checkpoint(unit_key(unit)));
    while (version) {
      FENRUN_TRY(const auto newer, unit_in(*version));
      std::optional<Proven<RecordEntry>> older;
      std::uint32_t events_before = 0;
      if (const auto previous = version->entry.previous) {
        FENRUN_TRY(auto entry, entry_of<RecordEntry>(*previous));
        older = Proven<RecordEntry>{*previous, std::move(entry)};
        FENRUN_TRY(const auto before, unit_in(*older));
        events_before = before.events;
      }
      if (newer.events > events_before) {
        events_ += newer.events - events_before;
        if (events_ > kProvenanceEventsMax) {
          return Error{Errc::limit_exceeded, "more events than a proof of provenance may hold"};
        }
        FENRUN_OK(add_from_block(version->position, unit, newer.epc, out));
      }
      version = std::move(older);
    }
    std::ranges::sort(out);
    return out;
  }

  Result<std::optional<Neighbour>> before(const RecordKey& key) override {
    const auto& state = journal_.state();
    for (auto own = state.before(key); own; own = state.before(*own)) {
      // Keys that came after the checkpoint are passed over.
      FENRUN_TRY(const auto value, this->value(*own));
      if (value) return std::optional(Neighbour{*own, *value});
    }
    return std::optional<Neighbour>();
  }
  std::optional<UnitId> unit_named(const EpcText& epc) override {
    return find_unit_id(journal_.state(), epc.value);
  }

 private:
  template <class T>
  Result<T> entry_of(Position position) const {
    FENRUN_TRY(const auto bytes, journal_.store().entry(position));
    FENRUN_TRY(auto entry, decode_entry(bytes));
    T* const of_kind = std::get_if<T>(&entry);
    if (of_kind == nullptr) return at_fault(position);
    return std::move(*of_kind);
  }

  // The newest Record of the key that the checkpoint covers.
  Result<std::optional<Proven<RecordEntry>>> record_at_checkpoint(const RecordKey& key) const {
    std::optional<Proven<RecordEntry>> out;
    const auto current = journal_.state().record(key);
    if (!current) return out;
    Position position = current->position;
    for (;;) {
      FENRUN_TRY(auto entry, entry_of<RecordEntry>(position));
      if (position.value() < size_) {
        out = Proven<RecordEntry>{position, std::move(entry)};
        return out;
      }
      if (!entry.previous) return out;
      position = *entry.previous;
    }
  }

  static Result<Unit> unit_in(const Proven<RecordEntry>& record) {
    if (!record.entry.value) return at_fault(record.position);
    return decode<Unit>(*record.entry.value);
  }

  bool is_erased(ByteView claim) const {
    const auto record = decode<ClaimRecord>(claim);
    return record && find_erasure(journal_.state(), record->claim.claimant);
  }

  // The height of the block that holds the entry.
  Height height_of(Position position) const {
    std::uint64_t low = 0;
    std::uint64_t high = journal_.tip().height.value();
    while (low < high) {
      const auto middle = low + (high - low) / 2;
      const auto header = journal_.store().header_position(Height(middle));
      if (header && *header >= position) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return Height(low);
  }

  // Adds the Operations of the block with this Record that may concern the unit.
  Status add_from_block(Position record, const UnitId& unit, const EpcText& epc,
                        std::vector<Position>& out) {
    FENRUN_TRY(const auto header, journal_.header(height_of(record)));
    std::uint64_t entries = 0;
    for (const auto count : header.counts) entries += count;
    if (entries > header.position.value()) return at_fault(header.position);
    const std::uint64_t records = header.counts.back();
    const auto end = header.position.value() - records;
    constexpr std::uint64_t kEntriesAtOnce = 256;
    for (auto first = header.position.value() - entries; first < end;) {
      const auto count = std::min(kEntriesAtOnce, end - first);
      FENRUN_TRY(const auto read, journal_.store().entries(Position(first), count));
      for (const auto& bytes : read) {
        FENRUN_TRY(auto entry, decode_entry(bytes));
        const Position position(first++);
        auto* const operation = std::get_if<OperationEntry>(&entry);
        const auto event = operation ? recorded_event(*operation) : std::nullopt;
        if (!event || !may_concern(*event, unit, epc)) continue;
        operations_.insert_or_assign(position, std::move(*operation));
        out.push_back(position);
      }
    }
    return {};
  }

  const Journal& journal_;
  std::uint64_t size_;
  std::map<Position, OperationEntry> operations_;
  std::size_t events_ = 0;
};

}  // namespace

Result<ToldProvenance> provenance_of(const Journal& journal, std::uint64_t size,
                                     const UnitId& unit) {
  JournaledHistory history(journal, size);
  return tell_provenance(history, unit);
}

}  // namespace fenrun
