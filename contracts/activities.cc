#include "contracts/activities.h"

#include <algorithm>

#include "contracts/epc.h"
#include "contracts/parties.h"
#include "core/check.h"

namespace fenrun {
namespace {

enum class Need { none, optional, required };

// What an activity of a kind says.
struct Form {
  Need counterparty = Need::none;
  Need subject = Need::none;
  Need reached = Need::none;
  Need lines = Need::optional;
  Need evidence = Need::optional;
};

Form form_of(ActivityKind kind) {
  switch (kind) {
    case ActivityKind::restock_order:
      return {.counterparty = Need::required, .lines = Need::required};
    case ActivityKind::ecommerce_order:
    case ActivityKind::group_buy_order:
    case ActivityKind::sale:
      return {.subject = Need::optional, .lines = Need::required};
    case ActivityKind::share:
      return {.subject = Need::required, .reached = Need::optional};
    case ActivityKind::display:
      return {.evidence = Need::required};
  }
  UNREACHABLE();
}

Status check_need(Need need, bool is_given, const char* field) {
  if (need == Need::none && is_given) {
    return Error{Errc::value_invalid, std::string(field) + ": not with this kind"};
  }
  if (need == Need::required && !is_given) {
    return Error{Errc::value_invalid, std::string(field) + ": missing"};
  }
  return {};
}

Status check_lines(const List<ActivityLine, kActivityLinesMax>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    FENRUN_OK(check_gtin(lines[i].product.value));
    if (lines[i].quantity == 0) return Error{Errc::value_invalid, "lines: a quantity of none"};
    const auto is_same = [&](const auto& line) { return line.product == lines[i].product; };
    if (std::any_of(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(i), is_same)) {
      return Error{Errc::value_invalid, "lines: a product twice"};
    }
  }
  return {};
}

// All that can be said without the state.
Status check_form_of(const RecordActivity& activity) {
  if (activity.id.reference.is_zero()) return Error{Errc::value_invalid, "id.reference is zero"};
  if (activity.source.part != 0) return Error{Errc::value_invalid, "source.part: 0"};
  const Form form = form_of(activity.id.kind);
  FENRUN_OK(check_need(form.counterparty, activity.counterparty.has_value(), "counterparty"));
  FENRUN_OK(check_need(form.subject, activity.subject.has_value(), "subject"));
  FENRUN_OK(check_need(form.reached, activity.reached.has_value(), "reached"));
  FENRUN_OK(check_need(form.lines, !activity.lines.empty(), "lines"));
  FENRUN_OK(check_need(form.evidence, !activity.evidence.empty(), "evidence"));
  FENRUN_OK(check_lines(activity.lines));
  if (activity.value && !activity.value->amount.is_positive()) {
    return Error{Errc::amount_not_positive, "value"};
  }
  return {};
}

bool may_be_place(ActivityKind kind, Role role) {
  return kind == ActivityKind::group_buy_order ? role == Role::organizer : may_hold_goods(role);
}

// Not whoever takes part: a stranger could take a store's order numbers away from it.
bool may_record(const OperationContext& context, const ActivityId& id, const Party& place) {
  return may_report_at(context, id.place, place) ||
         (id.kind == ActivityKind::sale && is_device_at(context, id.place));
}

}  // namespace

Status apply(OperationContext& context, const RecordActivity& operation) {
  auto& state = context.state();
  FENRUN_OK(check_form_of(operation));
  const std::uint64_t latest = context.time().value() + parameters(state).event_skew_ms;
  if (operation.time.value() > latest) return Errc::event_in_future;
  if (find_activity(state, operation.id)) return Errc::activity_exists;
  const auto place = find_party(state, operation.id.place);
  if (!place) return Error{Errc::party_unknown, "id.place"};
  if (!may_be_place(operation.id.kind, place->role)) {
    return Error{Errc::role_not_allowed, "id.place"};
  }
  if (operation.counterparty) {
    if (operation.counterparty == operation.id.place) {
      return Error{Errc::value_invalid, "counterparty: the place itself"};
    }
    const auto other = find_party(state, *operation.counterparty);
    if (!other) return Error{Errc::party_unknown, "counterparty"};
    if (!may_hold_goods(other->role)) return Error{Errc::role_not_allowed, "counterparty"};
  }
  if (!may_record(context, operation.id, *place)) {
    return Error{Errc::not_authorized, "neither the place, above it, nor a gateway"};
  }
  const ActivityRecord record{operation, context.signer, context.position, std::nullopt,
                              std::nullopt};
  state.put(activity_key(operation.id), encode(record));
  return {};
}

Status apply(OperationContext& context, const WithdrawActivity& operation) {
  auto& state = context.state();
  auto record = find_activity(state, operation.id);
  if (!record) return Errc::activity_unknown;
  if (record->withdrawn_at) return Errc::activity_withdrawn;
  if (context.signer != record->signer && context.signer != operation.id.place) {
    return Error{Errc::not_authorized, "neither who recorded it nor the place"};
  }
  record->withdrawn_by = context.signer;
  record->withdrawn_at = context.position;
  state.put(activity_key(operation.id), encode(*record));
  return {};
}

}  // namespace fenrun
