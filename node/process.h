// A node as a process: its files, its threads, its sockets, and how it ends.
#pragma once

#include <optional>

#include "core/crypto/sign.h"
#include "core/result.h"
#include "node/config.h"

namespace fenrun {

struct NodeKeys {
  SigningKey consensus;
  SigningKey checkpoint;
  SigningKey transport;
  std::optional<SigningKey> intake;  // Of [intake] key_file.
};

// Runs the node until SIGINT or SIGTERM, then stops it gracefully and returns.  The error of a node
// that cannot start or had to stop: config_invalid, locked, corruption, io_error, key_invalid ...
Status run_node(const Config& config, const NodeKeys& keys);

}  // namespace fenrun
