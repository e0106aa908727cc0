#include "net/send_queue.h"

#include <algorithm>
#include <utility>

#include "net/frame.h"

namespace fenrun::net {

SendQueue::SendQueue(const QueueLimits& limits) : limits_(limits) {
  CHECK(limits.consensus_bytes_max >= kFrameBytesMax && limits.consensus_messages_max >= 1);
  CHECK(limits.bulk_bytes_max >= kFrameBytesMax && limits.bulk_messages_max >= 1);
}

std::size_t SendQueue::push_consensus(Payload message) {
  CHECK(message != nullptr && message->size() <= kFrameBytesMax);
  auto& queue = consensus_;
  std::size_t dropped = 0;
  const auto full = [&] {
    return queue.bytes + message->size() > limits_.consensus_bytes_max ||
           queue.messages.size() + 1 > limits_.consensus_messages_max;
  };
  // The peer has the beginning of a message that is partly written and waits for its end.
  const std::size_t kept = queue.written > 0 ? 1 : 0;
  while (full() && queue.messages.size() > kept) {
    const auto oldest = queue.messages.begin() + static_cast<std::ptrdiff_t>(kept);
    queue.bytes -= (*oldest)->size();
    queue.messages.erase(oldest);
    ++dropped;
  }
  queue.bytes += message->size();
  queue.messages.push_back(std::move(message));
  return dropped;
}

bool SendQueue::push_bulk(Payload message) {
  CHECK(message != nullptr && message->size() <= kFrameBytesMax);
  if (bulk_.bytes + message->size() > limits_.bulk_bytes_max ||
      bulk_.messages.size() + 1 > limits_.bulk_messages_max) {
    bulk_refused_ = true;
    return false;
  }
  bulk_.bytes += message->size();
  bulk_.messages.push_back(std::move(message));
  return true;
}

std::size_t SendQueue::fill(Bytes& out, std::size_t bytes_wanted) {
  std::size_t finished = 0;
  while (out.size() < bytes_wanted) {
    if (!consensus_.messages.empty()) {
      finished += append_piece(consensus_, Channel::consensus, out);
    } else if (!bulk_.messages.empty()) {
      finished += append_piece(bulk_, Channel::bulk, out);
    } else {
      break;
    }
  }
  return finished;
}

std::size_t SendQueue::append_piece(Queue& queue, Channel channel, Bytes& out) {
  const ByteView rest = ByteView(*queue.messages.front()).subspan(queue.written);
  const auto piece = rest.first(std::min(rest.size(), kFramePayloadMax));
  const bool last = piece.size() == rest.size();
  append_frame(out, kind_of(channel), last ? Continues::no : Continues::yes, piece);
  queue.written += piece.size();
  if (!last) return 0;
  queue.bytes -= queue.messages.front()->size();
  queue.written = 0;
  queue.messages.pop_front();
  return 1;
}

bool SendQueue::take_writable() {
  if (!bulk_refused_ || bulk_.bytes > limits_.bulk_bytes_max / 2 ||
      bulk_.messages.size() > limits_.bulk_messages_max / 2) {
    return false;
  }
  bulk_refused_ = false;
  return true;
}

}  // namespace fenrun::net
