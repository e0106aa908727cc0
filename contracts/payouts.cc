#include "contracts/payouts.h"

#include "contracts/shares.h"
#include "core/check.h"
#include "core/planted.h"
#include "core/text.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

Account account_of(const InstructPayout& terms, Book book) {
  return {terms.payee, book, terms.campaign, terms.asset};
}

// A movement between the payee's own books, or out of them.
Transfer transfer_of(const InstructPayout& terms, PostingKind kind) {
  return {.kind = kind,
          .campaign = terms.campaign,
          .asset = terms.asset,
          .period = terms.period,
          .source = terms.payee,
          .source_book = Book::instructed,
          .destination = terms.payee,
          .destination_book = Book::payable,
          .amount = terms.amount};
}

// The payment discharges the campaign's funders in proportion to what each still owes: earned from
// its fund and not yet settled.
Status post_settlement(OperationContext& context, const InstructPayout& terms) {
  auto& state = context.state();
  auto funds = funds_of(state, terms.campaign, terms.asset);
  const bool paid_twice = planted(PlantedBug::earning_paid_twice);
  std::vector<std::int64_t> owed;
  for (const auto& [funder, fund] : funds) {
    const auto left = subtract(fund.earned, fund.settled);
    CHECK(left && (!left->is_negative() || paid_twice));
    owed.push_back(paid_twice ? fund.earned.units() : left->units());
  }
  const auto shares = divide(terms.amount, owed);
  for (std::size_t i = 0; i < funds.size(); ++i) {
    if (!shares[i].is_positive()) continue;
    // What is instructed was earned, so that no share exceeds what is owed.
    CHECK(shares[i].units() <= owed[i] || paid_twice);
    auto& [funder, fund] = funds[i];
    FENRUN_TRY(fund.settled, add(fund.settled, shares[i]));
    update_linked(state, fund_key(terms.campaign, terms.asset, funder), fund);
    auto transfer = transfer_of(terms, PostingKind::settle);
    transfer.destination = funder;
    transfer.destination_book = Book::external;
    transfer.amount = shares[i];
    FENRUN_TRY([[maybe_unused]] const auto position,
               context.block.post(transfer, context.position));
  }
  return {};
}

}  // namespace

Status apply(OperationContext& context, const InstructPayout& operation) {
  auto& state = context.state();
  const auto campaign = find_campaign(state, operation.campaign);
  if (!campaign) return Errc::campaign_unknown;
  if (campaign->brand != context.signer) return Errc::not_authorized;
  if (!operation.amount.is_positive()) return Errc::amount_not_positive;
  if (!find_party(state, operation.payee)) return Error{Errc::party_unknown, "payee"};
  const auto existing = find_or_prepare<Payout>(state, payout_key(operation.payout));
  if (existing && (existing->state != PayoutState::failed || !(existing->terms == operation))) {
    return Errc::payout_exists;
  }
  const StatementId payable{account_of(operation, Book::payable), operation.period};
  const auto earnings = statement(state, payable);
  const Amount available =
      planted(PlantedBug::earning_paid_twice) ? earnings.credits : balance(earnings);
  if (operation.amount > available) {
    return Error{Errc::payout_exceeds_earned, std::to_string(available.units()) + " is left"};
  }
  Payout payout{operation, PayoutState::instructed, 1, false, context.position, std::nullopt, {}};
  if (existing) {
    payout.attempt = existing->attempt + 1;
    update_linked(state, payout_key(operation.payout), payout);
  } else {
    insert_linked(state, payout_scope(), payout_key(operation.payout), payout);
  }
  auto transfer = transfer_of(operation, PostingKind::instruct);
  std::swap(transfer.source_book, transfer.destination_book);
  FENRUN_TRY([[maybe_unused]] const auto position, context.block.post(transfer, context.position));
  return {};
}

Status apply(OperationContext& context, const SettlePayout& operation) {
  auto& state = context.state();
  auto payout = find_payout(state, operation.payout);
  if (!payout) return Errc::payout_unknown;
  const auto campaign = find_campaign(state, payout->terms.campaign);
  CHECK(campaign.has_value());
  if (campaign->brand != context.signer) return Errc::not_authorized;
  if (payout->state != PayoutState::instructed) return Errc::payout_state;
  if (operation.attempt != payout->attempt) {
    return Error{Errc::payout_state, "the attempt is " + std::to_string(payout->attempt)};
  }
  const bool paid = operation.result == PayoutResult::paid;
  payout->state = paid ? PayoutState::paid : PayoutState::failed;
  payout->settled_at = context.position;
  payout->provider = operation.provider;
  update_linked(state, payout_key(operation.payout), *payout);
  if (paid) return post_settlement(context, payout->terms);
  FENRUN_TRY([[maybe_unused]] const auto position,
             context.block.post(transfer_of(payout->terms, PostingKind::fail), context.position));
  return {};
}

Status apply(OperationContext& context, const AcknowledgePayout& operation) {
  auto payout = find_payout(context.state(), operation.payout);
  if (!payout) return Errc::payout_unknown;
  if (payout->terms.payee != context.signer) return Errc::not_authorized;
  if (payout->state != PayoutState::paid) return Errc::payout_state;
  if (payout->acknowledged) return Errc::already_signed;
  payout->acknowledged = true;
  update_linked(context.state(), payout_key(operation.payout), *payout);
  return {};
}

std::string provider_number(const Digest& chain_id, const PayoutId& payout, std::uint32_t attempt) {
  constexpr std::size_t kReferenceBytes = 20;
  const Digest digest =
      hash(Domain::payout_reference, {chain_id.view(), payout.view(), encode(attempt)});
  return to_base32(digest.view().first(kReferenceBytes));
}

}  // namespace fenrun
