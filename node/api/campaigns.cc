// Campaigns, policies, periods, funds, units, payouts and parameters.
#include "contracts/payouts.h"
#include "core/crypto/hash.h"
#include "ledger/ordered_family.h"
#include "node/api/answers.h"
#include "node/api/lists.h"
#include "node/api/routes.h"
#include "node/json/reflect.h"
#include "node/json/views.h"

namespace fenrun::api {
namespace {

void add_policy_digest(Json& item, const StateView& state, const RecordKey& key) {
  const auto record = find_linked<PolicyRecord>(state, key);
  CHECK(record.has_value());
  item["digest"] = to_hex(policy_digest(record->terms).view());
}

// The campaign's keys if the call asks for one, else the family's.
Result<RecordKey> campaign_prefix(const Call& call, ContractFamily family) {
  FENRUN_TRY(const auto campaign, call.number("campaign", 0xffff'ffff));
  KeyWriter prefix(static_cast<std::uint8_t>(family));
  if (campaign) prefix.number(static_cast<std::uint32_t>(*campaign));
  return prefix.take();
}

Result<HttpResponse> list_campaigns(const NodeService& node, const Call& call) {
  return list(node, call, family_prefix(ContractFamily::campaign));
}

Result<HttpResponse> list_policies(const NodeService& node, const Call& call) {
  return list(node, call, policy_scope(), add_policy_digest);
}

Result<HttpResponse> get_policy(const NodeService& node, const Call& call) {
  const auto& state = node.journal().state();
  FENRUN_TRY(const auto number, call.path_number("policy", 0xffff'ffff));
  FENRUN_TRY(const auto asked, call.number("version", 0xffff'ffff));
  const PolicyId policy(static_cast<std::uint32_t>(number));
  const auto version =
      static_cast<std::uint32_t>(asked.value_or(latest_policy_version(state, policy)));
  const auto key = policy_key(policy, version);
  auto item = item_of(state, key);
  if (!item) return Error{Errc::not_found, "no such policy, or no such version of it"};
  add_policy_digest(*item, state, key);
  return json_response(*item);
}

Result<HttpResponse> list_periods(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto prefix, campaign_prefix(call, ContractFamily::period));
  return list(node, call, prefix);
}

Result<HttpResponse> list_funds(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto prefix, campaign_prefix(call, ContractFamily::fund));
  return list(node, call, prefix);
}

// Which number the payment's provider is given for the present attempt.
void add_provider_number(Json& item, const NodeService& node, const RecordKey& key) {
  const auto payout = find_linked<Payout>(node.journal().state(), key);
  CHECK(payout.has_value());
  item["provider_number"] =
      provider_number(node.journal().tip().chain_id, payout->terms.payout, payout->attempt);
}

Result<HttpResponse> list_payouts(const NodeService& node, const Call& call) {
  return list(node, call, payout_scope(),
              [&node](Json& item, const StateView&, const RecordKey& key) {
                add_provider_number(item, node, key);
              });
}

Result<HttpResponse> get_payout(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto id, fixed_at<PayoutId>(call, "payout"));
  const auto key = payout_key(id);
  auto item = item_of(node.journal().state(), key);
  if (!item) return Error{Errc::not_found, "no such payout"};
  add_provider_number(*item, node, key);
  return json_response(*item);
}

Json unpaid_view(const UnpaidEarning& unpaid) {
  Json view = json::write(unpaid);
  view.erase("earning");
  view.update(json::write(unpaid.earning));
  if (unpaid.earning.payee.is_zero()) view.erase("payee");
  return view;
}

// Newest first: the cursor is how many came before those to show.
Result<HttpResponse> list_unpaid(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto limit, page_limit(call));
  FENRUN_TRY(const auto cursor, call.number("cursor", kTreeSizeMax));
  const auto& unpaid = node.unpaid_earnings();
  const auto& newest = unpaid.newest();
  const std::uint64_t forgotten = unpaid.count() - newest.size();
  std::uint64_t left = std::min(cursor.value_or(unpaid.count()), unpaid.count());
  Json items = Json::array();
  for (; left > forgotten && items.size() < limit; --left) {
    items.push_back(unpaid_view(newest.at(left - 1 - forgotten)));
  }
  Json view = {{"items", std::move(items)}};
  if (left > forgotten) view["next"] = std::to_string(left);
  return json_response(view);
}

Result<HttpResponse> get_parameters(const NodeService& node, const Call&) {
  return json_response(to_json(parameters(node.journal().state())));
}

}  // namespace

std::vector<Route> campaign_routes(NodeService& node) {
  const Parameter campaign{"campaign", "Only of this campaign."};
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  return {
      {.method = "GET",
       .pattern = "/v1/campaigns",
       .summary = "Campaigns, by number.",
       .query = page_parameters(),
       .handler = on(list_campaigns)},
      {.method = "GET",
       .pattern = "/v1/policies",
       .summary = "Policies in every version, with the digests that countersigners approve.",
       .query = page_parameters(),
       .handler = on(list_policies)},
      {.method = "GET",
       .pattern = "/v1/policies/{policy}",
       .summary = "One policy.",
       .path = {{"policy", "Its number."}},
       .query = {{"version", "From 1; else the latest."}},
       .handler = on(get_policy)},
      {.method = "GET",
       .pattern = "/v1/periods",
       .summary = "Periods, by campaign and number.",
       .query = page_parameters({campaign}),
       .handler = on(list_periods)},
      {.method = "GET",
       .pattern = "/v1/funds",
       .summary = "Budgets: declared, backed, earned, settled; by campaign, asset and funder.",
       .query = page_parameters({campaign}),
       .handler = on(list_funds)},
      {.method = "GET",
       .pattern = "/v1/unpaid_earnings",
       .summary =
           "What rules promised and nobody got, or could not be taken back, since the node's "
           "start: the newest thousand.",
       .query = page_parameters(),
       .handler = on(list_unpaid)},
      {.method = "GET",
       .pattern = "/v1/payouts",
       .summary = "Payouts, by id.",
       .query = page_parameters(),
       .handler = on(list_payouts)},
      {.method = "GET",
       .pattern = "/v1/payouts/{payout}",
       .summary = "One payout.",
       .path = {{"payout", "Its id: 32 hex digits."}},
       .handler = on(get_payout)},
      {.method = "GET",
       .pattern = "/v1/parameters",
       .summary = "What the network has agreed on about itself.",
       .handler = on(get_parameters)},
  };
}

}  // namespace fenrun::api
