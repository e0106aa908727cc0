#include "contracts/parties.h"

#include <algorithm>

#include "contracts/key_owners.h"
#include "contracts/system_work.h"
#include "core/check.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

// A key for transactions that is to be the party's.
Status check_party_key(const BlockBuilder& block, const PartyId& party, const PublicKey& key,
                       const Signature& possession) {
  FENRUN_OK(check_new_key(block.state(), key, "key"));
  return check_possession({block.chain_id(), party, KeyPurpose::transactions, key}, possession,
                          "possession");
}

Status check_parent(const StateView& state, const PartyId& parent, Role child) {
  auto above = find_party(state, parent);
  if (!above) return Error{Errc::party_unknown, "parent"};
  if (!may_be_parent_of(child, above->role)) return Error{Errc::role_not_allowed, "parent"};
  std::size_t depth = 1;
  for (; above && above->parent; ++depth) above = find_party(state, *above->parent);
  if (depth > kChannelDepthMax) {
    return Error{Errc::value_invalid,
                 "parent: the tree is at most " + std::to_string(kChannelDepthMax) + " deep"};
  }
  return {};
}

// Brands, auditors and custodians vouch for something: they come by genesis or governance only.
bool may_be_registered_by_a_party(Role role) {
  return role != Role::brand && role != Role::auditor && role != Role::custodian;
}

Status check_none_is_approved(const StateView& state, const PartyId& party) {
  const auto pending = find_recovery(state, party);
  return pending && pending->approver ? Status(Errc::recovery_pending) : Status();
}

// Approved by the signer: the key takes effect after the delay.
void set_due(OperationContext& context, const PartyId& party, Recovery recovery,
             std::uint64_t delay_ms) {
  auto& state = context.state();
  recovery.approver = context.signer;
  recovery.due = TimeMs(context.time().value() + delay_ms);
  state.put(recovery_key(party), encode(recovery));
  schedule(context.block, *recovery.due, RecoveryEnded{party, recovery.new_key});
}

// Makes room for one more key by letting go of ended ones; the journal still knows them.
bool make_room_for_key(Party& party, Height height) {
  if (party.keys.size() < kPartyKeysMax) return true;
  std::erase_if(party.keys,
                [&](const PartyKey& key) { return key.valid_until && *key.valid_until <= height; });
  return party.keys.size() < kPartyKeysMax;
}

}  // namespace

bool is_shop(Role role) { return role == Role::store || role == Role::organizer; }

bool may_be_parent(Role role) {
  return role == Role::brand || role == Role::distributor || role == Role::subdistributor;
}

bool may_be_parent_of(Role child, Role role) {
  return may_be_parent(role) || (child == Role::device && is_shop(role));
}

bool may_hold_goods(Role role) { return may_be_parent(role) || is_shop(role); }

bool may_report_at(const OperationContext& context, const PartyId& place_id, const Party& place) {
  return context.signer == place_id || context.party.role == Role::gateway ||
         is_ancestor(context.state(), context.signer, place);
}

bool is_device_at(const OperationContext& context, const PartyId& place) {
  return context.party.role == Role::device && context.party.parent == place;
}

bool is_ancestor(const StateView& state, const PartyId& ancestor, const Party& party) {
  auto above = party.parent;
  while (above) {
    if (*above == ancestor) return true;
    const auto next = find_party(state, *above);
    CHECK(next.has_value());
    above = next->parent;
  }
  return false;
}

void write_new_party(Overlay& state, const PartyId& id, const Party& party) {
  insert_linked(state, party_scope(), party_key(id), party);
  for (const auto& key : party.keys) {
    own_key(state, key.key, id, key.purpose);
  }
  open_scope(state, lane_scope(id));
  insert_linked(state, lane_scope(id), lane_key(id, Lane(0)), LaneState{});
  open_scope(state, statement_scope(id));
}

Status admit_party(BlockBuilder& block, const RegisterParty& registration,
                   std::optional<PartyId> registered_by, Position at) {
  auto& state = block.state();
  if (registration.party.is_zero()) return Error{Errc::value_invalid, "party is zero"};
  if (find_party(state, registration.party)) return Errc::party_exists;
  if (registration.parent) FENRUN_OK(check_parent(state, *registration.parent, registration.role));
  if (registration.keys.empty()) return Error{Errc::key_invalid, "no key"};

  Party party{registration.role,
              registration.parent,
              registration.attributes,
              {},
              registration.name_commitment,
              registered_by,
              at,
              std::nullopt};
  for (const auto& key : registration.keys) {
    // A validator's other keys are part of the validator set, not of the party.
    if (key.purpose != KeyPurpose::transactions) {
      return Error{Errc::not_supported_yet, "keys: only keys for transactions"};
    }
    const auto is_same = [&](const PartyKey& other) { return other.key == key.key; };
    if (std::ranges::any_of(party.keys, is_same)) return Error{Errc::key_invalid, "given twice"};
    FENRUN_OK(check_party_key(block, registration.party, key.key, key.possession));
    party.keys.push_back({key.purpose, key.key, block.context().height, std::nullopt});
  }
  write_new_party(state, registration.party, party);
  return {};
}

Status apply(OperationContext& context, const RegisterParty& operation) {
  const auto& state = context.state();
  if (!may_be_registered_by_a_party(operation.role)) {
    return Error{Errc::role_not_allowed, "this role is admitted by governance"};
  }
  if (!may_be_parent_of(operation.role, context.party.role)) return Errc::role_not_allowed;
  if (operation.parent != context.signer) {
    if (context.party.role != Role::brand) {
      return Error{Errc::not_authorized, "neither a brand nor the parent"};
    }
    if (operation.parent) {
      const auto parent = find_party(state, *operation.parent);
      if (!parent) return Error{Errc::party_unknown, "parent"};
      if (!is_ancestor(state, context.signer, *parent)) {
        return Error{Errc::not_authorized, "the parent is in another channel"};
      }
    }
  }
  return admit_party(context.block, operation, context.signer, context.position);
}

Status apply(OperationContext& context, const RotateKey& operation) {
  auto& state = context.state();
  if (operation.purpose != KeyPurpose::transactions) {
    return Error{Errc::not_supported_yet, "purpose: only keys for transactions"};
  }
  Party party = context.party;
  const auto old_key = std::ranges::find_if(party.keys, [&](const PartyKey& key) {
    return key.key == operation.old_key && key.purpose == operation.purpose && !key.valid_until;
  });
  if (old_key == party.keys.end()) {
    return Error{Errc::key_invalid, "old_key is no key of the signer that goes on"};
  }
  FENRUN_OK(
      check_party_key(context.block, context.signer, operation.new_key, operation.possession));
  const std::uint64_t height = context.height().value();
  if (operation.valid_from.value() <= height ||
      operation.valid_from.value() > height + kValidityHeightsMax) {
    return Error{Errc::value_invalid, "valid_from: " + std::to_string(height + 1) + " to " +
                                          std::to_string(height + kValidityHeightsMax)};
  }
  // A key that is not valid yet ends where it would have begun, or later.
  old_key->valid_until = std::max(operation.valid_from, old_key->valid_from);
  if (!make_room_for_key(party, context.height())) {
    return Error{Errc::limit_exceeded, "keys: wait until earlier ones have ended"};
  }
  party.keys.push_back({operation.purpose, operation.new_key, operation.valid_from, std::nullopt});
  own_key(state, operation.new_key, context.signer, operation.purpose);
  update_linked(state, party_key(context.signer), party);
  return {};
}

Status apply(OperationContext& context, const ProposeRecovery& operation) {
  auto& state = context.state();
  const auto party = find_party(state, operation.party);
  if (!party) return Errc::party_unknown;
  if (party->parent != context.signer) return Error{Errc::not_authorized, "not the parent"};
  FENRUN_OK(
      check_party_key(context.block, operation.party, operation.new_key, operation.possession));
  FENRUN_OK(check_none_is_approved(state, operation.party));
  own_key(state, operation.new_key, operation.party, KeyPurpose::transactions);
  state.put(recovery_key(operation.party),
            encode(Recovery{operation.new_key, context.signer, std::nullopt, std::nullopt}));
  return {};
}

Status apply(OperationContext& context, const ApproveRecovery& operation) {
  if (context.party.role != Role::auditor) return Errc::role_not_allowed;
  auto recovery = find_recovery(context.state(), operation.party);
  if (!recovery) return Errc::recovery_unknown;
  if (recovery->new_key != operation.new_key) {
    return Error{Errc::recovery_unknown, "another key is proposed"};
  }
  if (recovery->approver) return Errc::already_signed;
  set_due(context, operation.party, *std::move(recovery),
          parameters(context.state()).recovery_delay_ms);
  return {};
}

Status announce_recovery(OperationContext& context, const RecoverParty& change) {
  auto& state = context.state();
  if (!find_party(state, change.party)) return Errc::party_unknown;
  FENRUN_OK(check_party_key(context.block, change.party, change.new_key, change.possession));
  own_key(state, change.new_key, change.party, KeyPurpose::transactions);
  return {};
}

Status begin_recovery(OperationContext& context, const RecoverParty& change,
                      const ChangeProposal& proposal) {
  const auto& state = context.state();
  if (is_objected(state, proposal)) {
    return Error{Errc::proposal_unknown, "the party has objected since it was proposed"};
  }
  FENRUN_OK(check_none_is_approved(state, change.party));
  set_due(context, change.party,
          {change.new_key, proposal.approvals.front(), std::nullopt, std::nullopt},
          std::max(parameters(state).recovery_delay_ms, kGovernedRecoveryMsMin));
  return {};
}

bool is_objected(const StateView& state, const ChangeProposal& proposal) {
  const auto* change = std::get_if<RecoverParty>(&proposal.terms.change);
  if (change == nullptr) return false;
  const auto party = find_party(state, change->party);
  CHECK(party.has_value());
  return party->objected_at && proposal.proposed_at < *party->objected_at;
}

Status apply(OperationContext& context, const ObjectToRecovery& operation) {
  if (operation.party != context.signer) {
    return Error{Errc::not_authorized, "only the party itself objects"};
  }
  if (!find_recovery(context.state(), operation.party)) return Errc::recovery_unknown;
  context.state().remove(recovery_key(operation.party));
  Party party = context.party;
  party.objected_at = context.position;
  update_linked(context.state(), party_key(operation.party), party);
  return {};
}

bool is_recovery_due(const StateView& state, const PartyId& party, const PublicKey& new_key,
                     TimeMs time) {
  const auto recovery = find_recovery(state, party);
  return recovery && recovery->new_key == new_key && recovery->due && *recovery->due <= time;
}

void complete_recovery(Overlay& state, const PartyId& party_id, const PublicKey& new_key,
                       Height height) {
  state.remove(recovery_key(party_id));
  const auto owner = find_key_owner(state, new_key);
  CHECK(owner && owner->party == party_id);
  auto party = find_party(state, party_id);
  CHECK(party.has_value());
  for (auto& key : party->keys) {
    if (key.purpose != KeyPurpose::transactions) continue;
    if (!key.valid_until || *key.valid_until > height) key.valid_until = height;
  }
  // All have ended now: there is room.
  CHECK(make_room_for_key(*party, height));
  party->keys.push_back({KeyPurpose::transactions, new_key, height, std::nullopt});
  update_linked(state, party_key(party_id), *party);
}

Status apply(OperationContext& context, const OpenLane& operation) {
  if (operation.lane.value() >= kPartyLanesMax) {
    return Error{Errc::limit_exceeded, "lanes are 0 to " + std::to_string(kPartyLanesMax - 1)};
  }
  if (find_lane(context.state(), context.signer, operation.lane)) return Errc::lane_exists;
  insert_linked(context.state(), lane_scope(context.signer),
                lane_key(context.signer, operation.lane), LaneState{});
  return {};
}

}  // namespace fenrun
