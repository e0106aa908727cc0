#include "node/sim/wire.h"

#include <algorithm>

namespace fenrun::sim {

void Wire::link(Place a, Place b) { links_[ordered(a, b)] = ++links_made_; }

void Wire::unlink(Place a, Place b) { links_.erase(ordered(a, b)); }

void Wire::send(Place from, Place to, net::Channel channel, const net::Payload& payload,
                std::uint64_t departure) {
  if (!is_linked(from, to) || deaf_.contains({from, to})) return;
  if (random_->chance(faults.loss_permille)) return;
  const std::uint64_t copies = random_->chance(faults.double_permille) ? 2 : 1;
  for (std::uint64_t i = 0; i < copies; ++i) {
    std::uint64_t arrival = departure + random_->between(faults.delay_ms_min, faults.delay_ms_max);
    auto& last = last_arrival_[{{from, to}, channel}];
    if (!random_->chance(faults.reorder_permille)) arrival = std::max(arrival, last);
    if (const auto it = stalled_until_.find({from, to}); it != stalled_until_.end()) {
      arrival = std::max(arrival, it->second);
    }
    last = std::max(last, arrival);
    deliver(from, to, channel, payload, arrival);
  }
}

void Wire::deliver(Place from, Place to, net::Channel channel, const net::Payload& payload,
                   std::uint64_t arrival) {
  const std::uint64_t link = links_.at(ordered(from, to));
  agenda_->at(arrival, [this, from, to, channel, payload, link] {
    const auto it = links_.find(ordered(from, to));
    if (it == links_.end() || it->second != link) return;
    receiver_(to, from, channel, payload);
  });
}

}  // namespace fenrun::sim
