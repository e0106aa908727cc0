// Proof files, made at the newest cosigned checkpoint, large ones in several turns.
#include <algorithm>

#include "contracts/keys.h"
#include "contracts/provenance_journal.h"
#include "ledger/proof/note.h"
#include "ledger/prover.h"
#include "node/api/answers.h"
#include "node/api/proof_job.h"
#include "node/api/routes.h"
#include "node/json/families.h"
#include "node/json/proof_json.h"

namespace fenrun::api {
namespace {

Result<Prover> prover_of(const NodeService& node, const Call& call) {
  const auto checkpoint = node.checkpoint();
  if (!checkpoint) return Error{Errc::not_ready, "no checkpoint has a quorum of cosignatures yet"};
  FENRUN_TRY(const auto from_epoch, call.number("from_epoch", kTreeSizeMax));
  FENRUN_TRY(auto prover, Prover::at(node.journal(), checkpoint->height, checkpoint->note));
  prover.skip_handovers_before(Epoch(from_epoch.value_or(0)));
  return prover;
}

// What a route has found, and what its file is called.
struct Begun {
  ProofMaking making;
  std::string name;
};

Begun file(ProofMaking making, std::string name) { return {std::move(making), std::move(name)}; }

Result<RecordKey> key_of(const Call& call) {
  const auto bytes = from_hex(call.path.at("key"));
  if (!bytes || bytes->empty() || bytes->size() > kRecordKeyBytesMax) {
    return Error{Errc::value_invalid, "'key' must be the hex of 1 to 255 bytes"};
  }
  return RecordKey(*bytes);
}

Result<Begun> prove_transaction(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto id, fixed_at<Digest>(call, "id"));
  const auto* operations = call.text("operations");
  if (operations && *operations != "true" && *operations != "false") {
    return Error{Errc::value_invalid, "'operations' must be true or false"};
  }
  const auto position = node.journal().store().transaction_position(id);
  if (!position) return Error{Errc::not_found, "no committed transaction has this id"};
  FENRUN_TRY(const auto prover, prover_of(node, call));
  FENRUN_TRY(auto proof, prover.begin_transaction(*position, operations && *operations == "true"));
  return file(std::move(proof), "transaction-" + to_hex(id.view()).substr(0, 16));
}

Result<Begun> prove_operation(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto position, call.path_number("position", kTreeSizeMax));
  FENRUN_TRY(const auto prover, prover_of(node, call));
  FENRUN_TRY(auto proof, prover.begin_operation(Position(position)));
  return file(std::move(proof), "operation-" + std::to_string(position));
}

// The key of the policy that a posting names, if it is a posting that names one.
Result<std::optional<RecordKey>> policy_of(const NodeService& node, Position position) {
  FENRUN_TRY(const auto bytes, node.journal().store().entry(position));
  FENRUN_TRY(const auto entry, decode_entry(bytes));
  const auto* posting = std::get_if<Posting>(&entry);
  if (!posting || posting->policy == PolicyId()) return std::optional<RecordKey>();
  return std::optional(policy_key(posting->policy, posting->policy_version));
}

Result<Begun> prove_posting(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto position, call.path_number("position", kTreeSizeMax));
  FENRUN_TRY(const auto policy, policy_of(node, Position(position)));
  FENRUN_TRY(const auto prover, prover_of(node, call));
  FENRUN_TRY(auto proof, prover.begin_posting(Position(position), policy));
  return file(std::move(proof), "posting-" + std::to_string(position));
}

Result<Begun> prove_record(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto key, key_of(call));
  FENRUN_TRY(const auto prover, prover_of(node, call));
  FENRUN_TRY(auto proof, prover.begin_record(key));
  return file(std::move(proof), "record-" + call.path.at("key").substr(0, 40));
}

Result<Begun> prove_absence(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto key, key_of(call));
  FENRUN_TRY(const auto prover, prover_of(node, call));
  for (const auto& family : ordered_families()) {
    if (key[0] != family.family) continue;
    FENRUN_TRY(auto proof, prover.begin_absence(key, family));
    return file(std::move(proof), "absence-" + call.path.at("key").substr(0, 40));
  }
  return Error{Errc::value_invalid, "no key of an ordered family: its absence has no proof"};
}

Result<Begun> prove_account(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto party, fixed_at<PartyId>(call, "party"));
  FENRUN_TRY(const auto prover, prover_of(node, call));
  FENRUN_TRY(auto proof, prover.begin_account(party));
  return file(std::move(proof), "account-" + call.path.at("party").substr(0, 16));
}

// Serials may hold characters that mean something in a header or a file's path.
bool is_safe_in_name(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

Result<Begun> prove_provenance(const NodeService& node, const Call& call) {
  const auto& epc = call.path.at("epc");
  const auto& journal = node.journal();
  const auto unit = find_unit_id(journal.state(), epc);
  if (!unit)
    return Error{Errc::not_found, "no unit with this identifier is printed or commissioned"};
  FENRUN_TRY(const auto prover, prover_of(node, call));
  FENRUN_TRY(const auto told, provenance_of(journal, node.checkpoint()->size, *unit));
  FENRUN_TRY(auto proof, prover.begin_history(told.parts, ordered_families()));
  std::string name = epc;
  std::ranges::replace_if(
      name, [](char c) { return !is_safe_in_name(c); }, '-');
  return file(std::move(proof), "provenance-" + name);
}

}  // namespace

std::vector<Route> proof_routes(NodeService& node) {
  const Parameter position{"position", "Of the entry in the journal."};
  const Parameter key{"key", "The record's key in hex: see docs/spec/records.md."};
  const auto seats = std::make_shared<ProofSeats>();
  const auto route = [&node, seats](std::string pattern, std::string summary, Parameter parameter,
                                    std::vector<Parameter> query, auto prove) {
    Route made;
    made.method = "GET";
    made.pattern = "/v1/proofs/" + std::move(pattern);
    made.summary = std::move(summary);
    made.path = {std::move(parameter)};
    query.push_back({"from_epoch", "Leaves out the handovers of earlier epochs."});
    made.query = std::move(query);
    made.content_type = "application/vnd.fenrun.proof+json";
    made.handler = [&node, seats, prove](const Call& call, HttpReply reply) {
      auto begun = prove(node, call);
      if (!begun) return reply(problem(begun.error()));
      ProofJob::start(std::move(begun->making), std::move(begun->name), call.request,
                      std::move(reply), seats);
    };
    return made;
  };
  return {
      route("transaction/{id}", "Proof that a transaction was ordered.",
            {"id", "The transaction's id: 64 hex digits."},
            {{"operations", "true: with all its operations."}}, prove_transaction),
      route("operation/{position}", "Proof of one operation, without the others.", position, {},
            prove_operation),
      route("posting/{position}", "Proof that money moved, why, and under which policy.", position,
            {}, prove_posting),
      route("record/{key}", "Proof of a key's current value.", key, {}, prove_record),
      route("absence/{key}", "Proof that a key of an ordered family does not exist.", key, {},
            prove_absence),
      route("account/{party}", "Proof of a party's complete account.",
            {"party", "The party's id: 32 hex digits."}, {}, prove_account),
      route("provenance/{epc...}",
            "Proof of a unit's whole recorded history, and of the containers that it was in.",
            {"epc", "As the ledger spells it: 01/<GTIN-14>/21/<serial> or 00/<SSCC>."}, {},
            prove_provenance),
  };
}

}  // namespace fenrun::api
