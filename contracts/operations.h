// What a transaction can ask for.  docs/spec/contracts.md says of each operation who may send it,
// what is checked, and what it does.
//
// A `possession` is a signature by the new key that it stands beside: contracts/key_owners.h.
//
// The order of the alternatives and of the fields is the format.  Do not renumber.
#pragma once

#include <variant>

#include "contracts/words.h"
#include "ledger/transaction.h"

namespace fenrun {

// Parties: contracts/parties.h.

struct RegisterParty {
  PartyId party;  // Random, not zero.
  Role role{};
  std::optional<PartyId> parent;  // In the channel tree.
  PartyAttributes attributes;
  List<RegisteredKey, kRegisteredKeysMax> keys;  // At least one.
  Digest name_commitment;                        // Salted; zero if none.

  FENRUN_FIELDS(party, role, parent, attributes, keys, name_commitment)
  friend bool operator==(const RegisterParty&, const RegisterParty&) = default;
};

struct RotateKey {
  PublicKey old_key;
  PublicKey new_key;
  KeyPurpose purpose{};
  Height valid_from;  // Of the new key; the old one ends there.
  Signature possession;

  FENRUN_FIELDS(old_key, new_key, purpose, valid_from, possession)
  friend bool operator==(const RotateKey&, const RotateKey&) = default;
};

struct ProposeRecovery {
  PartyId party;
  PublicKey new_key;
  Signature possession;

  FENRUN_FIELDS(party, new_key, possession)
  friend bool operator==(const ProposeRecovery&, const ProposeRecovery&) = default;
};

struct ApproveRecovery {
  PartyId party;
  PublicKey new_key;  // That was proposed.

  FENRUN_FIELDS(party, new_key)
  friend bool operator==(const ApproveRecovery&, const ApproveRecovery&) = default;
};

struct ObjectToRecovery {
  PartyId party;

  FENRUN_FIELDS(party)
  friend bool operator==(const ObjectToRecovery&, const ObjectToRecovery&) = default;
};

struct OpenLane {
  Lane lane;

  FENRUN_FIELDS(lane)
  friend bool operator==(const OpenLane&, const OpenLane&) = default;
};

// Governance: contracts/governance.h.

struct SetParameters {
  Parameters parameters;

  FENRUN_FIELDS(parameters)
  friend bool operator==(const SetParameters&, const SetParameters&) = default;
};

// Registers a party of any role, those included that no single party may register.
struct AdmitParty {
  RegisterParty registration;

  FENRUN_FIELDS(registration)
  friend bool operator==(const AdmitParty&, const AdmitParty&) = default;
};

// Members and validators: contracts/members.h.

// Lets one more node link to the others.
struct AdmitMember {
  NameText name;
  PartyId party;  // Which runs the node.
  PublicKey transport_key;
  Signature possession;

  FENRUN_FIELDS(name, party, transport_key, possession)
  friend bool operator==(const AdmitMember&, const AdmitMember&) = default;
};

struct RemoveMember {
  NameText name;  // Of a member that does not validate.

  FENRUN_FIELDS(name)
  friend bool operator==(const RemoveMember&, const RemoveMember&) = default;
};

// With the keys of the member's last ReportReady.
struct AddValidator {
  NameText name;

  FENRUN_FIELDS(name)
  friend bool operator==(const AddValidator&, const AddValidator&) = default;
};

struct RemoveValidator {
  NameText name;  // It stays a member.

  FENRUN_FIELDS(name)
  friend bool operator==(const RemoveValidator&, const RemoveValidator&) = default;
};

// Gives a party that lost its key another one: contracts/parties.h.
struct RecoverParty {
  PartyId party;
  PublicKey new_key;
  Signature possession;

  FENRUN_FIELDS(party, new_key, possession)
  friend bool operator==(const RecoverParty&, const RecoverParty&) = default;
};

using Change = std::variant<SetParameters, AdmitParty, AdmitMember, RemoveMember, AddValidator,
                            RemoveValidator, RecoverParty>;

struct ProposeChange {
  Change change;
  Height valid_until;  // The last height at which it can be approved.

  FENRUN_FIELDS(change, valid_until)
  friend bool operator==(const ProposeChange&, const ProposeChange&) = default;
};

struct ApproveChange {
  Digest proposal;  // proposal_digest() of the ProposeChange.

  FENRUN_FIELDS(proposal)
  friend bool operator==(const ApproveChange&, const ApproveChange&) = default;
};

// Campaigns, policies, periods, funds: contracts/{policies,periods,funds}.h.

struct OpenCampaign {
  CampaignId campaign;  // > 0.
  Digest name;          // SHA-256 of its name, which stays off the ledger.

  FENRUN_FIELDS(campaign, name)
  friend bool operator==(const OpenCampaign&, const OpenCampaign&) = default;
};

struct PublishPolicy {
  Policy policy;

  FENRUN_FIELDS(policy)
  friend bool operator==(const PublishPolicy&, const PublishPolicy&) = default;
};

struct CountersignPolicy {
  PolicyId policy;
  std::uint32_t version = 0;
  Digest digest;  // policy_digest() of the policy.

  FENRUN_FIELDS(policy, version, digest)
  friend bool operator==(const CountersignPolicy&, const CountersignPolicy&) = default;
};

struct OpenPeriod {
  CampaignId campaign;
  PeriodId period;  // > 0.
  PeriodKind kind{};
  TimeMs opens;   // For blocks at or after.
  TimeMs closes;  // For blocks before.

  FENRUN_FIELDS(campaign, period, kind, opens, closes)
  friend bool operator==(const OpenPeriod&, const OpenPeriod&) = default;
};

struct DeclareBudget {
  CampaignId campaign;
  AssetId asset;
  Amount amount;

  FENRUN_FIELDS(campaign, asset, amount)
  friend bool operator==(const DeclareBudget&, const DeclareBudget&) = default;
};

struct AttestBacking {
  PartyId funder;
  CampaignId campaign;
  AssetId asset;
  Amount amount;    // Further to what is attested already.
  Digest evidence;  // SHA-256 of the deposit's document.

  FENRUN_FIELDS(funder, campaign, asset, amount, evidence)
  friend bool operator==(const AttestBacking&, const AttestBacking&) = default;
};

// Goods: contracts/goods.h.

struct OpenUnitBatch {
  UnitBatchId batch;
  GtinText product;

  FENRUN_FIELDS(batch, product)
  friend bool operator==(const OpenUnitBatch&, const OpenUnitBatch&) = default;
};

struct RecordEvent {
  EventKind kind{};
  EventStanding standing{};  // erroneous: of an event recorded before, found by its hash.
  TimeMs time;
  PartyId place;
  std::optional<PartyId> counterparty;  // shipping: the consignee.  Else not given.
  EventId id;
  std::optional<Digest> event_hash;  // The CBV hash: for lookup and duplicates, not a commitment.
  std::optional<UnitBatchId> batch;  // For commissioning identifiers, and only there.
  std::optional<EpcText> parent;     // packing, unpacking: the container.
  // Canonical identifiers: "01/<GTIN-14>/21/<serial>" or "00/<SSCC>".
  List<EpcText, kEventUnitsMax> units;
  // Printed codes.  Units and ranges together are at most kEventUnitsMax units, but for
  // commissioning, whose ranges may be of any size.
  List<UnitRange, kEventRangesMax> ranges;

  FENRUN_FIELDS(kind, standing, time, place, counterparty, id, event_hash, batch, parent, units,
                ranges)
  friend bool operator==(const RecordEvent&, const RecordEvent&) = default;
};

// Codes: contracts/codes.h, contracts/claims.h.

// A code batch as printed: all its codes at once, inert until they are commissioned.
struct RegisterCodes {
  UnitBatchId batch;
  // From the smallest up, items first; each at most once.
  List<CodeLevel, kEnumCount<UnitLevel>> levels;
  std::optional<std::uint64_t> sscc_first;  // The first logistic unit's SSCC without check digit.
  Digest root;                              // RFC 6962 root over code_leaf() of each item.
  ClaimPath path{};
  std::optional<PartyId> gateway;  // With ClaimPath::gateway, and only there.
  ClaimGate gate{};
  Text<kLotBytesMax> lot;  // Of production; may be empty.

  FENRUN_FIELDS(batch, levels, sscc_first, root, path, gateway, gate, lot)
  friend bool operator==(const RegisterCodes&, const RegisterCodes&) = default;
};

// Codes that are never to be used, or not any more.
struct VoidCodes {
  UnitRange range;
  VoidReason reason{};

  FENRUN_FIELDS(range, reason)
  friend bool operator==(const VoidCodes&, const VoidCodes&) = default;
};

// A code is used.
struct Claim {
  UnitBatchId batch;
  std::uint32_t index = 0;  // Of the item.
  SubjectId claimant;
  std::optional<PartyId> store;  // Where it was scanned.
  RegionCode region;             // Of the scan.
  TimeMs time;

  FENRUN_FIELDS(batch, index, claimant, store, region, time)
  friend bool operator==(const Claim&, const Claim&) = default;
};

// By whoever holds the code; anybody may submit it.
struct ClaimCode {
  Claim claim;
  PublicKey key;                    // The code's.
  Signature signature;              // By it, over claim_message().
  List<Digest, kCodePathMax> path;  // From code_leaf() to the batch's root.

  FENRUN_FIELDS(claim, key, signature, path)
  friend bool operator==(const ClaimCode&, const ClaimCode&) = default;
};

// By the batch's gateway.
struct AttestClaim {
  Claim claim;

  FENRUN_FIELDS(claim)
  friend bool operator==(const AttestClaim&, const AttestClaim&) = default;
};

// Nobody is to be told any more what this subject claimed.
struct EraseSubject {
  SubjectId subject;

  FENRUN_FIELDS(subject)
  friend bool operator==(const EraseSubject&, const EraseSubject&) = default;
};

// Orders and other activities: contracts/activities.h.

struct RecordActivity {
  ActivityId id;
  TimeMs time;
  std::optional<PartyId> counterparty;  // restock_order: who supplies.  Else not given.
  std::optional<SubjectId> subject;     // Who ordered, bought or shared.
  std::optional<SubjectId> reached;     // share: who came by it.
  List<ActivityLine, kActivityLinesMax> lines;
  std::optional<ActivityValue> value;           // Of all lines together.
  List<Digest, kActivityEvidenceMax> evidence;  // SHA-256 of what shows it, such as photos.
  EventId source;  // The document that tells it, and its place in it.  Part 0.

  FENRUN_FIELDS(id, time, counterparty, subject, reached, lines, value, evidence, source)
  friend bool operator==(const RecordActivity&, const RecordActivity&) = default;
};

// It was cancelled, or recorded in error.  Stays on record, and its reference taken.
struct WithdrawActivity {
  ActivityId id;

  FENRUN_FIELDS(id)
  friend bool operator==(const WithdrawActivity&, const WithdrawActivity&) = default;
};

// Payouts: contracts/payouts.h.

// Also the next attempt of a payout that failed: same id, same terms.
struct InstructPayout {
  PayoutId payout;
  PartyId payee;
  CampaignId campaign;
  AssetId asset;
  PeriodId period;
  Amount amount;
  Rail rail{};

  FENRUN_FIELDS(payout, payee, campaign, asset, period, amount, rail)
  friend bool operator==(const InstructPayout&, const InstructPayout&) = default;
};

struct SettlePayout {
  PayoutId payout;
  std::uint32_t attempt = 0;  // From 1.
  PayoutResult result{};
  Digest provider;  // SHA-256 of what the provider said.

  FENRUN_FIELDS(payout, attempt, result, provider)
  friend bool operator==(const SettlePayout&, const SettlePayout&) = default;
};

struct AcknowledgePayout {
  PayoutId payout;

  FENRUN_FIELDS(payout)
  friend bool operator==(const AcknowledgePayout&, const AcknowledgePayout&) = default;
};

// Validators, by their own parties: contracts/members.h.

// What a new consensus key signs under Domain::validator_keys.
struct ValidatorKeysStatement {
  Digest chain_id;
  NameText name;
  PublicKey consensus_key;
  PublicKey checkpoint_key;
  Height height;  // Of the ReportReady; 0 for ReplaceValidatorKeys.

  FENRUN_FIELDS(chain_id, name, consensus_key, checkpoint_key, height)
  friend bool operator==(const ValidatorKeysStatement&, const ValidatorKeysStatement&) = default;
};

// A validator goes on under other keys, with the weight that it had.
struct ReplaceValidatorKeys {
  NameText name;
  PublicKey consensus_key;   // New.
  PublicKey checkpoint_key;  // New.
  PublicKey transport_key;   // New, or the present one.
  Signature possession;      // By the consensus key, of a ValidatorKeysStatement.
  Signature checkpoint_possession;
  std::optional<Signature> transport_possession;  // Of a new transport key, and only of one.

  FENRUN_FIELDS(name, consensus_key, checkpoint_key, transport_key, possession,
                checkpoint_possession, transport_possession)
  friend bool operator==(const ReplaceValidatorKeys&, const ReplaceValidatorKeys&) = default;
};

// A member that would validate says that its node has caught up, and with which keys it would.
struct ReportReady {
  NameText name;
  PublicKey consensus_key;
  PublicKey checkpoint_key;
  Height height;         // Of the last block that the node has committed.
  Digest block_id;       // Of that block: for whoever approves to compare.
  Signature possession;  // By the consensus key, of a ValidatorKeysStatement.
  Signature checkpoint_possession;

  FENRUN_FIELDS(name, consensus_key, checkpoint_key, height, block_id, possession,
                checkpoint_possession)
  friend bool operator==(const ReportReady&, const ReportReady&) = default;
};

// Evidence: contracts/evidence.h.

// As in docs/spec/consensus.md, §2.
enum class AccusedVoteKind : std::uint8_t { notarize = 0, nullify = 1, finalize = 2 };
template <>
inline constexpr std::uint8_t kEnumCount<AccusedVoteKind> = 3;

// A validator's vote as it was signed.
struct AccusedVote {
  AccusedVoteKind kind{};
  Epoch epoch;
  View view;
  View parent_view;
  Digest block_id;
  Signature signature;

  FENRUN_FIELDS(kind, epoch, view, parent_view, block_id, signature)
  friend bool operator==(const AccusedVote&, const AccusedVote&) = default;
};

// Two votes of one validator that the rules of consensus exclude.
struct RecordEvidence {
  PublicKey accused;  // A consensus key of a present or former validator.
  AccusedVote first;
  AccusedVote second;

  FENRUN_FIELDS(accused, first, second)
  friend bool operator==(const RecordEvidence&, const RecordEvidence&) = default;
};

using Operation =
    std::variant<RegisterParty, RotateKey, ProposeRecovery, ApproveRecovery, ObjectToRecovery,
                 OpenLane, ProposeChange, ApproveChange, OpenCampaign, PublishPolicy,
                 CountersignPolicy, OpenPeriod, DeclareBudget, AttestBacking, OpenUnitBatch,
                 RecordEvent, InstructPayout, SettlePayout, AcknowledgePayout, ReplaceValidatorKeys,
                 ReportReady, RecordEvidence, RegisterCodes, VoidCodes, ClaimCode, AttestClaim,
                 EraseSubject, RecordActivity, WithdrawActivity>;

// The bytes of an operation as a transaction carries them.  Errc::limit_exceeded above 32 KiB.
// REQUIRES: every list and text within its own limit, as whatever was decoded is.
Result<OperationBytes> encode_operation(const Operation& operation);

// Errc::operation_undecodable, with the reason as detail.
Result<Operation> decode_operation(ByteView bytes);

// The operation's name in snake_case, such as "register_party".
std::string_view name_of(const Operation& operation);

// hash(governance, BCS of the ProposeChange).
Digest proposal_digest(const ProposeChange& proposal);

}  // namespace fenrun
