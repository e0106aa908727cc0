// Cosigned checkpoints, compared with the roots that an audit computes: those that a node keeps of
// each epoch (docs/spec/storage.md, §8), and one that the auditor brings along.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "contracts/records.h"
#include "ledger/proof/trust_policy.h"
#include "node/storage/file.h"

namespace fenrun::audit {

struct CheckedCheckpoint {
  std::string source;  // The file.
  Epoch epoch;
  std::uint64_t size = 0;
  Digest root;
  std::vector<std::string> cosigners;  // Names of their keys.
};

class Checkpoints {
 public:
  struct Options {
    FileSystem* files = nullptr;
    Path folder;                       // With handovers and anchors; need not exist.
    std::optional<TrustPolicy> trust;  // The auditor's own.
    // A checkpoint of the auditor's, and the name of its file.
    std::optional<std::string> note;
    std::string note_source;
  };

  // REQUIRES: the file system outlives this object.  Errc::checkpoint_malformed,
  // Errc::origin_unknown if trust file or checkpoint are of another network than `origin`.
  static Result<Checkpoints> open(Options options, const std::string& origin);

  // From now on blocks are of this epoch.  `policy_text` is the canonical policy of its validators.
  // Errors of what is kept of the epoch; Errc::checkpoint_malformed.
  Status begin_epoch(Epoch epoch, const std::string& policy_text);

  // A block ends with this many entries, whose root is this.  Errc::root_mismatch for a checkpoint
  // of another root, Errc::index_out_of_range for one that ends within the block; errors of
  // verify_checkpoint().
  Status check(std::uint64_t size, const Digest& root);

  // There are no more blocks.  Errc::validators_mismatch if the trust file names validators of no
  // epoch; Errc::index_out_of_range if the auditor's checkpoint is of a greater size.
  Status finish() const;

  // By size.
  const std::vector<CheckedCheckpoint>& checked() const { return checked_; }

 private:
  struct Expected {
    std::string source;
    std::string note;
    bool is_own = false;  // The auditor's: its own trust file decides.
  };

  explicit Checkpoints(Options options) : options_(std::move(options)) {}

  Status expect(std::string source, std::string note, bool is_own);

  Options options_;
  Epoch epoch_;
  std::optional<TrustPolicy> validators_;  // Of the epoch.
  bool is_trust_seen_ = false;             // An epoch had the validators of the trust file.
  std::multimap<std::uint64_t, Expected> expected_;
  std::vector<CheckedCheckpoint> checked_;
};

}  // namespace fenrun::audit
