#include "node/check_queue.h"

#include <algorithm>
#include <utility>

#include "contracts/claims.h"
#include "core/check.h"

namespace fenrun {
namespace {

// Of one piece, as if every operation had a signature, as claims have: some milliseconds.
constexpr std::size_t kPieceSignaturesMax = 256;

std::size_t signatures_of(const SignedTransaction& transaction) {
  return 1 + transaction.operations.size();
}

}  // namespace

bool BatchPiece::is_right() const {
  const auto transactions = std::span(batch->transactions).subspan(first, count);
  return std::ranges::all_of(transactions, [&](const SignedTransaction& transaction) {
    return check_form(transaction, chain_id).has_value() && verify_signatures(transaction);
  });
}

CheckQueue::Ticket CheckQueue::add(net::PeerIndex sender, std::shared_ptr<const TxBatch> batch,
                                   const Digest& chain_id, std::function<void(bool)> done) {
  const Ticket ticket = ++last_;
  jobs_.emplace(ticket, Job{sender, std::move(batch), chain_id, std::move(done)});
  queues_[sender].push_back(ticket);
  ++waiting_[sender];
  feed();
  return ticket;
}

void CheckQueue::hurry(Ticket ticket) {
  if (has_more(ticket)) urgent_.push_back(ticket);
}

std::size_t CheckQueue::waiting(net::PeerIndex sender) const {
  const auto it = waiting_.find(sender);
  return it == waiting_.end() ? 0 : it->second;
}

bool CheckQueue::has_more(Ticket ticket) const {
  const auto it = jobs_.find(ticket);
  return it != jobs_.end() && it->second.has_more();
}

// The job whose turn it is; null if all are given out.
CheckQueue::Job* CheckQueue::next_job(Ticket& ticket) {
  const auto drop_given_out = [this](Tickets& tickets) {
    while (!tickets.empty() && !has_more(tickets.front())) tickets.pop_front();
  };
  drop_given_out(urgent_);
  if (!urgent_.empty()) {
    ticket = urgent_.front();
    return &jobs_.at(ticket);
  }
  for (auto& [sender, tickets] : queues_) drop_given_out(tickets);
  std::erase_if(queues_, [](const auto& item) { return item.second.empty(); });
  if (queues_.empty()) return nullptr;
  auto turn = queues_.upper_bound(served_);
  if (turn == queues_.end()) turn = queues_.begin();
  served_ = turn->first;
  ticket = turn->second.front();
  return &jobs_.at(ticket);
}

void CheckQueue::feed() {
  Ticket ticket = 0;
  while (under_way_ < verifier_->parallel()) {
    auto* job = next_job(ticket);
    if (job == nullptr) return;
    give_out(ticket, *job);
  }
}

void CheckQueue::give_out(Ticket ticket, Job& job) {
  const auto& transactions = job.batch->transactions;
  BatchPiece piece{job.batch, job.next, 0, job.chain_id};
  for (std::size_t signatures = 0; job.next < transactions.size(); ++job.next, ++piece.count) {
    signatures += signatures_of(transactions[job.next]);
    if (piece.count > 0 && signatures > kPieceSignaturesMax) break;
  }
  job.is_begun = true;
  ++job.under_way;
  ++under_way_;
  verifier_->check(std::move(piece), [this, ticket](bool right) { take(ticket, right); });
}

void CheckQueue::take(Ticket ticket, bool right) {
  const auto it = jobs_.find(ticket);
  CHECK(it != jobs_.end());
  auto& job = it->second;
  --under_way_;
  --job.under_way;
  if (!right) {
    job.is_right = false;
    job.next = job.batch->transactions.size();
  }
  if (job.has_more() || job.under_way > 0) return feed();
  const auto waits = waiting_.find(job.sender);
  if (--waits->second == 0) waiting_.erase(waits);
  const auto done = std::move(job.done);
  const bool is_right = job.is_right;
  jobs_.erase(it);
  feed();
  done(is_right);
}

}  // namespace fenrun
