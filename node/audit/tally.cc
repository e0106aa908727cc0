#include "node/audit/tally.h"

#include <numeric>

namespace fenrun::audit {
namespace {

void add_outcomes(Outcomes& to, const Outcomes& from) {
  to.accepted += from.accepted;
  for (const auto& [code, count] : from.refused) to.refused[code] += count;
}

}  // namespace

std::uint64_t Outcomes::count() const {
  std::uint64_t sum = accepted;
  for (const auto& [code, count] : refused) sum += count;
  return sum;
}

void Tally::add(const Posting& posting) {
  moved[posting.asset][static_cast<std::size_t>(posting.kind)] += posting.amount.units();
}

void Tally::add(const Tally& other) {
  for (std::size_t kind = 0; kind < entries.size(); ++kind) entries[kind] += other.entries[kind];
  add_outcomes(transactions, other.transactions);
  add_outcomes(operations, other.operations);
  for (const auto& [asset, sums] : other.moved) {
    auto& own = moved[asset];
    for (std::size_t kind = 0; kind < sums.size(); ++kind) own[kind] += sums[kind];
  }
}

std::uint64_t Tally::entry_count() const {
  return std::accumulate(entries.begin(), entries.end(), std::uint64_t{0});
}

}  // namespace fenrun::audit
