// Codes are used: once, for ever.  docs/spec/codes.md, "Claims".
#pragma once

#include "contracts/context.h"

namespace fenrun {

// REQUIRES: verify_claim() of the operation, as admission asks for.
Status apply(OperationContext& context, const ClaimCode& operation);
Status apply(OperationContext& context, const AttestClaim& operation);
Status apply(OperationContext& context, const EraseSubject& operation);

// True iff the claim is signed by the code's key that it names.  Whether that is a code of the
// batch is for the state to say.
[[nodiscard]] bool verify_claim(const Digest& chain_id, const ClaimCode& operation);

// True iff the transaction is signed by its signer, and every claim in it by its code.
[[nodiscard]] bool verify_signatures(const SignedTransaction& transaction);

// What a claim of the code would be refused with now, whoever makes it and wherever: batch_unknown,
// code_unknown for an index beyond the batch, code_used, code_void, code_recalled, code_inactive,
// unit_destroyed, unit_not_received; in this order.
Status check_code(const StateView& state, UnitBatchId batch, std::uint32_t index);

// What a claim is known by: hash(code_claim, claim_message()).
Digest claim_id(const Digest& chain_id, const Claim& claim);

// The store that the claim names; none if it names none.  Errc::party_unknown, role_not_allowed.
Result<std::optional<Party>> claimed_store(const StateView& state, const Claim& claim);

// Whether the code was used.
bool is_used(const StateView& state, UnitBatchId batch, std::uint32_t index);

}  // namespace fenrun
