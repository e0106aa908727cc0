#include "node/bench/market.h"

#include <chrono>
#include <fstream>
#include <thread>

#include "contracts/key_owners.h"
#include "contracts/keys.h"
#include "contracts/records.h"
#include "core/text.h"
#include "ledger/state.h"
#include "node/bench/numbers.h"
#include "node/clock.h"

namespace fenrun::bench {
namespace {

constexpr CampaignId kCampaign{1};
constexpr AssetId kAsset{0};
constexpr PeriodId kPeriod{1};
constexpr UnitBatchId kBatch{1};
constexpr PolicyId kPolicy{1};
constexpr Amount kBudget = Amount::minor(1'000'000'000'000'000);
constexpr Amount kEarning = Amount::minor(1'000'000);  // Of each sale.
constexpr Amount kPayout = Amount::minor(1);
const GtinText kProduct{"06901234567892"};

constexpr std::uint64_t kNoticeMs = 1'500;  // From the policy's publication to its beginning.
constexpr std::uint64_t kYearMs = 365ull * 24 * 60 * 60 * 1'000;
constexpr std::size_t kUnitsPerEvent = 500;
constexpr std::size_t kEventsPerTransaction = 10;
constexpr std::uint64_t kSetUpHeights = kValidityHeightsMax / 2;
constexpr unsigned kHttpCommitted = 200;

std::uint64_t number_of(Lane lane, Sequence sequence, std::size_t index) {
  return mixed_bits(mixed_bits(sequence.value() * kPartyLanesMax + lane.value()) + index);
}

EpcText epc_of(std::uint64_t unit) {
  return {"01/" + kProduct.value + "/21/" + std::to_string(unit)};
}

RecordEvent event_of(EventKind kind, TimeMs time, const PartyId& place, std::uint64_t document) {
  RecordEvent out;
  out.kind = kind;
  out.time = time;
  out.place = place;
  out.id.document = filled<Digest>(document);
  return out;
}

Result<SigningKey> plain_key(const Path& path) {
  return load_signing_key(path, [](const Path& sealed) -> Result<Passphrase> {
    return Error{Errc::passphrase_wrong, sealed.string()};
  });
}

const GenesisParty* brand_of(const Genesis& genesis) {
  const auto it = std::ranges::find(genesis.parties, Role::brand, &GenesisParty::role);
  return it == genesis.parties.end() ? nullptr : &*it;
}

Result<Height> present_height(const Cluster& cluster) {
  FENRUN_TRY(const auto status, Cluster::get(cluster.watched(), "/v1/status"));
  return Height(status.at("height").get<std::uint64_t>());
}

}  // namespace

std::size_t Market::operations_of(Content content) {
  switch (content) {
    case Content::payout:
      return 1;
    case Content::payouts:
    case Content::budgets:
    case Content::attested:
      return kBatchOperations;
    case Content::claims:
      return kClaims;
    case Content::mixed:
      return 1 + 3 * kMixedUnits;
  }
  UNREACHABLE();
}

std::string Market::lane_target(const PartyId& party, Lane lane) {
  return "/v1/records/" + to_hex(lane_key(party, lane));
}

Result<LaneState> Market::lane_state_in(const Json& record) {
  FENRUN_TRY(const auto bytes, from_hex(record.at("value").get<std::string>()));
  FENRUN_TRY(const auto linked, decode<Linked<LaneState>>(bytes));
  if (!linked.value) return Error{Errc::lane_unknown, ""};
  return *linked.value;
}

Result<LaneState> Market::lane_state(const Cluster& cluster, const PartyId& party, Lane lane) {
  FENRUN_TRY(const auto record, Cluster::get(cluster.watched(), lane_target(party, lane)));
  return lane_state_in(record);
}

Result<Market> Market::open(const Cluster& cluster, const Setting& setting,
                            const Progress& progress) {
  FENRUN_TRY(auto key, plain_key(cluster.nodes().front().local.home / "keys" / "operator.key"));
  Market market(cluster, std::move(key));
  const auto* brand = brand_of(cluster.genesis());
  CHECK(brand != nullptr);
  market.brand_ = brand->party;
  market.chain_id_ = chain_id(cluster.genesis());
  FENRUN_OK(market.promise());
  if (is_of_codes(setting.content)) FENRUN_OK(market.print_codes(setting, progress));
  FENRUN_OK(market.open_lanes());
  market.accounts_ = setting.accounts;
  if (setting.content == Content::budgets) {
    FENRUN_OK(market.open_budgets(progress));
    return market;
  }
  FENRUN_OK(market.register_stores(setting.accounts, progress));
  if (!is_of_codes(setting.content)) FENRUN_OK(market.let_stores_earn(progress));
  return market;
}

RegisteredKey Market::registered(const SigningKey& key, const PartyId& party) const {
  return {KeyPurpose::transactions, key.public_key(),
          prove_possession(key, chain_id_, party, KeyPurpose::transactions)};
}

// A gateway, and codes that are printed and commissioned at the brand's.
Status Market::print_codes(const Setting& setting, const Progress& progress) {
  gateway_ = Gateway{filled<PartyId>(~1ull), SigningKey::generate()};
  RegisterParty registration;
  registration.party = gateway_->party;
  registration.role = Role::gateway;
  registration.parent = brand_;
  registration.keys = {registered(gateway_->key, gateway_->party)};
  progress("codes printed: " + std::to_string(setting.codes));
  printed_ = setting.content == Content::claims
                 ? PrintedBatch::of_bearers(chain_id_, setting.codes)
                 : PrintedBatch::of_gateway(gateway_->party, setting.codes);
  return submit(brand_, key_,
                {registration, printed_->registration(), printed_->commissioning(brand_, since_)});
}

Status Market::promise() {
  const auto other = SigningKey::generate();
  const auto distributor = filled<PartyId>(~0ull);
  since_ = TimeMs(wall_clock().value() + kNoticeMs);
  const TimeMs until(since_.value() + kYearMs);
  PolicyV1 policy;
  policy.policy = kPolicy;
  policy.version = 1;
  policy.campaign = kCampaign;
  policy.effective_from = since_;
  policy.effective_until = until;
  policy.countersigners = {distributor};
  policy.funding = {FunderShare{brand_, 1'000'000}};
  policy.asset = kAsset;
  policy.rules = {
      Rule{EventKind::retail_selling, {}, Payee::place, FlatPerEvent{kEarning, Basis::per_unit}}};
  RegisterParty registration;
  registration.party = distributor;
  registration.role = Role::distributor;
  registration.parent = brand_;
  registration.keys = {registered(other, distributor)};
  FENRUN_OK(submit(brand_, key_,
                   {registration, OpenCampaign{kCampaign, {}}, OpenUnitBatch{kBatch, kProduct},
                    OpenPeriod{kCampaign, kPeriod, PeriodKind::per_event, since_, until},
                    PublishPolicy{policy}, DeclareBudget{kCampaign, kAsset, kBudget}}));
  return submit(distributor, other, {CountersignPolicy{kPolicy, 1, policy_digest(policy)}});
}

Status Market::open_lanes() {
  std::vector<Operation> operations;
  for (std::uint16_t i = 1; i < kLanes; ++i) operations.push_back(OpenLane{Lane(i)});
  return submit(sender(), sender_key(), operations);
}

Status Market::register_stores(std::size_t accounts, const Progress& progress) {
  std::vector<Operation> operations;
  while (stores_.size() < accounts) {
    RegisterParty store;
    store.party = filled<PartyId>(stores_.size() + 1);
    store.role = Role::store;
    store.parent = brand_;
    store.keys = {registered(SigningKey::generate(), store.party)};
    stores_.push_back(store.party);
    operations.push_back(std::move(store));
    if (operations.size() < kBatchOperations && stores_.size() < accounts) continue;
    FENRUN_OK(submit(brand_, key_, operations));
    operations.clear();
    progress("stores registered: " + std::to_string(stores_.size()));
  }
  return {};
}

// Each receives and sells one unit.
Status Market::let_stores_earn(const Progress& progress) {
  while (wall_clock() <= since_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::vector<Operation> events;
  for (std::size_t first = 0; first < stores_.size(); first += kUnitsPerEvent) {
    auto event = event_of(EventKind::commissioning, since_, brand_, first);
    event.batch = kBatch;
    const auto end = std::min(first + kUnitsPerEvent, stores_.size());
    for (std::size_t i = first; i < end; ++i) event.units.push_back(epc_of(i));
    events.push_back(std::move(event));
    if (events.size() < kEventsPerTransaction && end < stores_.size()) continue;
    FENRUN_OK(submit(brand_, key_, std::exchange(events, {})));
  }
  std::uint64_t events_made = 0;
  for (std::size_t i = 0; i < stores_.size(); ++i) {
    for (const auto kind : {EventKind::receiving, EventKind::retail_selling}) {
      auto event = event_of(kind, since_, stores_[i], 2 * stores_.size() + events_made++);
      event.units = {epc_of(i)};
      events.push_back(std::move(event));
    }
    if (events.size() < kBatchOperations && i + 1 < stores_.size()) continue;
    FENRUN_OK(submit(brand_, key_, std::exchange(events, {})));
    progress("stores that have earned: " + std::to_string(i + 1));
  }
  return {};
}

Status Market::open_budgets(const Progress& progress) {
  std::vector<Operation> operations;
  for (std::size_t i = 0; i < accounts_; ++i) {
    operations.push_back(budget(i));
    if (operations.size() < kBatchOperations && i + 1 < accounts_) continue;
    FENRUN_OK(submit(brand_, key_, std::exchange(operations, {})));
    progress("budgets opened: " + std::to_string(i + 1));
  }
  return {};
}

// On lane 0; waits until it is final.
Status Market::submit(const PartyId& party, const SigningKey& key,
                      const std::vector<Operation>& operations) {
  const auto& node = cluster_->nodes().front();
  FENRUN_TRY(const auto height, present_height(*cluster_));
  auto& next = next_[party];
  const auto bytes =
      sign(party, key, Lane(0), next, Height(height.value() + kSetUpHeights), operations);
  next = next.next();
  FENRUN_TRY(const auto answer,
             ask(node.local.api_port,
                 http_request("POST", "/v1/transactions?wait=30", node.token, text_of(bytes))));
  if (answer.status != kHttpCommitted) return Error{Errc::timeout, "set-up: " + answer.body};
  FENRUN_TRY(const auto view, parse_json(answer.body));
  FENRUN_TRY(const auto outcome,
             Cluster::get(node, "/v1/transactions/" + view.at("id").get<std::string>()));
  const auto& name = outcome.at("outcome").get_ref<const std::string&>();
  if (name != "ok") return Error{Errc::value_invalid, "set-up: " + name};
  return {};
}

Bytes Market::sign(const PartyId& party, const SigningKey& key, Lane lane, Sequence sequence,
                   Height valid_until, const std::vector<Operation>& operations) const {
  TransactionBody body;
  body.chain_id = chain_id_;
  body.signer = PartySigner{party, key.public_key()};
  body.lane = lane;
  body.sequence = sequence;
  body.valid_until = valid_until;
  List<OperationBytes, kTransactionOperationsMax> encoded;
  for (const auto& operation : operations) {
    auto bytes = encode_operation(operation);
    CHECK(bytes.has_value());
    encoded.push_back(*std::move(bytes));
  }
  return encode(sign_transaction(std::move(body), std::move(encoded), key));
}

PayoutId Market::payout_id(Lane lane, Sequence sequence, std::size_t index) {
  return filled<PayoutId>(number_of(lane, sequence, index));
}

Operation Market::payout(Lane lane, Sequence sequence, std::size_t index) const {
  const auto number = number_of(lane, sequence, index);
  return InstructPayout{payout_id(lane, sequence, index),
                        account(static_cast<std::size_t>(number % stores_.size())),
                        kCampaign,
                        kAsset,
                        kPeriod,
                        kPayout,
                        Rail::wechat};
}

Operation Market::budget(std::uint64_t asset) const {
  return DeclareBudget{kCampaign, AssetId(static_cast<std::uint32_t>(1 + asset % accounts_)),
                       kPayout};
}

std::vector<Operation> Market::mixed(Lane lane, Sequence sequence) const {
  const auto first = (sequence.value() * kLanes + lane.value() + 1) << 32;  // None of the set-up's.
  auto commissioning = event_of(EventKind::commissioning, since_, brand_, first);
  commissioning.batch = kBatch;
  for (std::size_t i = 0; i < kMixedUnits; ++i) commissioning.units.push_back(epc_of(first + i));
  std::vector<Operation> operations{commissioning};
  for (std::size_t i = 0; i < kMixedUnits; ++i) {
    const auto& store = account(static_cast<std::size_t>(number_of(lane, sequence, i)));
    for (const auto kind : {EventKind::receiving, EventKind::retail_selling}) {
      auto event = event_of(kind, since_, store, first + operations.size());
      event.units = {epc_of(first + i)};
      operations.push_back(std::move(event));
    }
    operations.push_back(payout(lane, sequence, i));
  }
  return operations;
}

// Lanes take turns, as they do in sending.
std::vector<Operation> Market::claims(Content content, Lane lane, Sequence sequence) const {
  const std::size_t count = operations_of(content);
  const std::uint64_t first = (sequence.value() * kLanes + lane.value()) * count;
  std::vector<Operation> operations;
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = first + i;
    const auto& store = account(static_cast<std::size_t>(mixed_bits(number) % stores_.size()));
    operations.push_back(printed_->claim(number, store, since_));
  }
  return operations;
}

Bytes Market::transaction(Content content, Lane lane, Sequence sequence, Height valid_until) const {
  std::vector<Operation> operations;
  switch (content) {
    case Content::payout:
      operations = {payout(lane, sequence, 0)};
      break;
    case Content::payouts:
      for (std::size_t i = 0; i < kBatchOperations; ++i) {
        operations.push_back(payout(lane, sequence, i));
      }
      break;
    case Content::budgets:
      for (std::size_t i = 0; i < kBatchOperations; ++i) {
        operations.push_back(budget(number_of(lane, sequence, i)));
      }
      break;
    case Content::mixed:
      operations = mixed(lane, sequence);
      break;
    case Content::claims:
    case Content::attested:
      operations = claims(content, lane, sequence);
      break;
  }
  return sign(sender(), sender_key(), lane, sequence, valid_until, operations);
}

}  // namespace fenrun::bench
