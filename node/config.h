// The configuration of one node: DIR/config.toml, read once at start and validated at once.
// docs/operating.md lists every key with its default.
//
// Files of a node's home directory:
//   config.toml      this configuration
//   genesis.bin      BCS of the network's Genesis
//   network.policy   the trust file that follows from genesis.bin (C2SP tlog-policy)
//   keys/operator.key keys/consensus.key keys/checkpoint.key keys/transport.key
//   tokens           member tokens of the API, one a line: <name> <hex SHA-256 of the token>
//   data/            journal, index, vote log, guard: one process at a time
//   data/documents/  what the intake took, by SHA-256; data/jobs/: what became of it
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/sign.h"
#include "core/result.h"

namespace fenrun {

// As a distance: a node joins by no snapshot, whatever happens.
inline constexpr std::uint64_t kJoinNever = ~std::uint64_t{0};

struct PeerConfig {
  std::string name;  // As in the ledger.
  std::string host;
  std::uint16_t port = 0;
};

// How documents and claims become transactions of this organisation.
struct IntakeConfig {
  std::filesystem::path key_file;  // Signs them; empty: the node signs nothing.
  std::uint16_t lane = 0;          // Of the key's party; better one of its own.
  std::filesystem::path places;    // Which party a place of a document is; empty: none is known.
  std::uint64_t documents_bytes_max = 1024ULL * 1024 * 1024;  // Of all that is kept.
};

// What a node needs to serve consumers: docs/operating.md, "A gateway".
struct ClaimsConfig {
  // Folders of code batches; what is relative lies in the home folder.
  std::vector<std::string> code_trees;
  std::uint32_t region = 0;  // Of scans that name no store; 0: not stated.
  std::string proxy;         // Whose X-Forwarded-For names the client; empty: nobody's.
  std::uint32_t requests_per_minute = 600;  // Of one address.
  std::string names;  // A file of what people call products, stores and regions; empty: none.
};

struct Config {
  std::filesystem::path home;
  std::string name;  // This member's name in the ledger.
  // Its number, for a member that came after genesis.
  std::optional<std::uint16_t> member;

  std::string peer_host = "127.0.0.1";  // Where peers reach us: listening address of peer links.
  std::uint16_t peer_port = 0;
  std::vector<PeerConfig> peers;  // The other members, as far as this node dials them.

  std::string api_host = "127.0.0.1";
  std::uint16_t api_port = 0;

  std::string log_level = "info";   // trace debug info warn error
  std::string log_format = "text";  // text or json, one line an event

  std::uint64_t mempool_bytes_max = 64 * 1024 * 1024;
  std::uint64_t mempool_transactions_max = 100'000;
  std::uint32_t verify_threads = 2;

  std::uint64_t snapshot_interval = 10'000;  // Heights between two that are offered; 0: none.
  // Further behind than this, a node joins by one; kJoinNever: `snapshot.join` is false.
  std::uint64_t snapshot_behind = 5'000;

  IntakeConfig intake;
  std::optional<ClaimsConfig> claims;  // None: the node is not for consumers.

  std::filesystem::path genesis_path() const { return home / "genesis.bin"; }
  std::filesystem::path policy_path() const { return home / "network.policy"; }
  std::filesystem::path key_path(const std::string& purpose) const {
    return home / "keys" / (purpose + ".key");
  }
  std::filesystem::path tokens_path() const { return home / "tokens"; }
  std::filesystem::path data_path() const { return home / "data"; }
  std::filesystem::path documents_path() const { return data_path() / "documents"; }
  std::filesystem::path jobs_path() const { return data_path() / "jobs"; }
  // Made with the keys, and never again: without them a key neither votes nor signs checkpoints.
  std::filesystem::path vote_log_path() const { return data_path() / "votes.log"; }
  std::filesystem::path guard_path() const { return data_path() / "checkpoint.guard"; }
};

// The configuration that the text describes.  Errc::config_invalid names the key and the line,
// unknown keys included.
Result<Config> parse_config(std::string_view text, const std::filesystem::path& home);

// Reads home/config.toml and parses it; errors name the file.  Errc::file_missing, io_error.
Result<Config> load_config(const std::filesystem::path& home);

// The text of a config.toml that load_config() reads back, with a comment for each key.
std::string print_config(const Config& config);

}  // namespace fenrun
