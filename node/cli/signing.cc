#include "node/cli/signing.h"

#include "core/text.h"
#include "node/home.h"
#include "node/network.h"

namespace fenrun::cli {

Result<SigningKey> open_key(const Session& session, const Path& file) {
  auto key = load_signing_key(file, [&](const Path& path) {
    return ask_passphrase(session, "Passphrase of " + path.string());
  });
  if (!key && key.error().code == Errc::not_found) {
    return Error{Errc::io_error, "no key file " + file.string()};
  }
  return key;
}

Result<PartyId> parse_party(const std::string& text) {
  auto party = fixed_from_hex<PartyId>(text);
  if (!party) return Error{Errc::usage, "'" + text + "' is no party id: 32 hex digits"};
  return party;
}

Result<Digest> chain_id_of(const Path& genesis, const std::string& hex) {
  if (!genesis.empty()) {
    FENRUN_TRY(const auto bytes, read_file_text(genesis, kGenesisBytesMax));
    FENRUN_TRY(const auto read, read_genesis(bytes_of(bytes)));
    return chain_id(read);
  }
  auto id = fixed_from_hex<Digest>(hex);
  if (!id) return Error{Errc::usage, "give --genesis FILE or --chain-id of 64 hex digits"};
  return id;
}

Result<SignedTransaction> sign_draft(const ApiClient& client, TransactionDraft draft,
                                     const SigningKey& key, const std::string& party) {
  PartySigner signer;
  signer.key = key.public_key();
  if (party.empty()) {
    FENRUN_TRY(signer.party, client.party_of(signer.key));
  } else {
    FENRUN_TRY(signer.party, parse_party(party));
  }
  TransactionBody body;
  body.signer = signer;
  body.lane = draft.lane;
  body.mode = draft.mode;
  FENRUN_TRY(body.chain_id, client.chain_id());
  if (draft.valid_until) {
    body.valid_until = *draft.valid_until;
  } else {
    FENRUN_TRY(const auto height, client.height());
    body.valid_until = Height(height.value() + kValidityHeights);
  }
  if (draft.sequence) {
    body.sequence = *draft.sequence;
  } else {
    FENRUN_TRY(body.sequence, client.next_sequence(signer.party, body.lane));
  }
  return sign_transaction(std::move(body), std::move(draft.operations), key);
}

Result<Json> with_outcomes(const ApiClient& client, Json answer) {
  if (!answer.is_object() || !answer.contains("id") || !answer["id"].is_string() ||
      !answer.contains("status")) {
    return Error{Errc::unreachable, "the answer is not that of a Fenrun node"};
  }
  if (answer["status"] != "committed" || answer.contains("operations")) return answer;
  auto full = client.get("/v1/transactions/" + percent_encoded(answer["id"].get<std::string>()));
  if (full) return full;
  answer["status"] = "unknown";  // Committed, and with which outcomes nobody says.
  answer["reason"] = error_view(full.error());
  return answer;
}

Exit exit_of_transaction(const Json& answer) {
  if (answer["status"] == "pending" || answer["status"] == "unknown") return Exit::unreachable;
  if (answer["status"] != "committed") return Exit::refused;
  if (answer.contains("outcome") && answer["outcome"] != "ok") return Exit::refused;
  if (!answer.contains("operations")) return Exit::ok;
  for (const auto& operation : answer["operations"]) {
    if (operation.contains("outcome") && operation["outcome"] != "ok") return Exit::refused;
  }
  return Exit::ok;
}

Result<Exit> report_transaction(const Session& session, const ApiClient& client,
                                const Json& answer) {
  FENRUN_TRY(const auto full, with_outcomes(client, answer));
  const Exit exit = exit_of_transaction(full);
  session.show(full, [&](std::ostream& out) {
    out << "transaction  " << cell_of(full["id"]) << "\nstatus       " << cell_of(full["status"])
        << "\n";
    if (full.contains("position")) out << "position     " << cell_of(full["position"]) << "\n";
    if (full.contains("outcome")) out << "outcome      " << cell_of(full["outcome"]) << "\n";
    if (full.contains("reason")) print_fields(out, full["reason"], "  ");
    if (full.contains("operations")) {
      out << "\n";
      print_table(
          out, full["operations"],
          {{"position", "position"}, {"operation", "operation.type"}, {"outcome", "outcome"}});
    }
  });
  if (exit == Exit::unreachable) {
    session.err << (full["status"] == "pending"
                        ? "It is not final yet.\n"
                        : "Nobody says what became of it: it may be taken.\n")
                << "next: fenrun tx status " << cell_of(full["id"])
                << ", before you sign another\n";
  }
  if (exit == Exit::refused && full.contains("operations")) {
    for (const auto& operation : full["operations"]) {
      if (!operation.contains("outcome") || operation["outcome"] == "ok") continue;
      std::string detail = "operation at position " + cell_of(operation["position"]);
      if (operation.contains("detail")) detail += ": " + cell_of(operation["detail"]);
      print_error(session.err, {errc_from_name(cell_of(operation["outcome"])), detail});
    }
  }
  return exit;
}

}  // namespace fenrun::cli
