// Verification of RFC 9162 inclusion and consistency proofs.  docs/spec/proofs.md, §1.
//
// One tree shape and one hashing rule for every tree of the ledger; docs/spec/ledger.md, §3.
// A path's length follows from index and size: a longer or shorter one is refused before any
// hashing, so that two different paths never prove the same thing.
#pragma once

#include <cstdint>
#include <span>

#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/limits.h"
#include "core/result.h"

namespace fenrun {

// Sibling hashes, the leaf's own first.
using MerklePath = List<Digest, kMerklePathMax>;

// The root of a tree of no leaves: SHA-256 of nothing.
Digest empty_tree_root();

// The root over these leaf hashes.
Digest tree_root(std::span<const Digest> leaves);

// How many hashes an inclusion proof has.  REQUIRES: index < size.
std::size_t inclusion_path_length(std::uint64_t index, std::uint64_t size);

// The root of the tree of `size` leaves that has this leaf hash at `index`.
// Errc::index_out_of_range unless index < size; Errc::path_length_wrong.
Result<Digest> root_from_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                                   std::span<const Digest> path);

// The root of the tree of all leaves before the last one, from the last leaf's inclusion path: each
// of its hashes is a whole subtree to the left.  REQUIRES: the path leads from index size - 1.
Digest root_before_last(std::span<const Digest> path);

// Also Errc::root_mismatch.
Status verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                        std::span<const Digest> path, const Digest& root);

// That the tree of size1 leaves is a prefix of the tree of size2 leaves.  Nothing follows from an
// empty tree: size1 = 0 is refused.
// Errc::consistency_invalid for such sizes, for size1 > size2 and for roots that the path does not
// lead to; Errc::path_length_wrong.
Status verify_consistency(std::uint64_t size1, const Digest& root1, std::uint64_t size2,
                          const Digest& root2, std::span<const Digest> path);

}  // namespace fenrun
