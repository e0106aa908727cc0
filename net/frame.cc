#include "net/frame.h"

#include <algorithm>
#include <string>
#include <utility>

namespace fenrun::net {
namespace {

Error violation(Errc code, std::string detail) { return Error{code, std::move(detail)}; }

}  // namespace

FrameKind kind_of(Channel channel) {
  switch (channel) {
    case Channel::consensus:
      return FrameKind::consensus;
    case Channel::bulk:
      return FrameKind::bulk;
  }
  UNREACHABLE();
}

void append_frame(Bytes& out, FrameKind kind, Continues continues, ByteView payload) {
  CHECK(payload.size() <= kFramePayloadMax);
  const auto length = static_cast<std::uint32_t>(payload.size());
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(length >> shift));
  }
  const unsigned more = continues == Continues::yes ? kMoreFlag : 0U;
  out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(kind) | more));
  append(out, payload);
}

void append_control(Bytes& out, const Control& control) {
  const auto payload = encode(control);
  CHECK(payload.size() <= kHelloPayloadMax);
  append_frame(out, FrameKind::control, Continues::no, payload);
}

Status FrameReader::begin_frame() {
  std::uint32_t length = 0;
  for (unsigned i = 0; i < 4; ++i) length |= static_cast<std::uint32_t>(header_[i]) << (8 * i);
  const auto kind = static_cast<std::uint8_t>(header_[4] & ~static_cast<unsigned>(kMoreFlag));
  continues_ = (header_[4] & kMoreFlag) != 0;
  if (kind >= kFrameKinds) {
    return violation(Errc::variant_unknown, "frame kind " + std::to_string(kind));
  }
  kind_ = static_cast<FrameKind>(kind);

  const bool control = kind_ == FrameKind::control;
  const std::size_t max = open_ && !control ? kFramePayloadMax : kHelloPayloadMax;
  if (length > max) {
    return violation(Errc::limit_exceeded, "frame of " + std::to_string(length) + " bytes");
  }
  if (!open_ && !control) return violation(Errc::not_ready, "a message before the link is open");
  if (control && continues_) {
    return violation(Errc::encoding_not_canonical, "a control value in several frames");
  }
  const auto& so_far = unfinished_[kind];
  if (continues_ ? length != kFramePayloadMax : (length == 0 && !so_far.empty())) {
    return violation(Errc::encoding_not_canonical, "a message cut where it need not be");
  }
  // What is followed by more has at least one more byte.
  if (so_far.size() + length + (continues_ ? 1 : 0) > kFrameBytesMax) {
    return violation(Errc::limit_exceeded, "message above the limit");
  }
  payload_left_ = length;
  return {};
}

Result<std::optional<Message>> FrameReader::next(ByteView& in) {
  while (true) {
    if (header_used_ < kFrameHeaderBytes) {
      const auto count = std::min(kFrameHeaderBytes - header_used_, in.size());
      std::copy_n(in.begin(), count, header_.begin() + static_cast<std::ptrdiff_t>(header_used_));
      header_used_ += count;
      in = in.subspan(count);
      if (header_used_ < kFrameHeaderBytes) return std::optional<Message>();
      FENRUN_OK(begin_frame());
    }
    auto& message = unfinished_[static_cast<std::size_t>(kind_)];
    const auto count = std::min(payload_left_, in.size());
    append(message, in.first(count));
    payload_left_ -= count;
    in = in.subspan(count);
    if (payload_left_ > 0) return std::optional<Message>();

    header_used_ = 0;
    if (!continues_) return std::optional(Message{kind_, std::exchange(message, Bytes())});
  }
}

}  // namespace fenrun::net
