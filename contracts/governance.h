// Changes that the validators' organisations approve.  docs/spec/contracts.md, "Governance".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const ProposeChange& operation);
Status apply(OperationContext& context, const ApproveChange& operation);

}  // namespace fenrun
