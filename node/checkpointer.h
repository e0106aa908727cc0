// Signs the checkpoints of committed blocks and collects the signatures of the others until a
// quorum has cosigned.  docs/spec/checkpoints.md.
//
// The signers are the validators of one epoch at a time: the checkpoint of an epoch's last block is
// signed by those who decided it, and is the handover to the next.  The guard is durable before a
// signature leaves.  Not thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/sign.h"
#include "ledger/checkpoint_guard.h"
#include "ledger/journal.h"
#include "ledger/proof/note.h"
#include "ledger/proof/trust_policy.h"
#include "node/messages.h"
#include "node/service.h"
#include "node/storage/file.h"

namespace fenrun {

class Checkpointer {
 public:
  struct Options {
    std::string origin;
    std::string self;                 // Name of this node.
    const SigningKey* key = nullptr;  // Of self; outlives the checkpointer.  Null: never signs.
  };

  // Reads the guard, and makes it durable.  Without a key none is looked for.
  // Errc::not_found, Errc::corruption where there is no guard, or a damaged one: whoever goes on
  // without the key signs nothing.  Errc::io_error.
  static Result<Checkpointer> open(Options options, FileSystem& files, const Path& guard_path);

  // Makes the guard of a key that has never signed.  Errc::io_error.
  static Status create_guard(FileSystem& files, const Path& guard_path);

  // From now on these validators sign, and so do we if our name and key are among them.  What was
  // collected of others is dropped; the newest cosigned checkpoint stays.
  // REQUIRES: called once before anything else.
  void begin_epoch(const std::vector<CheckpointSigner>& validators, std::size_t quorum);

  // Signs the checkpoint whose last leaf is the journal's tip.  None where the guard forbids it or
  // there is no key.  Errc::io_error when the guard cannot be written: sign nothing any more.
  Result<std::optional<CheckpointSignatures>> sign_tip(const Journal& journal, std::uint64_t now_s);

  // The votes of the same validator are not all known, so its signatures may not be either: nothing
  // is signed any more, and nothing that was is sent again.
  void stop_signing();

  // From now on signs greater sizes only: the ledger up to this one was taken from others.  Durable
  // on return.  Errc::io_error: sign nothing any more.
  Status sign_only_above(std::uint64_t size);

  // Takes the signatures of the validator with this name; those of a size that is not committed
  // here wait until it is. Errc::cosigner_unknown; Errc::cosignature_invalid;
  // Errc::consistency_invalid for another root than ours: keep that line, it is evidence that the
  // signer's ledger differs.
  Status add(const std::string& from, const CheckpointSignatures& signatures,
             const Journal& journal);

  // The journal has grown: counts what has waited for it.
  Status advance(const Journal& journal);

  // The newest checkpoint with a quorum.
  const std::optional<CosignedCheckpoint>& cosigned() const { return cosigned_; }
  // The validators whose signatures of the checkpoint of this size are not here.
  std::vector<std::string> lacking(std::uint64_t size) const;
  // Our signatures of the newest checkpoint, to be sent again to those who missed them.
  const std::optional<CheckpointSignatures>& own_latest() const { return own_latest_; }

 private:
  Checkpointer(Options options, FileSystem& files, Path guard_path)
      : options_(std::move(options)), files_(&files), guard_path_(std::move(guard_path)) {}

  Result<PublicKey> key_of(const std::string& name) const;
  Status check(const std::string& from, const CheckpointSignatures& signatures) const;
  void keep(const std::string& from, const CheckpointSignatures& signatures);
  Status count(std::uint64_t size, const Journal& journal);

  Options options_;
  FileSystem* files_;
  Path guard_path_;
  std::optional<CheckpointGuard> guard_;
  std::map<std::string, PublicKey> validators_;  // Of the present epoch, by name.
  std::size_t quorum_ = 0;
  // By size; only sizes above the newest cosigned one.
  std::map<std::uint64_t, std::map<std::string, CheckpointSignatures>> collected_;
  std::optional<CosignedCheckpoint> cosigned_;
  std::optional<CheckpointSignatures> own_latest_;
};

}  // namespace fenrun
