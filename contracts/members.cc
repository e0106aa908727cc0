#include "contracts/members.h"

#include <algorithm>

#include "contracts/key_owners.h"
#include "core/check.h"
#include "ledger/ordered_family.h"
#include "ledger/proof/note.h"
#include "ledger/proof/trust_policy.h"

namespace fenrun {
namespace {

// The Records of the validators become this list.  REQUIRES: at least one; consensus keys differ.
void write_validators(Overlay& state, ValidatorList list) {
  std::ranges::sort(list, {}, &Validator::consensus_key);
  const std::size_t before = validators(state).size();
  for (std::size_t i = 0; i < std::max(before, list.size()); ++i) {
    const auto key = validator_key(ValidatorIndex(static_cast<std::uint16_t>(i)));
    if (i < list.size()) {
      state.put(key, encode(list[i]));
    } else {
      state.remove(key);
    }
  }
}

bool has_key(const ValidatorList& list, const PublicKey& consensus_key) {
  return std::ranges::find(list, consensus_key, &Validator::consensus_key) != list.end();
}

// The consensus keys that come into the set begin their term, those that leave it end theirs.
void write_terms(Overlay& state, const ValidatorList& before, const ValidatorList& next,
                 Epoch ended) {
  const auto change = [&](const PublicKey& key, auto alter) {
    auto owner = find_key_owner(state, key);
    CHECK(owner.has_value());
    alter(*owner);
    state.put(public_key_key(key), encode(*owner));
  };
  for (const auto& validator : next) {
    if (has_key(before, validator.consensus_key)) continue;
    change(validator.consensus_key, [&](KeyOwner& owner) {
      owner.term = KeyTerm{ended.next(), std::nullopt};
    });
  }
  for (const auto& validator : before) {
    if (has_key(next, validator.consensus_key)) continue;
    change(validator.consensus_key, [&](KeyOwner& owner) {
      CHECK(owner.term.has_value());
      owner.term->last = ended;
    });
  }
}

// That a validator's new keys are held by whoever asks for them.
Status check_voting_keys(const OperationContext& context, const ValidatorKeysStatement& statement,
                         const Signature& possession, const Signature& checkpoint_possession) {
  if (!verify(statement.consensus_key, Domain::validator_keys, encode(statement), possession)) {
    return Error{Errc::key_invalid, "possession: not signed by the consensus key"};
  }
  return check_possession(
      {statement.chain_id, context.signer, KeyPurpose::checkpoint, statement.checkpoint_key},
      checkpoint_possession, "checkpoint_possession");
}

// Two keys for two purposes, neither of them seen before.
Status check_validator_keys(const StateView& state, const PublicKey& consensus_key,
                            const PublicKey& checkpoint_key) {
  FENRUN_OK(check_new_key(state, consensus_key, "consensus_key"));
  FENRUN_OK(check_new_key(state, checkpoint_key, "checkpoint_key"));
  if (consensus_key == checkpoint_key) return Error{Errc::key_invalid, "one key given twice"};
  return {};
}

ValidatorList::const_iterator find_named(const ValidatorList& list, const NameText& name) {
  return std::ranges::find(list, name, &Validator::name);
}

// Nobody else is asked, and each time ends an epoch, over which every proof has to lead from then
// on.
Status check_pace(const OperationContext& context, const Member& member) {
  const auto& last = member.keys_replaced_at;
  if (last && context.height().value() - last->value() < kSetChangeHeightsMin) {
    return Error{Errc::set_change_too_soon,
                 "from height " + std::to_string(last->value() + kSetChangeHeightsMin)};
  }
  const auto& times = member.replacements;
  if (times.size() == kKeyReplacementsMax &&
      context.time().value() - times.front().value() < kKeyReplacementsMs) {
    return Error{Errc::set_change_too_soon,
                 "from " + std::to_string(times.front().value() + kKeyReplacementsMs) + " ms"};
  }
  return {};
}

// What ReplaceValidatorKeys asks of its new keys.  The transport key may be the present one.
Status check_replacement(const OperationContext& context, const ReplaceValidatorKeys& operation,
                         const PublicKey& present_transport_key) {
  const auto& state = context.state();
  FENRUN_OK(check_validator_keys(state, operation.consensus_key, operation.checkpoint_key));
  const Digest& chain_id = context.block.chain_id();
  const bool is_new = operation.transport_key != present_transport_key;
  if (is_new != operation.transport_possession.has_value()) {
    return Error{Errc::key_invalid,
                 "transport_possession: of a new transport key, and only of one"};
  }
  if (is_new) {
    FENRUN_OK(check_new_key(state, operation.transport_key, "transport_key"));
    if (operation.transport_key == operation.consensus_key ||
        operation.transport_key == operation.checkpoint_key) {
      return Error{Errc::key_invalid, "one key given twice"};
    }
    FENRUN_OK(
        check_possession({chain_id, context.signer, KeyPurpose::transport, operation.transport_key},
                         *operation.transport_possession, "transport_possession"));
  }
  return check_voting_keys(
      context,
      {chain_id, operation.name, operation.consensus_key, operation.checkpoint_key, Height(0)},
      operation.possession, operation.checkpoint_possession);
}

Result<RecordEntry> record_entry(const LedgerStore& store, Position position) {
  FENRUN_TRY(const auto bytes, store.entry(position));
  FENRUN_TRY(auto entry, decode_entry(bytes));
  auto* record = std::get_if<RecordEntry>(&entry);
  if (!record) {
    return Error{Errc::corruption, "entry " + std::to_string(position.value()) + " is no record"};
  }
  return std::move(*record);
}

}  // namespace

Status apply(OperationContext& context, const ReplaceValidatorKeys& operation) {
  auto& state = context.state();
  auto list = validators(state);
  const auto found = std::ranges::find(list, operation.name, &Validator::name);
  if (found == list.end()) return Errc::validator_unknown;
  if (found->party != context.signer) return Error{Errc::not_authorized, "another's validator"};
  auto member = find_member(state, operation.name.value);
  CHECK(member.has_value());
  FENRUN_OK(check_pace(context, member->member));
  FENRUN_OK(check_replacement(context, operation, found->transport_key));

  own_key(state, operation.consensus_key, context.signer, KeyPurpose::consensus);
  own_key(state, operation.checkpoint_key, context.signer, KeyPurpose::checkpoint);
  own_key(state, operation.transport_key, context.signer, KeyPurpose::transport);
  member->member.transport_key = operation.transport_key;
  member->member.keys_replaced_at = context.height();
  auto& replacements = member->member.replacements;
  if (replacements.size() == kKeyReplacementsMax) replacements.erase(replacements.begin());
  replacements.push_back(context.time());
  state.put(member_key(member->number), encode(member->member));
  found->operator_key = context.key;
  found->consensus_key = operation.consensus_key;
  found->checkpoint_key = operation.checkpoint_key;
  found->transport_key = operation.transport_key;
  write_validators(state, std::move(list));
  return {};
}

Status apply(OperationContext& context, const ReportReady& operation) {
  auto& state = context.state();
  const auto member = find_member(state, operation.name.value);
  if (!member) return Errc::member_unknown;
  if (member->member.party != context.signer) {
    return Error{Errc::not_authorized, "another's member"};
  }
  const auto present = validators(state);
  if (find_named(present, operation.name) != present.end()) return Errc::validator_exists;
  const std::uint64_t height = context.height().value();
  if (operation.height.value() >= height || height - operation.height.value() > kReadyHeightsMax) {
    return Error{Errc::value_invalid,
                 "height: of a block before this one, within " + std::to_string(kReadyHeightsMax)};
  }
  FENRUN_OK(check_validator_keys(state, operation.consensus_key, operation.checkpoint_key));
  FENRUN_OK(check_voting_keys(context,
                              {context.block.chain_id(), operation.name, operation.consensus_key,
                               operation.checkpoint_key, operation.height},
                              operation.possession, operation.checkpoint_possession));
  // The keys get their owner when they are added to the set: until then they decide nothing.
  state.put(readiness_key(member->number),
            encode(Readiness{context.key, operation.consensus_key, operation.checkpoint_key,
                             operation.height, operation.block_id}));
  return {};
}

Status check_member_change(const Digest& chain_id, const AdmitMember& change) {
  if (!is_member_name(change.name.value)) {
    return Error{Errc::value_invalid, "name: 1 to 63 of a-z 0-9 . and -, and no word of policies"};
  }
  if (!is_valid_point(change.transport_key)) {
    return Error{Errc::key_invalid, "transport_key: no point"};
  }
  return check_possession({chain_id, change.party, KeyPurpose::transport, change.transport_key},
                          change.possession, "possession");
}

Status take_effect(OperationContext& context, const AdmitMember& change) {
  auto& state = context.state();
  if (!find_party(state, change.party)) return Errc::party_unknown;
  // The names of removed members stay taken: in old proofs they mean somebody.
  if (state.value(member_name_key(change.name.value))) return Error{Errc::member_exists, "name"};
  if (find_key_owner(state, change.transport_key)) {
    return Error{Errc::member_exists, "transport_key"};
  }
  auto about = network(state);
  if (about.members == kMembersMax || about.next_member > 0xffff) {
    return Error{Errc::limit_exceeded, "members: at most " + std::to_string(kMembersMax)};
  }
  const MemberNumber number(static_cast<std::uint16_t>(about.next_member));
  ++about.next_member;
  ++about.members;
  state.put(network_key(), encode(about));
  state.put(
      member_key(number),
      encode(Member{
          change.name, change.party, change.transport_key, context.position, std::nullopt, {}}));
  state.put(member_name_key(change.name.value), encode(number));
  own_key(state, change.transport_key, change.party, KeyPurpose::transport);
  return {};
}

Status take_effect(OperationContext& context, const RemoveMember& change) {
  auto& state = context.state();
  const auto member = find_member(state, change.name.value);
  if (!member) return Errc::member_unknown;
  const auto present = validators(state);
  if (find_named(present, change.name) != present.end()) {
    return Error{Errc::validator_exists, "remove the validator first"};
  }
  auto about = network(state);
  --about.members;
  state.put(network_key(), encode(about));
  state.remove(member_key(member->number));
  if (find_readiness(state, member->number)) state.remove(readiness_key(member->number));
  return {};
}

Status take_effect(OperationContext& context, const AddValidator& change) {
  auto& state = context.state();
  const auto member = find_member(state, change.name.value);
  if (!member) return Errc::member_unknown;
  auto list = validators(state);
  const auto is_taken = [&](const Validator& validator) {
    return validator.name == change.name || validator.party == member->member.party;
  };
  if (std::ranges::any_of(list, is_taken)) return Errc::validator_exists;
  if (list.size() == kValidatorsMax) {
    return Error{Errc::limit_exceeded, "validators: at most " + std::to_string(kValidatorsMax)};
  }
  const auto ready = find_readiness(state, member->number);
  if (!ready) return Error{Errc::validator_not_ready, "no report"};
  if (context.height().value() - ready->height.value() > kReadyHeightsMax) {
    return Error{Errc::validator_not_ready,
                 "its report is of height " + std::to_string(ready->height.value())};
  }
  const auto party = find_party(state, member->member.party);
  CHECK(party.has_value());
  const auto is_reporter = [&](const PartyKey& key) {
    return key.key == ready->operator_key && key.is_valid_at(context.height());
  };
  if (std::ranges::none_of(party->keys, is_reporter)) {
    return Error{Errc::validator_not_ready, "its report was signed by a key that has ended"};
  }
  // Somebody may have registered them since the report.
  FENRUN_OK(check_validator_keys(state, ready->consensus_key, ready->checkpoint_key));

  own_key(state, ready->consensus_key, member->member.party, KeyPurpose::consensus);
  own_key(state, ready->checkpoint_key, member->member.party, KeyPurpose::checkpoint);
  state.remove(readiness_key(member->number));
  list.push_back({change.name, member->member.party, ready->operator_key, ready->consensus_key,
                  ready->checkpoint_key, member->member.transport_key});
  write_validators(state, std::move(list));
  return {};
}

Status take_effect(OperationContext& context, const RemoveValidator& change) {
  auto list = validators(context.state());
  const auto found = find_named(list, change.name);
  if (found == list.end()) return Errc::validator_unknown;
  if (list.size() == 1) return Errc::set_too_small;
  list.erase(found);
  write_validators(context.state(), std::move(list));
  return {};
}

void write_new_keys(Overlay& state, const ValidatorList& validators) {
  for (const auto& validator : validators) {
    own_key(state, validator.consensus_key, validator.party, KeyPurpose::consensus);
    own_key(state, validator.checkpoint_key, validator.party, KeyPurpose::checkpoint);
  }
  write_validators(state, validators);
}

void write_genesis_members(Overlay& state, const Genesis& genesis) {
  const auto count = static_cast<std::uint16_t>(genesis.validators.size());
  state.put(network_key(), encode(NetworkRecord{genesis.network, count, count}));
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto& validator = genesis.validators[i];
    const MemberNumber number(i);
    state.put(member_key(number), encode(Member{validator.name,
                                                validator.party,
                                                validator.transport_key,
                                                Position(0),
                                                std::nullopt,
                                                {}}));
    state.put(member_name_key(validator.name.value), encode(number));
  }
}

void conclude_epoch(BlockBuilder& block, const StateView& before) {
  auto& state = block.state();
  if (!state.has_written(static_cast<std::uint8_t>(ContractFamily::validator))) return;
  const auto present = validators(before);
  const auto next = validators(state);
  if (next == present) return;
  const auto& context = block.context();
  state.put(epoch_end_key(context.epoch), encode(EpochEnd{context.height, context.time}));
  write_terms(state, present, next, context.epoch);
  const auto policy = trust_policy_text(network(state).name.value, block.chain_id(), next);
  block.set_next_validators(validators_digest(next), hash(Domain::trust_policy, bytes_of(policy)));
}

Result<ValidatorList> validators_at(const LedgerStore& store, std::uint64_t size) {
  ValidatorList list;
  for (std::uint16_t i = 0; i < kValidatorsMax; ++i) {
    const auto current = store.record(validator_key(ValidatorIndex(i)));
    std::optional<Position> position;
    std::optional<Bytes> value;
    if (current) {
      position = current->position;
      value = current->value;
    }
    while (position && position->value() >= size) {
      FENRUN_TRY(const auto newer, record_entry(store, *position));
      position = newer.previous;
      value.reset();
      if (!position || position->value() >= size) continue;
      FENRUN_TRY(const auto of_then, record_entry(store, *position));
      if (of_then.value) value = *of_then.value;
    }
    if (!position || !value) break;  // Indices have no gaps.
    FENRUN_TRY(auto validator, decode<Validator>(*value));
    list.push_back(std::move(validator));
  }
  return list;
}

std::string trust_policy_text(std::string_view network, const Digest& chain_id,
                              const ValidatorList& validators) {
  std::vector<CheckpointSigner> signers;
  for (const auto& validator : validators) {
    signers.push_back({validator.name.value, validator.checkpoint_key});
  }
  return canonical_trust_policy(log_origin(network, chain_id), std::move(signers),
                                governance_quorum(validators.size()));
}

}  // namespace fenrun
