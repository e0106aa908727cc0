#include "node/bench/delay_links.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "core/bytes.h"
#include "core/check.h"

namespace fenrun::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64 * 1024;

// What one end reads and the other writes later.
class Direction {
 public:
  Direction(tcp::socket& from, tcp::socket& to, Clock::duration delay)
      : from_(from),
        to_(to),
        delay_(delay),
        timer_(from.get_executor()),
        read_buffer_(kReadBytes) {}

  // `owner` keeps both alive while something is under way.
  void read(const std::shared_ptr<void>& owner) {
    if (is_reading_ || has_ended_ || under_way_ >= kUnderWayBytesMax) return;
    is_reading_ = true;
    from_.async_read_some(
        asio::buffer(read_buffer_), [this, owner](const error_code& error, std::size_t count) {
          is_reading_ = false;
          has_ended_ = bool(error);
          const auto end = read_buffer_.begin() + static_cast<std::ptrdiff_t>(error ? 0 : count);
          // An empty piece is the end.
          pieces_.push_back({Clock::now() + delay_, {read_buffer_.begin(), end}});
          under_way_ += pieces_.back().bytes.size();
          if (pieces_.size() == 1) wait(owner);
          read(owner);
        });
  }

 private:
  struct Piece {
    Clock::time_point due;
    Bytes bytes;
  };

  void wait(const std::shared_ptr<void>& owner) {
    timer_.expires_at(pieces_.front().due);
    timer_.async_wait([this, owner](const error_code&) { write(owner); });
  }

  void write(const std::shared_ptr<void>& owner) {
    if (pieces_.front().bytes.empty()) {
      error_code ignored;  // The other end is gone already.
      to_.shutdown(tcp::socket::shutdown_send, ignored);
      return;
    }
    asio::async_write(to_, asio::buffer(pieces_.front().bytes),
                      [this, owner](const error_code& error, std::size_t) {
                        if (error) return close();
                        under_way_ -= pieces_.front().bytes.size();
                        pieces_.pop_front();
                        if (!pieces_.empty()) wait(owner);
                        read(owner);
                      });
  }

  void close() {
    error_code ignored;
    from_.close(ignored);
    to_.close(ignored);
  }

  tcp::socket& from_;
  tcp::socket& to_;
  Clock::duration delay_;
  asio::steady_timer timer_;
  Bytes read_buffer_;
  std::deque<Piece> pieces_;
  std::size_t under_way_ = 0;  // Bytes of the pieces.
  bool is_reading_ = false;
  bool has_ended_ = false;
};

struct Connection {
  Connection(tcp::socket accepted, Clock::duration delay)
      : near(std::move(accepted)),
        far(near.get_executor()),
        there(near, far, delay),
        back(far, near, delay) {}

  tcp::socket near;
  tcp::socket far;
  Direction there;
  Direction back;
};

void set_prompt(tcp::socket& socket) {
  error_code ignored;  // Only slower.
  socket.set_option(tcp::no_delay(true), ignored);
}

// A node that is not there: the connection ends, and the dialling node tries again.
void connect(tcp::socket accepted, std::uint16_t target, Clock::duration delay) {
  const auto link = std::make_shared<Connection>(std::move(accepted), delay);
  link->far.async_connect({asio::ip::address_v4::loopback(), target},
                          [link](const error_code& error) {
                            if (error) return;
                            set_prompt(link->near);
                            set_prompt(link->far);
                            link->there.read(link);
                            link->back.read(link);
                          });
}

}  // namespace

struct DelayLinks::Relays {
  DelayOptions options;
  asio::io_context io;
  std::vector<std::optional<tcp::acceptor>> acceptors;  // By from * nodes + to.
  std::jthread thread;                                  // Ends first.

  Clock::duration delay() const { return std::chrono::milliseconds(options.delay_ms); }

  Status listen(std::size_t from, std::size_t to) {
    auto& acceptor = acceptors.at(from * options.nodes + to).emplace(io);
    error_code error;
    acceptor.open(tcp::v4(), error);
    if (!error) acceptor.bind({asio::ip::address_v4::loopback(), 0}, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return Error{Errc::io_error, "a delaying relay: " + error.message()};
    accept(acceptor, static_cast<std::uint16_t>(options.base_port + 2 * to));
    return {};
  }

  void accept(tcp::acceptor& acceptor, std::uint16_t target) {
    acceptor.async_accept([this, &acceptor, target](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error) connect(std::move(socket), target, delay());
      accept(acceptor, target);
    });
  }
};

DelayLinks::DelayLinks(std::unique_ptr<Relays> relays) : relays_(std::move(relays)) {}

DelayLinks::~DelayLinks() { relays_->io.stop(); }

Result<std::unique_ptr<DelayLinks>> DelayLinks::open(const DelayOptions& options) {
  auto relays = std::make_unique<Relays>();
  relays->options = options;
  relays->acceptors.resize(options.nodes * options.nodes);
  for (std::size_t from = 0; from < options.nodes; ++from) {
    for (std::size_t to = 0; to < options.nodes; ++to) {
      if (from != to) FENRUN_OK(relays->listen(from, to));
    }
  }
  relays->thread = std::jthread([&io = relays->io] { io.run(); });
  return std::unique_ptr<DelayLinks>(new DelayLinks(std::move(relays)));
}

std::uint16_t DelayLinks::port(std::size_t from, std::size_t to) const {
  const auto& acceptor = relays_->acceptors.at(from * relays_->options.nodes + to);
  CHECK(acceptor.has_value());
  error_code error;
  const auto endpoint = acceptor->local_endpoint(error);
  CHECK(!error);
  return endpoint.port();
}

}  // namespace fenrun::bench
