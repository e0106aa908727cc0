// What waits to be written to one link: two bounded queues, consensus before bulk.
//
// A message is cut into frames only as it is written, so that a consensus message waits at most for
// what is already being written, never for the rest of a large bulk message.
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "core/bytes.h"
#include "core/limits.h"
#include "core/result.h"
#include "net/transport.h"

namespace fenrun::net {

// REQUIRES: each bytes_max >= kFrameBytesMax and each count >= 1, so that any message fits an empty
// queue.
struct QueueLimits {
  std::size_t consensus_bytes_max = 8 * 1024 * 1024;
  std::size_t consensus_messages_max = 4'096;
  std::size_t bulk_bytes_max = 16 * 1024 * 1024;
  std::size_t bulk_messages_max = 1'024;
};

class SendQueue {
 public:
  explicit SendQueue(const QueueLimits& limits);

  // Consensus: always taken.  The oldest messages make room, except one that is partly written; the
  // queue exceeds its limits by at most that one.  Returns how many were dropped.
  // REQUIRES: at most kFrameBytesMax bytes.
  std::size_t push_consensus(Payload message);

  // Bulk: false if it does not fit.  REQUIRES: at most kFrameBytesMax bytes.
  bool push_bulk(Payload message);

  // Appends frames to `out` until it has at least `bytes_wanted` bytes or nothing is left; returns
  // the number of messages whose last frame this wrote.
  std::size_t fill(Bytes& out, std::size_t bytes_wanted);

  // True once after each time that bulk was refused and has since fallen to half its limits.
  bool take_writable();

  bool empty() const { return consensus_.messages.empty() && bulk_.messages.empty(); }
  std::size_t bytes() const { return consensus_.bytes + bulk_.bytes; }

 private:
  struct Queue {
    std::deque<Payload> messages;
    std::size_t bytes = 0;    // Of all messages, whole.
    std::size_t written = 0;  // Of the first message.
  };

  // One frame of the first message; 1 if it was the last of it.
  static std::size_t append_piece(Queue& queue, Channel channel, Bytes& out);

  QueueLimits limits_;
  Queue consensus_;
  Queue bulk_;
  bool bulk_refused_ = false;
};

}  // namespace fenrun::net
