// Links that take time: a relay on loopback for each ordered pair of a measurement's nodes, which
// passes on what it reads after a fixed time.  It understands nothing of what it carries.
//
// Bytes of one connection and direction keep their order, and all of them take the same time, from
// being read to being written.  There is no limit of bandwidth but that of what is under way: at
// most kUnderWayBytesMax in a direction; then nothing more is read until some has been written. The
// relays run on a thread of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/result.h"

namespace fenrun::bench {

inline constexpr std::size_t kUnderWayBytesMax = 64 * 1024 * 1024;

struct DelayOptions {
  std::size_t nodes = 0;
  unsigned base_port = 0;  // Node i listens on base_port + 2 * i: see LocalNetworkOptions.
  unsigned delay_ms = 0;   // One way.
};

class DelayLinks {
 public:
  // Errc::io_error if the relays cannot listen.
  static Result<std::unique_ptr<DelayLinks>> open(const DelayOptions& options);
  // Cuts all links.
  ~DelayLinks();
  DelayLinks(const DelayLinks&) = delete;
  DelayLinks& operator=(const DelayLinks&) = delete;

  // Where node `from` dials node `to`.  REQUIRES: they differ, and are below the number of nodes.
  std::uint16_t port(std::size_t from, std::size_t to) const;

 private:
  struct Relays;
  explicit DelayLinks(std::unique_ptr<Relays> relays);

  std::unique_ptr<Relays> relays_;
};

}  // namespace fenrun::bench
