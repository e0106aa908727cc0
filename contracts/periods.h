// Periods of campaigns: when events earn.  docs/spec/contracts.md, "Periods".
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const OpenPeriod& operation);

// Notes in the period's Record that a System entry announced its opening or its close.
void note_period_opened(Overlay& state, CampaignId campaign, PeriodId period, Position at);
void note_period_closed(Overlay& state, CampaignId campaign, PeriodId period, Position at);

}  // namespace fenrun
