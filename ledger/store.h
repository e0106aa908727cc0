// What the journal asks of storage.  Two implementations: memory (tests, simulation, audit) and
// disk (node/storage).
//
// Commit is all or nothing and durable when it returns; what was committed is never written again.
// A failing disk is the implementation's to report as Errc::io_error, after which the store must
// not be used any more and the node stops.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "ledger/block_builder.h"
#include "ledger/proof/note.h"
#include "ledger/proof/trust_policy.h"
#include "ledger/snapshot.h"
#include "ledger/state.h"

namespace fenrun {

struct ActiveBitsDump {
  Height height;           // Of the header at which the bits were taken.
  std::uint64_t size = 0;  // That header's position.
  std::vector<ActiveChunk> chunks;
};

inline constexpr std::size_t kValidatorSetBytesMax = 16 * 1024;

// What an epoch leaves behind: the checkpoint of its last block with a quorum of its validators'
// cosignatures, the finalization of that block, and who follows.  All of it is kept because a node
// that began with a later snapshot finds nothing of it in its journal.
// docs/spec/checkpoints.md; docs/spec/network.md, §11.
struct EpochHandover {
  Text<kNoteBytesMax> checkpoint;          // The note; or a recovery (ledger/proof/recovery.h).
  Text<kTrustPolicyBytesMax> next_policy;  // Canonical.
  // Finalizes the block; opaque here.  Empty for a recovery.
  Blob<kSnapshotCertificateBytesMax> certificate;
  Blob<kValidatorSetBytesMax> next_validators;  // Hashed into its Header; likewise.

  FENRUN_FIELDS(checkpoint, next_policy, certificate, next_validators)
  friend bool operator==(const EpochHandover&, const EpochHandover&) = default;
};

class LedgerStore : public StateView {
 public:
  // Writes the entries, nodes, state and indexes of blocks that follow one another, and the
  // certificate of the last, an opaque proof of its finality and so of theirs.  After a crash all
  // of them are there or none.  REQUIRES: at least one block; the first extends what the store
  // holds.
  virtual Status commit(std::span<const ExecutedBlock* const> blocks, ByteView certificate) = 0;
  Status commit(const ExecutedBlock& block, ByteView certificate) {
    const ExecutedBlock* const one = &block;
    return commit(std::span(&one, 1), certificate);
  }

  // Number of entries held: 0, or the tip header's position + 1.
  virtual std::uint64_t size() const = 0;

  // Errc::not_found beyond size(), and below base() for what was not current there
  // (pruned_entry()); Errc::corruption if the bytes are damaged.
  virtual Result<Bytes> entry(Position position) const = 0;
  // `count` consecutive entries from `first`; same errors.
  virtual Result<std::vector<Bytes>> entries(Position first, std::size_t count) const = 0;

  // Complete node of the journal's tree, level 0 the leaf hashes.  REQUIRES: within size().
  virtual Digest node(unsigned level, std::uint64_t index) const = 0;
  // The complete nodes of level 8 `tile_level` from number kTileWidth `index` on, kTileWidth of
  // them or as many as there are: what node() gives, read at once.  REQUIRES: at least one.
  virtual std::vector<Digest> tile(unsigned tile_level, std::uint64_t index) const = 0;
  // `count` consecutive leaf hashes from `first`.  REQUIRES: within size().
  virtual std::vector<Digest> leaves(Position first, std::size_t count) const = 0;

  // None above the tip, and for heights that the snapshot left out.
  virtual std::optional<Position> header_position(Height height) const = 0;
  // The block's own certificate; empty for one that a later block's finalized.  Errc::not_found
  // above the tip and below base(), Errc::corruption if it is damaged.
  virtual Result<Bytes> certificate(Height height) const = 0;
  virtual std::optional<Position> transaction_position(const Digest& id) const = 0;
  // The Headers that no snapshot leaves out (must_keep()), ascending.
  virtual std::vector<Position> kept_headers() const = 0;

  // The newest dump of the active bits, if there is one, and a request to keep a new one in place
  // of older ones.  A dump only shortens the start: the bits follow from the entries.
  virtual std::optional<ActiveBitsDump> active_bits_dump() const = 0;
  virtual Status save_active_bits(const ActiveBitsDump& dump) = 0;

  // The handover of an epoch: Errc::not_found, Errc::corruption if it is damaged.  It can be had
  // again from any member.  Of an epoch that is not over here it is what others said of it.
  virtual Result<EpochHandover> handover(Epoch epoch) const = 0;
  // Keeps it, in place of one of the same epoch; durable when it returns.
  virtual Status save_handover(Epoch epoch, const EpochHandover& handover) = 0;

  // A checkpoint of the epoch with a quorum's cosignatures, of any of its blocks: a recovery needs
  // one (ledger/proof/recovery.h).  The same errors, and durable likewise.
  virtual Result<std::string> anchor(Epoch epoch) const = 0;
  virtual Status save_anchor(Epoch epoch, const std::string& note) = 0;

  // The Header of the snapshot with which the store began (ledger/snapshot.h); none if it holds
  // everything from genesis on.  Up to it the store has every leaf hash, the entries that were
  // current there, the Headers that must be kept, and the certificate of this one; no transaction
  // ids.  There is always a dump of the active bits at or above it.
  virtual std::optional<Height> base() const = 0;

  // Taking in a snapshot, beside all that is held (ledger/snapshot_builder.h checks what comes).
  // Each call is durable when it returns.  What was taken in of another snapshot is dropped by
  // begin_snapshot(), and nothing of it is seen through the rest of this interface until
  // install_snapshot() puts it in place of everything else: after a crash wholly or not at all.
  virtual Status begin_snapshot(const SnapshotManifest& manifest) = 0;
  virtual std::optional<SnapshotManifest> begun_snapshot() const = 0;
  // REQUIRES: begun.
  virtual Status add_snapshot_part(const SnapshotPart& part) = 0;
  // The parts, those of one section in their order; an error of the visitor ends the reading.
  using PartVisitor = std::function<Status(const SnapshotPart&)>;
  virtual Status read_snapshot_parts(const PartVisitor& visit) const = 0;
  // REQUIRES: begun; every piece of every section was added once; the Header is above the tip.
  // Errc::snapshot_invalid if two entries are current for one key: what was taken in is dropped.
  virtual Status install_snapshot() = 0;
};

// What a store answers that began with a snapshot, when asked for an entry from before it.
inline Error pruned_entry(Position position) {
  return {Errc::not_found, "entry " + std::to_string(position.value()) +
                               " was superseded before the snapshot with which this node began: "
                               "ask another member"};
}

}  // namespace fenrun
