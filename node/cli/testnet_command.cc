// fenrun testnet: a whole network on one machine, to try things out.
#include <signal.h>
#include <sys/wait.h>

#include <map>

#include "node/cli/commands.h"
#include "node/local_network.h"

namespace fenrun::cli {
namespace {

struct TestnetOptions {
  std::string home;
  std::vector<std::string> validators;
  std::vector<std::string> roles;
  unsigned base_port = 7100;
  bool plain = false;
  bool start = false;
};

Result<std::map<std::string, Role>> roles_of(const TestnetOptions& options) {
  std::map<std::string, Role> roles;
  for (const auto& name : options.validators) {
    if (!roles.emplace(name, guessed_role(name)).second) {
      return Error{Errc::usage, "--validators: " + name + " appears twice"};
    }
  }
  for (const auto& text : options.roles) {
    const auto equals = text.find('=');
    const auto it = roles.find(text.substr(0, equals));
    if (equals == std::string::npos || it == roles.end()) {
      return Error{Errc::usage, "--roles: " + text + " is not NAME=ROLE of a validator"};
    }
    const auto role = role_from(std::string_view(text).substr(equals + 1));
    if (!role) return Error{Errc::usage, "--roles: " + role.error().detail};
    it->second = *role;
  }
  return roles;
}

LocalNetworkOptions network_options(const TestnetOptions& options,
                                    const std::map<std::string, Role>& roles) {
  LocalNetworkOptions out{options.home, {}, options.base_port};
  for (const auto& name : options.validators) out.validators.push_back({name, roles.at(name)});
  return out;
}

// ---- Running them ------------------------------------------------------------------------------

// Runs the nodes until SIGINT or SIGTERM, then stops those that still run.  A node that ends by
// itself is reported and not started again.
Result<Exit> run_members(const Session& session, const std::vector<LocalNode>& members,
                         const std::string& passphrase) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  std::map<pid_t, const LocalNode*> running;
  for (const auto& member : members) {
    const auto child = start_local_node(member.home, passphrase, {});
    if (!child) {
      for (const auto& [pid, other] : running) ::kill(pid, SIGTERM);
      return child.error();
    }
    running.emplace(*child, &member);
  }
  bool is_stopping = false;
  bool has_failed = false;
  while (!running.empty()) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGCHLD && !is_stopping) {
      is_stopping = true;
      for (const auto& [pid, member] : running) ::kill(pid, SIGTERM);
    }
    int state = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &state, WNOHANG)) > 0;) {
      const auto it = running.find(ended);
      if (it == running.end()) continue;
      const bool is_clean = WIFEXITED(state) && WEXITSTATUS(state) == 0;
      has_failed = has_failed || !is_clean;
      if (!is_clean) session.err << it->second->name << " ended with a failure\n";
      running.erase(it);
    }
  }
  return has_failed ? Exit::local : Exit::ok;
}

Result<Exit> run_testnet(const Session& session, const TestnetOptions& options) {
  FENRUN_TRY(const auto roles, roles_of(options));
  std::optional<Passphrase> passphrase;
  if (!options.plain) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  FENRUN_TRY(const auto network, create_local_network(network_options(options, roles),
                                                      passphrase ? &*passphrase : nullptr));
  const auto& genesis = network.genesis;
  Json nodes = Json::array();
  for (const auto& member : network.nodes) {
    nodes.push_back({{"name", member.name},
                     {"node", "http://127.0.0.1:" + std::to_string(member.api_port)},
                     {"home", member.home.string()},
                     {"token_file", (member.home / "token").string()}});
  }
  const Json view = {{"network", genesis.network.value},
                     {"chain_id", to_hex(chain_id(genesis).view())},
                     {"trust", (Path(options.home) / "network.policy").string()},
                     {"nodes", nodes}};
  session.show(view, [&](std::ostream& out) {
    out << "network  " << genesis.network.value << "\ntrust    " << view["trust"].get<std::string>()
        << "\n\n";
    print_table(out, nodes, {{"name", "name"}, {"node", "node"}, {"token", "token_file"}});
    if (!options.start) out << "\nStart each with: fenrun start --home DIR\n";
  });
  session.out << std::flush;
  if (!options.start) return Exit::ok;
  return run_members(session, network.nodes, passphrase ? std::string(passphrase->view()) : "");
}

}  // namespace

void add_testnet_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<TestnetOptions>();
  CLI::App* const testnet =
      add_command(app, "testnet", "Make a network of several nodes on this machine",
                  "fenrun testnet --home net --validators brand,south,north,auditor "
                  "--base-port 7100 --plain-keys --start");
  testnet->add_option("--home", options->home, "Its folder")->required()->type_name("DIR");
  testnet->add_option("--validators", options->validators, "Their names, by commas")
      ->required()
      ->delimiter(',')
      ->check(fault_of_name);
  testnet->add_option("--base-port", options->base_port,
                      "Peer links on P, P+2, ...; HTTP on P+1, P+3, ...");
  testnet->add_option("--roles", options->roles, "NAME=ROLE,... where names do not tell")
      ->delimiter(',');
  testnet->add_flag("--plain-keys", options->plain, "Keys without passphrase");
  testnet->add_flag("--start", options->start, "Run the nodes until Ctrl-C");
  testnet->callback([&session, options] {
    session.command = [&session, options] { return run_testnet(session, *options); };
  });
}

}  // namespace fenrun::cli
