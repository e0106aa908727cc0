// HTTP as the node's faces see it: a request, an answer, and a stream of events.  No sockets here:
// node/api/server.h carries them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/limits.h"
#include "core/result.h"
#include "net/asker.h"

namespace fenrun::api {

// What clients may take of the server, and of the event loop.
struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;
  // A transaction of the greatest size in base64 and JSON around it.
  std::size_t body_bytes = kTransactionBytesMax * 2 + 16 * 1024;
  std::size_t connections = 1'000;
  std::size_t connections_per_address = 100;  // In IPv6 of a /64.
  std::size_t refusals = 64;                  // Beyond: those who are told why.
  // Whose connections are not counted: a proxy's, which speaks for many.
  std::function<bool(const std::string& address)> is_exempt = net::is_loopback;
  std::size_t answer_bytes = 256 * 1024 * 1024;       // Of large bodies that are on their way.
  std::chrono::milliseconds request_timeout{30'000};  // From its first byte to its last.
  std::chrono::milliseconds idle_timeout{60'000};     // Between two requests of a connection.
  std::chrono::milliseconds answer_timeout{30'000};   // For each MiB the client must take.
  std::chrono::milliseconds heartbeat{15'000};        // Of a stream that has nothing to say.
  std::chrono::microseconds slice{2'000};             // Of work, before the loop sees to others.
};

struct HttpRequest {
  std::string method;
  std::string target;                          // As sent: path and query.
  std::map<std::string, std::string> headers;  // Names in lower case; repeated ones by ", ".
  std::string body;
  std::string remote;  // The client's address, without port.
  // Does more work for this request in a later turn of its client; drops it once the server is
  // gone.  Outlives the request.
  std::function<void(std::function<void()> work)> later;

  // The value of a header by its lower-case name; empty if there is none.
  std::string_view header(std::string_view name) const;
};

// An answer without end.  Pulled, so that a slow client holds one piece in memory and no more.
class EventSource {
 public:
  virtual ~EventSource() = default;

  // The next piece; empty when there is nothing to say now; none at the end.
  virtual std::optional<std::string> next() = 0;
  // Calls `wake` when next() may have something after it had nothing.  Until destruction.
  virtual void on_ready(std::function<void()> wake) = 0;
  // What to write when nothing was said for a while.
  virtual std::string heartbeat() const = 0;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  Headers headers;
  std::unique_ptr<EventSource> events;  // In place of the body, if set.
};

// Called once, at any time, on the event loop's thread.
using HttpReply = std::function<void(HttpResponse)>;
using HttpHandler = std::function<void(HttpRequest, HttpReply)>;

// "Not Found" of 404; "Status" for a number this API does not use.
std::string_view reason_of(unsigned status);

// ---- The target of a request -------------------------------------------------------------------

struct Target {
  std::string path;                          // Still percent-encoded: split before decoding.
  std::vector<std::string> segments;         // Of the path, decoded.
  std::map<std::string, std::string> query;  // Decoded.
};

// Errc::value_invalid unless it is an origin-form with valid percent-encoding, without control
// characters, empty or dot segments, and without repeated parameters.
Result<Target> parse_target(std::string_view target);

}  // namespace fenrun::api
