// Units of goods and the events in their life.  docs/spec/contracts.md, "Units" and "Events".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const OpenUnitBatch& operation);
Status apply(OperationContext& context, const RecordEvent& operation);

}  // namespace fenrun
