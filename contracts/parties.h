// Parties, their keys and lanes.  docs/spec/contracts.md, "Parties".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const RegisterParty& operation);
Status apply(OperationContext& context, const RotateKey& operation);
Status apply(OperationContext& context, const ProposeRecovery& operation);
Status apply(OperationContext& context, const ApproveRecovery& operation);
Status apply(OperationContext& context, const ObjectToRecovery& operation);
Status apply(OperationContext& context, const OpenLane& operation);

// Registers a party whose registrar has the right to.  `registered_by`: none for governance.
Status admit_party(BlockBuilder& block, const RegisterParty& registration,
                   std::optional<PartyId> registered_by, Position at);

// The key of a RecoverParty that is proposed is the party's from now on, so that nobody else
// registers it meanwhile; it signs nothing yet.  Errc::party_unknown, key_invalid.
Status announce_recovery(OperationContext& context, const RecoverParty& change);

// Begins the recovery of any party on the word of governance, as if it were approved already.
// REQUIRES: `proposal` is of `change`, was announced, and has the approvals that it needs.
// Errc::proposal_unknown if it is_objected(); recovery_pending for a party that has an approved
// one.
Status begin_recovery(OperationContext& context, const RecoverParty& change,
                      const ChangeProposal& proposal);

// Whether it is a RecoverParty and the party has objected to a recovery since it was proposed.
bool is_objected(const StateView& state, const ChangeProposal& proposal);

// Writes a new party's Records: itself, its keys' owners, lane 0, its scopes.
// REQUIRES: the party and its keys are new.
void write_new_party(Overlay& state, const PartyId& id, const Party& party);

// Whether the role may have parties of all kinds below it in the channel tree.
bool may_be_parent(Role role);

// Whether the role may have such a party below it: a shop may have devices.
bool may_be_parent_of(Role child, Role role);

// Whether the role may have goods in its hands.
bool may_hold_goods(Role role);

// Whether the role sells to consumers.
bool is_shop(Role role);

// Whether `ancestor` is above `party` in the channel tree.  A party is not its own ancestor.
bool is_ancestor(const StateView& state, const PartyId& ancestor, const Party& party);

// Whether the signer may report what happened at a place: whoever is there or above it, and
// gateways.
bool may_report_at(const OperationContext& context, const PartyId& place_id, const Party& place);

// Whether the signer is a device of the place.
bool is_device_at(const OperationContext& context, const PartyId& place);

// Whether a recovery with this key is due at `time`.
bool is_recovery_due(const StateView& state, const PartyId& party, const PublicKey& new_key,
                     TimeMs time);
// Makes the proposed key the party's only one that signs transactions, which ends the recovery.
// REQUIRES: it is due.
void complete_recovery(Overlay& state, const PartyId& party, const PublicKey& new_key,
                       Height height);

}  // namespace fenrun
