#include "node/tx_pool.h"

#include <algorithm>
#include <cstring>

#include "contracts/apply.h"
#include "core/check.h"

namespace fenrun {
namespace {

const PartyId& party_of(const Signer& signer) { return std::get<PartySigner>(signer).party; }

}  // namespace

std::size_t DigestHash::operator()(const Digest& digest) const {
  // A digest is uniform already.
  std::size_t value = 0;
  std::memcpy(&value, digest.bytes.data(), sizeof value);
  return value;
}

TxPool::LaneKey TxPool::lane_of(const TransactionBody& body) {
  return {party_of(body.signer), body.lane};
}

// The finalized state knows only what is final: a sequence behind pending ones is no gap.
Status TxPool::check_sequence(const SignedTransaction& transaction, const StateView& state,
                              Height next_height) const {
  const auto status = check_admission(state, next_height, transaction);
  if (!status && status.error().code != Errc::sequence_gap) return status;
  const LaneKey key = lane_of(transaction.body);
  const Sequence sequence = transaction.body.sequence;
  if (const auto own = lanes_.find(key); own != lanes_.end()) {
    const auto& pending = own->second;
    if (pending.contains(sequence)) {
      return Error{Errc::sequence_stale, "a pending transaction has this sequence; next is " +
                                             std::to_string(pending.rbegin()->first.value() + 1)};
    }
    const auto above = pending.upper_bound(sequence);
    const bool follows = above != pending.begin() && std::prev(above)->first.next() == sequence;
    if (follows) return {};
  }
  const auto foreign = foreign_tails_.find(key);
  if (foreign != foreign_tails_.end() && sequence <= foreign->second) return {};
  return status;
}

Status TxPool::add(SignedTransaction transaction, const StateView& state, Height next_height) {
  const Digest id = transaction.id();
  if (holds(id)) return {};
  FENRUN_OK(check_sequence(transaction, state, next_height));
  const std::size_t size = encode(transaction).size();
  Entry entry{std::move(transaction), size};
  const auto& body = entry.transaction.body;
  const auto held = lanes_.find(lane_of(body));
  if (entries_.size() >= limits_.transactions_max ||
      memory_ + entry.memory() > limits_.memory_max ||
      (held != lanes_.end() && held->second.size() >= kLanePendingMax)) {
    return Error{Errc::mempool_full, "try again in a second"};
  }
  auto& lane = lanes_[lane_of(body)];
  bytes_ += entry.bytes;
  memory_ += entry.memory();
  unsealed_bytes_ += entry.bytes;
  put_unsealed(lane, body.sequence, id);
  lane.emplace(body.sequence, id);
  by_expiry_.emplace(body.valid_until, id);
  entries_.emplace(id, std::move(entry));
  return {};
}

// One that was lacking goes ahead of the later ones of its lane, the first of which stands first.
void TxPool::put_unsealed(const LanePending& lane, Sequence sequence, const Digest& id) {
  auto place = unsealed_.end();
  for (auto later = lane.upper_bound(sequence); later != lane.end(); ++later) {
    if (entries_.at(later->second).sealed) continue;
    place = std::ranges::find(unsealed_, later->second);
    break;
  }
  unsealed_.insert(place, id);
}

void TxPool::note_foreign(const SignedTransaction& transaction, const StateView& state,
                          Height next_height) {
  const auto& body = transaction.body;
  const auto status = check_admission(state, next_height, transaction);
  if (!status && status.error().code != Errc::sequence_gap) return;
  const auto expected = fenrun::next_sequence(state, party_of(body.signer), body.lane);
  if (body.sequence.value() - expected->value() >= kLanePendingMax) return;
  if (foreign_tails_.size() >= kForeignTailsMax) foreign_tails_.clear();
  auto& tail = foreign_tails_[lane_of(body)];
  tail = std::max(tail, body.sequence.next());
}

std::shared_ptr<const EncodedBatch> TxPool::seal() {
  TxBatch batch;
  std::vector<Digest> ids;
  std::size_t size = 16;
  std::size_t memory = 0;
  while (!unsealed_.empty() && ids.size() < kTxBatchTransactionsMax) {
    const auto it = entries_.find(unsealed_.front());
    CHECK(it != entries_.end() && !it->second.sealed);
    if (!ids.empty() && (size + it->second.bytes > kTxBatchBytesMax ||
                         memory + it->second.memory() > kBatchMemoryMax)) {
      break;
    }
    size += it->second.bytes;
    memory += it->second.memory();
    unsealed_bytes_ -= it->second.bytes;
    it->second.sealed = true;
    ids.push_back(it->first);
    batch.transactions.push_back(it->second.transaction);
    unsealed_.pop_front();
  }
  if (ids.empty()) return nullptr;
  auto sealed = std::make_shared<const EncodedBatch>(std::move(batch));
  sealed_.emplace(sealed->digest(), std::move(ids));
  return sealed;
}

void TxPool::on_committed(const std::vector<JournaledTransaction>& transactions,
                          const std::vector<Digest>& batches, const StateView& state,
                          Height next_height) {
  for (const auto& transaction : transactions) forget(transaction.id);
  // From the last on: each transaction goes in front of those that are there.
  for (auto digest = batches.rbegin(); digest != batches.rend(); ++digest) {
    const auto it = sealed_.find(*digest);
    if (it == sealed_.end()) continue;
    const auto ids = std::move(it->second);
    sealed_.erase(it);
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) reconsider(*id, state, next_height);
  }
  end_waits(state, next_height);
  // What can never be journaled any more is told so.
  while (!by_expiry_.empty() && by_expiry_.begin()->first < next_height) {
    reject(by_expiry_.begin()->second, Error{Errc::expired, ""});
  }
}

void TxPool::reconsider(const Digest& id, const StateView& state, Height next_height) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  const auto status = check_admission(state, next_height, it->second.transaction);
  if (!status && status.error().code != Errc::sequence_gap) {
    reject(id, status.error());
    return;
  }
  if (!status) {
    const auto& body = it->second.transaction.body;
    waiting_[lane_of(body)].emplace(body.sequence, id);
    return;
  }
  unseal(id);
}

void TxPool::unseal(const Digest& id) {
  auto& entry = entries_.at(id);
  entry.sealed = false;
  unsealed_.push_front(id);
  unsealed_bytes_ += entry.bytes;
}

// Whose turn has come is ordered again, with those that follow without a gap.  One whose sequence
// another transaction has used, or whose key has ended, has waited in vain.
void TxPool::end_waits(const StateView& state, Height next_height) {
  std::vector<std::pair<Digest, Error>> in_vain;
  for (auto lane = waiting_.begin(); lane != waiting_.end();) {
    auto& waiting = lane->second;
    std::vector<Digest> due;
    std::optional<Sequence> next;
    for (auto first = waiting.begin(); first != waiting.end(); first = waiting.erase(first)) {
      const auto& [sequence, id] = *first;
      if (next != sequence) {
        const auto status = check_admission(state, next_height, entries_.at(id).transaction);
        if (!status && status.error().code == Errc::sequence_gap) break;
        if (!status) {
          in_vain.emplace_back(id, status.error());
          continue;
        }
      }
      due.push_back(id);
      next = sequence.next();
    }
    for (auto id = due.rbegin(); id != due.rend(); ++id) unseal(*id);
    lane = waiting.empty() ? waiting_.erase(lane) : std::next(lane);
  }
  for (auto& [id, reason] : in_vain) reject(id, std::move(reason));
}

void TxPool::forget(const Digest& id) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  if (!it->second.sealed) {
    unsealed_bytes_ -= it->second.bytes;
    std::erase(unsealed_, id);
  }
  const auto& body = it->second.transaction.body;
  if (const auto waits = waiting_.find(lane_of(body)); waits != waiting_.end()) {
    const auto own = waits->second.find(body.sequence);
    if (own != waits->second.end() && own->second == id) waits->second.erase(own);
    if (waits->second.empty()) waiting_.erase(waits);
  }
  by_expiry_.erase({it->second.transaction.body.valid_until, id});
  const auto lane = lanes_.find(lane_of(body));
  CHECK(lane != lanes_.end() && lane->second.erase(body.sequence) == 1);
  if (lane->second.empty()) lanes_.erase(lane);
  bytes_ -= it->second.bytes;
  memory_ -= it->second.memory();
  entries_.erase(it);
}

void TxPool::reject(const Digest& id, Error reason) {
  forget(id);
  if (!rejections_.emplace(id, std::move(reason)).second) return;
  rejection_order_.push_back(id);
  if (rejection_order_.size() > kRejectionsRemembered) {
    rejections_.erase(rejection_order_.front());
    rejection_order_.pop_front();
  }
}

std::optional<Error> TxPool::rejection(const Digest& id) const {
  const auto it = rejections_.find(id);
  if (it == rejections_.end()) return std::nullopt;
  return it->second;
}

Sequence TxPool::next_sequence(const PartyId& party, Lane lane, Sequence expected) const {
  const LaneKey key{party, lane};
  Sequence next = expected;
  if (const auto own = lanes_.find(key); own != lanes_.end()) {
    auto pending = own->second.find(next);
    for (; pending != own->second.end() && pending->first == next; ++pending) next = next.next();
  }
  if (waiting_.contains(key)) return next;
  const auto foreign = foreign_tails_.find(key);
  return foreign == foreign_tails_.end() ? next : std::max(next, foreign->second);
}

}  // namespace fenrun
