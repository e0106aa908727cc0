#include "node/cli/examples.h"

#include "contracts/codes.h"
#include "contracts/evidence.h"
#include "contracts/key_owners.h"

namespace fenrun::cli {
namespace {

// 2026-06-01 and 2026-09-01, midnight in China.
constexpr TimeMs kOpens{1'780'243'200'000};
constexpr TimeMs kCloses{1'788'192'000'000};

PartyId party(std::uint8_t tag) {
  PartyId id;
  id.bytes.fill(tag);
  return id;
}

// Keys that exist: those of fixed seeds.  Nobody may use them.
SigningKey signing_key(std::uint8_t tag) {
  Seed seed;
  for (auto& byte : seed.mutable_view()) byte = tag;
  return SigningKey::from_seed(seed);
}

PublicKey key(std::uint8_t tag) { return signing_key(tag).public_key(); }

// Of a network that does not exist.
Signature possession(std::uint8_t tag, std::uint8_t of_party,
                     KeyPurpose purpose = KeyPurpose::transactions) {
  return prove_possession(signing_key(tag), Digest(), party(of_party), purpose);
}

Digest digest(std::string_view text) { return sha256(bytes_of(text)); }

PayoutId payout() {
  PayoutId id;
  id.bytes.fill(0x77);
  return id;
}

RegisterParty store() {
  return {.party = party(0x51),
          .role = Role::store,
          .parent = party(0xd1),
          .attributes = {.channel = Channel::offline, .region = RegionCode(440'100), .grade = 2},
          .keys = {{KeyPurpose::transactions, key(0x51), possession(0x51, 0x51)}},
          .name_commitment = {}};
}

// Two yuan for each case that a store receives, paid to the store.
PolicyV1 policy() {
  PolicyV1 out;
  out.policy = PolicyId(1);
  out.version = 1;
  out.campaign = CampaignId(1);
  out.effective_from = kOpens;
  out.effective_until = kCloses;
  out.countersigners = {party(0xd1)};
  out.funding = {{party(0xb1), 1'000'000}};
  Rule rule;
  rule.trigger = EventKind::receiving;
  rule.selector.place_roles = {Role::store};
  rule.payee = Payee::place;
  rule.earning = FlatPerEvent{Amount::minor(200), Basis::per_unit};
  out.rules = {rule};
  out.text = digest("Two yuan for each case that a store receives.");
  return out;
}

ProposeChange change() {
  return {.change = SetParameters{{.block_interval_ms = 50,
                                   .idle_interval_ms = 5'000,
                                   .recovery_delay_ms = 259'200'000,
                                   .block_bytes_max = 4'194'304,
                                   .block_operations_max = 65'536,
                                   .event_skew_ms = 60'000}},
          .valid_until = Height(100'000)};
}

RecordEvent event() {
  RecordEvent out;
  out.kind = EventKind::receiving;
  out.time = kOpens;
  out.place = party(0x51);
  out.id.document = digest("the bytes of the document");
  out.units = {EpcText{"01/16901234567899/21/C0001"}};
  return out;
}

std::vector<Operation> parties_and_governance() {
  return {store(),
          RotateKey{key(0x51), key(0x52), KeyPurpose::transactions, Height(5'000),
                    possession(0x52, 0x51)},
          ProposeRecovery{party(0x51), key(0x53), possession(0x53, 0x51)},
          ApproveRecovery{party(0x51), key(0x53)},
          ObjectToRecovery{party(0x51)},
          OpenLane{Lane(1)},
          change(),
          ApproveChange{proposal_digest(change())}};
}

std::vector<Operation> campaigns_goods_and_payouts() {
  const Policy terms = policy();
  return {OpenCampaign{CampaignId(1), digest("Summer 2026")},
          PublishPolicy{terms},
          CountersignPolicy{PolicyId(1), 1, policy_digest(terms)},
          OpenPeriod{CampaignId(1), PeriodId(1), PeriodKind::per_event, kOpens, kCloses},
          DeclareBudget{CampaignId(1), AssetId(0), Amount::minor(100'000'00)},
          AttestBacking{party(0xb1), CampaignId(1), AssetId(0), Amount::minor(50'000'00),
                        digest("the bank's statement")},
          OpenUnitBatch{UnitBatchId(1), GtinText{"16901234567899"}},
          event(),
          InstructPayout{payout(), party(0x51), CampaignId(1), AssetId(0), PeriodId(1),
                         Amount::minor(200), Rail::wechat},
          SettlePayout{payout(), 1, PayoutResult::paid, digest("what the provider said")},
          AcknowledgePayout{payout()}};
}

// Signed by the keys of the example, under an example of a chain id: all zeros.
Signature consensus_possession(const NameText& name, std::uint8_t consensus,
                               std::uint8_t checkpoint, Height height) {
  return signing_key(consensus).sign(
      Domain::validator_keys,
      encode(ValidatorKeysStatement{{}, name, key(consensus), key(checkpoint), height}));
}

AccusedVote vote(std::string_view block) {
  AccusedVote out{AccusedVoteKind::notarize, Epoch(0), View(70), View(69), digest(block), {}};
  out.signature = signing_key(0xa1).sign(Domain::consensus_vote, signed_bytes(Digest(), out));
  return out;
}

std::vector<Operation> validators_and_evidence() {
  const NameText south{"south"};
  const Height height(12'000);
  return {ReplaceValidatorKeys{south, key(0xa1), key(0xa2), key(0xa3),
                               consensus_possession(south, 0xa1, 0xa2, Height(0)),
                               possession(0xa2, 0x51, KeyPurpose::checkpoint),
                               possession(0xa3, 0x51, KeyPurpose::transport)},
          ReportReady{south, key(0xa1), key(0xa2), height, digest("the block at 12,000"),
                      consensus_possession(south, 0xa1, 0xa2, height),
                      possession(0xa2, 0x51, KeyPurpose::checkpoint)},
          RecordEvidence{key(0xa1), vote("a block"), vote("another block")}};
}

RegisterCodes codes() {
  RegisterCodes out;
  out.batch = UnitBatchId(2);
  out.levels = {CodeLevel{UnitLevel::item, GtinText{"06901234567892"}, 6'000, 6},
                CodeLevel{UnitLevel::case_, GtinText{"16901234567899"}, 1'000, 48},
                CodeLevel{UnitLevel::logistic, GtinText{}, 21, 0}};
  out.sscc_first = 6901234000000001;
  out.root = digest("the root that fenrun codes generate prints");
  out.path = ClaimPath::bearer;
  out.gate = ClaimGate::received;
  out.lot = {"L20261129"};
  return out;
}

// The item of index 5, by the code of the example.
Claim claim() {
  Claim out;
  out.batch = codes().batch;
  out.index = 5;
  out.claimant.bytes.fill(0xc1);
  out.store = party(0x51);
  out.region = RegionCode(440300);
  out.time = kOpens;
  return out;
}

std::vector<Operation> codes_and_claims() {
  const ClaimCode signed_claim{
      claim(),
      key(0xc0),
      signing_key(0xc0).sign(Domain::code_claim, claim_message(Digest(), claim())),
      {}};
  return {codes(),
          VoidCodes{UnitRange{codes().batch, UnitLevel::item, 5'990, 10}, VoidReason::leaked},
          signed_claim, AttestClaim{claim()}, EraseSubject{claim().claimant}};
}

std::vector<Operation> activities() {
  RecordActivity order;
  order.id = {party(0x51), ActivityKind::restock_order, sha256(bytes_of("PO-2026-0001"))};
  order.time = kOpens;
  order.counterparty = party(0xd1);
  order.lines = {{GtinText{"06901234567892"}, 24}};
  order.value = ActivityValue{AssetId(0), Amount::minor(120'000)};
  return {order, WithdrawActivity{order.id}};
}

}  // namespace

std::vector<Operation> example_operations() {
  auto all = parties_and_governance();
  for (auto& operation : campaigns_goods_and_payouts()) all.push_back(std::move(operation));
  for (auto& operation : validators_and_evidence()) all.push_back(std::move(operation));
  for (auto& operation : codes_and_claims()) all.push_back(std::move(operation));
  for (auto& operation : activities()) all.push_back(std::move(operation));
  return all;
}

std::vector<ProposeChange> example_changes() {
  RegisterParty auditor = store();
  auditor.role = Role::auditor;
  auditor.parent.reset();
  const NameText south{"south"};
  const Change changes[] = {
      change().change,
      AdmitParty{auditor},
      AdmitMember{south, party(0x51), key(0xa3), possession(0xa3, 0x51, KeyPurpose::transport)},
      RemoveMember{south},
      AddValidator{south},
      RemoveValidator{south},
      RecoverParty{party(0xb1), key(0xb2), possession(0xb2, 0xb1)}};
  std::vector<ProposeChange> proposals;
  for (const auto& one : changes) proposals.push_back({one, change().valid_until});
  return proposals;
}

}  // namespace fenrun::cli
