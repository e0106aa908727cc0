// The two trees of the journal: its leaves, which only grow, and the bits that say which of them
// are current.
#include "ledger/merkle/tree.h"

#include <benchmark/benchmark.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/merkle/active_bits.h"
#include "node/sim/random.h"
#include "tests/bench/micro/work.h"

namespace fenrun::micro {
namespace {

constexpr std::size_t kLeavesAppended = 1'000;
constexpr std::size_t kRecordsChanged = 1'000;

Work append_leaves() {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < kLeavesAppended; ++i) {
    leaves.push_back(sha256(bytes_of(std::to_string(i))));
  }
  return {kLeavesAppended, [leaves] {
            Frontier frontier;
            for (const auto& leaf : leaves) frontier.append(leaf);
            benchmark::DoNotOptimize(frontier.root());
          }};
}

// A journal of which every entry is current.
ActiveBits all_set(std::uint64_t size) {
  std::vector<ActiveChunk> chunks((size + kActiveChunkBits - 1) / kActiveChunkBits);
  for (auto& chunk : chunks) chunk.fill(0xff);
  const std::size_t last_bits = size % kActiveChunkBits;
  for (std::size_t bit = last_bits; last_bits != 0 && bit < kActiveChunkBits; ++bit) {
    auto& byte = chunks.back()[bit / 8];
    byte = static_cast<std::uint8_t>(byte & ~(1u << (bit % 8)));
  }
  return ActiveBits::from_dump(size, std::move(chunks));
}

// A block that supersedes Records all over a journal of this size.
Work change_bits(std::uint64_t size) {
  sim::Random random(size);
  std::set<std::uint64_t> cleared;
  while (cleared.size() < kRecordsChanged) cleared.insert(random.below(size));
  ActiveChange change{size + 2 * kRecordsChanged, {}, {}};
  for (const auto position : cleared) {
    change.cleared.emplace_back(position);
    change.set.emplace_back(size + kRecordsChanged + change.set.size());
  }
  return {kRecordsChanged, [bits = all_set(size), change] {
            const ActiveLayer layer(bits, change);
            benchmark::DoNotOptimize(layer.root());
          }};
}

}  // namespace

std::vector<NamedWork> tree_work() {
  return {
      {"tree_append", append_leaves},
      {"active_bits_10k", [] { return change_bits(10'000); }},
      {"active_bits_1m", [] { return change_bits(1'000'000); }},
  };
}

}  // namespace fenrun::micro
