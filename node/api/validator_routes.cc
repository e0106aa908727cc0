// Members, validators, evidence against them, and the handovers between their sets.
#include "contracts/parties.h"
#include "contracts/records.h"
#include "core/check.h"
#include "ledger/prover.h"
#include "node/api/answers.h"
#include "node/api/lists.h"
#include "node/api/routes.h"
#include "node/json/proof_json.h"
#include "node/json/reflect.h"

namespace fenrun::api {
namespace {

void add_faults(Json& item, const StateView& state, const RecordKey& key) {
  const auto validator = decode<Validator>(*state.value(key));
  CHECK(validator.has_value());
  item["faults"] = fault_count(state, validator->party);
}

void add_standing(Json& item, const StateView& state, const RecordKey& key,
                  const ValidatorList& present) {
  const auto member = decode<Member>(*state.value(key));
  CHECK(member.has_value());
  item["validates"] = std::ranges::find(present, member->name, &Validator::name) != present.end();
  const auto number = static_cast<std::uint16_t>(key.at(1) << 8 | key.at(2));
  if (const auto ready = find_readiness(state, MemberNumber(number))) {
    item["ready"] = json::write(*ready);
  }
}

Result<HttpResponse> list_validators(const NodeService& node, const Call& call) {
  return list(node, call, family_prefix(ContractFamily::validator), add_faults);
}

Result<HttpResponse> list_members(const NodeService& node, const Call& call) {
  const auto present = validators(node.journal().state());
  return list(node, call, family_prefix(ContractFamily::member),
              [&present](Json& item, const StateView& state, const RecordKey& key) {
                add_standing(item, state, key, present);
              });
}

Result<HttpResponse> list_evidence(const NodeService& node, const Call& call) {
  return list(node, call, family_prefix(ContractFamily::evidence));
}

// Which parameters would change, each with what it is now: {"name": {"from": …, "to": …}}.
Json changed_parameters(const StateView& state, const SetParameters& change) {
  const Json now = json::write(parameters(state));
  const Json proposed = json::write(change.parameters);
  Json changed = Json::object();
  for (const auto& [name, value] : proposed.items()) {
    if (value != now.at(name)) changed[name] = {{"from", now.at(name)}, {"to", value}};
  }
  return changed;
}

// Of what is open: whether it still is, and what it would change.
void add_outlook(Json& item, const StateView& state, const RecordKey& key, Height next) {
  const auto proposal = decode<ChangeProposal>(*state.value(key));
  CHECK(proposal.has_value());
  if (proposal->state != ProposalState::open) return;
  if (proposal->terms.valid_until < next || is_objected(state, *proposal)) {
    item["state"] = "expired";
  } else if (const auto* change = std::get_if<SetParameters>(&proposal->terms.change)) {
    item["changes"] = changed_parameters(state, *change);
  }
}

Result<HttpResponse> list_proposals(const NodeService& node, const Call& call) {
  const Height next = node.journal().tip().height.next();
  return list(node, call, family_prefix(ContractFamily::proposal),
              [next](Json& item, const StateView& state, const RecordKey& key) {
                add_outlook(item, state, key, next);
              });
}

Result<HttpResponse> get_handover(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto number, call.path_number("epoch", std::uint64_t{1} << 53));
  const Epoch epoch(number);
  const auto height = find_epoch_end(node.journal().state(), epoch);
  if (!height) return Error{Errc::not_found, "epoch " + std::to_string(number) + " is not over"};
  FENRUN_TRY(const auto kept, node.journal().store().handover(epoch));
  FENRUN_TRY(const auto handover, prove_handover(node.journal(), epoch));
  Json view = handover_view(handover);
  view["epoch"] = number;
  view["height"] = height->value();
  return json_response(view);
}

}  // namespace

std::vector<Route> validator_routes(NodeService& node) {
  const auto route = [&node](std::string pattern, std::string summary, auto handler) {
    Route made;
    made.method = "GET";
    made.pattern = std::move(pattern);
    made.access = Access::public_;
    made.summary = std::move(summary);
    made.query = page_parameters();
    made.handler = answer([&node, handler](const Call& call) { return handler(node, call); });
    return made;
  };
  auto handover = route(
      "/v1/handovers/{epoch}",
      "What an epoch left to the next: its last checkpoint, and whom to believe from then on.",
      get_handover);
  handover.path = {{"epoch", "From 0; one that is over."}};
  handover.query.clear();
  // They tell who lost its key.
  auto proposals =
      route("/v1/proposals", "Changes that a quorum of organisations approves, by digest.",
            list_proposals);
  proposals.access = Access::member;
  return {route("/v1/validators",
                "The validators, by index, and how often each was convicted of a fault.",
                list_validators),
          route("/v1/members", "The nodes that may link, by number, and which of them validate.",
                list_members),
          std::move(proposals),
          route("/v1/evidence", "Votes of validators that exclude each other.", list_evidence),
          std::move(handover)};
}

}  // namespace fenrun::api
