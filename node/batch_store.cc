#include "node/batch_store.h"

#include <algorithm>

#include "core/check.h"

namespace fenrun {
namespace {

// Of one validator, of batches that are not final, held here or not; beyond this many its own are
// forgotten: they are a hint about who holds what.
constexpr std::size_t kAcknowledgementsMax = 32'768;

}  // namespace

Status BatchStore::add(std::shared_ptr<const EncodedBatch> batch, net::PeerIndex origin) {
  if (is_pending(batch->digest())) return {};
  const auto& usage = usage_of_origin_[origin];
  if (usage.memory + batch->memory() > kPeerBatchBytesMax || usage.count >= kPeerBatchesMax) {
    return Error{Errc::rate_limited, "too many pending batches"};
  }
  restore(std::move(batch), origin);
  return {};
}

void BatchStore::restore(std::shared_ptr<const EncodedBatch> batch, net::PeerIndex origin) {
  const Digest digest = batch->digest();
  if (is_pending(digest)) return;
  const std::size_t memory = batch->memory();
  auto& usage = usage_of_origin_[origin];
  if (const auto before = batches_.find(digest); before != batches_.end()) {
    committed_memory_ -= memory;
    std::erase(committed_order_, digest);
    batches_.erase(before);
  }
  usage.memory += memory;
  ++usage.count;
  pending_memory_ += memory;
  order_.push_back(digest);
  batches_.emplace(digest, Held{std::move(batch), origin, false, std::prev(order_.end())});
}

std::shared_ptr<const EncodedBatch> BatchStore::find(const Digest& digest) const {
  const auto it = batches_.find(digest);
  return it == batches_.end() ? nullptr : it->second.batch;
}

void BatchStore::acknowledge(const Digest& digest, ValidatorIndex by) {
  auto& own = acknowledged_[by];
  if (own.size() >= kAcknowledgementsMax) own.clear();
  own.insert(digest);
}

bool BatchStore::is_acknowledged(const Digest& digest, ValidatorIndex by) const {
  const auto it = acknowledged_.find(by);
  return it != acknowledged_.end() && it->second.contains(digest);
}

std::size_t BatchStore::holders_of(const Digest& digest) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      acknowledged_, [&](const auto& item) { return item.second.contains(digest); }));
}

std::vector<Digest> BatchStore::select(const Selection& selection,
                                       const std::vector<Digest>& exclude) const {
  // In the order in which each origin's first appears.
  std::vector<std::pair<net::PeerIndex, std::deque<Digest>>> queues;
  for (const auto& digest : order_) {
    const auto origin = batches_.at(digest).origin;
    auto queue = std::ranges::find(queues, origin, &decltype(queues)::value_type::first);
    if (queue == queues.end()) queue = queues.insert(queues.end(), {origin, {}});
    if (queue->second.size() == kBlockBatchesMax) continue;
    if (std::ranges::find(exclude, digest) != exclude.end()) continue;
    queue->second.push_back(digest);
  }
  std::vector<Digest> chosen;
  std::size_t bytes = 0;
  std::size_t operations = 0;
  std::size_t unacknowledged = 0;
  // True if it is chosen, or passed over; false if there is no room for it.
  const auto consider = [&](const Digest& digest) {
    const EncodedBatch& batch = *batches_.at(digest).batch;
    const bool fits = bytes + batch.bytes().size() <= selection.bytes &&
                      operations + batch.operations() <= selection.operations;
    // One that no block has room for goes alone: what is passed over of it comes in another.
    if (!fits && !chosen.empty()) return false;
    if (holders_of(digest) < selection.quorum) {
      // One in any case: of whoever proposes it the others get it.
      if (unacknowledged > 0 &&
          unacknowledged + batch.bytes().size() > selection.unacknowledged_bytes) {
        return true;
      }
      unacknowledged += batch.bytes().size();
    }
    bytes += batch.bytes().size();
    operations += batch.operations();
    chosen.push_back(digest);
    return true;
  };
  while (!queues.empty()) {
    for (auto& [origin, queue] : queues) {
      if (chosen.size() == kBlockBatchesMax) return chosen;
      if (queue.empty()) continue;
      if (consider(queue.front())) {
        queue.pop_front();
      } else {
        queue.clear();  // In its order, or not at all.
      }
    }
    std::erase_if(queues, [](const auto& item) { return item.second.empty(); });
  }
  return chosen;
}

std::vector<Digest> BatchStore::pending(std::size_t count) const {
  const auto end =
      std::next(order_.begin(), static_cast<std::ptrdiff_t>(std::min(count, order_.size())));
  return {order_.begin(), end};
}

std::vector<Digest> BatchStore::pending_of(net::PeerIndex origin, std::size_t bytes) const {
  std::vector<Digest> found;
  for (const auto& digest : order_) {
    const Held& held = batches_.at(digest);
    if (held.origin != origin) continue;
    if (held.batch->bytes().size() > bytes) break;
    bytes -= held.batch->bytes().size();
    found.push_back(digest);
  }
  return found;
}

void BatchStore::release(Held& held) {
  auto& usage = usage_of_origin_.at(held.origin);
  usage.memory -= held.batch->memory();
  --usage.count;
  pending_memory_ -= held.batch->memory();
  order_.erase(held.place);
}

void BatchStore::on_committed(const std::vector<Digest>& digests) {
  for (const auto& digest : digests) {
    for (auto& [validator, acknowledged] : acknowledged_) acknowledged.erase(digest);
    const auto it = batches_.find(digest);
    if (it == batches_.end() || it->second.committed) continue;
    release(it->second);
    it->second.committed = true;
    committed_memory_ += it->second.batch->memory();
    committed_order_.push_back(digest);
  }
  forget_oldest();
}

void BatchStore::forget_oldest() {
  std::deque<Digest> kept;
  while (committed_memory_ > kCommittedBatchBytesMax && !committed_order_.empty()) {
    const Digest digest = committed_order_.front();
    committed_order_.pop_front();
    if (needed_(digest)) {
      kept.push_back(digest);
      continue;
    }
    const auto it = batches_.find(digest);
    CHECK(it != batches_.end());
    committed_memory_ -= it->second.batch->memory();
    batches_.erase(it);
  }
  committed_order_.insert(committed_order_.begin(), kept.begin(), kept.end());
}

}  // namespace fenrun
