// The life of a unit: every event that concerned it, its own or that of a container it was in, and
// why these are all.  docs/spec/proofs.md, §6.
//
// What is not told: whether what was reported is true, and what nobody reported.
#pragma once

#include "contracts/unit_track.h"
#include "ledger/proof/verify.h"

namespace fenrun {

struct LifeEvent {
  Position position;  // Of its Operation.
  EventKind kind{};   // As the ledger tells it: the unpacking at a store is an opening.
  EventStatus status{};
  EventStanding standing{};
  TimeMs time;
  std::optional<PartyId> place;  // None for a claim that names no store.
  std::optional<PartyId> counterparty;
  PartyId signer;
  UnitId unit;  // To which it happened: the unit itself, or the container that it was in.
  EpcText epc;
  std::optional<EpcText> container;  // packing, unpacking, opening: which; perhaps the unit itself.
  std::optional<EventId> id;         // None for a claim.
  std::optional<EventId> corrects;
};

struct ContainerAround {
  UnitId unit;
  EpcText epc;
};

enum class CodeUse : std::uint8_t {
  none = 0,    // The unit has no code that could be used.
  unused = 1,  // Shown.
  used = 2,
};
template <>
inline constexpr std::uint8_t kEnumCount<CodeUse> = 3;

struct Provenance {
  UnitId unit;
  EpcText epc;
  PartyId brand;
  GtinText product;
  Text<kLotBytesMax> lot;
  std::uint32_t own_events = 0;             // Of `events`, those of the unit's own chain.
  std::vector<LifeEvent> events;            // By position.
  Custody custody;                          // Now: its own, or that of what is around it.
  std::vector<ContainerAround> containers;  // Now: innermost first.
  std::optional<RangeAt> range;             // Of a printed unit: commissioned with it.
  std::optional<VoidedAt> voided;           // None: its code was not voided.
  CodeUse use{};
  std::optional<ClaimRecord> claim;  // The use, unless it is not shown.
};

struct ToldProvenance {
  Provenance life;
  HistoryParts parts;  // What it rests on, and no more.
};

// Errc::unit_unknown and batch_unknown for what is no unit, code_inactive for a printed one that is
// not commissioned; statement_incomplete when what the source shows is not all; claim_mismatch when
// it does not fit together; entry_malformed; the errors of the source.
Result<ToldProvenance> tell_provenance(ProvenanceSource& source, const UnitId& unit);

// The unit of a key of the family; none for another key.
std::optional<UnitId> unit_from_key(ByteView key);

// Tells the life again from a proof.  REQUIRES: the facts are proven, of this chain.  Errors as
// above, and proof_not_canonical when the proof holds more than the life rests on.
Result<Provenance> check_provenance(const Digest& chain_id, const HistoryFacts& facts);

}  // namespace fenrun
