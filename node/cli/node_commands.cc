// fenrun start and fenrun status.
#include "node/cli/api_client.h"
#include "node/cli/commands.h"
#include "node/home.h"
#include "node/process.h"

namespace fenrun::cli {
namespace {

Result<Exit> start(const Session& session, const Path& home) {
  FENRUN_TRY(const auto config, load_config(home));
  std::string passphrase;  // Asked for once, used for each key.
  bool is_asked = false;
  const auto ask = [&](const Path& file) -> Result<Passphrase> {
    if (!is_asked) {
      FENRUN_TRY(const auto given, ask_passphrase(session, "Passphrase of " + file.string()));
      passphrase = std::string(given.view());
      is_asked = true;
    }
    return Passphrase(passphrase);
  };
  const auto keys = of_local_file(load_node_keys(config, ask));
  wipe(passphrase);
  if (!keys) return keys.error();
  FENRUN_OK(of_local_file(run_node(config, *keys)));
  return Exit::ok;
}

// What is to happen to the organisation's key; empty if nothing.
std::string about_recovery(const Json& status) {
  if (!status.contains("recovery")) return {};
  const auto& recovery = status["recovery"];
  const auto key = recovery.value("new_key", std::string());
  return "WARNING: another key is to sign for this organisation, " + key + ", " +
         (recovery.contains("due") ? "from " + recovery["due"].get<std::string>()
                                   : std::string("once an auditor approves")) +
         ".\n  If that is not your doing, object: fenrun tx example object_to_recovery";
}

Result<Exit> show_status(const Session& session, bool why) {
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(const auto status, client.get(why ? "/v1/status?why=1" : "/v1/status"));
  session.show(status, [&](std::ostream& out) {
    Json fields = status;
    fields.erase("validators");
    fields.erase("why");
    fields.erase("diagnosis");
    fields.erase("recovery");
    print_fields(out, fields);
    out << "\n";
    if (status.contains("validators")) {
      print_table(out, status["validators"],
                  {{"validator", "name"},
                   {"connected", "connected"},
                   {"final at", "finalized_height"},
                   {"voted", "voted"}});
    }
    const auto warning = about_recovery(status);
    if (!warning.empty()) out << "\n" << warning << "\n";
    if (why && status.contains("why") && status["why"].is_string()) {
      const auto& text = status["why"].get_ref<const std::string&>();
      if (!text.empty()) out << "\n" << text << "\n";
      if (text.empty() && warning.empty()) out << "\nAll is well.\n";
    }
  });
  return Exit::ok;
}

}  // namespace

void add_node_commands(CLI::App& app, Session& session) {
  const auto home = std::make_shared<std::string>();
  CLI::App* const command =
      add_command(app, "start", "Run a node until SIGINT or SIGTERM", "fenrun start --home brand");
  command->add_option("--home", *home, "The node's folder")->required()->type_name("DIR");
  command->callback(
      [&session, home] { session.command = [&session, home] { return start(session, *home); }; });

  const auto why = std::make_shared<bool>(false);
  CLI::App* const status =
      add_command(app, "status", "How a node and its network are",
                  "fenrun status --node http://127.0.0.1:7101 --token-file net/brand/token --why");
  status->add_flag("--why", *why, "Say why nothing becomes final, and what to do");
  status->callback([&session, why] {
    session.command = [&session, why] { return show_status(session, *why); };
  });
}

}  // namespace fenrun::cli
