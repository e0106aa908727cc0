#include "contracts/earnings.h"

#include <algorithm>

#include "contracts/epc.h"
#include "contracts/shares.h"
#include "core/check.h"
#include "core/overloaded.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

// A rule of a policy in force, where the event stands.
struct MatchedRule {
  const PolicyV1& policy;
  Digest policy_digest;
  std::uint16_t index = 0;
  const Rule& rule;
  PeriodId period;
};

template <class List, class Item>
bool allows(const List& list, const Item& item) {
  return list.empty() || std::ranges::find(list, item) != list.end();
}

bool selects_place(const Selector& selector, const EarningEvent& event) {
  return allows(selector.channels, event.place.attributes.channel) &&
         allows(selector.regions, event.place.attributes.region) &&
         allows(selector.place_roles, event.place.role) &&
         (!selector.only_at_holder || event.is_at_holder);
}

// A pallet has no GTIN of its own: it counts as its batch's product.
bool selects_unit(const StateView& state, const Selector& selector, const EventUnit& unit) {
  if (selector.products.empty()) return true;
  const auto epc = parse_epc(unit.unit.epc.value);
  CHECK(epc.has_value());
  if (epc->gtin) return allows(selector.products, *epc->gtin);
  const auto batch = find_unit_batch(state, unit.id.batch);
  CHECK(batch.has_value());
  return allows(selector.products, batch->product);
}

// A unit is paid for once under a rule; one whose list is full earns no more.
bool may_still_earn(const Unit& unit, const EarnedRule& rule) {
  return unit.earned.size() < kUnitEarningsMax &&
         std::ranges::find(unit.earned, rule) == unit.earned.end();
}

std::vector<std::size_t> units_to_count(const StateView& state, const EarningEvent& event,
                                        const MatchedRule& match) {
  const EarnedRule mark{match.policy.policy, match.index};
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < event.units.size(); ++i) {
    const auto& unit = event.units[i];
    if (unit.unit.now.custody.hold == Hold::diverted) continue;
    if (may_still_earn(unit.unit, mark) && selects_unit(state, match.rule.selector, unit)) {
      out.push_back(i);
    }
  }
  return out;
}

std::optional<PartyId> payee_of(const OperationContext& context, const EarningEvent& event,
                                Payee payee) {
  switch (payee) {
    case Payee::place:
      return event.operation.place;
    case Payee::place_parent:
      return event.place.parent;
    case Payee::event_signer:
      return context.signer;
  }
  UNREACHABLE();
}

// What the rule promises for this many units.
Result<Amount> amount_of(const Earning& earning, std::uint32_t units) {
  return std::visit(overloaded{[&](const FlatPerEvent& flat) -> Result<Amount> {
                      switch (flat.basis) {
                        case Basis::per_event:
                          return flat.amount;
                        case Basis::per_unit:
                          return scale_floor(flat.amount, units, 1);
                      }
                      UNREACHABLE();
                    }},
                    earning);
}

struct Part {
  PartyId funder;
  Amount amount;  // > 0.
};

// What each funder gives of an amount, in the order of the policy.
std::vector<Part> parts_of(const PolicyV1& policy, Amount amount) {
  std::vector<std::int64_t> weights;
  for (const auto& share : policy.funding) weights.push_back(share.ppm);
  const auto amounts = divide(amount, weights);
  std::vector<Part> out;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    if (amounts[i].is_positive()) out.push_back({policy.funding[i].funder, amounts[i]});
  }
  return out;
}

struct Draw {
  PartyId funder;
  Fund fund;  // After the draw.
  Amount amount;
};

// Each funder's part, or none if one fund does not cover its own.
std::optional<std::vector<Draw>> draw(const StateView& state, const PolicyV1& policy,
                                      Amount amount) {
  std::vector<Draw> out;
  for (const auto& part : parts_of(policy, amount)) {
    auto fund = find_fund(state, policy.campaign, policy.asset, part.funder);
    if (!fund) return std::nullopt;
    const auto earned = add(fund->earned, part.amount);
    if (!earned || *earned > fund->declared) return std::nullopt;
    fund->earned = *earned;
    out.push_back({part.funder, *fund, part.amount});
  }
  return out;
}

Digest inputs_of(const EarningEvent& event, const MatchedRule& match, const PartyId& payee,
                 Amount amount, const std::vector<std::size_t>& counted) {
  EarningInputs inputs;
  inputs.policy = match.policy_digest;
  inputs.rule = match.index;
  inputs.kind = event.operation.kind;
  inputs.time = event.operation.time;
  inputs.event = event.operation.id;
  inputs.place = event.operation.place;
  inputs.payee = payee;
  inputs.amount = amount;
  for (const auto i : counted) inputs.units.push_back(event.units[i].id);
  return hash(Domain::inputs, encode(inputs));
}

Status post_draws(OperationContext& context, const MatchedRule& match, const PartyId& payee,
                  const Digest& inputs, const std::vector<Draw>& draws) {
  for (const auto& part : draws) {
    const auto& policy = match.policy;
    update_linked(context.state(), fund_key(policy.campaign, policy.asset, part.funder), part.fund);
    FENRUN_TRY([[maybe_unused]] const auto position,
               context.block.post({.kind = PostingKind::earning,
                                   .campaign = policy.campaign,
                                   .asset = policy.asset,
                                   .period = match.period,
                                   .source = part.funder,
                                   .source_book = Book::fund,
                                   .destination = payee,
                                   .destination_book = Book::payable,
                                   .amount = part.amount,
                                   .policy = policy.policy,
                                   .policy_version = policy.version,
                                   .rule = match.index,
                                   .inputs = inputs},
                                  context.position));
  }
  return {};
}

// Whether the payee still has the money, and no fund would have paid more than was earned from it:
// payments are shared among a campaign's funders whoever earned them.
bool is_covered(const StateView& state, const PolicyV1& policy, const EventEarning& earning,
                const std::vector<Part>& parts) {
  const Account payable{earning.payee, Book::payable, policy.campaign, policy.asset};
  if (balance(statement(state, {payable, earning.period})) < earning.amount) return false;
  return std::ranges::all_of(parts, [&](const Part& part) {
    const auto fund = find_fund(state, policy.campaign, policy.asset, part.funder);
    CHECK(fund.has_value());
    const auto left = subtract(fund->earned, fund->settled);
    return left && *left >= part.amount;
  });
}

// The money goes back from the payee to the fund that it came from.
Status post_reversal(OperationContext& context, const PolicyV1& policy, const EventEarning& earning,
                     const Part& part, Position original) {
  auto fund = find_fund(context.state(), policy.campaign, policy.asset, part.funder);
  CHECK(fund.has_value());
  FENRUN_TRY(fund->earned, subtract(fund->earned, part.amount));
  update_linked(context.state(), fund_key(policy.campaign, policy.asset, part.funder), *fund);
  FENRUN_TRY([[maybe_unused]] const auto position,
             context.block.post({.kind = PostingKind::reversal,
                                 .campaign = policy.campaign,
                                 .asset = policy.asset,
                                 .period = earning.period,
                                 .source = earning.payee,
                                 .source_book = Book::payable,
                                 .destination = part.funder,
                                 .destination_book = Book::fund,
                                 .amount = part.amount,
                                 .policy = policy.policy,
                                 .policy_version = policy.version,
                                 .rule = earning.rule,
                                 .reverses = original},
                                context.position));
  return {};
}

// An event in parts is still one event.
bool is_paid_with_first_part(const Earning& earning) {
  return std::visit(
      overloaded{[](const FlatPerEvent& flat) { return flat.basis == Basis::per_event; }}, earning);
}

// Appends what became of the rule, if the event meets it.
Status apply_rule(OperationContext& context, EarningEvent& event, const MatchedRule& match,
                  List<EventEarning, kEventEarningsMax>& earnings) {
  if (match.rule.trigger != event.operation.kind) return {};
  if (!selects_place(match.rule.selector, event)) return {};
  if (event.operation.id.part > 0 && is_paid_with_first_part(match.rule.earning)) return {};
  const auto counted = units_to_count(context.state(), event, match);
  if (counted.empty()) return {};
  if (earnings.size() == kEventEarningsMax) return Errc::output_limit;

  const auto units = static_cast<std::uint32_t>(counted.size());
  EventEarning note{match.policy.policy,
                    match.policy.version,
                    match.index,
                    EarningOutcome::no_payee,
                    units,
                    Amount(),
                    PartyId{},
                    match.period};
  FENRUN_TRY(note.amount, amount_of(match.rule.earning, units));
  if (const auto payee = payee_of(context, event, match.rule.payee)) {
    note.payee = *payee;
    const auto draws = draw(context.state(), match.policy, note.amount);
    note.outcome = draws ? EarningOutcome::earned : EarningOutcome::budget_exhausted;
    if (draws) {
      const Digest inputs = inputs_of(event, match, *payee, note.amount, counted);
      FENRUN_OK(post_draws(context, match, *payee, inputs, *draws));
      for (const auto i : counted) {
        event.units[i].unit.earned.push_back({match.policy.policy, match.index});
      }
    }
  }
  earnings.push_back(note);
  return {};
}

bool is_met(const PolicyInForce& entry, const RecordEvent& event) {
  const auto bit = 1u << static_cast<unsigned>(event.kind);
  return (entry.triggers & bit) != 0 && entry.is_effective_at(event.time);
}

}  // namespace

Result<List<EventEarning, kEventEarningsMax>> earn(OperationContext& context, EarningEvent event,
                                                   const BrandPolicies& policies) {
  List<EventEarning, kEventEarningsMax> earnings;
  for (const auto& entry : policies.policies) {
    if (!is_met(entry, event.operation)) continue;
    const auto period = period_at(context.state(), entry.campaign, context.time());
    if (!period) continue;
    const auto record = find_policy(context.state(), entry.policy, entry.version);
    CHECK(record.has_value());
    const auto& policy = std::get<PolicyV1>(record->terms);
    const Digest digest = policy_digest(record->terms);
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
      const MatchedRule match{policy, digest, static_cast<std::uint16_t>(i), policy.rules[i],
                              *period};
      FENRUN_OK(apply_rule(context, event, match, earnings));
    }
  }
  return earnings;
}

Status take_back(OperationContext& context, Position recorded_at,
                 List<EventEarning, kEventEarningsMax>& earnings) {
  // An event's Postings stand behind its Operation, in the order of its earnings and their funders.
  std::uint64_t posting = recorded_at.value();
  for (auto& earning : earnings) {
    if (earning.outcome != EarningOutcome::earned) continue;
    const auto record = find_policy(context.state(), earning.policy, earning.version);
    CHECK(record.has_value());
    const auto& policy = std::get<PolicyV1>(record->terms);
    const auto parts = parts_of(policy, earning.amount);
    const bool can_go_back = is_covered(context.state(), policy, earning, parts);
    earning.outcome = can_go_back ? EarningOutcome::reversed : EarningOutcome::owed_back;
    for (const auto& part : parts) {
      const Position original(++posting);
      if (can_go_back) FENRUN_OK(post_reversal(context, policy, earning, part, original));
    }
  }
  return {};
}

}  // namespace fenrun
