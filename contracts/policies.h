// Campaigns and their policies: promises made before the events they pay for.
// docs/spec/contracts.md, "Policies".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const OpenCampaign& operation);
Status apply(OperationContext& context, const PublishPolicy& operation);
Status apply(OperationContext& context, const CountersignPolicy& operation);

// The rules for what a policy may say, apart from who publishes it when.
// Errc::value_invalid, naming the field; amount_not_positive.
Status check_policy(const PolicyV1& policy, const PartyId& publisher);

}  // namespace fenrun
