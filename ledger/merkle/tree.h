// RFC 6962 / RFC 9162 Merkle trees over stored nodes: roots, inclusion paths, consistency proofs.
//
// A node (level, index) is the root of the complete subtree over leaves
// [index * 2^level, (index + 1) * 2^level).  Complete nodes never change in an append-only tree;
// the ragged right edge is computed from them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/crypto/hash.h"

namespace fenrun {

// Gives the complete node (level, index).  Called for nodes within the tree's size only.
using NodeSource = std::function<Digest(unsigned level, std::uint64_t index)>;

// Root of the tree over the first `size` leaves; SHA-256("") for none.
Digest merkle_root(std::uint64_t size, const NodeSource& node);

// Audit path of leaf `index`, the leaf's sibling first.  REQUIRES: index < size.
std::vector<Digest> inclusion_path(std::uint64_t index, std::uint64_t size, const NodeSource& node);

// Proof that the tree of `size2` extends that of `size1`.  REQUIRES: 0 < size1 <= size2.
std::vector<Digest> consistency_path(std::uint64_t size1, std::uint64_t size2,
                                     const NodeSource& node);

// The root of a tree given by its leaf hashes.
Digest root_of_leaves(const std::vector<Digest>& leaves);

// The right edge of a growing tree: what is needed to append and to know the root.
class Frontier {
 public:
  Frontier() = default;
  // The edge of a tree that exists already.
  Frontier(std::uint64_t size, const NodeSource& node);

  void append(const Digest& leaf);
  std::uint64_t size() const { return size_; }
  Digest root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> peaks_;  // Roots of the maximal complete subtrees, left to right.
};

}  // namespace fenrun
