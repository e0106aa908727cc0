// A whole network on this machine: the homes of its nodes, and their processes.  For trying things
// out and for measuring, never for money: all keys lie in one place.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "contracts/genesis.h"
#include "core/crypto/key_file.h"
#include "node/home.h"

namespace fenrun {

struct LocalNode {
  std::string name;
  Path home;
  std::uint16_t api_port = 0;
};

struct LocalNetwork {
  Genesis genesis;
  std::vector<LocalNode> nodes;
};

struct LocalNetworkOptions {
  struct Validator {
    std::string name;
    Role role{};
  };
  Path home;
  std::vector<Validator> validators;
  unsigned base_port = 0;  // Peer links on P, P+2, ...; HTTP on P+1, P+3, ...
  // Where validator `from` dials validator `to`, both by their place; empty: where that one
  // listens.
  std::function<std::uint16_t(std::size_t from, std::size_t to)> dial_port = {};
};

// brand..., distributor..., auditor... say what they are; others distribute.
Role guessed_role(std::string_view name);

// Makes keys (sealed with the passphrase, or plain without one), genesis and homes under
// `home`/<name>, and `home`/network.policy.  Distributors stand under the first brand.  Errc::usage
// naming the option of the command line; Errc::file_exists for a folder that is a node's home or
// has a network; errors of create_keys() and join_network().
Result<LocalNetwork> create_local_network(const LocalNetworkOptions& options,
                                          const Passphrase* passphrase);

// Starts `fenrun start --home HOME` from this program's own file.  It ends when the calling thread
// does.  What it says goes to `log`, or with an empty path where this process's goes.
// Errc::io_error.
Result<pid_t> start_local_node(const Path& home, const std::string& passphrase, const Path& log);

}  // namespace fenrun
