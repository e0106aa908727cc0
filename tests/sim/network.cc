#include "tests/sim/network.h"

namespace fenrun::sim {

void Network::send(std::uint64_t now, std::size_t from, std::size_t to, Bytes bytes) {
  if (filter && !filter(from, to, bytes)) return;
  if (cut_.contains({from, to})) return;
  const int copies =
      faults.duplicate_permille > 0 && random_.chance(faults.duplicate_permille) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    if (faults.loss_permille > 0 && random_.chance(faults.loss_permille)) continue;
    const auto delay = faults.delay_ms_min == faults.delay_ms_max
                           ? faults.delay_ms_min
                           : random_.between(faults.delay_ms_min, faults.delay_ms_max);
    queue_.emplace(Key{now + delay, sent_++}, Delivery{from, to, bytes});
  }
}

std::optional<Delivery> Network::receive(std::uint64_t now) {
  if (queue_.empty() || queue_.begin()->first.first > now) return std::nullopt;
  auto delivery = std::move(queue_.begin()->second);
  queue_.erase(queue_.begin());
  return delivery;
}

void Network::partition(const std::vector<std::vector<std::size_t>>& groups) {
  std::vector<std::size_t> group_of(places_, groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const auto place : groups[g]) group_of[place] = g;
  }
  cut_.clear();
  for (std::size_t from = 0; from < places_; ++from) {
    for (std::size_t to = 0; to < places_; ++to) {
      const bool together = group_of[from] == group_of[to] && group_of[from] < groups.size();
      if (from != to && !together) cut(from, to);
    }
  }
}

}  // namespace fenrun::sim
