// A network in memory, for tests of contracts and of whatever reads their blocks: named parties,
// one call a transaction or a block.  Deterministic; no signature is checked, all are made.
//
//   World world;                                   // brand, east, auditor, custodian: validators
//   world.join("store", Role::store, "east");
//   EXPECT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "contracts/apply.h"
#include "contracts/genesis.h"
#include "contracts/key_owners.h"
#include "contracts/units.h"
#include "core/check.h"
#include "ledger/memory_store.h"

namespace fenrun::test {

inline SigningKey key_named(const std::string& name) {
  const Digest digest = sha256(bytes_of("key of " + name));
  Seed seed;
  std::copy(digest.bytes.begin(), digest.bytes.end(), seed.mutable_view().begin());
  return SigningKey::from_seed(seed);
}

inline PartyId party_named(const std::string& name) {
  const Digest digest = sha256(bytes_of("party " + name));
  PartyId party;
  std::copy_n(digest.bytes.begin(), PartyId::kSize, party.bytes.begin());
  return party;
}

inline PayoutId payout_named(const std::string& name) {
  const Digest digest = sha256(bytes_of("payout " + name));
  PayoutId payout;
  std::copy_n(digest.bytes.begin(), PayoutId::kSize, payout.bytes.begin());
  return payout;
}

inline Digest digest_named(const std::string& name) { return sha256(bytes_of(name)); }

// An item of this product with a valid check digit.
inline EpcText item(int serial) { return {"01/06901234567892/21/B" + std::to_string(serial)}; }
inline const GtinText kItemProduct{"06901234567892"};

// Four validators: a brand, its distributor "east", an auditor and a custodian.
inline Genesis example_genesis() {
  Genesis genesis;
  genesis.network = {"example"};
  genesis.time = TimeMs(1'000'000);
  genesis.parameters = default_parameters();
  const auto add = [&](const std::string& name, Role role, const std::string& parent) {
    GenesisParty party;
    party.party = party_named(name);
    party.role = role;
    if (!parent.empty()) party.parent = party_named(parent);
    party.key = key_named(name).public_key();
    genesis.parties.push_back(party);
    genesis.validators.push_back({{name},
                                  party.party,
                                  party.key,
                                  key_named(name + " consensus").public_key(),
                                  key_named(name + " checkpoint").public_key(),
                                  key_named(name + " transport").public_key()});
  };
  add("brand", Role::brand, "");
  add("east", Role::distributor, "brand");
  add("auditor", Role::auditor, "");
  add("custodian", Role::custodian, "");
  std::ranges::sort(genesis.parties, {}, &GenesisParty::party);
  std::ranges::sort(genesis.validators, {}, &Validator::consensus_key);
  return genesis;
}

inline const Digest& example_chain_id() {
  static const Digest kChain = chain_id(example_genesis());
  return kChain;
}

// The possessions of keys, in the example network where no other is named.
inline Signature possession(const std::string& key, const std::string& party,
                            KeyPurpose purpose = KeyPurpose::transactions,
                            const Digest& chain = example_chain_id()) {
  return prove_possession(key_named(key), chain, party_named(party), purpose);
}

inline RegisteredKey registered_key(const std::string& key, const std::string& party,
                                    const Digest& chain = example_chain_id()) {
  return {KeyPurpose::transactions, key_named(key).public_key(),
          possession(key, party, KeyPurpose::transactions, chain)};
}

inline RotateKey rotation(const std::string& party, const std::string& from, const std::string& to,
                          Height valid_from) {
  return {key_named(from).public_key(), key_named(to).public_key(), KeyPurpose::transactions,
          valid_from, possession(to, party)};
}

inline Operation registration(const std::string& name, Role role, const std::string& parent,
                              PartyAttributes attributes = {},
                              const Digest& chain = example_chain_id()) {
  RegisterParty operation;
  operation.party = party_named(name);
  operation.role = role;
  if (!parent.empty()) operation.parent = party_named(parent);
  operation.attributes = attributes;
  operation.keys = {registered_key(name, name, chain)};
  return operation;
}

class World {
 public:
  explicit World(Genesis genesis = example_genesis(),
                 const Digest& trust_policy = digest_named("trust policy"))
      : trust_policy_(trust_policy), genesis_(std::move(genesis)) {
    commit(execute_genesis(genesis_, trust_policy_));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const StateView& state() const { return store_; }
  const MemoryStore& store() const { return store_; }
  const ActiveBits& bits() const { return bits_; }
  const BlockPoint& point() const { return point_; }
  const Genesis& genesis() const { return genesis_; }
  TimeMs time() const { return point_.time; }
  TimeMs in(std::uint64_t ms) const { return TimeMs(point_.time.value() + ms); }
  Height next_height() const { return point_.height.next(); }

  // A transaction of the party's lane 0 that may stand next.  `ahead`: how many of the lane's
  // transactions stand before it in the same block.
  SignedTransaction sign(const std::string& name, const std::vector<Operation>& operations,
                         TransactionMode mode = TransactionMode::independent,
                         std::uint64_t ahead = 0) const {
    TransactionBody body;
    body.chain_id = point_.chain_id;
    body.signer = PartySigner{party_named(name), key_of(name).public_key()};
    const auto next = next_sequence(store_, party_named(name), Lane(0));
    body.sequence = Sequence((next ? next->value() : 0) + ahead);
    body.valid_until = Height(point_.height.value() + 100);
    body.mode = mode;
    List<OperationBytes, kTransactionOperationsMax> bytes;
    for (const auto& operation : operations) bytes.push_back(*encode_operation(operation));
    return sign_transaction(body, bytes, key_of(name));
  }
  // From now on the party signs with the key of this name.
  void use_key(const std::string& party, const std::string& key) { keys_[party] = key; }

  // The Header of the last block.
  const Header& tip() const { return std::get<Header>(entries_.back()); }

  BlockContext next_context(std::uint64_t ms) const {
    const View parent_view = tip().ends_epoch() ? View(0) : point_.view;
    return {.epoch = point_.epoch,
            .height = next_height(),
            .view = parent_view.next(),
            .parent_view = parent_view,
            .time = in(ms),
            .proposer = ValidatorIndex(0),
            .batch_list = batch_list_digest({})};
  }
  ExecutedBlock execute(const std::vector<SignedTransaction>& transactions,
                        std::uint64_t ms = 1'000) const {
    std::vector<const SignedTransaction*> pointers;
    for (const auto& transaction : transactions) pointers.push_back(&transaction);
    return execute_block(point_, next_context(ms), pointers);
  }
  void commit(ExecutedBlock block) {
    CHECK(store_.commit(block, {}).has_value());
    block.rebase(store_, bits_);
    bits_.absorb(block.active);
    point_ = block.point();
    point_.state = &store_;
    point_.active = &bits_;
    entries_.clear();
    for (const auto& bytes : block.entries) entries_.push_back(*decode_entry(bytes));
  }

  // A block of these transactions, `ms` after the one before.
  void block(const std::vector<SignedTransaction>& transactions, std::uint64_t ms = 1'000) {
    commit(execute(transactions, ms));
  }
  void wait(std::uint64_t ms) { block({}, ms); }

  // One transaction in a block of its own; the outcomes of its operations.
  std::vector<Errc> run_all(const std::string& name, const std::vector<Operation>& operations,
                            TransactionMode mode = TransactionMode::independent) {
    block({sign(name, operations, mode)});
    return outcomes();
  }
  // The outcome of one operation.
  Errc run(const std::string& name, const Operation& operation) {
    const auto all = run_all(name, {operation});
    return all.size() == 1 ? all[0] : Errc::dropped;
  }
  // Proposes the change and lets the others approve until it takes effect; what the last operation
  // came to.
  Errc decide(const Change& change,
              const std::vector<std::string>& approvers = {"brand", "east", "auditor"}) {
    const ProposeChange proposal{change, Height(next_height().value() + 50)};
    Errc outcome = run(approvers.at(0), proposal);
    for (std::size_t i = 1; i < approvers.size() && outcome == Errc::ok; ++i) {
      outcome = run(approvers[i], ApproveChange{proposal_digest(proposal)});
    }
    return outcome;
  }
  Errc join(const std::string& name, Role role, const std::string& parent,
            PartyAttributes attributes = {}) {
    return run(parent, registration(name, role, parent, attributes, point_.chain_id));
  }

  // The entries of the last block.
  const std::vector<Entry>& entries() const { return entries_; }
  template <class T>
  std::vector<T> entries_of() const {
    std::vector<T> out;
    for (const auto& entry : entries_) {
      if (const auto* found = std::get_if<T>(&entry)) out.push_back(*found);
    }
    return out;
  }
  std::vector<Errc> outcomes() const {
    std::vector<Errc> out;
    for (const auto& operation : entries_of<OperationEntry>()) out.push_back(operation.outcome);
    return out;
  }

  Amount balance_of(const std::string& name, Book book, CampaignId campaign, PeriodId period,
                    AssetId asset = AssetId(0)) const {
    return balance(statement(store_, {{party_named(name), book, campaign, asset}, period}));
  }

 private:
  SigningKey key_of(const std::string& party) const {
    const auto it = keys_.find(party);
    return key_named(it == keys_.end() ? party : it->second);
  }

  Digest trust_policy_;
  Genesis genesis_;
  MemoryStore store_;
  ActiveBits bits_;
  BlockPoint point_;
  std::vector<Entry> entries_;
  std::map<std::string, std::string> keys_;
};

// A campaign in which "store", below "east", earns 100 for each item it sells, until the end of
// time; the brand pays 60 percent and the distributor 40.
inline constexpr CampaignId kCampaign(1);
inline constexpr PeriodId kPeriod(1);
inline constexpr PolicyId kPolicy(1);
inline constexpr UnitBatchId kBatch(1);

inline PolicyV1 selling_policy(const World& world) {
  PolicyV1 policy;
  policy.policy = kPolicy;
  policy.version = 1;
  policy.campaign = kCampaign;
  policy.effective_from = world.in(5'000);
  policy.effective_until = world.in(1'000'000'000);
  policy.countersigners = {party_named("east")};
  policy.funding = {{party_named("brand"), 600'000}, {party_named("east"), 400'000}};
  Rule rule;
  rule.trigger = EventKind::retail_selling;
  rule.payee = Payee::place;
  rule.earning = FlatPerEvent{Amount::minor(100), Basis::per_unit};
  policy.rules = {rule};
  policy.text = digest_named("the policy as people read it");
  return policy;
}

inline RecordEvent event(EventKind kind, const std::string& place, std::vector<EpcText> units,
                         const std::string& document, TimeMs time) {
  RecordEvent out;
  out.kind = kind;
  out.time = time;
  out.place = party_named(place);
  out.id.document = digest_named(document);
  if (kind == EventKind::commissioning) out.batch = kBatch;
  out.units = std::move(units);
  return out;
}

// Opens the campaign, publishes and countersigns the policy, and opens the period; waits until both
// apply.
inline void start_campaign(World& world, const PolicyV1& policy) {
  CHECK(world.run("brand", OpenCampaign{kCampaign, {}}) == Errc::ok);
  CHECK(world.run("brand", PublishPolicy{policy}) == Errc::ok);
  for (const auto& name : {"east", "auditor", "custodian"}) {
    if (std::ranges::find(policy.countersigners, party_named(name)) ==
        policy.countersigners.end()) {
      continue;
    }
    CHECK(world.run(name, CountersignPolicy{policy.policy, policy.version,
                                            policy_digest(policy)}) == Errc::ok);
  }
  CHECK(world.run("brand", OpenPeriod{kCampaign, kPeriod, PeriodKind::per_event, world.in(2'000),
                                      policy.effective_until}) == Errc::ok);
  world.wait(10'000);
}

// The place, which is below who has them, receives items first..first+count-1.
inline void stock_items(World& world, const std::string& place, int first, int count) {
  std::vector<EpcText> units;
  for (int i = first; i < first + count; ++i) units.push_back(item(i));
  CHECK(world.run(place, event(EventKind::receiving, place, units,
                               place + " receives from " + std::to_string(first), world.time())) ==
        Errc::ok);
}

// Commissions items 0..count-1 of kBatch.
inline void commission_items(World& world, int count) {
  CHECK(world.run("brand", OpenUnitBatch{kBatch, kItemProduct}) == Errc::ok);
  std::vector<EpcText> units;
  for (int i = 0; i < count; ++i) units.push_back(item(i));
  CHECK(world.run("brand", event(EventKind::commissioning, "brand", units, "commissioning",
                                 world.time())) == Errc::ok);
}

}  // namespace fenrun::test
