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

std::vector<Digest> BatchStore::select(const Selection& selection,
                                       const std::vector<Digest>& exclude) const {
  std::vector<Digest> chosen;
  std::size_t bytes = 0;
  std::size_t operations = 0;
  std::size_t unacknowledged = 0;
  for (const auto& digest : order_) {
    if (chosen.size() == kBlockBatchesMax) break;
    if (std::ranges::find(exclude, digest) != exclude.end()) continue;
    const EncodedBatch& batch = *batches_.at(digest).batch;
    const bool fits = bytes + batch.bytes().size() <= selection.bytes &&
                      operations + batch.operations() <= selection.operations;
    // One that no block has room for goes alone: what is passed over of it comes in another.
    if (!fits && !chosen.empty()) break;
    const auto holders = std::ranges::count_if(
        acknowledged_, [&](const auto& item) { return item.second.contains(digest); });
    if (static_cast<std::size_t>(holders) < selection.quorum) {
      // One in any case: of whoever proposes it the others get it.
      if (unacknowledged > 0 &&
          unacknowledged + batch.bytes().size() > selection.unacknowledged_bytes) {
        continue;
      }
      unacknowledged += batch.bytes().size();
    }
    bytes += batch.bytes().size();
    operations += batch.operations();
    chosen.push_back(digest);
  }
  return chosen;
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
