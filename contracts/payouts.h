// Payouts: from what is earned to what is paid.  docs/spec/contracts.md, "Payouts".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const InstructPayout& operation);
Status apply(OperationContext& context, const SettlePayout& operation);
Status apply(OperationContext& context, const AcknowledgePayout& operation);

// The number under which a provider knows an attempt: 32 characters of base32, of the first 20
// bytes of hash(payout_reference, chain id ‖ payout ‖ u32le attempt).
std::string provider_number(const Digest& chain_id, const PayoutId& payout, std::uint32_t attempt);

}  // namespace fenrun
