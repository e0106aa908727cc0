// Budgets: what funders set aside for a campaign, and who attests that it is there.
// docs/spec/contracts.md, "Funds".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const DeclareBudget& operation);
Status apply(OperationContext& context, const AttestBacking& operation);

}  // namespace fenrun
