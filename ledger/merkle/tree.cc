#include "ledger/merkle/tree.h"

#include <algorithm>
#include <bit>

#include "core/check.h"

namespace fenrun {
namespace {

// Largest power of two below n.  REQUIRES: n > 1.
std::uint64_t split_point(std::uint64_t n) { return std::bit_floor(n - 1); }

unsigned log2_exact(std::uint64_t power) { return static_cast<unsigned>(std::countr_zero(power)); }

// Root over leaves [begin, begin + count); begin is a multiple of the largest power of two that the
// range needs, as in every recursion that starts at 0.
Digest range_root(std::uint64_t begin, std::uint64_t count, const NodeSource& node) {
  if (std::has_single_bit(count)) {
    const unsigned level = log2_exact(count);
    return node(level, begin >> level);
  }
  const std::uint64_t left = split_point(count);
  return node_hash(range_root(begin, left, node), range_root(begin + left, count - left, node));
}

}  // namespace

Digest merkle_root(std::uint64_t size, const NodeSource& node) {
  return size == 0 ? sha256({}) : range_root(0, size, node);
}

std::vector<Digest> inclusion_path(std::uint64_t index, std::uint64_t size,
                                   const NodeSource& node) {
  CHECK(index < size);
  std::vector<Digest> path;
  std::uint64_t begin = 0;
  std::uint64_t count = size;
  while (count > 1) {
    const std::uint64_t left = split_point(count);
    if (index - begin < left) {
      path.push_back(range_root(begin + left, count - left, node));
      count = left;
    } else {
      path.push_back(range_root(begin, left, node));
      begin += left;
      count -= left;
    }
  }
  std::ranges::reverse(path);
  return path;
}

std::vector<Digest> consistency_path(std::uint64_t size1, std::uint64_t size2,
                                     const NodeSource& node) {
  CHECK(size1 > 0 && size1 <= size2);
  std::vector<Digest> path;
  std::uint64_t begin = 0;
  std::uint64_t count = size2;
  bool known = true;  // The subtree over [begin, size1) is one that the verifier holds: root1.
  while (size1 - begin != count) {
    const std::uint64_t left = split_point(count);
    if (size1 - begin <= left) {
      path.push_back(range_root(begin + left, count - left, node));
      count = left;
    } else {
      path.push_back(range_root(begin, left, node));
      begin += left;
      count -= left;
      known = false;
    }
  }
  if (!known) path.push_back(range_root(begin, count, node));
  std::ranges::reverse(path);
  return path;
}

Digest root_of_leaves(const std::vector<Digest>& leaves) {
  Frontier frontier;
  for (const auto& leaf : leaves) frontier.append(leaf);
  return frontier.root();
}

Frontier::Frontier(std::uint64_t size, const NodeSource& node) : size_(size) {
  std::uint64_t begin = 0;
  for (std::uint64_t rest = size; rest > 0;) {
    const std::uint64_t count = std::bit_floor(rest);
    peaks_.push_back(range_root(begin, count, node));
    begin += count;
    rest -= count;
  }
}

void Frontier::append(const Digest& leaf) {
  peaks_.push_back(leaf);
  for (std::uint64_t bits = size_; bits & 1; bits >>= 1) {
    const Digest right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = node_hash(peaks_.back(), right);
  }
  ++size_;
}

Digest Frontier::root() const {
  if (peaks_.empty()) return sha256({});
  Digest root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) root = node_hash(peaks_[i], root);
  return root;
}

}  // namespace fenrun
