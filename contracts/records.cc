#include "contracts/records.h"

#include "core/check.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

bool starts_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

}  // namespace

std::optional<Party> find_party(const StateView& state, const PartyId& party) {
  return find_linked<Party>(state, party_key(party));
}

std::optional<LaneState> find_lane(const StateView& state, const PartyId& party, Lane lane) {
  return find_linked<LaneState>(state, lane_key(party, lane));
}

std::optional<KeyOwner> find_key_owner(const StateView& state, const PublicKey& key) {
  return find_value<KeyOwner>(state, public_key_key(key));
}

std::optional<Recovery> find_recovery(const StateView& state, const PartyId& party) {
  return find_value<Recovery>(state, recovery_key(party));
}

ValidatorList validators(const StateView& state) {
  ValidatorList out;
  for (std::uint16_t i = 0; i < kValidatorsMax; ++i) {
    auto validator = find_value<Validator>(state, validator_key(ValidatorIndex(i)));
    if (!validator) break;
    out.push_back(*std::move(validator));
  }
  return out;
}

std::optional<Member> find_member(const StateView& state, MemberNumber number) {
  return find_value<Member>(state, member_key(number));
}

std::optional<NumberedMember> find_member(const StateView& state, std::string_view name) {
  if (name.size() > kNameBytesMax) return std::nullopt;
  const auto number = find_value<MemberNumber>(state, member_name_key(name));
  if (!number) return std::nullopt;
  auto member = find_member(state, *number);
  if (!member) return std::nullopt;  // Removed; its name stays taken.
  return NumberedMember{*number, *std::move(member)};
}

std::vector<NumberedMember> members(const StateView& state) {
  std::vector<NumberedMember> out;
  const auto first = member_key(MemberNumber(0));
  const auto prefix = ByteView(first).first(1);
  for (auto key = state.at_or_after(first); key && starts_with(*key, prefix);) {
    const auto number = static_cast<std::uint16_t>(key->at(1) << 8 | key->at(2));
    auto member = find_value<Member>(state, *key);
    CHECK(member.has_value());
    out.push_back({MemberNumber(number), *std::move(member)});
    key->push_back(0);  // The key directly behind.
    key = state.at_or_after(*key);
  }
  return out;
}

NetworkRecord network(const StateView& state) {
  auto found = find_value<NetworkRecord>(state, network_key());
  CHECK(found.has_value());
  return *std::move(found);
}

std::optional<Readiness> find_readiness(const StateView& state, MemberNumber member) {
  return find_value<Readiness>(state, readiness_key(member));
}

std::optional<EvidenceRecord> find_evidence(const StateView& state, const Digest& evidence) {
  return find_value<EvidenceRecord>(state, evidence_key(evidence));
}

std::uint32_t fault_count(const StateView& state, const PartyId& party) {
  return find_linked<FaultCount>(state, fault_count_key(party)).value_or(FaultCount{}).count;
}

std::optional<Height> find_epoch_end(const StateView& state, Epoch epoch) {
  const auto end = find_value<EpochEnd>(state, epoch_end_key(epoch));
  if (!end) return std::nullopt;
  return end->height;
}

Parameters parameters(const StateView& state) {
  const auto found = find_value<Parameters>(state, parameters_key());
  CHECK(found.has_value());
  return *found;
}

std::optional<ChangeProposal> find_proposal(const StateView& state, const Digest& proposal) {
  return find_value<ChangeProposal>(state, proposal_key(proposal));
}

std::optional<Campaign> find_campaign(const StateView& state, CampaignId campaign) {
  return find_value<Campaign>(state, campaign_key(campaign));
}

std::optional<PolicyRecord> find_policy(const StateView& state, PolicyId policy,
                                        std::uint32_t version) {
  return find_linked<PolicyRecord>(state, policy_key(policy, version));
}

std::uint32_t latest_policy_version(const StateView& state, PolicyId policy) {
  // Versions are published without gaps, from 1.
  const auto end = policy_key(PolicyId(policy.value()), 0xffff'ffff);
  const auto key = state.before(end);
  const auto prefix = policy_key(policy, 0);
  constexpr std::size_t kVersionBytes = 4;
  if (!key || key->size() != prefix.size() ||
      !starts_with(*key, ByteView(prefix).first(prefix.size() - kVersionBytes))) {
    return 0;
  }
  std::uint32_t version = 0;
  for (std::size_t i = key->size() - kVersionBytes; i < key->size(); ++i) {
    version = (version << 8) | (*key)[i];
  }
  return version;
}

BrandPolicies brand_policies(const StateView& state, const PartyId& brand) {
  return find_value<BrandPolicies>(state, brand_policies_key(brand)).value_or(BrandPolicies{});
}

std::optional<Period> find_period(const StateView& state, CampaignId campaign, PeriodId period) {
  return find_linked<Period>(state, period_key(campaign, period));
}

std::optional<PeriodId> last_period_to_open(const StateView& state, CampaignId campaign,
                                            TimeMs time) {
  const auto key = state.before(period_start_key(campaign, time.next()));
  const auto first = period_start_key(campaign, TimeMs(0));
  constexpr std::size_t kTimeBytes = 8;
  if (!key || !starts_with(*key, ByteView(first).first(first.size() - kTimeBytes))) {
    return std::nullopt;
  }
  return find_value<PeriodId>(state, *key);
}

std::optional<PeriodId> period_at(const StateView& state, CampaignId campaign, TimeMs time) {
  const auto id = last_period_to_open(state, campaign, time);
  if (!id) return std::nullopt;
  const auto period = find_period(state, campaign, *id);
  CHECK(period && period->opens <= time);
  if (time >= period->closes) return std::nullopt;
  return id;
}

std::optional<Fund> find_fund(const StateView& state, CampaignId campaign, AssetId asset,
                              const PartyId& funder) {
  return find_linked<Fund>(state, fund_key(campaign, asset, funder));
}

std::optional<UnitBatch> find_unit_batch(const StateView& state, UnitBatchId batch) {
  return find_value<UnitBatch>(state, unit_batch_key(batch));
}

std::optional<EventRecord> find_event(const StateView& state, const EventId& event) {
  return find_value<EventRecord>(state, event_key(event));
}

std::optional<EventId> find_event_by_hash(const StateView& state, const Digest& event_hash) {
  return find_value<EventId>(state, event_hash_key(event_hash));
}

std::optional<ClaimRecord> find_claim(const StateView& state, UnitBatchId batch,
                                      std::uint32_t index) {
  return find_value<ClaimRecord>(state, claim_key(batch, index));
}

std::optional<ActivityRecord> find_activity(const StateView& state, const ActivityId& activity) {
  return find_value<ActivityRecord>(state, activity_key(activity));
}

std::optional<Erasure> find_erasure(const StateView& state, const SubjectId& subject) {
  return find_value<Erasure>(state, erasure_key(subject));
}

UnitCounters counters(const StateView& state, const CounterId& id) {
  return find_value<UnitCounters>(state, counters_key(id)).value_or(UnitCounters{});
}

UnitCounters counters(const StateView& state, const StoreCounterId& id) {
  return find_value<UnitCounters>(state, counters_key(id)).value_or(UnitCounters{});
}

std::optional<Payout> find_payout(const StateView& state, const PayoutId& payout) {
  return find_linked<Payout>(state, payout_key(payout));
}

Statement statement(const StateView& state, const StatementId& id) {
  return find_linked<Statement>(state, statement_key(id)).value_or(Statement{});
}

Amount balance(const Statement& statement) {
  // Both sums lie within [0, 2^63): their difference fits.
  const auto difference = subtract(statement.credits, statement.debits);
  CHECK(difference.has_value());
  return *difference;
}

std::vector<FundOf> funds_of(const StateView& state, CampaignId campaign, AssetId asset) {
  const auto first = fund_key(campaign, asset, PartyId{});
  const auto prefix = ByteView(first).first(first.size() - PartyId::kSize);
  std::vector<FundOf> out;
  for (auto key = state.at_or_after(first); key && starts_with(*key, prefix);) {
    const auto funder = PartyId::from(ByteView(*key).subspan(prefix.size()));
    const auto fund = find_linked<Fund>(state, *key);
    CHECK(funder && fund);
    out.push_back({*funder, *fund});
    key->push_back(0);  // The key directly behind.
    key = state.at_or_after(*key);
  }
  return out;
}

}  // namespace fenrun
