#include "contracts/funds.h"

#include "contracts/parties.h"
#include "ledger/ordered_family.h"

namespace fenrun {

Status apply(OperationContext& context, const DeclareBudget& operation) {
  auto& state = context.state();
  const auto campaign = find_campaign(state, operation.campaign);
  if (!campaign) return Errc::campaign_unknown;
  if (!operation.amount.is_positive()) return Errc::amount_not_positive;
  if (!may_be_parent(context.party.role)) return Errc::role_not_allowed;
  if (campaign->brand != context.signer && !is_ancestor(state, campaign->brand, context.party)) {
    return Error{Errc::not_authorized, "neither the campaign's brand nor in its channel"};
  }
  const auto key = fund_key(operation.campaign, operation.asset, context.signer);
  auto fund = find_fund(state, operation.campaign, operation.asset, context.signer);
  if (!fund) {
    if (funds_of(state, operation.campaign, operation.asset).size() == kCampaignFundersMax) {
      return Error{Errc::limit_exceeded, "funders of the campaign"};
    }
    insert_linked(state, fund_scope(operation.campaign), key, Fund{});
    fund.emplace();
  }
  FENRUN_TRY(fund->declared, add(fund->declared, operation.amount));
  update_linked(state, key, *fund);
  FENRUN_TRY([[maybe_unused]] const auto position,
             context.block.post({.kind = PostingKind::budget,
                                 .campaign = operation.campaign,
                                 .asset = operation.asset,
                                 .period = PeriodId(0),
                                 .source = context.signer,
                                 .source_book = Book::external,
                                 .destination = context.signer,
                                 .destination_book = Book::fund,
                                 .amount = operation.amount},
                                context.position));
  return {};
}

Status apply(OperationContext& context, const AttestBacking& operation) {
  auto& state = context.state();
  if (context.party.role != Role::custodian && context.party.role != Role::auditor) {
    return Errc::role_not_allowed;
  }
  if (!operation.amount.is_positive()) return Errc::amount_not_positive;
  auto fund = find_fund(state, operation.campaign, operation.asset, operation.funder);
  if (!fund) return Errc::fund_unknown;
  FENRUN_TRY(fund->backed, add(fund->backed, operation.amount));
  if (fund->backed > fund->declared) return Errc::backing_exceeds_budget;
  update_linked(state, fund_key(operation.campaign, operation.asset, operation.funder), *fund);
  return {};
}

}  // namespace fenrun
