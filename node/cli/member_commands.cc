// fenrun rejoin and fenrun ready: how a node comes to vote, again or for the first time.
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

Result<PublicKey> registered_transport_key(const Session& session, const Member& member) {
  FENRUN_TRY(const auto key, open_key(session, member.config.key_path("transport")));
  return key.public_key();
}

Result<Exit> rejoin(const Session& session, const MemberOptions& options) {
  FENRUN_TRY(const auto member, open_member(session, options.home));
  const auto lock = DataDir::lock(member.config.data_path());
  if (!lock) return Error{lock.error().code, "stop the node first"};
  FENRUN_TRY(const auto client, ApiClient::create(session));
  std::optional<Passphrase> passphrase;
  FENRUN_TRY(const bool are_prepared, has_next_keys(options.home));
  if (!options.plain && !are_prepared) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  FENRUN_OK(prepare_next_keys(options.home, passphrase ? &*passphrase : nullptr));
  const AskPassphrase ask = [&](const Path& file) {
    return ask_passphrase(session, "Passphrase of " + file.string());
  };
  FENRUN_TRY(const auto next, load_next_keys(options.home, ask));

  const NameText name{member.config.name};
  FENRUN_TRY(const bool is_done, is_registered(client, next.consensus.public_key()));
  if (!is_done) {
    FENRUN_TRY(const auto transport_key, registered_transport_key(session, member));
    const ValidatorKeysStatement statement{member.chain_id, name, next.consensus.public_key(),
                                           next.checkpoint.public_key(), Height(0)};
    const ReplaceValidatorKeys operation{
        name, next.consensus.public_key(), next.checkpoint.public_key(), transport_key,
        next.consensus.sign(Domain::validator_keys, encode(statement))};
    FENRUN_TRY(const auto answer, submit_operation(client, member, operation, options.wait_s));
    if (exit_of_transaction(answer) != Exit::ok) {
      return report_transaction(session, client, answer);
    }
  }
  const auto retired_name = to_hex(next.consensus.public_key().view()).substr(0, 16);
  PosixFileSystem files;
  FENRUN_OK(take_next_keys(files, options.home, "before-" + retired_name));
  const Json view = {
      {"name", name.value},
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
  const NameText name{member.config.name};
  const ValidatorKeysStatement statement{member.chain_id, name, consensus.public_key(),
                                         checkpoint.public_key(), height};
  const ReportReady operation{name,
                              consensus.public_key(),
                              checkpoint.public_key(),
                              height,
                              id,
                              consensus.sign(Domain::validator_keys, encode(statement))};
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
