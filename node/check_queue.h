// Whose batches are checked next.
//
// Checking signatures takes most of a node's processor time, and whoever is linked can send what
// has to be checked.  The batches of each sender wait in a queue of their own; the senders take
// turns, a piece of some hundred signatures each.  Ahead of all goes what a proposal waits for.  So
// a flood keeps only the batches of its sender waiting.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "net/transport.h"
#include "node/batch_verifier.h"

namespace fenrun {

class CheckQueue {
 public:
  using Ticket = std::uint64_t;

  // REQUIRES: the verifier outlives the queue, and calls back no more once the queue is gone.
  explicit CheckQueue(BatchVerifier& verifier) : verifier_(&verifier) {}
  CheckQueue(const CheckQueue&) = delete;
  CheckQueue& operator=(const CheckQueue&) = delete;

  // Checks all of the batch.  `done` is called once, later: is all of it right?  After the first
  // transaction that is not, the rest is not looked at.
  Ticket add(net::PeerIndex sender, std::shared_ptr<const TxBatch> batch, const Digest& chain_id,
             std::function<void(bool)> done);
  // A proposal waits for it.  Without effect once it is answered.
  void hurry(Ticket ticket);

  // The sender's batches that are not answered.
  std::size_t waiting(net::PeerIndex sender) const;

 private:
  struct Job {
    net::PeerIndex sender;
    std::shared_ptr<const TxBatch> batch;
    Digest chain_id;
    std::function<void(bool)> done;
    std::size_t next = 0;  // The first transaction that was not given out.
    std::size_t under_way = 0;
    bool is_begun = false;  // A batch of nothing is one piece as well.
    bool is_right = true;

    bool has_more() const { return !is_begun || next < batch->transactions.size(); }
  };
  using Tickets = std::deque<Ticket>;

  bool has_more(Ticket ticket) const;
  Job* next_job(Ticket& ticket);
  void feed();
  void give_out(Ticket ticket, Job& job);
  void take(Ticket ticket, bool right);

  BatchVerifier* verifier_;
  std::map<Ticket, Job> jobs_;
  std::map<net::PeerIndex, Tickets> queues_;  // Some at their front are given out already.
  std::map<net::PeerIndex, std::size_t> waiting_;
  Tickets urgent_;
  net::PeerIndex served_{};  // Had the last turn.
  std::size_t under_way_ = 0;
  Ticket last_ = 0;
};

}  // namespace fenrun
