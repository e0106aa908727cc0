// Members, the validators among them, and their keys.  docs/spec/contracts.md, "Members and
// validators".
//
// The set of validators is the Records of family `validator`, in the order of their consensus keys.
// The block in which they change is the last of its epoch; the new set decides from the next block
// on.  Invariants: every validator is a member under the same name, of the same party and with the
// same transport key; a party runs one validator; every key of a validator or member has its
// KeyOwner, for ever.
#pragma once

#include <string>
#include <string_view>

#include "contracts/context.h"
#include "contracts/genesis.h"
#include "ledger/store.h"

namespace fenrun {

Status apply(OperationContext& context, const ReplaceValidatorKeys& operation);
Status apply(OperationContext& context, const ReportReady& operation);

// The form of a change, and that the node holds its key: no state is needed.  Errc::value_invalid,
// Errc::key_invalid.
Status check_member_change(const Digest& chain_id, const AdmitMember& change);

// What a change does once a quorum has approved it.  Each fails without effect.
Status take_effect(OperationContext& context, const AdmitMember& change);
Status take_effect(OperationContext& context, const RemoveMember& change);
Status take_effect(OperationContext& context, const AddValidator& change);
Status take_effect(OperationContext& context, const RemoveValidator& change);

// The validators become these, which differ from the present ones in the keys for consensus and
// checkpoints alone; every key gets its owner.  REQUIRES: nobody has registered one of the new
// keys.
void write_new_keys(Overlay& state, const ValidatorList& validators);

// The members and the network of a genesis: its validators, numbered in their order.
void write_genesis_members(Overlay& state, const Genesis& genesis);

// If the block changed the set of validators: names the new set in the Header and writes down that
// the epoch ends here.  To be called when nothing follows but the block's Records.
void conclude_epoch(BlockBuilder& block, const StateView& before);

// The validators as they were when the journal had this many entries: after the block that ends
// there.  Found through the Records' history; the errors of the store.
Result<ValidatorList> validators_at(const LedgerStore& store, std::uint64_t size);

// The canonical trust file of a network with these validators.  docs/spec/checkpoints.md, §5.
std::string trust_policy_text(std::string_view network, const Digest& chain_id,
                              const ValidatorList& validators);

}  // namespace fenrun
