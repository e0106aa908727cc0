#include "node/sim/commerce.h"

#include <algorithm>

#include "contracts/key_owners.h"
#include "contracts/units.h"
#include "node/sim/cast.h"

namespace fenrun::sim {
namespace {

constexpr CampaignId kCampaign(1);
constexpr std::uint64_t kCampaigns = 200;
constexpr PolicyId kPolicy(1);
constexpr PeriodId kPeriod(1);
constexpr UnitBatchId kBatch(1);
constexpr AssetId kAsset(0);
constexpr std::int64_t kBudget = 1'000'000'000;
constexpr std::int64_t kPerUnit = 100;
constexpr std::uint64_t kNoticeMs = 2'000;  // Between a promise and the sales that it is for.
constexpr std::uint64_t kFarMs = 1'000'000'000'000;
constexpr std::uint64_t kBrandOperationsMax = 8;
constexpr std::uint64_t kUnitsOfEvent = 4;
constexpr std::uint64_t kUnitsLookedAt = 32;
constexpr int kTriesToFindGoods = 4;
constexpr std::uint64_t kPayoutsLookedAt = 8;  // The latest.
constexpr std::uint64_t kClaimsTogether = 4;

EpcText item(std::uint64_t serial) { return {"01/06901234567892/21/S" + std::to_string(serial)}; }

PayoutId payout_number(std::uint64_t number) {
  const Digest digest = sha256(bytes_of("simulated payout " + std::to_string(number)));
  PayoutId payout;
  std::ranges::copy_n(digest.bytes.begin(), PayoutId::kSize, payout.bytes.begin());
  return payout;
}

TimeMs after(const Journal& journal, std::uint64_t ms) {
  return TimeMs(journal.tip().time.value() + ms);
}

// The newest version of the promise.
std::optional<PolicyRecord> newest_policy(const StateView& state) {
  std::optional<PolicyRecord> newest;
  for (std::uint32_t version = 1;; ++version) {
    auto record = find_policy(state, kPolicy, version);
    if (!record) return newest;
    newest = std::move(record);
  }
}

PartyId brand_of(const Genesis& genesis) {
  const auto brand = std::ranges::find(genesis.parties, Role::brand, &GenesisParty::role);
  return brand == genesis.parties.end() ? PartyId{} : brand->party;
}

std::uint64_t units_commissioned(const StateView& state) {
  const auto batch = find_unit_batch(state, kBatch);
  return batch ? batch->counts[static_cast<std::size_t>(UnitLevel::item)] : 0;
}

std::optional<PartyId> holder_of(const EpcText& epc, const StateView& state) {
  const auto id = find_unit_id(state, epc.value);
  if (!id) return std::nullopt;
  return custody_of(state, *find_unit(state, *id)).holder;
}

}  // namespace

std::vector<Operation> Commerce::next(const PartyId& party, Role role, const Journal& journal) {
  switch (role) {
    case Role::brand:
      return brand(party, journal);
    case Role::auditor:
      return {auditor(party, journal)};
    default:
      if (codes_ != nullptr && random_.chance(600)) return claims(journal);
      return {distributor(party, journal)};
  }
}

std::vector<Operation> Commerce::brand(const PartyId& party, const Journal& journal) {
  auto operations = prepare(party, journal);
  if (!operations.empty() && random_.chance(900)) return operations;
  operations.clear();
  for (std::uint64_t count = 1 + random_.below(kBrandOperationsMax); count > 0; --count) {
    switch (random_.below(8)) {
      case 0:
      case 1:
        operations.push_back(commission(party, journal));
        break;
      case 2:
      case 3:
        operations.push_back(instruct(journal));
        break;
      case 4:
      case 5:
      case 6:
        operations.push_back(settle(journal));
        break;
      default:
        operations.push_back(OpenCampaign{
            CampaignId(static_cast<std::uint32_t>(1 + random_.below(kCampaigns))), {}});
        break;
    }
  }
  return operations;
}

std::vector<Operation> Commerce::prepare(const PartyId& party, const Journal& journal) {
  const auto& state = journal.state();
  std::vector<Operation> missing;
  if (!find_campaign(state, kCampaign)) missing.push_back(OpenCampaign{kCampaign, {}});
  if (!find_fund(state, kCampaign, kAsset, party)) {
    missing.push_back(DeclareBudget{kCampaign, kAsset, Amount::minor(kBudget)});
  }
  if (!find_period(state, kCampaign, kPeriod)) {
    missing.push_back(OpenPeriod{kCampaign, kPeriod, PeriodKind::per_event,
                                 after(journal, kNoticeMs), after(journal, kFarMs)});
  }
  if (!find_unit_batch(state, kBatch)) {
    missing.push_back(OpenUnitBatch{kBatch, {"06901234567892"}});
    missing.push_back(commission(party, journal));
  }
  if (const auto next = promise(party, journal)) missing.push_back(*next);
  if (codes_ != nullptr && !find_unit_batch(state, codes_->batch())) {
    for (auto& operation : print(party, journal)) missing.push_back(std::move(operation));
  }
  return missing;
}

// Some codes never leave the printing plant.
std::vector<Operation> Commerce::print(const PartyId& party, const Journal& journal) {
  constexpr std::uint32_t kLeaked = 4;
  auto out = event(EventKind::commissioning, party, journal);
  out.ranges = {{codes_->batch(), UnitLevel::item, kLeaked, CodeBook::kCount - kLeaked}};
  return {codes_->registration(),
          VoidCodes{{codes_->batch(), UnitLevel::item, 0, kLeaked}, VoidReason::leaked}, out};
}

// Of consumers who do not know what became of their last try, or try a second time.
std::vector<Operation> Commerce::claims(const Journal& journal) {
  std::vector<Operation> out;
  for (std::uint64_t count = 1 + random_.below(kClaimsTogether); count > 0; --count) {
    const auto index = static_cast<std::uint32_t>(random_.below(CodeBook::kCount));
    out.push_back(codes_->claim(index, journal.tip().time));
  }
  return out;
}

// A promise that nobody countersigned in time is made anew.
std::optional<Operation> Commerce::promise(const PartyId& party, const Journal& journal) {
  const auto newest = newest_policy(journal.state());
  const auto* terms = newest ? std::get_if<PolicyV1>(&newest->terms) : nullptr;
  if (newest &&
      (newest->stage == PolicyStage::countersigned || journal.tip().time < terms->effective_from)) {
    return std::nullopt;
  }
  const auto auditor = std::ranges::find(genesis_->parties, Role::auditor, &GenesisParty::role);
  if (auditor == genesis_->parties.end()) return std::nullopt;
  PolicyV1 policy;
  policy.policy = kPolicy;
  policy.version = terms == nullptr ? 1 : terms->version + 1;
  policy.campaign = kCampaign;
  policy.effective_from = after(journal, kNoticeMs);
  policy.effective_until = after(journal, kFarMs);
  policy.countersigners = {auditor->party};
  policy.funding = {{party, 1'000'000}};
  policy.asset = kAsset;
  policy.rules = {Rule{EventKind::retail_selling,
                       {},
                       Payee::place,
                       FlatPerEvent{Amount::minor(kPerUnit), Basis::per_unit}}};
  policy.text = sha256(bytes_of("a part of each sale"));
  return PublishPolicy{policy};
}

Operation Commerce::auditor(const PartyId& party, const Journal& journal) {
  const auto newest = newest_policy(journal.state());
  if (newest && newest->stage != PolicyStage::countersigned && random_.chance(800)) {
    return CountersignPolicy{kPolicy, std::get<PolicyV1>(newest->terms).version,
                             policy_digest(newest->terms)};
  }
  return registration(party);  // Which is refused: an auditor has no parties below it.
}

Operation Commerce::distributor(const PartyId& party, const Journal& journal) {
  if (random_.chance(150)) return registration(party);
  if (random_.chance(150)) return AcknowledgePayout{payout_number(random_.below(payouts_ + 1))};
  const auto& state = journal.state();
  const std::uint64_t count = units_commissioned(state);
  // Of the latest, of which some are sold already.  What another distributor has would be held as
  // diverted: it is left alone, most of the time.
  std::uint64_t first = 0;
  std::optional<PartyId> holder;
  for (int tries = 0; tries < kTriesToFindGoods; ++tries) {
    first = count - std::min(count, random_.below(kUnitsLookedAt));
    holder = holder_of(item(first), state);
    if (!holder || *holder == party || *holder == brand_of(*genesis_)) break;
  }
  const bool has_it = holder == party;
  const bool is_sale = random_.chance(100) ? !has_it : has_it;  // Now and then out of order.
  auto out = event(is_sale ? EventKind::retail_selling : EventKind::receiving, party, journal);
  const std::uint64_t units = 1 + random_.below(kUnitsOfEvent);
  for (std::uint64_t i = 0; i < units; ++i) {
    if (holder_of(item(first + i), state) == holder) out.units.push_back(item(first + i));
  }
  return out;
}

RecordEvent Commerce::event(EventKind kind, const PartyId& place, const Journal& journal) {
  RecordEvent out;
  out.kind = kind;
  out.time = journal.tip().time;
  out.place = place;
  out.id.document = sha256(bytes_of("simulated document " + std::to_string(++made_)));
  return out;
}

// Of units that follow those that are there, so that a node that is behind names some twice.
Operation Commerce::commission(const PartyId& party, const Journal& journal) {
  auto out = event(EventKind::commissioning, party, journal);
  out.batch = kBatch;
  const std::uint64_t first = units_commissioned(journal.state());
  for (std::uint64_t i = 0; i < 4 * kUnitsOfEvent; ++i) out.units.push_back(item(first + i));
  return out;
}

// What is left to some distributor, or up to twice as much.
Operation Commerce::instruct(const Journal& journal) {
  std::vector<PartyId> payees;
  for (const auto& party : genesis_->parties) {
    if (party.role == Role::distributor) payees.push_back(party.party);
  }
  if (payees.empty()) payees.push_back(genesis_->parties.front().party);
  InstructPayout out;
  out.payout = payout_number(random_.chance(900) ? payouts_++ : random_.below(payouts_ + 1));
  out.payee = payees[random_.below(payees.size())];
  out.campaign = kCampaign;
  out.asset = kAsset;
  out.period = kPeriod;
  const StatementId payable{{out.payee, Book::payable, kCampaign, kAsset}, kPeriod};
  const auto left = static_cast<std::uint64_t>(
      std::max<std::int64_t>(balance(statement(journal.state(), payable)).units(), 1));
  const std::uint64_t amount = random_.chance(500) ? left : 1 + random_.below(2 * left);
  out.amount = Amount::minor(static_cast<std::int64_t>(amount));
  out.rail = Rail::bank;
  return out;
}

// The result of one that is under way, or the next attempt of one that failed, among the latest.
Operation Commerce::settle(const Journal& journal) {
  const std::uint64_t oldest = payouts_ - std::min(payouts_, kPayoutsLookedAt);
  for (std::uint64_t number = payouts_; number-- > oldest;) {
    const auto payout = find_payout(journal.state(), payout_number(number));
    if (!payout || payout->state == PayoutState::paid) continue;
    if (payout->state == PayoutState::failed) return payout->terms;
    return SettlePayout{payout_number(number), payout->attempt,
                        random_.chance(300) ? PayoutResult::failed : PayoutResult::paid,
                        sha256(bytes_of("simulated provider"))};
  }
  return SettlePayout{payout_number(random_.below(payouts_ + 1)), 1, PayoutResult::paid, {}};
}

Operation Commerce::registration(const PartyId& parent) {
  const std::string name = "simulated store " + std::to_string(++made_);
  RegisterParty out;
  out.party = named_party(name);
  out.role = Role::store;
  out.parent = parent;
  const auto key = named_key(name);
  out.keys = {{KeyPurpose::transactions, key.public_key(),
               prove_possession(key, chain_id(*genesis_), out.party, KeyPurpose::transactions)}};
  return out;
}

}  // namespace fenrun::sim
