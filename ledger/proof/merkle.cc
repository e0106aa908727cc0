#include "ledger/proof/merkle.h"

#include <bit>
#include <vector>

#include "core/check.h"

namespace fenrun {
namespace {

// Below the level where the paths of the leaf and of the last leaf part, a sibling may stand on
// either side; above it, only on the left.
struct PathShape {
  std::size_t inner = 0;
  std::size_t border = 0;
};

PathShape shape_of(std::uint64_t index, std::uint64_t size) {
  CHECK(index < size);
  const auto inner = static_cast<std::size_t>(std::bit_width(index ^ (size - 1)));
  const auto above = inner == 64 ? 0 : index >> inner;
  return {inner, static_cast<std::size_t>(std::popcount(above))};
}

bool is_right_child(std::uint64_t index, std::size_t level) { return ((index >> level) & 1) == 1; }

Digest climb_inner(Digest node, std::uint64_t index, std::span<const Digest> siblings) {
  for (std::size_t level = 0; level < siblings.size(); ++level) {
    node = is_right_child(index, level) ? node_hash(siblings[level], node)
                                        : node_hash(node, siblings[level]);
  }
  return node;
}

// The same, but with the siblings to the left only: the tree that ends with the node.
Digest climb_inner_left(Digest node, std::uint64_t index, std::span<const Digest> siblings) {
  for (std::size_t level = 0; level < siblings.size(); ++level) {
    if (is_right_child(index, level)) node = node_hash(siblings[level], node);
  }
  return node;
}

Digest climb_border(Digest node, std::span<const Digest> siblings) {
  for (const auto& sibling : siblings) node = node_hash(sibling, node);
  return node;
}

Error wrong_length(std::size_t expected, std::size_t actual) {
  return {Errc::path_length_wrong,
          "expected " + std::to_string(expected) + " hashes, got " + std::to_string(actual)};
}

}  // namespace

Digest empty_tree_root() { return sha256({}); }

Digest tree_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return empty_tree_root();
  // Pairs level by level; an odd one at the end rises unchanged.
  std::vector<Digest> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    std::size_t parents = 0;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      level[parents++] = i + 1 < level.size() ? node_hash(level[i], level[i + 1]) : level[i];
    }
    level.resize(parents);
  }
  return level.front();
}

std::size_t inclusion_path_length(std::uint64_t index, std::uint64_t size) {
  const auto shape = shape_of(index, size);
  return shape.inner + shape.border;
}

Result<Digest> root_from_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                                   std::span<const Digest> path) {
  if (index >= size) {
    return Error{Errc::index_out_of_range,
                 "index " + std::to_string(index) + " of " + std::to_string(size)};
  }
  const auto shape = shape_of(index, size);
  if (path.size() != shape.inner + shape.border) {
    return wrong_length(shape.inner + shape.border, path.size());
  }
  return climb_border(climb_inner(leaf, index, path.first(shape.inner)), path.subspan(shape.inner));
}

Digest root_before_last(std::span<const Digest> path) {
  if (path.empty()) return empty_tree_root();
  return climb_border(path.front(), path.subspan(1));
}

Status verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                        std::span<const Digest> path, const Digest& root) {
  FENRUN_TRY(const auto computed, root_from_inclusion(leaf, index, size, path));
  if (computed != root) return Errc::root_mismatch;
  return {};
}

Status verify_consistency(std::uint64_t size1, const Digest& root1, std::uint64_t size2,
                          const Digest& root2, std::span<const Digest> path) {
  if (size1 == 0 || size1 > size2) {
    return Error{Errc::consistency_invalid,
                 "sizes " + std::to_string(size1) + " and " + std::to_string(size2)};
  }
  if (size1 == size2) {
    if (!path.empty()) return wrong_length(0, path.size());
    if (root1 != root2) return Error{Errc::consistency_invalid, "two roots of one size"};
    return {};
  }
  // The path of the last leaf of the first tree, from the largest whole subtree that ends there.
  const auto shape = shape_of(size1 - 1, size2);
  const auto skipped = static_cast<std::size_t>(std::countr_zero(size1));
  const bool first_is_one_subtree = std::has_single_bit(size1);
  const std::size_t inner = shape.inner - skipped;
  const std::size_t expected = (first_is_one_subtree ? 0 : 1) + inner + shape.border;
  if (path.size() != expected) return wrong_length(expected, path.size());

  const Digest seed = first_is_one_subtree ? root1 : path.front();
  const auto rest = path.subspan(first_is_one_subtree ? 0 : 1);
  const std::uint64_t index = (size1 - 1) >> skipped;
  const auto inner_siblings = rest.first(inner);
  const auto border_siblings = rest.subspan(inner);
  if (climb_border(climb_inner_left(seed, index, inner_siblings), border_siblings) != root1) {
    return Error{Errc::consistency_invalid, "the path does not lead to the smaller tree's root"};
  }
  if (climb_border(climb_inner(seed, index, inner_siblings), border_siblings) != root2) {
    return Error{Errc::consistency_invalid, "the path does not lead to the larger tree's root"};
  }
  return {};
}

}  // namespace fenrun
