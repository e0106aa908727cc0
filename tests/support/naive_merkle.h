// RFC 6962's definitions of roots and paths, written down recursively: slow, and plain enough to be
// seen to be right.  What the real trees are compared with.
#pragma once

#include <bit>
#include <span>
#include <vector>

#include "core/crypto/hash.h"
#include "ledger/proof/merkle.h"

namespace fenrun::naive {

// The largest power of two below the size.  REQUIRES: size > 1.
inline std::size_t split(std::size_t size) { return std::bit_floor(size - 1); }

// MTH of RFC 6962 §2.1.
inline Digest root(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves[0];
  const auto k = split(leaves.size());
  return node_hash(root(leaves.first(k)), root(leaves.subspan(k)));
}

// PATH of RFC 6962 §2.1.1.
inline MerklePath path(std::size_t index, std::span<const Digest> leaves) {
  if (leaves.size() == 1) return {};
  const auto k = split(leaves.size());
  auto out = index < k ? path(index, leaves.first(k)) : path(index - k, leaves.subspan(k));
  out.push_back(index < k ? root(leaves.subspan(k)) : root(leaves.first(k)));
  return out;
}

// SUBPROOF of RFC 6962 §2.1.2.
inline MerklePath subproof(std::size_t m, std::span<const Digest> leaves, bool whole) {
  if (m == leaves.size()) return whole ? MerklePath{} : MerklePath{root(leaves)};
  const auto k = split(leaves.size());
  auto out =
      m <= k ? subproof(m, leaves.first(k), whole) : subproof(m - k, leaves.subspan(k), false);
  out.push_back(m <= k ? root(leaves.subspan(k)) : root(leaves.first(k)));
  return out;
}

// PROOF(m, leaves).  REQUIRES: 0 < m <= leaves.size().
inline MerklePath consistency(std::size_t m, std::span<const Digest> leaves) {
  return subproof(m, leaves, true);
}

}  // namespace fenrun::naive
