// What a validator may sign of its own ledger.  docs/spec/checkpoints.md, §6.
//
// A validator's signatures under checkpoints say that its ledger only ever grew.  Two roots of one
// size, or a smaller size after a larger one, would be proof of fraud, so one small record of the
// last checkpoint is kept and asked before every signature, of both types.
//
// The caller's duties:
//   1. The record that may_sign() gives is durable before a signature leaves.
//   2. One lock covers asking, storing and signing.
//   3. A record that is missing or may come from a backup is never replaced by a fresh one: the
//      validator gets a new key by consensus, and starts above the size of that block.
//   4. Only checkpoints that end with a finalized Header are asked about.
#pragma once

#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/result.h"
#include "ledger/proof/note.h"

namespace fenrun {

// The last checkpoint that was signed, or the floor below which nothing is signed.
struct CheckpointGuard {
  std::uint64_t size = 0;
  Digest root;
  std::uint64_t time_s = 0;  // Of its cosignature, in seconds.

  FENRUN_FIELDS(size, root, time_s)
  friend bool operator==(const CheckpointGuard&, const CheckpointGuard&) = default;

  // For a key that has never signed: only sizes above `size`.  0 for a validator from genesis on,
  // else the size of the snapshot it joined with, or of the block that admitted its key.
  static CheckpointGuard above(std::uint64_t size) { return {size, Digest(), 0}; }
};

// The record to store before the body is signed; its time_s is the time to cosign with, never
// below that of a cosignature before.  Signing the same checkpoint again is allowed: it says that
// nothing larger exists yet. Errc::stale for a size below the last, Errc::consistency_invalid for
// another root of the same size, Errc::value_invalid for a time beyond the format's.
Result<CheckpointGuard> may_sign(const CheckpointGuard& last, const CheckpointBody& body,
                                 std::uint64_t clock_s);

}  // namespace fenrun
