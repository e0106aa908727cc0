#include "contracts/genesis.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "contracts/members.h"
#include "contracts/parties.h"
#include "contracts/system_work.h"
#include "core/check.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

using PartyIndex = std::map<PartyId, const GenesisParty*>;

Error invalid_genesis(std::string field, std::string_view why) {
  return {Errc::value_invalid, std::move(field) + ": " + std::string(why)};
}

std::string at(std::string_view list, std::size_t index, std::string_view field) {
  return std::string(list) + "[" + std::to_string(index) + "]." + std::string(field);
}

// Distinct from every key seen before, and a valid one.
Status check_key(std::set<PublicKey>& seen, const PublicKey& key, std::string field) {
  if (!is_valid_point(key)) return Error{Errc::key_invalid, std::move(field)};
  if (!seen.insert(key).second) return invalid_genesis(std::move(field), "used twice");
  return {};
}

// The chain of parents ends, in time, and consists of parties that may be parents.
Status check_parents(const PartyIndex& parties, const GenesisParty& party, std::string field) {
  auto parent = party.parent;
  for (std::size_t depth = 0; parent; ++depth) {
    if (depth == kChannelDepthMax) return invalid_genesis(std::move(field), "a cycle, or too deep");
    const auto it = parties.find(*parent);
    if (it == parties.end()) return invalid_genesis(std::move(field), "not in this genesis");
    if (!may_be_parent_of(party.role, it->second->role))
      return invalid_genesis(std::move(field), "its role has no children");
    parent = it->second->parent;
  }
  return {};
}

Status check_parties(const Genesis& genesis, PartyIndex& parties, std::set<PublicKey>& keys) {
  for (std::size_t i = 0; i < genesis.parties.size(); ++i) {
    const auto& party = genesis.parties[i];
    if (party.party.is_zero()) return invalid_genesis(at("parties", i, "party"), "zero");
    if (i > 0 && party.party <= genesis.parties[i - 1].party) {
      return invalid_genesis(at("parties", i, "party"), "not in ascending order");
    }
    FENRUN_OK(check_key(keys, party.key, at("parties", i, "key")));
    parties.emplace(party.party, &party);
  }
  for (std::size_t i = 0; i < genesis.parties.size(); ++i) {
    FENRUN_OK(check_parents(parties, genesis.parties[i], at("parties", i, "parent")));
  }
  return {};
}

Status check_validators(const Genesis& genesis, const PartyIndex& parties,
                        std::set<PublicKey>& keys) {
  if (genesis.validators.empty()) return invalid_genesis("validators", "at least one");
  std::set<PartyId> operators;
  std::set<std::string> names;
  for (std::size_t i = 0; i < genesis.validators.size(); ++i) {
    const auto& validator = genesis.validators[i];
    const auto field = [&](std::string_view name) { return at("validators", i, name); };
    if (!is_member_name(validator.name.value)) {
      return invalid_genesis(field("name"),
                             "1 to 63 of a-z 0-9 . and -, neither none nor validators");
    }
    if (!names.insert(validator.name.value).second)
      return invalid_genesis(field("name"), "used twice");
    const auto party = parties.find(validator.party);
    if (party == parties.end()) return invalid_genesis(field("party"), "not among the parties");
    if (!operators.insert(validator.party).second) {
      return invalid_genesis(field("party"), "runs two validators");
    }
    if (validator.operator_key != party->second->key) {
      return invalid_genesis(field("operator_key"), "not the party's key");
    }
    if (i > 0 && validator.consensus_key <= genesis.validators[i - 1].consensus_key) {
      return invalid_genesis(field("consensus_key"), "not in ascending order");
    }
    FENRUN_OK(check_key(keys, validator.consensus_key, field("consensus_key")));
    FENRUN_OK(check_key(keys, validator.checkpoint_key, field("checkpoint_key")));
    FENRUN_OK(check_key(keys, validator.transport_key, field("transport_key")));
  }
  return {};
}

// What a chain begins upon: nothing.
class NoState final : public StateView {
 public:
  std::optional<CurrentRecord> record(ByteView) const override { return std::nullopt; }
  std::optional<RecordKey> at_or_after(ByteView) const override { return std::nullopt; }
  std::optional<RecordKey> before(ByteView) const override { return std::nullopt; }
};

void write_party(Overlay& state, const Genesis& genesis, const GenesisParty& party) {
  Party record{party.role,   party.parent, party.attributes, {}, party.name_commitment,
               std::nullopt, Position(0),  std::nullopt};
  record.keys.push_back({KeyPurpose::transactions, party.key, Height(0), std::nullopt});
  write_new_party(state, party.party, record);
  for (const auto& validator : genesis.validators) {
    if (validator.party != party.party) continue;
    for (const auto& [key, purpose] : {std::pair(validator.consensus_key, KeyPurpose::consensus),
                                       std::pair(validator.checkpoint_key, KeyPurpose::checkpoint),
                                       std::pair(validator.transport_key, KeyPurpose::transport)}) {
      KeyOwner owner{party.party, purpose, std::nullopt};
      if (purpose == KeyPurpose::consensus) owner.term = KeyTerm{Epoch(0), std::nullopt};
      state.put(public_key_key(key), encode(owner));
    }
  }
}

}  // namespace

Parameters default_parameters() {
  return {.block_interval_ms = 20,
          .idle_interval_ms = 5'000,
          .recovery_delay_ms = 3ull * 24 * 60 * 60 * 1'000,
          .block_bytes_max = kBlockBytesMax,
          .block_operations_max = kBlockOperationsMax,
          .event_skew_ms = 60'000};
}

Status check_genesis(const Genesis& genesis) {
  if (genesis.version != kGenesisVersion) return Errc::version_unsupported;
  if (!is_plain_name(genesis.network.value)) {
    return invalid_genesis("network", "1 to 63 of a-z 0-9 . and -");
  }
  if (genesis.time.value() == 0) return invalid_genesis("time", "zero");
  if (genesis.time.value() > kBlockTimeMax) return invalid_genesis("time", "beyond the year 9999");
  // Before anything is encoded: a list above its limit has no encoding.
  if (genesis.validators.size() > kValidatorsMax) {
    return Error{Errc::limit_exceeded, "validators: at most " + std::to_string(kValidatorsMax)};
  }
  if (genesis.parties.size() > kGenesisPartiesMax) {
    return Error{Errc::limit_exceeded, "parties: at most " + std::to_string(kGenesisPartiesMax)};
  }
  if (const auto status = check_parameters(genesis.parameters); !status) {
    return Error{status.error().code, "parameters." + status.error().detail};
  }
  PartyIndex parties;
  std::set<PublicKey> keys;
  FENRUN_OK(check_parties(genesis, parties, keys));
  FENRUN_OK(check_validators(genesis, parties, keys));
  if (encode(genesis).size() > kGenesisBytesMax) {
    return Error{Errc::limit_exceeded,
                 "genesis: at most " + std::to_string(kGenesisBytesMax) + " bytes"};
  }
  return {};
}

Digest chain_id(const Genesis& genesis) { return hash(Domain::genesis, encode(genesis)); }

ExecutedBlock execute_genesis(const Genesis& genesis, const Digest& trust_policy) {
  CHECK(check_genesis(genesis).has_value());
  static const NoState kNoState;
  static const ActiveBits kNoBits;
  const BlockPoint nothing{.chain_id = chain_id(genesis),
                           .id = {},
                           .epoch = Epoch(0),
                           .height = Height(0),
                           .view = View(0),
                           .time = TimeMs(0),
                           .validators = validators_digest(genesis.validators),
                           .trust_policy = trust_policy,
                           .frontier = {},
                           .active_count = 0,
                           .state = &kNoState,
                           .active = &kNoBits};
  const BlockContext context{.epoch = Epoch(0),
                             .height = Height(0),
                             .view = View(0),
                             .parent_view = View(0),
                             .time = genesis.time,
                             .proposer = ValidatorIndex(0),
                             .batch_list = batch_list_digest({})};
  BlockBuilder block(nothing, context);
  block.append_system(encode(SystemWork(GenesisWork{Blob<kGenesisBytesMax>(encode(genesis))})));

  auto& state = block.state();
  for (const auto& scope : {party_scope(), policy_scope(), payout_scope(), fault_count_scope()}) {
    open_scope(state, scope);
  }
  write_genesis_members(state, genesis);
  state.put(parameters_key(), encode(genesis.parameters));
  for (std::size_t i = 0; i < genesis.validators.size(); ++i) {
    state.put(validator_key(ValidatorIndex(static_cast<std::uint16_t>(i))),
              encode(genesis.validators[i]));
  }
  for (const auto& party : genesis.parties) write_party(state, genesis, party);
  return block.finish();
}

}  // namespace fenrun
