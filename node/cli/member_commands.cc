// fenrun rejoin and fenrun ready: how a node comes to vote, again or for the first time.
#include "contracts/key_owners.h"
#include "contracts/keys.h"
#include "core/text.h"
#include "node/cli/commands.h"
#include "node/cli/member.h"
#include "node/home.h"
#include "node/storage/data_dir.h"

namespace fenrun::cli {
namespace {

struct MemberOptions {
  std::string home;
  bool plain = false;
  std::uint64_t wait_s = 30;
};

Result<Json> submit_operation(const ApiClient& client, const Member& member,
                              const Operation& operation, std::uint64_t wait_s) {
  TransactionDraft draft;
  FENRUN_TRY(auto bytes, encode_operation(operation));
  draft.operations.push_back(std::move(bytes));
  FENRUN_TRY(const auto transaction, sign_draft(client, std::move(draft), member.operator_key, ""));
  FENRUN_TRY(const auto answer, client.submit(transaction, wait_s));
  return with_outcomes(client, answer);
}

Result<bool> is_registered(const ApiClient& client, const PublicKey& key) {
  const auto record = client.get("/v1/records/" + to_hex(public_key_key(key)));
  if (record) return true;
  if (record.error().code == Errc::not_found) return false;
  return record.error();
}

// As the ledger has it; null where it has none of that name.
Result<Json> validator_named(const ApiClient& client, const std::string& name) {
  FENRUN_TRY(const auto validators, client.get_all("/v1/validators", kValidatorsMax));
  for (const auto& validator : validators) {
    if (validator.value("name", "") == name) return validator;
  }
  return Json();
}

bool has_key(const Json& validator, const char* purpose, const SigningKey& key) {
  return validator.is_object() && validator.value(purpose, "") == to_hex(key.public_key().view());
}

Result<NextKeys> prepared_keys(const Session& session, const MemberOptions& options) {
  std::optional<Passphrase> passphrase;
  FENRUN_TRY(const bool are_prepared, has_next_keys(options.home));
  if (!options.plain && !are_prepared) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  FENRUN_OK(prepare_next_keys(options.home, passphrase ? &*passphrase : nullptr));
  return load_next_keys(options.home, [&](const Path& file) {
    return ask_passphrase(session, "Passphrase of " + file.string());
  });
}

// Keys that may be registered: those of an earlier attempt, unless the ledger has them in another
// place already, from where they never come back.
Result<NextKeys> registrable_keys(const Session& session, const ApiClient& client,
                                  const MemberOptions& options, NextKeys prepared) {
  FENRUN_TRY(const bool has_consensus, is_registered(client, prepared.consensus.public_key()));
  FENRUN_TRY(const bool has_checkpoint, is_registered(client, prepared.checkpoint.public_key()));
  if (!has_consensus && !has_checkpoint) return prepared;
  FENRUN_OK(discard_next_keys(options.home));
  return prepared_keys(session, options);
}

// With the transport key of the home, which may be another than the ledger has.
Result<ReplaceValidatorKeys> replacement(const Session& session, const ApiClient& client,
                                         const Member& member, const Json& present,
                                         const NextKeys& next) {
  FENRUN_TRY(const auto party, client.party_of(member.operator_key.public_key()));
  FENRUN_TRY(const auto transport, open_key(session, member.config.key_path("transport")));
  const auto possession = [&](const SigningKey& key, KeyPurpose purpose) {
    return prove_possession(key, member.chain_id, party, purpose);
  };
  const NameText name{member.config.name};
  const ValidatorKeysStatement statement{member.chain_id, name, next.consensus.public_key(),
                                         next.checkpoint.public_key(), Height(0)};
  ReplaceValidatorKeys operation{name,
                                 statement.consensus_key,
                                 statement.checkpoint_key,
                                 transport.public_key(),
                                 next.consensus.sign(Domain::validator_keys, encode(statement)),
                                 possession(next.checkpoint, KeyPurpose::checkpoint),
                                 std::nullopt};
  if (!has_key(present, "transport_key", transport)) {
    operation.transport_possession = possession(transport, KeyPurpose::transport);
  }
  return operation;
}

Result<Exit> rejoin(const Session& session, const MemberOptions& options) {
  FENRUN_TRY(const auto member, open_member(session, options.home));
  const auto lock = DataDir::lock(member.config.data_path());
  if (!lock) return Error{lock.error().code, "stop the node first"};
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(auto next, prepared_keys(session, options));

  const auto& name = member.config.name;
  FENRUN_TRY(const auto present, validator_named(client, name));
  const bool is_done = has_key(present, "consensus_key", next.consensus) &&
                       has_key(present, "checkpoint_key", next.checkpoint);
  if (!is_done) {
    FENRUN_TRY(next, registrable_keys(session, client, options, std::move(next)));
    FENRUN_TRY(const auto operation, replacement(session, client, member, present, next));
    FENRUN_TRY(const auto answer, submit_operation(client, member, operation, options.wait_s));
    if (exit_of_transaction(answer) != Exit::ok) {
      return report_transaction(session, client, answer);
    }
  }
  const auto retired_name = to_hex(next.consensus.public_key().view()).substr(0, 16);
  PosixFileSystem files;
  FENRUN_OK(take_next_keys(files, options.home, "before-" + retired_name));
  const Json view = {
      {"name", name},
      {"consensus_key", to_hex(next.consensus.public_key().view())},
      {"checkpoint_key", to_hex(next.checkpoint.public_key().view())},
      {"retired", (Path(options.home) / "retired" / ("before-" + retired_name)).string()}};
  session.show(view, [&](std::ostream& out) {
    print_fields(out, view);
    out << "The old keys vote no more.  Now: fenrun start --home " << options.home
        << "\nFrom the next epoch on, hand out the new trust file: what GET /network.policy of a "
           "running node answers.\n";
  });
  return Exit::ok;
}

Result<Exit> report_ready(const Session& session, const MemberOptions& options) {
  FENRUN_TRY(const auto member, open_member(session, options.home));
  FENRUN_TRY(const auto consensus, open_key(session, member.config.key_path("consensus")));
  FENRUN_TRY(const auto checkpoint, open_key(session, member.config.key_path("checkpoint")));
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(const auto height, client.height());
  FENRUN_TRY(const auto block, client.get("/v1/blocks/" + std::to_string(height.value())));
  FENRUN_TRY(const auto id, fixed_from_hex<Digest>(block["header"].value("id", "")));
  FENRUN_TRY(const auto party, client.party_of(member.operator_key.public_key()));
  const NameText name{member.config.name};
  const ValidatorKeysStatement statement{member.chain_id, name, consensus.public_key(),
                                         checkpoint.public_key(), height};
  const ReportReady operation{
      name,
      consensus.public_key(),
      checkpoint.public_key(),
      height,
      id,
      consensus.sign(Domain::validator_keys, encode(statement)),
      prove_possession(checkpoint, member.chain_id, party, KeyPurpose::checkpoint)};
  FENRUN_TRY(const auto answer, submit_operation(client, member, operation, options.wait_s));
  return report_transaction(session, client, answer);
}

void add_member_options(CLI::App& command, const std::shared_ptr<MemberOptions>& options) {
  command.add_option("--home", options->home, "The node's folder")->required()->type_name("DIR");
  command.add_option("--wait", options->wait_s, "Seconds to wait until it is final");
}

}  // namespace

void add_member_commands(CLI::App& app, Session& session) {
  const auto rejoin_options = std::make_shared<MemberOptions>();
  CLI::App* const again = add_command(
      app, "rejoin", "Vote again with new keys, after the vote log was lost or restored",
      "fenrun rejoin --home brand --node http://127.0.0.1:7103 --token-file east.token\n"
      "  The node must be stopped; --node is any other member's.");
  add_member_options(*again, rejoin_options);
  again->add_flag("--plain-keys", rejoin_options->plain, "New keys without passphrase");
  again->callback([&session, rejoin_options] {
    session.command = [&session, rejoin_options] { return rejoin(session, *rejoin_options); };
  });

  const auto ready_options = std::make_shared<MemberOptions>();
  CLI::App* const ready = add_command(
      app, "ready", "Report that an observer has caught up and could validate, with its keys",
      "fenrun ready --home south --node http://127.0.0.1:7109 --token-file south/token\n"
      "  --node is the observer's own.  Then the validators approve add_validator.");
  add_member_options(*ready, ready_options);
  ready->callback([&session, ready_options] {
    session.command = [&session, ready_options] { return report_ready(session, *ready_options); };
  });
}

}  // namespace fenrun::cli
