// The active-bits tree: one bit per journal entry, set iff the entry is the newest Record of its
// key. docs/spec/ledger.md, §5.
//
// At a Header at position P the tree covers [0, P): ceil(P / 2048) leaves, each the leaf hash of
// tag ‖ u64le chunk index ‖ 256 bytes; bit i is in byte (i mod 2048) / 8, least significant first.
//
// ActiveView is the tree at one header.  ActiveBits holds it for the finalized tip.  ActiveLayer is
// the tree after a further block, or before a committed one, as the differences to another view.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/crypto/hash.h"
#include "core/limits.h"
#include "core/types.h"

namespace fenrun {

inline constexpr std::size_t kActiveChunkBytes = kActiveChunkBits / 8;
using ActiveChunk = std::array<std::uint8_t, kActiveChunkBytes>;

// What one block does to the bits.
struct ActiveChange {
  std::uint64_t size = 0;         // P of the block's Header.
  std::vector<Position> set;      // Its Records.
  std::vector<Position> cleared;  // The Records that they supersede.
};

class ActiveView {
 public:
  virtual ~ActiveView() = default;

  virtual std::uint64_t size() const = 0;  // P: positions covered.
  virtual const ActiveChunk& chunk(std::uint64_t index) const = 0;
  virtual Digest node(unsigned level, std::uint64_t index) const = 0;  // Complete nodes only.

  std::uint64_t chunk_count() const { return (size() + kActiveChunkBits - 1) / kActiveChunkBits; }
  bool test(Position position) const;
  Digest root() const;
  std::vector<Digest> path(std::uint64_t chunk_index) const;
};

// The differences of one view to another, and the view that they make together.
class ActiveLayer final : public ActiveView {
 public:
  // The view after a block.  REQUIRES: base outlives the layer; change.size >= base.size(); cleared
  // bits are set, set bits are clear.
  ActiveLayer(const ActiveView& base, const ActiveChange& change);

  std::uint64_t size() const override { return size_; }
  const ActiveChunk& chunk(std::uint64_t index) const override;
  Digest node(unsigned level, std::uint64_t index) const override;

  // Puts the layer on another base that shows the same bits below it.
  void rebase(const ActiveView& base) { base_ = &base; }

  // About what it takes of memory.
  std::size_t memory() const;

 private:
  friend class ActiveBits;
  using NodeId = std::pair<unsigned, std::uint64_t>;

  ActiveLayer(const ActiveView& base, std::uint64_t size) : base_(&base), size_(size) {}
  ActiveChunk& writable(std::uint64_t index);
  void rehash();

  const ActiveView* base_;
  std::uint64_t size_;
  std::map<std::uint64_t, ActiveChunk> chunks_;
  std::map<NodeId, Digest> nodes_;
};

class ActiveBits final : public ActiveView {
 public:
  ActiveBits() = default;

  std::uint64_t size() const override { return size_; }
  const ActiveChunk& chunk(std::uint64_t index) const override;
  Digest node(unsigned level, std::uint64_t index) const override;

  // Makes a layer's view this one.  Returns the way back: a layer that, on top of the new bits,
  // shows the old view.  REQUIRES: the layer is based on this object.
  ActiveLayer absorb(const ActiveLayer& layer);

  // All chunks in order, to be written to disk, and back.
  std::vector<ActiveChunk> dump() const { return chunks_; }
  // REQUIRES: chunks.size() is the chunk count of `size`.
  static ActiveBits from_dump(std::uint64_t size, std::vector<ActiveChunk> chunks);

 private:
  std::uint64_t size_ = 0;
  std::vector<ActiveChunk> chunks_;
  std::vector<std::vector<Digest>> levels_;  // levels_[l][i] = node (l, i), complete ones only.
};

}  // namespace fenrun
