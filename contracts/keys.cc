#include "contracts/keys.h"

#include "core/check.h"

namespace fenrun {
namespace {

KeyWriter family(ContractFamily family) { return KeyWriter(static_cast<std::uint8_t>(family)); }

KeyWriter add_unit(KeyWriter key, const UnitId& unit) {
  return key.number(unit.batch).number(static_cast<std::uint8_t>(unit.level)).number(unit.index);
}

}  // namespace

RecordKey party_scope() { return family(ContractFamily::party).take(); }

RecordKey party_key(const PartyId& party) {
  return family(ContractFamily::party).raw(party.view()).take();
}

RecordKey lane_scope(const PartyId& party) {
  return family(ContractFamily::lane).raw(party.view()).take();
}

RecordKey lane_key(const PartyId& party, Lane lane) {
  return family(ContractFamily::lane).raw(party.view()).number(lane).take();
}

RecordKey public_key_key(const PublicKey& key) {
  return family(ContractFamily::public_key).raw(key.view()).take();
}

RecordKey recovery_key(const PartyId& party) {
  return family(ContractFamily::recovery).raw(party.view()).take();
}

RecordKey validator_key(ValidatorIndex index) {
  return family(ContractFamily::validator).number(index).take();
}

RecordKey parameters_key() { return family(ContractFamily::parameters).take(); }

RecordKey proposal_key(const Digest& proposal) {
  return family(ContractFamily::proposal).raw(proposal.view()).take();
}

RecordKey campaign_key(CampaignId campaign) {
  return family(ContractFamily::campaign).number(campaign).take();
}

RecordKey policy_scope() { return family(ContractFamily::policy).take(); }

RecordKey policy_key(PolicyId policy, std::uint32_t version) {
  return family(ContractFamily::policy).number(policy).number(version).take();
}

RecordKey brand_policies_key(const PartyId& brand) {
  return family(ContractFamily::brand_policies).raw(brand.view()).take();
}

RecordKey period_scope(CampaignId campaign) {
  return family(ContractFamily::period).number(campaign).take();
}

RecordKey period_key(CampaignId campaign, PeriodId period) {
  return family(ContractFamily::period).number(campaign).number(period).take();
}

RecordKey period_start_key(CampaignId campaign, TimeMs opens) {
  return family(ContractFamily::period_start).number(campaign).number(opens).take();
}

RecordKey fund_scope(CampaignId campaign) {
  return family(ContractFamily::fund).number(campaign).take();
}

RecordKey fund_key(CampaignId campaign, AssetId asset, const PartyId& funder) {
  return family(ContractFamily::fund).number(campaign).number(asset).raw(funder.view()).take();
}

RecordKey unit_batch_key(UnitBatchId batch) {
  return family(ContractFamily::unit_batch).number(batch).take();
}

RecordKey unit_key(const UnitId& unit) {
  return family(ContractFamily::unit)
      .number(unit.batch)
      .number(static_cast<std::uint8_t>(unit.level))
      .number(unit.index)
      .take();
}

RecordKey epc_key(std::string_view epc) {
  return family(ContractFamily::epc).raw(bytes_of(epc)).take();
}

RecordKey event_key(const EventId& event) {
  return family(ContractFamily::event)
      .raw(event.document.view())
      .number(event.index)
      .number(event.part)
      .take();
}

RecordKey payout_scope() { return family(ContractFamily::payout).take(); }

RecordKey payout_key(const PayoutId& payout) {
  return family(ContractFamily::payout).raw(payout.view()).take();
}

RecordKey schedule_key(TimeMs time, std::uint8_t kind, ByteView subject) {
  return family(ContractFamily::schedule).number(time).number(kind).raw(subject).take();
}

RecordKey schedule_cursor_key() { return family(ContractFamily::schedule_cursor).take(); }

RecordKey member_key(MemberNumber number) {
  return family(ContractFamily::member).number(number).take();
}

RecordKey member_name_key(std::string_view name) {
  return family(ContractFamily::member_name).raw(bytes_of(name)).take();
}

RecordKey network_key() { return family(ContractFamily::network).take(); }

RecordKey readiness_key(MemberNumber number) {
  return family(ContractFamily::readiness).number(number).take();
}

RecordKey evidence_key(const Digest& evidence) {
  return family(ContractFamily::evidence).raw(evidence.view()).take();
}

RecordKey fault_count_scope() { return family(ContractFamily::fault_count).take(); }

RecordKey fault_count_key(const PartyId& party) {
  return family(ContractFamily::fault_count).raw(party.view()).take();
}

RecordKey epoch_end_key(Epoch epoch) {
  return family(ContractFamily::epoch_end).number(epoch).take();
}

RecordKey commissioned_scope(UnitBatchId batch) {
  return family(ContractFamily::commissioned).number(batch).take();
}

RecordKey commissioned_key(UnitBatchId batch, UnitLevel level, std::uint32_t first) {
  return add_unit(family(ContractFamily::commissioned), {batch, level, first}).take();
}

RecordKey voided_scope(UnitBatchId batch) {
  return family(ContractFamily::voided).number(batch).take();
}

RecordKey voided_key(UnitBatchId batch, UnitLevel level, std::uint32_t first) {
  return add_unit(family(ContractFamily::voided), {batch, level, first}).take();
}

RecordKey claim_bits_scope(UnitBatchId batch) {
  return family(ContractFamily::claim_bits).number(batch).take();
}

RecordKey claim_bits_key(UnitBatchId batch, std::uint32_t index) {
  return family(ContractFamily::claim_bits).number(batch).number(index / kUnitBits).take();
}

RecordKey claim_key(UnitBatchId batch, std::uint32_t index) {
  return family(ContractFamily::claim).number(batch).number(index).take();
}

RecordKey event_hash_key(const Digest& event_hash) {
  return family(ContractFamily::event_hash).raw(event_hash.view()).take();
}

RecordKey content_prefix(const UnitId& container) {
  return add_unit(family(ContractFamily::content), container).take();
}

RecordKey content_key(const UnitId& container, const UnitId& unit) {
  return add_unit(add_unit(family(ContractFamily::content), container), unit).take();
}

std::optional<UnitId> unit_in_key(ByteView rest) {
  constexpr std::size_t kLevelAt = sizeof(UnitBatchId::rep);
  constexpr std::size_t kIndexAt = kLevelAt + 1;
  if (rest.size() != kIndexAt + sizeof(UnitId::index) || rest[kLevelAt] >= kEnumCount<UnitLevel>) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + sizeof(value); ++i) value = (value << 8) | rest[i];
    return value;
  };
  return UnitId{UnitBatchId(number(0)), static_cast<UnitLevel>(rest[kLevelAt]), number(kIndexAt)};
}

RecordKey counters_key(const CounterId& counter) {
  return family(ContractFamily::counters)
      .number(counter.batch)
      .number(counter.region)
      .number(counter.month)
      .take();
}

RecordKey counters_key(const StoreCounterId& counter) {
  return family(ContractFamily::store_counters)
      .number(counter.month)
      .raw(counter.store.view())
      .number(counter.batch)
      .take();
}

std::optional<StoreCounterId> store_counter_in_key(ByteView key) {
  constexpr std::size_t kStoreAt = 1 + sizeof(StoreCounterId::month);
  constexpr std::size_t kBatchAt = kStoreAt + PartyId::kSize;
  const bool is_one = key.size() == kBatchAt + sizeof(UnitBatchId::rep) &&
                      key[0] == static_cast<std::uint8_t>(ContractFamily::store_counters);
  if (!is_one) return std::nullopt;
  const auto store = PartyId::from(key.subspan(kStoreAt, PartyId::kSize));
  CHECK(store.has_value());
  std::uint32_t batch = 0;
  for (const auto byte : key.subspan(kBatchAt)) batch = (batch << 8) | byte;
  return StoreCounterId{static_cast<std::uint16_t>(key[1] << 8 | key[2]), *store,
                        UnitBatchId(batch)};
}

RecordKey sscc_block_key(std::uint64_t sscc) {
  return family(ContractFamily::sscc_block).number(sscc / kSsccBlock).take();
}

RecordKey erasure_key(const SubjectId& subject) {
  return family(ContractFamily::erasure).raw(subject.view()).take();
}

RecordKey history_bits_scope(UnitBatchId batch) {
  return family(ContractFamily::history_bits).number(batch).take();
}

RecordKey history_bits_key(const UnitId& unit) {
  const UnitId chunk{unit.batch, unit.level, unit.index / kUnitBits};
  return add_unit(family(ContractFamily::history_bits), chunk).take();
}

RecordKey activity_key(const ActivityId& activity) {
  return family(ContractFamily::activity)
      .raw(activity.place.view())
      .number(static_cast<std::uint8_t>(activity.kind))
      .raw(activity.reference.view())
      .take();
}

}  // namespace fenrun
