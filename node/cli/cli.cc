#include "node/cli/cli.h"

#include <charconv>
#include <cstdlib>
#include <exception>

#include "contracts/words.h"
#include "node/cli/commands.h"

namespace fenrun::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 the answer is no (refused, not found, a proof that does not hold);\n"
    "2 wrong command line; 3 no node, or none in time; 4 a local file or key; 5 a fault of "
    "fenrun.\n"
    "\n"
    "Start with:  fenrun testnet --home net --validators brand,south,north,auditor \\\n"
    "               --base-port 7100 --plain-keys --start\n"
    "             fenrun status --node http://127.0.0.1:7101 --token-file net/brand/token";

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

void add_common_options(CLI::App& app, Session& session) {
  session.node = from_environment("FENRUN_NODE");
  session.token_file = from_environment("FENRUN_TOKEN_FILE");
  app.add_flag("--json", session.json, "Print JSON, errors included");
  app.add_option("--node", session.node, "Address of a node's API (or FENRUN_NODE)")
      ->type_name("URL");
  app.add_option("--token-file", session.token_file,
                 "File of a member's token (or FENRUN_TOKEN_FILE)")
      ->type_name("FILE");
  app.add_option("--passphrase-file", session.passphrase_file,
                 "File whose first line opens key files (or FENRUN_PASSPHRASE, or the terminal)")
      ->type_name("FILE");
  app.add_option("--timeout", session.timeout_s, "Seconds to wait for a node")
      ->check(CLI::Range(1, 3'600));
}

// The parser itself takes "-1" for 2^64 - 1, "010" for eight, and what is too large for the
// largest.
std::string read_decimal(std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || rest != end) return "'" + text + "' is no number in decimal digits";
  text = std::to_string(number);
  return "";
}

// Of every option, of this command and those below it, whose values are of the type UINT.
void expect_decimals(CLI::App& app) {
  for (CLI::Option* const option : app.get_options()) {
    if (option->get_type_name().starts_with("UINT")) {
      option->transform(CLI::Validator(read_decimal, ""));
    }
  }
  for (CLI::App* const command : app.get_subcommands(std::function<bool(CLI::App*)>())) {
    expect_decimals(*command);
  }
}

Exit report(const Session& session, const Error& error) {
  if (session.json) session.out << print_json({{"error", error_view(error)}}) << "\n";
  print_error(session.err, error);
  return exit_of(error.code);
}

Exit run(CLI::App& app, Session& session, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* shown = &app;
    for (auto chosen = shown->get_subcommands(); !chosen.empty();
         chosen = shown->get_subcommands()) {
      shown = chosen.back();
    }
    session.out << shown->help();
    return Exit::ok;
  } catch (const CLI::CallForAllHelp&) {
    session.out << app.help("", CLI::AppFormatMode::All);
    return Exit::ok;
  } catch (const CLI::CallForVersion&) {
    session.out << "fenrun " FENRUN_VERSION "\n";
    return Exit::ok;
  } catch (const CLI::ParseError& error) {
    return report(session, {Errc::usage, error.what()});
  }
  if (!session.command) return report(session, {Errc::usage, "no command"});
  const auto exit = session.command();
  return exit ? *exit : report(session, exit.error());
}

}  // namespace

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary,
                      const std::string& example) {
  CLI::App* const command = parent.add_subcommand(name, summary);
  command->footer("Example:\n  " + example +
                  "\n\nCommon options: --json --node URL --token-file FILE --passphrase-file FILE "
                  "--timeout SECONDS\nExit codes: see fenrun --help");
  return command;
}

std::string fault_of_name(const std::string& name) {
  return is_plain_name(name) ? "" : "'" + name + "' is not 1 to 63 of a-z 0-9 . and -";
}

int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  Session session{.out = out, .err = err};
  try {
    CLI::App app("A permissioned ledger for channel incentives", "fenrun");
    app.require_subcommand(0, 1);
    app.fallthrough();
    app.set_version_flag("--version", "");
    app.set_help_all_flag("--help-all", "Help of all commands");
    app.footer(kExitCodes);
    add_common_options(app, session);
    add_network_commands(app, session);
    add_testnet_command(app, session);
    add_node_commands(app, session);
    add_member_commands(app, session);
    add_recover_commands(app, session);
    add_keys_commands(app, session);
    add_tx_commands(app, session);
    add_capture_command(app, session);
    add_codes_commands(app, session);
    add_query_commands(app, session);
    add_proof_commands(app, session);
    add_policy_commands(app, session);
    add_audit_command(app, session);
    add_sim_command(app, session);
    add_bench_command(app, session);
    expect_decimals(app);
    return static_cast<int>(run(app, session, argc, argv));
  } catch (const std::exception& fault) {
    err << "error: internal: " << fault.what() << "\n"
        << "next: report this, with the command line\n";
    return static_cast<int>(Exit::internal);
  }
}

}  // namespace fenrun::cli
