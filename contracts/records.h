// The values of the contracts' Records, and how to look them up.  docs/spec/records.md.
//
// In an ordered family the Record holds Linked<V>, V being the struct here.
// Every find_...() answers none for what does not exist.
#pragma once

#include "contracts/keys.h"
#include "contracts/operations.h"
#include "core/check.h"
#include "ledger/proof/validators.h"
#include "ledger/state.h"

namespace fenrun {

static_assert(kValidatorNameBytesMax == kNameBytesMax);

struct PartyKey {
  KeyPurpose purpose{};
  PublicKey key;
  Height valid_from;
  std::optional<Height> valid_until;  // The first height at which it is not valid any more.

  bool is_valid_at(Height height) const {
    return valid_from <= height && (!valid_until || height < *valid_until);
  }

  FENRUN_FIELDS(purpose, key, valid_from, valid_until)
  friend bool operator==(const PartyKey&, const PartyKey&) = default;
};

struct Party {
  Role role{};
  std::optional<PartyId> parent;
  PartyAttributes attributes;
  List<PartyKey, kPartyKeysMax> keys;
  Digest name_commitment;
  std::optional<PartyId> registered_by;  // none: genesis or governance.
  Position registered_at;
  std::optional<Position> objected_at;  // Its last objection to a recovery.

  FENRUN_FIELDS(role, parent, attributes, keys, name_commitment, registered_by, registered_at,
                objected_at)
  friend bool operator==(const Party&, const Party&) = default;
};

struct LaneState {
  Sequence next;  // What the lane's next transaction carries.
  Digest last;    // Id of its last transaction; zero if none.

  FENRUN_FIELDS(next, last)
  friend bool operator==(const LaneState&, const LaneState&) = default;
};

// The epochs in which a consensus key was in the set.
struct KeyTerm {
  Epoch first;
  std::optional<Epoch> last;  // None while it is in the set.

  FENRUN_FIELDS(first, last)
  friend bool operator==(const KeyTerm&, const KeyTerm&) = default;
};

// Whose key it is.  Stays for ever: no key is registered twice, so that it has one term at most.
struct KeyOwner {
  PartyId party;
  KeyPurpose purpose{};
  std::optional<KeyTerm> term;  // Of a consensus key, once it is in the set.

  FENRUN_FIELDS(party, purpose, term)
  friend bool operator==(const KeyOwner&, const KeyOwner&) = default;
};

struct Recovery {
  PublicKey new_key;
  PartyId proposer;                 // The parent; of a RecoverParty, whose approval came first.
  std::optional<PartyId> approver;  // The auditor, once it approved; or whose approval came last.
  std::optional<TimeMs> due;        // Then: when the key takes effect.

  FENRUN_FIELDS(new_key, proposer, approver, due)
  friend bool operator==(const Recovery&, const Recovery&) = default;
};

enum class ProposalState : std::uint8_t { open = 0, applied = 1 };
template <>
inline constexpr std::uint8_t kEnumCount<ProposalState> = 2;

struct ChangeProposal {
  ProposeChange terms;
  ProposalState state{};
  Position proposed_at;
  List<PartyId, kValidatorsMax> approvals;  // In order; the proposer first.

  FENRUN_FIELDS(terms, state, proposed_at, approvals)
  friend bool operator==(const ChangeProposal&, const ChangeProposal&) = default;
};

struct Campaign {
  PartyId brand;
  Digest name;
  Position opened_at;

  FENRUN_FIELDS(brand, name, opened_at)
  friend bool operator==(const Campaign&, const Campaign&) = default;
};

// published: waits for countersignatures.  countersigned: all are there, it applies to the events
// of its effective range.
enum class PolicyStage : std::uint8_t { published = 0, countersigned = 1 };
template <>
inline constexpr std::uint8_t kEnumCount<PolicyStage> = 2;

struct PolicyRecord {
  Policy terms;
  PartyId publisher;
  PolicyStage stage{};
  TimeMs effective_until;  // As published, or earlier, where a newer version takes over.
  Position published_at;
  List<PartyId, kCountersignersMax> countersigned;  // By whom so far.

  FENRUN_FIELDS(terms, publisher, stage, effective_until, published_at, countersigned)
  friend bool operator==(const PolicyRecord&, const PolicyRecord&) = default;
};

// One countersigned policy in the list that events are matched against.
struct PolicyInForce {
  PolicyId policy;
  std::uint32_t version = 0;
  CampaignId campaign;
  std::uint16_t triggers = 0;  // Bit k: a rule is triggered by EventKind k.
  bool counts_by_store = false;
  TimeMs effective_from;
  TimeMs effective_until;

  // Whether its effective range holds the time.
  bool is_effective_at(TimeMs time) const {
    return effective_from <= time && time < effective_until;
  }

  FENRUN_FIELDS(policy, version, campaign, triggers, counts_by_store, effective_from,
                effective_until)
  friend bool operator==(const PolicyInForce&, const PolicyInForce&) = default;
};

// The countersigned policies for one brand's goods, ordered by policy and version.
struct BrandPolicies {
  List<PolicyInForce, kBrandPoliciesMax> policies;

  FENRUN_FIELDS(policies)
  friend bool operator==(const BrandPolicies&, const BrandPolicies&) = default;
};

struct Period {
  PeriodKind kind{};
  TimeMs opens;
  TimeMs closes;
  std::optional<Position> opened_at;  // The System entry that announced it.
  std::optional<Position> closed_at;

  FENRUN_FIELDS(kind, opens, closes, opened_at, closed_at)
  friend bool operator==(const Period&, const Period&) = default;
};

// settled <= earned <= declared; backed <= declared.
struct Fund {
  Amount declared;  // Set aside by the funder.
  Amount backed;    // Of that, attested as deposited.
  Amount earned;    // Drawn by earnings.
  Amount settled;   // Of that, reported as paid.

  FENRUN_FIELDS(declared, backed, earned, settled)
  friend bool operator==(const Fund&, const Fund&) = default;
};

// What was printed, as registered.
struct CodeSet {
  List<CodeLevel, kEnumCount<UnitLevel>> levels;
  std::optional<std::uint64_t> sscc_first;
  Digest root;
  ClaimPath path{};
  std::optional<PartyId> gateway;
  ClaimGate gate{};
  Text<kLotBytesMax> lot;

  FENRUN_FIELDS(levels, sscc_first, root, path, gateway, gate, lot)
  friend bool operator==(const CodeSet&, const CodeSet&) = default;
};

struct UnitBatch {
  PartyId brand;
  GtinText product;  // Of its items.
  Position opened_at;
  std::array<std::uint32_t, kEnumCount<UnitLevel>> counts{};  // Units, by level.
  std::optional<CodeSet> codes;                               // Of a batch of printed codes.

  FENRUN_FIELDS(brand, product, opened_at, counts, codes)
  friend bool operator==(const UnitBatch&, const UnitBatch&) = default;
};

enum class UnitState : std::uint8_t {
  commissioned = 0,
  received = 1,
  sold = 2,
  shipped = 3,
  returned = 4,
  destroyed = 5,
};
template <>
inline constexpr std::uint8_t kEnumCount<UnitState> = 6;

enum class Hold : std::uint8_t { none = 0, diverted = 1 };
template <>
inline constexpr std::uint8_t kEnumCount<Hold> = 2;

// In whose hands goods are.
struct Custody {
  UnitState state{};
  PartyId holder;                    // Who has them, or had them last.
  std::optional<PartyId> consignee;  // shipped: to whom.
  Hold hold{};

  FENRUN_FIELDS(state, holder, consignee, hold)
  friend bool operator==(const Custody&, const Custody&) = default;
};

// All that an event changes of a unit, and its reversal restores.
struct UnitSituation {
  Custody custody;                  // Its own; within a container, what it was when it went in.
  std::optional<UnitId> parent;     // The container it is in.
  std::optional<Custody> released;  // Of what was packed regularly in it, once it was emptied.

  FENRUN_FIELDS(custody, parent, released)
  friend bool operator==(const UnitSituation&, const UnitSituation&) = default;
};

// A rule under which a unit earned, whatever the policy's version.
struct EarnedRule {
  PolicyId policy;
  std::uint16_t rule = 0;

  FENRUN_FIELDS(policy, rule)
  friend bool operator==(const EarnedRule&, const EarnedRule&) = default;
};

// A unit with a history of its own.  A printed one has none until something happens to it alone:
// see contracts/units.h.
struct Unit {
  EpcText epc;
  PartyId brand;
  UnitSituation now;
  std::optional<UnitSituation> before;  // What the last event found, if it can be taken back.
  EventId last;                         // The last event that changed it.
  std::uint32_t events = 0;             // Recorded for it, those that changed nothing included.
  Digest head;                          // Their chain: see docs/spec/records.md.
  List<EarnedRule, kUnitEarningsMax> earned;
  std::uint8_t earned_before = 0;  // How many of them the last event found.

  FENRUN_FIELDS(epc, brand, now, before, last, events, head, earned, earned_before)
  friend bool operator==(const Unit&, const Unit&) = default;
};

// Printed codes that were commissioned together.
struct CommissionedRange {
  std::uint32_t count = 0;
  PartyId place;
  EventId event;
  Digest head;  // The chain of the one event that concerns all of them.

  FENRUN_FIELDS(count, place, event, head)
  friend bool operator==(const CommissionedRange&, const CommissionedRange&) = default;
};

struct VoidedRange {
  std::uint32_t count = 0;
  VoidReason reason{};
  Position voided_at;

  FENRUN_FIELDS(count, reason, voided_at)
  friend bool operator==(const VoidedRange&, const VoidedRange&) = default;
};

// One bit for each of kUnitBits units of one batch and level, in the order of their indices: bit i
// in byte i / 8, least significant first.
struct UnitBits {
  FixedBytes<struct UnitBitsTag, kUnitBits / 8> bits;

  // Of the unit with this index, which is one of the chunk's.
  bool is_set(std::uint32_t index) const {
    const std::uint32_t byte = bits.bytes[index % kUnitBits / 8];
    return (byte >> (index % 8) & 1u) != 0;
  }
  void set(std::uint32_t index) {
    bits.bytes[index % kUnitBits / 8] |= static_cast<std::uint8_t>(1u << (index % 8));
  }

  FENRUN_FIELDS(bits)
  friend bool operator==(const UnitBits&, const UnitBits&) = default;
};

// How many units went through each step.  Containers count as one unit each.
struct UnitCounters {
  std::uint64_t commissioned = 0;
  std::uint64_t shipped = 0;
  std::uint64_t received = 0;
  std::uint64_t opened = 0;
  std::uint64_t sold = 0;
  std::uint64_t returned = 0;
  std::uint64_t destroyed = 0;
  std::uint64_t diverted = 0;
  std::uint64_t claimed = 0;            // Codes used.
  std::uint64_t claimed_elsewhere = 0;  // Of those, where the goods are not known to be.

  FENRUN_FIELDS(commissioned, shipped, received, opened, sold, returned, destroyed, diverted,
                claimed, claimed_elsewhere)
  friend bool operator==(const UnitCounters&, const UnitCounters&) = default;
};

// Whether a code was used where its goods are.
enum class ClaimSight : std::uint8_t {
  unknown = 0,    // The claim names no store.
  here = 1,       // The store that the claim names has, or sold, the goods.
  elsewhere = 2,  // Somebody else has.
  held = 3,       // The goods are held as diverted.
};
template <>
inline constexpr std::uint8_t kEnumCount<ClaimSight> = 4;

// What became of a rule that an event met.
enum class EarningOutcome : std::uint8_t {
  earned = 0,
  budget_exhausted = 1,  // A funder's fund did not cover its share: nothing was earned.
  no_payee = 2,          // The place has no parent.
  reversed = 3,          // Earned, and taken back with the event.
  owed_back = 4,         // The event was taken back when the money was on its way already.
};
template <>
inline constexpr std::uint8_t kEnumCount<EarningOutcome> = 5;

struct EventEarning {
  PolicyId policy;
  std::uint32_t version = 0;
  std::uint16_t rule = 0;
  EarningOutcome outcome{};
  std::uint32_t units = 0;  // Counted: matching, and not paid for under this rule before.
  Amount amount;            // What the rule promises for them, earned or not.
  PartyId payee;            // Zero with no_payee.
  PeriodId period;

  FENRUN_FIELDS(policy, version, rule, outcome, units, amount, payee, period)
  friend bool operator==(const EventEarning&, const EventEarning&) = default;
};

enum class EventStatus : std::uint8_t {
  recorded = 0,
  diverted = 1,  // recorded, and the goods are held: who received them is not who they were for.
  reversed = 2,  // Taken back: the units are as they were before it.
  disputed = 3,  // Declared an error when more had happened to the units: money apart, it stands.
};
template <>
inline constexpr std::uint8_t kEnumCount<EventStatus> = 4;

struct EventRecord {
  EventKind kind{};
  EventStatus status{};
  TimeMs time;
  PartyId place;
  std::optional<PartyId> counterparty;
  PartyId signer;
  Position recorded_at;                 // Its Operation.
  std::optional<Position> reversed_at;  // That of what took it back, or disputed it.
  std::optional<EventId> corrects;      // What this one took back, or disputed.
  std::uint32_t units = 0;
  std::optional<Digest> event_hash;
  CounterId counted;              // Where its units count.
  bool counted_by_store = false;  // And at `place`, by store.
  List<EventEarning, kEventEarningsMax> earnings;

  FENRUN_FIELDS(kind, status, time, place, counterparty, signer, recorded_at, reversed_at, corrects,
                units, event_hash, counted, counted_by_store, earnings)
  friend bool operator==(const EventRecord&, const EventRecord&) = default;
};

// The one use of a code.
struct ClaimRecord {
  Claim claim;
  PartyId submitter;
  Position recorded_at;
  ClaimSight sight{};
  bool counted_by_store = false;  // At the claim's store.
  List<EventEarning, kEventEarningsMax> earnings;

  FENRUN_FIELDS(claim, submitter, recorded_at, sight, counted_by_store, earnings)
  friend bool operator==(const ClaimRecord&, const ClaimRecord&) = default;
};

struct Erasure {
  PartyId by;
  Position recorded_at;

  FENRUN_FIELDS(by, recorded_at)
  friend bool operator==(const Erasure&, const Erasure&) = default;
};

struct ActivityRecord {
  RecordActivity activity;
  PartyId signer;
  Position recorded_at;
  std::optional<PartyId> withdrawn_by;
  std::optional<Position> withdrawn_at;

  FENRUN_FIELDS(activity, signer, recorded_at, withdrawn_by, withdrawn_at)
  friend bool operator==(const ActivityRecord&, const ActivityRecord&) = default;
};

enum class PayoutState : std::uint8_t { instructed = 0, paid = 1, failed = 2 };
template <>
inline constexpr std::uint8_t kEnumCount<PayoutState> = 3;

struct Payout {
  InstructPayout terms;
  PayoutState state{};
  std::uint32_t attempt = 0;  // The latest; from 1.
  bool acknowledged = false;  // By the payee.
  Position instructed_at;     // The latest attempt's Operation.
  std::optional<Position> settled_at;
  Digest provider;  // Of the latest result; zero if none.

  FENRUN_FIELDS(terms, state, attempt, acknowledged, instructed_at, settled_at, provider)
  friend bool operator==(const Payout&, const Payout&) = default;
};

// Where the scan of the schedule goes on; exists only while work is carried over.
struct ScheduleCursor {
  RecordKey next;

  FENRUN_FIELDS(next)
  friend bool operator==(const ScheduleCursor&, const ScheduleCursor&) = default;
};

// A node that may link to the others.  Who validates is a member; a member that does not is an
// observer.
struct Member {
  NameText name;
  PartyId party;
  PublicKey transport_key;
  Position admitted_at;
  std::optional<Height> keys_replaced_at;          // By the last ReplaceValidatorKeys.
  List<TimeMs, kKeyReplacementsMax> replacements;  // When the last of these were, oldest first.

  FENRUN_FIELDS(name, party, transport_key, admitted_at, keys_replaced_at, replacements)
  friend bool operator==(const Member&, const Member&) = default;
};

struct NumberedMember {
  MemberNumber number;
  Member member;

  friend bool operator==(const NumberedMember&, const NumberedMember&) = default;
};

// The network itself.
struct NetworkRecord {
  NameText name;                  // As in the genesis: part of the checkpoint origin.
  std::uint32_t next_member = 0;  // The number of the member to be admitted next.
  std::uint16_t members = 0;      // How many there are.

  FENRUN_FIELDS(name, next_member, members)
  friend bool operator==(const NetworkRecord&, const NetworkRecord&) = default;
};

// What a member's last ReportReady said.  Removed when it validates, or is removed.
struct Readiness {
  PublicKey operator_key;  // Signed the report.
  PublicKey consensus_key;
  PublicKey checkpoint_key;
  Height height;
  Digest block_id;

  FENRUN_FIELDS(operator_key, consensus_key, checkpoint_key, height, block_id)
  friend bool operator==(const Readiness&, const Readiness&) = default;
};

// Two votes that convict a validator, of one key and epoch the first.  Stays for ever.
struct EvidenceRecord {
  RecordEvidence evidence;
  PartyId party;  // The owner of the accused key.
  PartyId submitter;
  Position recorded_at;

  FENRUN_FIELDS(evidence, party, submitter, recorded_at)
  friend bool operator==(const EvidenceRecord&, const EvidenceRecord&) = default;
};

// In how many epochs keys of a party were convicted.
struct FaultCount {
  std::uint32_t count = 0;

  FENRUN_FIELDS(count)
  friend bool operator==(const FaultCount&, const FaultCount&) = default;
};

// The last block of an epoch.
struct EpochEnd {
  Height height;
  TimeMs time;  // Of the block.

  FENRUN_FIELDS(height, time)
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

// The value of a key that is in no ordered family.
template <class V>
std::optional<V> find_value(const StateView& state, const RecordKey& key) {
  const auto bytes = state.value(key);
  if (!bytes) return std::nullopt;
  // What we wrote we can read: anything else is damage that the store must have reported.
  auto value = decode<V>(*bytes);
  CHECK(value.has_value());
  return *std::move(value);
}

std::optional<Party> find_party(const StateView& state, const PartyId& party);
std::optional<LaneState> find_lane(const StateView& state, const PartyId& party, Lane lane);
std::optional<KeyOwner> find_key_owner(const StateView& state, const PublicKey& key);
std::optional<Recovery> find_recovery(const StateView& state, const PartyId& party);
ValidatorList validators(const StateView& state);
std::optional<Member> find_member(const StateView& state, MemberNumber number);
std::optional<NumberedMember> find_member(const StateView& state, std::string_view name);
// All of them, by number.
std::vector<NumberedMember> members(const StateView& state);
// REQUIRES: a state after genesis.
NetworkRecord network(const StateView& state);
std::optional<Readiness> find_readiness(const StateView& state, MemberNumber member);
std::optional<EvidenceRecord> find_evidence(const StateView& state, const Digest& evidence);
std::uint32_t fault_count(const StateView& state, const PartyId& party);
// The height of the epoch's last block; none while it goes on.
std::optional<Height> find_epoch_end(const StateView& state, Epoch epoch);
// REQUIRES: a state after genesis.
Parameters parameters(const StateView& state);
std::optional<ChangeProposal> find_proposal(const StateView& state, const Digest& proposal);
std::optional<Campaign> find_campaign(const StateView& state, CampaignId campaign);
std::optional<PolicyRecord> find_policy(const StateView& state, PolicyId policy,
                                        std::uint32_t version);
// The highest version published; 0 if none.
std::uint32_t latest_policy_version(const StateView& state, PolicyId policy);
BrandPolicies brand_policies(const StateView& state, const PartyId& brand);
std::optional<Period> find_period(const StateView& state, CampaignId campaign, PeriodId period);
// Of the campaign's periods with opens <= time, the one that opens last.
std::optional<PeriodId> last_period_to_open(const StateView& state, CampaignId campaign,
                                            TimeMs time);
// The period with opens <= time < closes; periods of a campaign do not overlap.
std::optional<PeriodId> period_at(const StateView& state, CampaignId campaign, TimeMs time);
std::optional<Fund> find_fund(const StateView& state, CampaignId campaign, AssetId asset,
                              const PartyId& funder);
std::optional<UnitBatch> find_unit_batch(const StateView& state, UnitBatchId batch);
std::optional<EventRecord> find_event(const StateView& state, const EventId& event);
std::optional<EventId> find_event_by_hash(const StateView& state, const Digest& event_hash);
std::optional<ClaimRecord> find_claim(const StateView& state, UnitBatchId batch,
                                      std::uint32_t index);
std::optional<ActivityRecord> find_activity(const StateView& state, const ActivityId& activity);
std::optional<Erasure> find_erasure(const StateView& state, const SubjectId& subject);
// What was never counted is zero.
UnitCounters counters(const StateView& state, const CounterId& id);
UnitCounters counters(const StateView& state, const StoreCounterId& id);
std::optional<Payout> find_payout(const StateView& state, const PayoutId& payout);
// A statement without postings is an empty one.
Statement statement(const StateView& state, const StatementId& id);
// credits - debits.
Amount balance(const Statement& statement);

struct FundOf {
  PartyId funder;
  Fund fund;
};
// The funds of one campaign and asset, in the order of their funders.
std::vector<FundOf> funds_of(const StateView& state, CampaignId campaign, AssetId asset);

}  // namespace fenrun
