#include "contracts/periods.h"

#include "contracts/system_work.h"
#include "core/check.h"
#include "ledger/ordered_family.h"

namespace fenrun {

Status apply(OperationContext& context, const OpenPeriod& operation) {
  auto& state = context.state();
  const auto campaign = find_campaign(state, operation.campaign);
  if (!campaign) return Errc::campaign_unknown;
  if (campaign->brand != context.signer) return Errc::not_authorized;
  if (operation.kind != PeriodKind::per_event) {
    return Error{Errc::not_supported_yet, "kind: only per_event"};
  }
  if (operation.period.value() == 0) return Error{Errc::value_invalid, "period 0 means none"};
  if (find_period(state, operation.campaign, operation.period)) return Errc::period_exists;
  if (operation.opens <= context.time()) {
    return Error{Errc::period_invalid, "opens at or before the block's time"};
  }
  if (operation.closes <= operation.opens) {
    return Error{Errc::period_invalid, "closes at or before it opens"};
  }
  // Periods of a campaign lie one behind the other: the last that opens before this one closes is
  // the only one that can reach into it.
  const auto last = TimeMs(operation.closes.value() - 1);
  if (const auto other = last_period_to_open(state, operation.campaign, last)) {
    const auto period = find_period(state, operation.campaign, *other);
    CHECK(period.has_value());
    if (period->closes > operation.opens) {
      return Error{Errc::period_invalid, "overlaps period " + std::to_string(other->value())};
    }
  }
  insert_linked(
      state, period_scope(operation.campaign), period_key(operation.campaign, operation.period),
      Period{operation.kind, operation.opens, operation.closes, std::nullopt, std::nullopt});
  state.put(period_start_key(operation.campaign, operation.opens), encode(operation.period));
  schedule(context.block, operation.opens, PeriodOpened{operation.campaign, operation.period});
  schedule(context.block, operation.closes, PeriodClosed{operation.campaign, operation.period});
  return {};
}

void note_period_opened(Overlay& state, CampaignId campaign, PeriodId id, Position at) {
  auto period = find_period(state, campaign, id);
  CHECK(period && !period->opened_at);
  period->opened_at = at;
  update_linked(state, period_key(campaign, id), *period);
}

void note_period_closed(Overlay& state, CampaignId campaign, PeriodId id, Position at) {
  auto period = find_period(state, campaign, id);
  CHECK(period && period->opened_at && !period->closed_at);
  period->closed_at = at;
  update_linked(state, period_key(campaign, id), *period);
}

}  // namespace fenrun
