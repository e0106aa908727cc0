#include "contracts/provenance.h"

#include <algorithm>
#include <map>

#include "contracts/codes.h"
#include "core/check.h"

namespace fenrun {
namespace {

Error gap(std::string_view what) { return {Errc::statement_incomplete, std::string(what)}; }

LifeEvent life_event(const TrackedEvent& tracked, const UnitTrack& unit) {
  const auto& record = tracked.record;
  return {tracked.position, record.kind,  record.status,        tracked.event.standing,
          record.time,      record.place, record.counterparty,  record.signer,
          unit.id,          unit.epc,     tracked.event.parent, tracked.event.id,
          record.corrects};
}

// From `from` on, and up to `until`.
struct Span {
  Position from;
  std::optional<Position> until;

  bool holds(Position position) const { return position >= from && (!until || position <= *until); }
  // What this and the stay have in common; none if that is nothing.
  std::optional<Span> during(const Stay& stay) const {
    Span common{std::max(from, stay.from), until};
    if (stay.until && (!until || *stay.until < *until)) common.until = stay.until;
    if (common.until && *common.until < common.from) return std::nullopt;
    return common;
  }
};

class Teller {
 public:
  explicit Teller(ProvenanceSource& source) : reader_(source), tracker_(reader_) {}

  Result<ToldProvenance> tell(const UnitId& id) {
    FENRUN_TRY(const auto* const track, tracker_.track(id));
    if (track == nullptr) return not_commissioned(id);
    life_.unit = id;
    life_.epc = track->epc;
    life_.brand = track->batch.brand;
    life_.product = track->batch.product;
    life_.range = track->range;
    if (track->batch.codes) life_.lot = track->batch.codes->lot;
    life_.own_events = static_cast<std::uint32_t>(track->events.size());
    FENRUN_OK(collect(*track, {track->commissioning.position, std::nullopt}));
    FENRUN_OK(find_custody(*track));
    FENRUN_OK(find_voided_range(*track));
    FENRUN_OK(find_use(*track));
    for (auto& [position, event] : events_) life_.events.push_back(std::move(event));
    ToldProvenance told{std::move(life_), reader_.parts()};
    told.parts.subject = unit_key(id);
    return told;
  }

 private:
  Error not_commissioned(const UnitId& id) {
    const auto batch = reader_.find<UnitBatch>(unit_batch_key(id.batch));
    const bool is_printed = batch && *batch && (*batch)->codes;
    return is_printed ? Error{Errc::code_inactive, {}} : Error{Errc::unit_unknown, {}};
  }

  // The unit's events in the span, and those of the containers that it was in meanwhile.  What is
  // told of a unit itself is not told again of what is around it.
  Status collect(const UnitTrack& track, const Span& span) {
    if (span.holds(track.commissioning.position)) add(track.commissioning, track);
    for (const auto& event : track.events) {
      if (span.holds(event.position)) add(event, track);
    }
    for (const auto& stay : track.stays) {
      const auto common = span.during(stay);
      if (!common) continue;
      FENRUN_TRY(const auto* const container, tracker_.track(stay.container));
      if (container == nullptr) return gap("a container of " + track.epc.value);
      FENRUN_OK(check_entry(stay, track, *container));
      FENRUN_OK(collect(*container, *common));
    }
    return {};
  }

  // An event that put the unit into a container is one of the container's too: no other unit can
  // pass for it.
  Status check_entry(const Stay& stay, const UnitTrack& unit, const UnitTrack& container) const {
    const auto is_there = [&](const UnitTrack& track) {
      return std::ranges::any_of(track.events, [&](const TrackedEvent& event) {
        return event.position == stay.from && event.event.kind == EventKind::packing &&
               event.event.standing == EventStanding::asserted;
      });
    };
    if (!is_there(unit) || is_there(container)) return {};
    return Error{Errc::claim_mismatch, "the container of " + unit.epc.value};
  }

  void add(const TrackedEvent& event, const UnitTrack& track) {
    events_.try_emplace(event.position, life_event(event, track));
  }

  // Of a unit that is in no container.
  Result<Custody> own_custody(const UnitTrack& track) {
    if (track.record) return track.record->now.custody;
    Custody custody;
    custody.holder = track.range->range.place;
    const auto regular = regular_parent(*track.batch.codes, track.id);
    if (!regular) return custody;
    // It was in a container that is empty now.
    FENRUN_TRY(const auto* const container, tracker_.track(*regular));
    if (container && container->record && container->record->now.released) {
      return *container->record->now.released;
    }
    return custody;
  }

  Status find_custody(const UnitTrack& unit) {
    const UnitTrack* outermost = &unit;
    while (const auto around = outermost->container()) {
      FENRUN_TRY(outermost, tracker_.track(*around));
      if (outermost == nullptr) return gap("a container of " + unit.epc.value);
      life_.containers.push_back({outermost->id, outermost->epc});
    }
    FENRUN_TRY(life_.custody, own_custody(*outermost));
    return {};
  }

  Status find_voided_range(const UnitTrack& track) {
    if (!track.range) return {};
    FENRUN_TRY(const auto found, reader_.find_range<VoidedRange>(voided_key, track.id));
    if (found) life_.voided = VoidedAt{found->first, found->range};
    return {};
  }

  Status find_use(const UnitTrack& track) {
    const auto& [batch, level, index] = track.id;
    const auto& codes = track.batch.codes;
    if (!codes || codes->path == ClaimPath::none || level != UnitLevel::item) return {};
    FENRUN_TRY(const auto bits, reader_.find_or_absent<UnitBits>(claim_bits_key(batch, index)));
    const bool is_used = bits && bits->is_set(index);
    life_.use = is_used ? CodeUse::used : CodeUse::unused;
    if (!is_used) return {};
    FENRUN_TRY(life_.claim, reader_.find<ClaimRecord>(claim_key(batch, index)));
    return life_.claim ? add_claim(*life_.claim, track) : Status{};
  }

  Status add_claim(const ClaimRecord& record, const UnitTrack& track) {
    FENRUN_TRY(const auto entry, reader_.operation(record.recorded_at));
    const auto decoded = decode_operation(entry.payload);
    const Claim* claim = nullptr;
    if (decoded) {
      if (const auto* code = std::get_if<ClaimCode>(&*decoded)) claim = &code->claim;
      if (const auto* attested = std::get_if<AttestClaim>(&*decoded)) claim = &attested->claim;
    }
    if (entry.outcome != Errc::ok || claim == nullptr || *claim != record.claim) {
      return Error{Errc::claim_mismatch, "the operation that used the code"};
    }
    LifeEvent event;
    event.position = record.recorded_at;
    event.kind = EventKind::claiming;
    event.time = claim->time;
    event.place = claim->store;
    event.signer = record.submitter;
    event.unit = track.id;
    event.epc = track.epc;
    events_.emplace(event.position, std::move(event));
    return {};
  }

  ProvenanceReader reader_;
  UnitTracker tracker_;
  Provenance life_;
  std::map<Position, LifeEvent> events_;
};

// ---- From a proof ------------------------------------------------------------------------------

class ShownHistory final : public ProvenanceSource {
 public:
  ShownHistory(const Digest& chain_id, const HistoryFacts& facts) : chain_id_(chain_id) {
    for (const auto& record : facts.records) {
      if (!record.entry.value) continue;
      const auto& value = *record.entry.value;
      values_.emplace(record.entry.key, Bytes(value.begin(), value.end()));
      add_name(record.entry.key, value);
    }
    for (const auto& absence : facts.absences) {
      const auto& record = absence.before.entry;
      absences_.emplace(absence.key,
                        Neighbour{record.key, Bytes(record.value->begin(), record.value->end())});
    }
    for (const auto& operation : facts.operations) {
      operations_.emplace(operation.operation.position, &operation.operation.entry);
    }
  }

  const Digest& chain_id() const override { return chain_id_; }

  Result<std::optional<Bytes>> value(const RecordKey& key) override {
    const auto it = values_.find(key);
    return it == values_.end() ? std::nullopt : std::optional(it->second);
  }

  Result<OperationEntry> operation(Position position) override {
    const auto it = operations_.find(position);
    if (it == operations_.end()) return gap("operation " + std::to_string(position.value()));
    return *it->second;
  }

  Result<std::vector<Position>> candidates(const UnitId&) override {
    std::vector<Position> out;
    for (const auto& [position, entry] : operations_) out.push_back(position);
    return out;
  }

  Result<std::optional<Neighbour>> before(const RecordKey& key) override {
    const auto absent = absences_.find(key);
    if (absent != absences_.end()) return std::optional(absent->second);
    const auto it = values_.lower_bound(key);
    if (it == values_.begin()) return std::optional<Neighbour>();
    const auto& [own, value] = *std::prev(it);
    return std::optional(Neighbour{own, value});
  }

  std::optional<UnitId> unit_named(const EpcText& epc) override {
    const auto it = names_.find(epc.value);
    return it == names_.end() ? std::nullopt : std::optional(it->second);
  }

 private:
  void add_name(const RecordKey& key, ByteView value) {
    const auto id = unit_from_key(key);
    const auto unit = id ? decode<Unit>(value) : Result<Unit>(Errc::entry_malformed);
    if (unit) names_.emplace(unit->epc.value, *id);
  }

  Digest chain_id_;
  std::map<RecordKey, Bytes> values_;
  std::map<RecordKey, Neighbour> absences_;
  std::map<Position, const OperationEntry*> operations_;
  std::map<std::string, UnitId> names_;
};

// The proof holds what the life rests on, and nothing else.
Status check_parts(const HistoryParts& parts, const HistoryFacts& facts) {
  HistoryParts shown;
  for (const auto& record : facts.records) shown.records.insert(record.entry.key);
  for (const auto& absence : facts.absences) shown.absent.insert(absence.key);
  for (const auto& one : facts.operations) shown.operations.insert(one.operation.position);
  if (!std::ranges::includes(shown.absent, parts.absent)) {
    return gap("that there is no record of a key");
  }
  if (shown.records != parts.records || shown.absent != parts.absent ||
      shown.operations != parts.operations) {
    return Error{Errc::proof_not_canonical, "more than the unit's life rests on"};
  }
  return {};
}

}  // namespace

Result<ToldProvenance> tell_provenance(ProvenanceSource& source, const UnitId& unit) {
  return Teller(source).tell(unit);
}

std::optional<UnitId> unit_from_key(ByteView key) {
  if (key.empty() || key[0] != static_cast<std::uint8_t>(ContractFamily::unit)) return std::nullopt;
  return unit_in_key(key.subspan(1));
}

Result<Provenance> check_provenance(const Digest& chain_id, const HistoryFacts& facts) {
  const auto unit = unit_from_key(facts.subject);
  if (!unit) return Error{Errc::claim_mismatch, "the subject is no unit"};
  ShownHistory shown(chain_id, facts);
  FENRUN_TRY(auto told, tell_provenance(shown, *unit));
  FENRUN_OK(check_parts(told.parts, facts));
  return std::move(told.life);
}

}  // namespace fenrun
