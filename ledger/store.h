// What the journal asks of storage.  Two implementations: memory (tests, simulation, audit) and
// disk (node/storage).
//
// Commit is all or nothing and durable when it returns; what was committed is never written again.
// A failing disk is the implementation's to report as Errc::io_error, after which the store must
// not be used any more and the node stops.
#pragma once

#include <optional>
#include <span>

#include "ledger/block_builder.h"
#include "ledger/state.h"

namespace fenrun {

struct ActiveBitsDump {
  Height height;           // Of the header at which the bits were taken.
  std::uint64_t size = 0;  // That header's position.
  std::vector<ActiveChunk> chunks;
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

  // Errc::not_found beyond size(); Errc::corruption if the bytes are damaged.
  virtual Result<Bytes> entry(Position position) const = 0;
  // `count` consecutive entries from `first`; same errors.
  virtual Result<std::vector<Bytes>> entries(Position first, std::size_t count) const = 0;

  // Complete node of the journal's tree, level 0 the leaf hashes.  REQUIRES: within size().
  virtual Digest node(unsigned level, std::uint64_t index) const = 0;

  virtual std::optional<Position> header_position(Height height) const = 0;
  // The block's own certificate; empty for one that a later block's finalized.
  virtual std::optional<Bytes> certificate(Height height) const = 0;
  virtual std::optional<Position> transaction_position(const Digest& id) const = 0;

  // The newest dump of the active bits, if there is one, and a request to keep a new one in place
  // of older ones.  A dump only shortens the start: the bits follow from the entries.
  virtual std::optional<ActiveBitsDump> active_bits_dump() const = 0;
  virtual Status save_active_bits(const ActiveBitsDump& dump) = 0;
};

}  // namespace fenrun
