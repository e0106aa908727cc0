// fenrun testnet: a whole network on one machine, to try things out.
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>

#include "core/text.h"
#include "node/cli/commands.h"
#include "node/home.h"
#include "node/network.h"

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

struct Member {
  std::string name;
  Path home;
  std::uint16_t api_port = 0;
};

// brand..., distributor..., auditor... say what they are; others distribute.
Role guessed_role(const std::string& name) {
  if (name.starts_with("brand")) return Role::brand;
  if (name.starts_with("auditor")) return Role::auditor;
  return Role::distributor;
}

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

// Distributors stand under the first brand.
std::optional<std::string> parent_of(Role role, const TestnetOptions& options,
                                     const std::map<std::string, Role>& roles) {
  if (role != Role::distributor && role != Role::subdistributor) return std::nullopt;
  for (const auto& name : options.validators) {
    if (roles.at(name) == Role::brand) return name;
  }
  return std::nullopt;
}

Result<Genesis> create(const TestnetOptions& options, const Passphrase* passphrase,
                       std::vector<Member>& members) {
  const auto count = options.validators.size();
  if (count == 0 || count > kValidatorsMax) {
    return Error{Errc::usage, "--validators: 1 to " + std::to_string(kValidatorsMax)};
  }
  if (options.base_port == 0 || options.base_port + 2 * count > 65'536) {
    return Error{Errc::usage, "--base-port: the ports would not fit below 65536"};
  }
  FENRUN_TRY(const auto roles, roles_of(options));
  std::vector<ValidatorCard> cards;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& name = options.validators[i];
    const auto port = static_cast<std::uint16_t>(options.base_port + 2 * i);
    const Role role = roles.at(name);
    const HomeOptions home{.name = name,
                           .role = role,
                           .parent = parent_of(role, options, roles),
                           .peer_host = "127.0.0.1",
                           .peer_port = port};
    members.push_back({name, Path(options.home) / name, static_cast<std::uint16_t>(port + 1)});
    FENRUN_TRY(auto card, create_keys(members.back().home, home, passphrase));
    cards.push_back(std::move(card));
  }
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const TimeMs now(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count()));
  FENRUN_TRY(auto genesis, compose_genesis("fenrun-testnet", cards, now));
  for (const auto& member : members) {
    FENRUN_OK(join_network(member.home, member.name, genesis, cards, "127.0.0.1", member.api_port));
  }
  PosixFileSystem files;
  FENRUN_OK(replace_file(files, Path(options.home) / "network.policy",
                         bytes_of(trust_policy_of(genesis))));
  return genesis;
}

// ---- Running them ------------------------------------------------------------------------------

// In the child: becomes `fenrun start --home DIR`, which ends when its parent does.
[[noreturn]] void become_node(const Path& home, const std::string& passphrase) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const std::string folder = home.string();
  // Several nodes cannot ask one terminal.
  if (!passphrase.empty()) ::setenv("FENRUN_PASSPHRASE", passphrase.c_str(), 1);
  const char* const argv[] = {"fenrun", "start", "--home", folder.c_str(), nullptr};
  ::execv("/proc/self/exe", const_cast<char* const*>(argv));
  ::_exit(static_cast<int>(Exit::internal));
}

// Runs the nodes until SIGINT or SIGTERM, then stops those that still run.  A node that ends by
// itself is reported and not started again.
Result<Exit> run_members(const Session& session, const std::vector<Member>& members,
                         const std::string& passphrase) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  std::map<pid_t, const Member*> running;
  for (const auto& member : members) {
    const pid_t child = ::fork();
    if (child == 0) become_node(member.home, passphrase);
    if (child < 0) {
      for (const auto& [pid, other] : running) ::kill(pid, SIGTERM);
      return Error{Errc::io_error, "cannot start a process"};
    }
    running.emplace(child, &member);
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
  std::vector<Member> members;
  std::optional<Passphrase> passphrase;
  if (!options.plain) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  FENRUN_TRY(const auto genesis, create(options, passphrase ? &*passphrase : nullptr, members));
  Json nodes = Json::array();
  for (const auto& member : members) {
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
  return run_members(session, members, passphrase ? std::string(passphrase->view()) : "");
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
      ->delimiter(',');
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
