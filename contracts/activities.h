// Orders, shares, displays, and sales without codes.  docs/spec/contracts.md, "Activities".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const RecordActivity& operation);
Status apply(OperationContext& context, const WithdrawActivity& operation);

}  // namespace fenrun
