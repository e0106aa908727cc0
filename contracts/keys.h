// The keys of the contracts' Records: the only place that builds them.  docs/spec/records.md.
//
// A `..._scope()` is the sentinel's key of an ordered family; see ledger/ordered_family.h.
#pragma once

#include "contracts/words.h"
#include "ledger/proof/keys.h"

namespace fenrun {

// Do not renumber.
enum class ContractFamily : std::uint8_t {
  party = 16,            // Ordered: ‖ party.
  lane = 17,             // Ordered within a party: ‖ party ‖ lane.
  public_key = 18,       // ‖ key.
  recovery = 19,         // ‖ party.
  validator = 20,        // ‖ u16 index.
  parameters = 21,       // Alone.
  proposal = 22,         // ‖ digest.
  campaign = 23,         // ‖ campaign.
  policy = 24,           // Ordered: ‖ policy ‖ version.
  brand_policies = 25,   // ‖ brand.
  period = 26,           // Ordered within a campaign: ‖ campaign ‖ period.
  period_start = 27,     // ‖ campaign ‖ u64 opens.
  fund = 28,             // Ordered within a campaign: ‖ campaign ‖ asset ‖ funder.
  unit_batch = 29,       // ‖ batch.
  unit = 30,             // ‖ batch ‖ u8 level ‖ u32 index.
  epc = 31,              // ‖ identifier.
  event = 32,            // ‖ document ‖ u32 index ‖ u32 part.
  payout = 33,           // Ordered: ‖ payout.
  schedule = 34,         // ‖ u64 time ‖ u8 kind ‖ subject.
  schedule_cursor = 35,  // Alone.
  member = 36,           // ‖ u16 number.
  member_name = 37,      // ‖ name.
  network = 38,          // Alone.
  readiness = 39,        // ‖ u16 number of the member.
  evidence = 40,         // ‖ digest.
  fault_count = 41,      // Ordered: ‖ party.
  epoch_end = 42,        // ‖ u64 epoch.
  commissioned = 43,     // Ordered within a batch: ‖ batch ‖ u8 level ‖ u32 first.
  voided = 44,           // Ordered within a batch: ‖ batch ‖ u8 level ‖ u32 first.
  claim_bits = 45,       // Ordered within a batch: ‖ batch ‖ u32 index / kUnitBits.
  claim = 46,            // ‖ batch ‖ u32 index.
  event_hash = 47,       // ‖ digest.
  content = 48,          // ‖ container ‖ unit, each ‖ batch ‖ u8 level ‖ u32 index.
  counters = 49,         // ‖ batch ‖ u32 region ‖ u16 month.
  sscc_block = 50,       // ‖ u64 SSCC without check digit, / kSsccBlock.
  erasure = 51,          // ‖ subject.
  history_bits = 52,    // Ordered within a batch: ‖ batch ‖ u8 level ‖ u32 index / kUnitBits.
  activity = 53,        // ‖ place ‖ u8 kind ‖ reference.
  store_counters = 54,  // ‖ u16 month ‖ store ‖ batch.
};

RecordKey party_scope();
RecordKey party_key(const PartyId& party);
RecordKey lane_scope(const PartyId& party);
RecordKey lane_key(const PartyId& party, Lane lane);
RecordKey public_key_key(const PublicKey& key);
RecordKey recovery_key(const PartyId& party);
RecordKey validator_key(ValidatorIndex index);
RecordKey parameters_key();
RecordKey proposal_key(const Digest& proposal);
RecordKey campaign_key(CampaignId campaign);
RecordKey policy_scope();
RecordKey policy_key(PolicyId policy, std::uint32_t version);
RecordKey brand_policies_key(const PartyId& brand);
RecordKey period_scope(CampaignId campaign);
RecordKey period_key(CampaignId campaign, PeriodId period);
RecordKey period_start_key(CampaignId campaign, TimeMs opens);
RecordKey fund_scope(CampaignId campaign);
RecordKey fund_key(CampaignId campaign, AssetId asset, const PartyId& funder);
RecordKey unit_batch_key(UnitBatchId batch);
RecordKey unit_key(const UnitId& unit);
RecordKey epc_key(std::string_view epc);
RecordKey event_key(const EventId& event);
RecordKey payout_scope();
RecordKey payout_key(const PayoutId& payout);
RecordKey schedule_key(TimeMs time, std::uint8_t kind, ByteView subject);
RecordKey schedule_cursor_key();
RecordKey member_key(MemberNumber number);
RecordKey member_name_key(std::string_view name);
RecordKey network_key();
RecordKey readiness_key(MemberNumber number);
RecordKey evidence_key(const Digest& evidence);
RecordKey fault_count_scope();
RecordKey fault_count_key(const PartyId& party);
RecordKey epoch_end_key(Epoch epoch);
RecordKey commissioned_scope(UnitBatchId batch);
RecordKey commissioned_key(UnitBatchId batch, UnitLevel level, std::uint32_t first);
RecordKey voided_scope(UnitBatchId batch);
RecordKey voided_key(UnitBatchId batch, UnitLevel level, std::uint32_t first);
RecordKey claim_bits_scope(UnitBatchId batch);
RecordKey claim_bits_key(UnitBatchId batch, std::uint32_t index);  // Of any code of the chunk.
RecordKey claim_key(UnitBatchId batch, std::uint32_t index);
RecordKey event_hash_key(const Digest& event_hash);
// What a container holds: the keys that begin with content_prefix() of it.
RecordKey content_prefix(const UnitId& container);
RecordKey content_key(const UnitId& container, const UnitId& unit);
// The unit that a key names behind its prefix: u32 batch ‖ u8 level ‖ u32 index, and nothing more.
std::optional<UnitId> unit_in_key(ByteView rest);
RecordKey counters_key(const CounterId& counter);
RecordKey counters_key(const StoreCounterId& counter);
// The counter that a key names; none for another key.
std::optional<StoreCounterId> store_counter_in_key(ByteView key);
RecordKey sscc_block_key(std::uint64_t sscc);  // Of any SSCC of the block, without check digit.
RecordKey erasure_key(const SubjectId& subject);
RecordKey history_bits_scope(UnitBatchId batch);
RecordKey history_bits_key(const UnitId& unit);  // Of any unit of the chunk.
RecordKey activity_key(const ActivityId& activity);

}  // namespace fenrun
