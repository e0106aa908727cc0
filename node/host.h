// A node with its files: what a process consists of apart from sockets, threads and the clock.
//
// It is opened as after every start: the journal is brought up, the votes of the key are read, and
// whoever may not vote observes, and signs no checkpoints.  The simulator restarts its nodes by the
// very same steps. Not thread-safe.
#pragma once

#include <memory>

#include "node/node.h"
#include "node/storage/disk_store.h"

namespace fenrun {

struct HostPaths {
  Path data;      // The store's folder.
  Path vote_log;  // Of the consensus key.
  Path guard;     // Of the checkpoint key.
};

struct HostKeys {
  const SigningKey* consensus = nullptr;
  const SigningKey* checkpoint = nullptr;
};

struct HostOptions {
  HostPaths paths;
  HostKeys keys;  // Outlive the host.
  DiskStoreOptions store;
  std::uint64_t snapshot_interval = 0;
  NodeOptions node;  // consensus_key is set by open(): none where the votes are lost.
};

class Host {
 public:
  // Opens the files, with genesis as block 0 of a journal that is new, and recovers the node.
  // REQUIRES: everything given by reference outlives the host.
  // Errc::config_invalid if the journal is another network's; Errc::corruption, Errc::io_error.
  static Result<std::unique_ptr<Host>> open(FileSystem& files, HostOptions options,
                                            net::Transport& transport, BatchVerifier& verifier);

  Node& node() { return *node_; }
  const Node& node() const { return *node_; }
  const Journal& journal() const { return *journal_; }

 private:
  Host() = default;

  std::unique_ptr<DiskStore> store_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Node> node_;
};

}  // namespace fenrun
