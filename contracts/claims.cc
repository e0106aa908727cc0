#include "contracts/claims.h"

#include <algorithm>

#include "contracts/codes.h"
#include "contracts/counters.h"
#include "contracts/earnings.h"
#include "contracts/parties.h"
#include "contracts/units.h"
#include "core/check.h"
#include "core/planted.h"
#include "ledger/ordered_family.h"
#include "ledger/proof/merkle.h"

namespace fenrun {
namespace {

// The place of an alternative among the operations, which is the first byte of its encoding.
template <class T, std::size_t I = 0>
consteval std::uint8_t operation_index() {
  static_assert(std::variant_size_v<Operation> <= 0x80, "an index has one byte");
  if constexpr (std::is_same_v<std::variant_alternative_t<I, Operation>, T>) {
    return I;
  } else {
    return operation_index<T, I + 1>();
  }
}

Error about(Errc code, std::string_view field) { return {code, std::string(field)}; }

UnitId claimed_unit(const Claim& claim) { return {claim.batch, UnitLevel::item, claim.index}; }

Result<UnitBatch> batch_of_codes(const StateView& state, UnitBatchId id) {
  auto batch = find_unit_batch(state, id);
  if (!batch || !batch->codes) return about(Errc::batch_unknown, "batch: none of printed codes");
  return *std::move(batch);
}

// The batch that the claim names, if its codes are used on this path.
Result<UnitBatch> claimed_batch(const StateView& state, const Claim& claim, ClaimPath path) {
  FENRUN_TRY(auto batch, batch_of_codes(state, claim.batch));
  if (batch.codes->path != path) return Errc::claim_path_wrong;
  return batch;
}

std::uint32_t item_count(const CodeSet& codes) {
  const auto* items = find_level(codes, UnitLevel::item);
  CHECK(items != nullptr);
  return items->count;
}

Status check_index(const CodeSet& codes, std::uint32_t index) {
  if (index < item_count(codes)) return {};
  return about(Errc::code_unknown, "index: beyond the batch");
}

void mark_used(Overlay& state, UnitBatchId batch, std::uint32_t index) {
  const auto key = claim_bits_key(batch, index);
  auto bits = find_linked<UnitBits>(state, key);
  const bool is_first = !bits;
  if (is_first) bits.emplace();
  bits->set(index);
  if (is_first) {
    insert_linked(state, claim_bits_scope(batch), key, *bits);
  } else {
    update_linked(state, key, *bits);
  }
}

// Whether the goods are, or were sold, at a shop.
bool is_at_shop(const StateView& state, const Custody& custody) {
  switch (custody.state) {
    case UnitState::received:
    case UnitState::sold:
    case UnitState::returned: {
      const auto holder = find_party(state, custody.holder);
      CHECK(holder.has_value());
      return is_shop(holder->role);
    }
    case UnitState::commissioned:
    case UnitState::shipped:
    case UnitState::destroyed:
      return false;
  }
  UNREACHABLE();
}

// What the claimed item is now; or why its code cannot be used.
struct ClaimedItem {
  Unit unit;
  Custody custody;
};

Result<ClaimedItem> claimed_item(const StateView& state, const UnitId& id, const CodeSet& codes) {
  // First of all: whoever asks a second time hears so, whatever became of the goods.
  if (is_used(state, id.batch, id.index) && !planted(PlantedBug::code_used_twice)) {
    return Errc::code_used;
  }
  if (const auto voided = find_voided(state, id)) {
    return voided->range.reason == VoidReason::recalled ? Errc::code_recalled : Errc::code_void;
  }
  auto unit = find_unit(state, id);
  if (!unit) return Errc::code_inactive;
  auto custody = custody_of(state, *unit);
  if (custody.state == UnitState::destroyed) return Errc::unit_destroyed;
  if (codes.gate == ClaimGate::received && !is_at_shop(state, custody)) {
    return Errc::unit_not_received;
  }
  return ClaimedItem{*std::move(unit), custody};
}

ClaimSight sight_of(const Claim& claim, const Custody& custody) {
  if (custody.hold == Hold::diverted) return ClaimSight::held;
  if (!claim.store) return ClaimSight::unknown;
  const bool had_or_sold = custody.state == UnitState::received ||
                           custody.state == UnitState::sold || custody.state == UnitState::returned;
  return had_or_sold && custody.holder == *claim.store ? ClaimSight::here : ClaimSight::elsewhere;
}

// What the claim earns at the store, as an event of one item.
Result<List<EventEarning, kEventEarningsMax>> earn_claim(OperationContext& context,
                                                         const ClaimRecord& record,
                                                         const Party& store,
                                                         const BrandPolicies& policies, Unit unit) {
  const Claim& claim = record.claim;
  RecordEvent event;
  event.kind = EventKind::claiming;
  event.time = claim.time;
  event.place = *claim.store;
  event.id.document = claim_id(context.block.chain_id(), claim);
  // No Record of the unit is written: the code is used once, so nothing earns for it again.
  std::vector<EventUnit> units{{claimed_unit(claim), std::move(unit)}};
  return earn(context, {event, store, units, record.sight == ClaimSight::here}, policies);
}

// Uses the code, which is one of the batch's.
Status use_code(OperationContext& context, const Claim& claim, const UnitBatch& batch) {
  auto& state = context.state();
  FENRUN_TRY(auto item, claimed_item(state, claimed_unit(claim), *batch.codes));
  if (claim.time.value() > context.time().value() + parameters(state).event_skew_ms) {
    return about(Errc::event_in_future, "time");
  }
  FENRUN_TRY(const auto store, claimed_store(state, claim));

  ClaimRecord record;
  record.claim = claim;
  record.submitter = context.signer;
  record.recorded_at = context.position;
  record.sight = sight_of(claim, item.custody);
  CountedStep step{EventKind::claiming, claim.region, month_of(context.time()), {}};
  if (store) {
    const auto policies = brand_policies(state, batch.brand);
    record.counted_by_store = counts_by_store(policies, EventKind::claiming, *store, claim.time);
    if (record.counted_by_store) step.store = claim.store;
    if (record.sight != ClaimSight::held) {
      FENRUN_TRY(record.earnings,
                 earn_claim(context, record, *store, policies, std::move(item.unit)));
    }
  }
  mark_used(state, claim.batch, claim.index);
  state.put(claim_key(claim.batch, claim.index), encode(record));
  count_claim(state, step, claim.batch, record.sight);
  return {};
}

}  // namespace

Digest claim_id(const Digest& chain_id, const Claim& claim) {
  return hash(Domain::code_claim, claim_message(chain_id, claim));
}

Result<std::optional<Party>> claimed_store(const StateView& state, const Claim& claim) {
  if (!claim.store) return std::optional<Party>();
  auto store = find_party(state, *claim.store);
  if (!store) return about(Errc::party_unknown, "store");
  if (!is_shop(store->role)) return about(Errc::role_not_allowed, "store");
  return store;
}

Status apply(OperationContext& context, const ClaimCode& operation) {
  const auto& claim = operation.claim;
  FENRUN_TRY(const auto batch, claimed_batch(context.state(), claim, ClaimPath::bearer));
  FENRUN_OK(check_index(*batch.codes, claim.index));
  const Digest leaf = leaf_hash(code_leaf(claimed_unit(claim), operation.key));
  if (!verify_inclusion(leaf, claim.index, item_count(*batch.codes), operation.path,
                        batch.codes->root)) {
    return about(Errc::code_unknown, "key, path: not under the batch's root");
  }
  return use_code(context, claim, batch);
}

Status apply(OperationContext& context, const AttestClaim& operation) {
  const auto& claim = operation.claim;
  FENRUN_TRY(const auto batch, claimed_batch(context.state(), claim, ClaimPath::gateway));
  if (context.signer != batch.codes->gateway) {
    return Error{Errc::not_authorized, "not the batch's gateway"};
  }
  FENRUN_OK(check_index(*batch.codes, claim.index));
  return use_code(context, claim, batch);
}

Status apply(OperationContext& context, const EraseSubject& operation) {
  const Role role = context.party.role;
  if (role != Role::gateway && role != Role::brand) return Errc::role_not_allowed;
  auto& state = context.state();
  if (find_erasure(state, operation.subject)) return Errc::already_signed;
  state.put(erasure_key(operation.subject), encode(Erasure{context.signer, context.position}));
  return {};
}

bool verify_claim(const Digest& chain_id, const ClaimCode& operation) {
  if (planted(PlantedBug::claim_signature_unchecked)) return true;
  return verify(operation.key, Domain::code_claim, claim_message(chain_id, operation.claim),
                operation.signature);
}

bool verify_signatures(const SignedTransaction& transaction) {
  if (!verify_signature(transaction)) return false;
  return std::ranges::all_of(transaction.operations, [&](const OperationBytes& bytes) {
    // Most operations are no claims, and are not decoded for this.
    if (bytes.empty() || bytes.front() != operation_index<ClaimCode>()) return true;
    // As execution decodes it.  What cannot be decoded is no claim, and uses no code.
    const auto operation = decode_operation(bytes);
    const auto* claim = operation ? std::get_if<ClaimCode>(&*operation) : nullptr;
    return claim == nullptr || verify_claim(transaction.body.chain_id, *claim);
  });
}

Status check_code(const StateView& state, UnitBatchId id, std::uint32_t index) {
  FENRUN_TRY(const auto batch, batch_of_codes(state, id));
  FENRUN_OK(check_index(*batch.codes, index));
  FENRUN_TRY([[maybe_unused]] const auto item,
             claimed_item(state, {id, UnitLevel::item, index}, *batch.codes));
  return {};
}

bool is_used(const StateView& state, UnitBatchId batch, std::uint32_t index) {
  const auto bits = find_linked<UnitBits>(state, claim_bits_key(batch, index));
  return bits && bits->is_set(index);
}

}  // namespace fenrun
