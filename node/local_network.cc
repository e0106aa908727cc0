#include "node/local_network.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>

#include "core/text.h"
#include "node/network.h"

namespace fenrun {
namespace {

constexpr int kExecFailed = 5;

std::optional<std::string> parent_of(Role role, const LocalNetworkOptions& options) {
  if (role != Role::distributor && role != Role::subdistributor) return std::nullopt;
  for (const auto& validator : options.validators) {
    if (validator.role == Role::brand) return validator.name;
  }
  return std::nullopt;
}

// A node's home has a card, and another network its trust file.
Status check_unused(const Path& home) {
  for (const auto* name : {"card.json", "network.policy"}) {
    FENRUN_TRY(const bool is_there, PosixFileSystem().holds(home / name));
    if (!is_there) continue;
    return Error{Errc::file_exists, (home / name).string() + ": give the network its own folder"};
  }
  return {};
}

TimeMs present() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return TimeMs(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count()));
}

// The cards as this validator is to know the others.
std::vector<ValidatorCard> cards_of(const LocalNetworkOptions& options, std::size_t self,
                                    std::vector<ValidatorCard> cards) {
  for (std::size_t to = 0; to < cards.size() && options.dial_port; ++to) {
    if (to != self) cards[to].peer_port = options.dial_port(self, to);
  }
  return cards;
}

// In the child: becomes the node.
[[noreturn]] void become_node(const Path& home, const std::string& passphrase, const Path& log) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // What the parent has open is none of the node's.
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  if (!log.empty()) {
    const int file = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || ::dup2(file, STDOUT_FILENO) < 0 || ::dup2(file, STDERR_FILENO) < 0) {
      ::_exit(kExecFailed);
    }
  }
  // Several nodes cannot ask one terminal.
  if (!passphrase.empty()) ::setenv("FENRUN_PASSPHRASE", passphrase.c_str(), 1);
  const std::string folder = home.string();
  const char* const argv[] = {"fenrun", "start", "--home", folder.c_str(), nullptr};
  ::execv("/proc/self/exe", const_cast<char* const*>(argv));
  ::_exit(kExecFailed);
}

}  // namespace

Role guessed_role(std::string_view name) {
  if (name.starts_with("brand")) return Role::brand;
  if (name.starts_with("auditor")) return Role::auditor;
  return Role::distributor;
}

Result<LocalNetwork> create_local_network(const LocalNetworkOptions& options,
                                          const Passphrase* passphrase) {
  const auto count = options.validators.size();
  if (count == 0 || count > kValidatorsMax) {
    return Error{Errc::usage, "--validators: 1 to " + std::to_string(kValidatorsMax)};
  }
  if (options.base_port == 0 || options.base_port + 2 * count > 65'536) {
    return Error{Errc::usage, "--base-port: the ports would not fit below 65536"};
  }
  FENRUN_OK(check_unused(options.home));
  LocalNetwork network;
  std::vector<ValidatorCard> cards;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [name, role] = options.validators[i];
    const auto port = static_cast<std::uint16_t>(options.base_port + 2 * i);
    const HomeOptions home{.name = name,
                           .role = role,
                           .parent = parent_of(role, options),
                           .peer_host = "127.0.0.1",
                           .peer_port = port};
    network.nodes.push_back({name, options.home / name, static_cast<std::uint16_t>(port + 1)});
    FENRUN_TRY(auto card, create_keys(network.nodes.back().home, home, passphrase));
    cards.push_back(std::move(card));
  }
  FENRUN_TRY(network.genesis, compose_genesis("fenrun-testnet", cards, present()));
  for (std::size_t i = 0; i < count; ++i) {
    const auto& node = network.nodes[i];
    FENRUN_OK(join_network(node.home, node.name, network.genesis, cards_of(options, i, cards),
                           "127.0.0.1", node.api_port));
  }
  PosixFileSystem files;
  FENRUN_OK(replace_file(files, options.home / "network.policy",
                         bytes_of(trust_policy_of(network.genesis))));
  return network;
}

Result<pid_t> start_local_node(const Path& home, const std::string& passphrase, const Path& log) {
  const pid_t child = ::fork();
  if (child == 0) become_node(home, passphrase, log);
  if (child < 0) return Error{Errc::io_error, "cannot start a process"};
  return child;
}

}  // namespace fenrun
