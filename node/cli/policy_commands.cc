// fenrun policy: the trust file, and how it follows the validators.
#include "contracts/keys.h"
#include "ledger/proof/handover_lead.h"
#include "node/cli/api_client.h"
#include "node/cli/commands.h"
#include "node/cli/verdict.h"
#include "node/json/families.h"
#include "node/json/proof_json.h"

namespace fenrun::cli {
namespace {

struct PolicyOptions {
  std::string trust;
  std::string proof;  // Empty: ask the node for one.
  std::string out;
};

Result<TrustPolicy> read_policy(const std::string& path) {
  FENRUN_TRY(const auto text, read_file_text(path, kTrustPolicyBytesMax));
  return TrustPolicy::parse(text);
}

Json trust_view(const TrustPolicy& policy) {
  Json validators = Json::array();
  Json witnesses = Json::array();
  for (const auto& witness : policy.witnesses()) {
    auto& list = witness.is_validator ? validators : witnesses;
    list.push_back({{"name", witness.name}, {"key", to_hex(witness.key.key.view())}});
  }
  Json view = {{"origin", policy.origin()},
               {"digest", to_hex(policy.digest().view())},
               {"quorum", policy.validators_quorum()},
               {"validators", std::move(validators)}};
  if (!witnesses.empty()) view["witnesses"] = std::move(witnesses);
  return view;
}

Result<Exit> show(const Session& session, const PolicyOptions& options) {
  FENRUN_TRY(const auto policy, read_policy(options.trust));
  const Json view = trust_view(policy);
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
  return Exit::ok;
}

// All handovers of the node, one by one.  The epoch behind the last.
Result<Epoch> lead_on(const ApiClient& client, HandoverLead& lead) {
  Epoch epoch;
  for (;; epoch = epoch.next()) {
    const auto answer = client.get("/v1/handovers/" + std::to_string(epoch.value()));
    if (!answer && answer.error().code == Errc::not_found) break;
    if (!answer) return answer.error();
    FENRUN_TRY(auto handover, handover_from_json(*answer));
    FENRUN_OK(lead.add(std::move(handover)));
  }
  FENRUN_OK(lead.finish());
  return epoch;
}

// Any proof has the handovers, as many as it may; that of the parameters always exists.
Result<std::string> proof_text(const Session& session, const PolicyOptions& options,
                               HandoverLead& lead) {
  if (!options.proof.empty()) return read_file_text(options.proof, kProofFileBytesMax);
  FENRUN_TRY(const auto client, ApiClient::create(session));
  const std::string target = "/v1/proofs/record/" + to_hex(parameters_key());
  auto text = client.get_text(target);
  if (text || text.error().code != Errc::limit_exceeded) return text;
  FENRUN_TRY(const auto epoch, lead_on(client, lead));
  return client.get_text(target + "?from_epoch=" + std::to_string(epoch.value()));
}

Result<Exit> update(const Session& session, const PolicyOptions& options) {
  FENRUN_TRY(auto policy, read_policy(options.trust));
  HandoverLead lead(std::move(policy));
  FENRUN_TRY(const auto text, proof_text(session, options, lead));
  FENRUN_TRY(const auto proof, parse_proof(text));
  VerifyOptions how;
  how.ordered_families = ordered_families();
  const auto verdict = verify(proof, lead.policy(), how);
  if (!verdict) {
    print_error(session.err, verdict.error());
    return Exit::refused;
  }
  // The one so far is needed for the proofs of its time.
  FENRUN_OK(write_new_file(session, options.out, verdict->policy.print()));
  if (options.out == "-") return Exit::ok;
  auto changes = lead.changes();
  changes.insert(changes.end(), verdict->changes.begin(), verdict->changes.end());
  Json view = trust_view(verdict->policy);
  view["changes"] = changes_view(changes);
  view["file"] = options.out;
  session.show(view, [&](std::ostream& out) {
    out << options.out << ": the validators changed " << changes.size() << " times since "
        << options.trust << "\n";
    print_fields(out, view);
  });
  return Exit::ok;
}

}  // namespace

void add_policy_commands(CLI::App& app, Session& session) {
  CLI::App* const policy = add_command(app, "policy", "The trust file: whom to believe",
                                       "fenrun policy show --trust network.policy");
  policy->require_subcommand(1);
  const auto options = std::make_shared<PolicyOptions>();

  CLI::App* const show_command = add_command(*policy, "show", "Say whom a trust file believes",
                                             "fenrun policy show --trust network.policy");
  show_command->add_option("--trust", options->trust, "The trust file")->required();
  show_command->callback([&session, options] {
    session.command = [&session, options] { return show(session, *options); };
  });

  CLI::App* const update_command = add_command(
      *policy, "update", "Follow the validators from those of a trust file to those of today",
      "fenrun policy update --trust network.policy --node http://127.0.0.1:7101 -o new.policy");
  update_command->add_option("--trust", options->trust, "The trust file so far")->required();
  update_command->add_option("--proof", options->proof,
                             "Any proof of today; else the node is asked for one");
  update_command->add_option("-o,--out", options->out, "The new trust file; none is overwritten")
      ->required();
  update_command->callback([&session, options] {
    session.command = [&session, options] { return update(session, *options); };
  });
}

}  // namespace fenrun::cli
