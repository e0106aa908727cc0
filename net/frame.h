// Frames: how messages and the link's own control values lie in the TLS stream.
// docs/spec/network.md §3.  Pure; not thread-safe.
//
//   frame   = length u32 little-endian ‖ kind u8 ‖ payload of that length
//   kind    = 0 control, 1 consensus, 2 bulk; +128: the message goes on in the next frame of its
//   kind
//
// One spelling: a frame that is not the last of its message is full (kFramePayloadMax), and the
// last of several is not empty.  Control values fit one frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <variant>

#include "core/bytes.h"
#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/limits.h"
#include "core/result.h"
#include "net/transport.h"

namespace fenrun::net {

inline constexpr std::size_t kFrameHeaderBytes = 5;
inline constexpr std::size_t kFramePayloadMax = 64 * 1024;
// Until a link is open: enough for any control value, too little to be worth an attack.
inline constexpr std::size_t kHelloPayloadMax = 1'024;
inline constexpr std::size_t kRefusalTextMax = 256;
inline constexpr std::uint8_t kMoreFlag = 0x80;

static_assert(kFramePayloadMax <= kFrameBytesMax);

enum class FrameKind : std::uint8_t { control = 0, consensus = 1, bulk = 2 };
inline constexpr std::size_t kFrameKinds = 3;

FrameKind kind_of(Channel channel);

// The control values.  Hello: the first of each side.
struct Hello {
  std::uint16_t protocol_version = 0;  // Of the messages that the node speaks over this link.
  Digest chain_id;
  PeerIndex index;  // The sender's number.
  FENRUN_FIELDS(protocol_version, chain_id, index)
};
// The peer's Hello is good.  The link is open for who has sent and received one.
struct Accept {
  FENRUN_FIELDS()
};
// The peer's Hello is not good; the last of its side.
struct Refusal {
  Errc code = Errc::ok;
  Text<kRefusalTextMax> detail;
  FENRUN_FIELDS(code, detail)
};
// Nothing to say, but alive.
struct KeepAlive {
  FENRUN_FIELDS()
};
using Control = std::variant<Hello, Accept, Refusal, KeepAlive>;

// Appends one frame.  REQUIRES: the payload is at most kFramePayloadMax.
enum class Continues : std::uint8_t { no, yes };
void append_frame(Bytes& out, FrameKind kind, Continues continues, ByteView payload);
void append_control(Bytes& out, const Control& control);

struct Message {
  FrameKind kind = FrameKind::control;
  Bytes bytes;
};

// Puts messages together from the bytes of a stream, however they are cut.
//
// Holds at most one unfinished message of each channel, none longer than kFrameBytesMax, and takes
// memory only for bytes that have come.
class FrameReader {
 public:
  // Consumes bytes from the front of `in`, up to the end of the first message that ends in it.
  // No message: all of `in` is consumed.  After an error the stream is of no use.
  Result<std::optional<Message>> next(ByteView& in);

  // Until this is called only control frames of at most kHelloPayloadMax are allowed.
  void open() { open_ = true; }

 private:
  Status begin_frame();

  std::array<std::uint8_t, kFrameHeaderBytes> header_{};
  std::size_t header_used_ = 0;
  std::size_t payload_left_ = 0;
  FrameKind kind_ = FrameKind::control;
  bool continues_ = false;
  bool open_ = false;
  std::array<Bytes, kFrameKinds> unfinished_;
};

}  // namespace fenrun::net
