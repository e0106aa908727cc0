#include "node/api/session.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "net/asker.h"
#include "node/api/problem.h"

namespace fenrun::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// A client that is sent an error may still be sending: what it sends is read for so long and so
// much, since closing with unread data would destroy the answer on its way.
constexpr std::chrono::milliseconds kDrainTimeout{2'000};
constexpr std::size_t kDrainBytesMax = 1024 * 1024;
constexpr std::size_t kReadPieceBytes = 4 * 1024;
// An answer of this size is sent however many large ones are on their way.
constexpr std::size_t kSmallAnswerBytes = 64 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view view(boost::core::string_view text) { return {text.data(), text.size()}; }

template <class Body>
void set_fields(http::response<Body>& message, const HttpResponse& response) {
  message.reason(std::string(reason_of(response.status)));
  message.set(http::field::server, "fenrun");
  if (!response.content_type.empty()) {
    message.set(http::field::content_type, response.content_type);
  }
  message.set("X-Content-Type-Options", "nosniff");
  message.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : response.headers) message.set(name, value);
}

}  // namespace

// ---- What they share ---------------------------------------------------------------------------

void Sessions::later(const std::string& address, Turns::Work work) {
  if (!handler) return;
  turns_.add(net::asker_of(address), std::move(work));
  if (!turn_posted_) post_turn();
}

// Behind whatever is ready by now, such as the messages of peers.
void Sessions::post_turn() {
  turn_posted_ = true;
  asio::post(*io_, [self = shared_from_this()] {
    self->turn_posted_ = false;
    const bool is_more = self->turns_.run(self->limits.slice);
    if (is_more && !self->turn_posted_) self->post_turn();
  });
}

void Sessions::stop() {
  handler = nullptr;
  turns_.clear();
  // Closing may destroy a session, which then leaves the set.
  const std::vector<Session*> all(open.begin(), open.end());
  for (auto* session : all) {
    if (open.contains(session)) session->close();
  }
}

// ---- One of them -------------------------------------------------------------------------------

Session::Session(asio::ip::tcp::socket socket, std::string address,
                 std::shared_ptr<Sessions> sessions)
    : stream_(std::move(socket)),
      sessions_(std::move(sessions)),
      buffer_(sessions_->limits.header_bytes + kReadPieceBytes + 64 * 1024),
      remote_(std::move(address)),
      heartbeat_(stream_.get_executor()) {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  sessions_->open.insert(this);
}

Session::~Session() {
  hold_answer(0);
  sessions_->places.leave(remote_);
  sessions_->open.erase(this);
}

void Session::start() { await_request(); }

void Session::refuse(unsigned status, const Error& error) { reject(status, error); }

void Session::close() {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  heartbeat_.cancel();
  stream_.socket().close(ignored);
  stream_.cancel();
  // Now, not when the last operation ends: a source may refer to what does not live that long.
  events_.reset();
}

// ---- Reading -----------------------------------------------------------------------------------

void Session::await_request() {
  if (closed_ || !sessions_->handler) return close();
  if (buffer_.size() > 0) return read_request();
  stream_.expires_after(sessions_->limits.idle_timeout);
  stream_.async_read_some(buffer_.prepare(kReadPieceBytes),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_request();
                          });
}

void Session::read_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(sessions_->limits.header_bytes));
  parser_->body_limit(sessions_->limits.body_bytes);
  version_ = 11;
  is_head_ = false;
  stream_.expires_after(sessions_->limits.request_timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error) return self->read_failed(error);
                            self->read_body();
                          });
}

void Session::read_body() {
  const auto expect = parser_->get().find(http::field::expect);
  if (expect != parser_->get().end() && !parser_->is_done()) {
    if (lower(view(expect->value())) != "100-continue") {
      return reject(417, {Errc::value_invalid, "Expect"});
    }
    // Only this once: read_body is entered again when the interim answer is sent.
    parser_->get().erase(http::field::expect);
    return send_continue();
  }
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](error_code error, std::size_t) {
                     if (error) return self->read_failed(error);
                     self->dispatch();
                   });
}

void Session::send_continue() {
  auto message = std::make_shared<http::response<http::empty_body>>(http::status::continue_, 11);
  http::async_write(stream_, *message,
                    [self = shared_from_this(), message](error_code error, std::size_t) {
                      if (error) return self->close();
                      self->read_body();
                    });
}

void Session::read_failed(const error_code& error) {
  if (closed_) return;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return reject(431, {Errc::limit_exceeded, "the header of the request"});
  }
  if (error == http::error::body_limit) {
    return reject(413, {Errc::limit_exceeded, "the body of the request"});
  }
  // A timed-out connection is closed by the stream already; one that ended says nothing more.
  if (error == http::error::end_of_stream ||
      error.category() != http::make_error_code(http::error::bad_method).category()) {
    return close();
  }
  reject(400, {Errc::value_invalid, "no valid HTTP/1.1 request: " + error.message()});
}

// ---- Answering ---------------------------------------------------------------------------------

void Session::dispatch() {
  if (!sessions_->handler) return close();
  auto message = parser_->release();
  parser_.reset();
  version_ = message.version();
  keep_alive_ = message.keep_alive();
  is_head_ = message.method() == http::verb::head;

  HttpRequest request;
  request.method = std::string(view(message.method_string()));
  request.target = std::string(view(message.target()));
  for (const auto& field : message) {
    auto& value = request.headers[lower(view(field.name_string()))];
    if (!value.empty()) value += ", ";
    value += view(field.value());
  }
  request.body = std::move(message.body());
  request.remote = remote_;
  request.later = [sessions = sessions_, remote = remote_](Turns::Work work) {
    sessions->later(remote, std::move(work));
  };
  sessions_->later(remote_, [self = shared_from_this(),
                             shared = std::make_shared<HttpRequest>(std::move(request))] {
    self->handle(std::move(*shared));
  });
}

void Session::handle(HttpRequest request) {
  if (closed_ || !sessions_->handler) return close();
  awaits_reply_ = true;
  sessions_->handler(std::move(request), [self = shared_from_this()](HttpResponse response) {
    if (!self->awaits_reply_) return;
    self->awaits_reply_ = false;
    self->respond(std::move(response));
  });
}

void Session::reject(unsigned status, const Error& error) {
  keep_alive_ = false;
  respond(problem(status, error));
}

template <class Message>
void Session::write(std::shared_ptr<Message> message, std::size_t bytes, void (Session::*then)()) {
  const auto pieces = static_cast<long>(bytes / (1024 * 1024) + 1);
  stream_.expires_after(sessions_->limits.answer_timeout * pieces);
  http::async_write(stream_, *message,
                    [self = shared_from_this(), message, then](error_code error, std::size_t) {
                      // "Need to close" is how Beast says that this was the last answer.
                      if (error && error != http::error::end_of_stream) return self->close();
                      (self.get()->*then)();
                    });
}

// What this session is writing counts until it is written.
void Session::hold_answer(std::size_t bytes) {
  sessions_->answer_bytes -= answer_bytes_;
  sessions_->answer_bytes += bytes;
  answer_bytes_ = bytes;
}

void Session::respond(HttpResponse response) {
  if (closed_) return;
  if (response.body.size() > kSmallAnswerBytes &&
      sessions_->answer_bytes + response.body.size() > sessions_->limits.answer_bytes) {
    response = problem({Errc::not_ready, "too many large answers are on their way: try again"});
  }
  if (response.events) {
    events_ = std::move(response.events);
    keep_alive_ = false;
  }
  const auto status = static_cast<http::status>(response.status);
  const std::size_t bytes = response.body.size();
  if (is_head_ || events_) {
    auto message = std::make_shared<http::response<http::empty_body>>(status, version_);
    set_fields(*message, response);
    // The end of an event stream is the end of its connection: it has no length.
    if (!events_) message->content_length(bytes);
    message->keep_alive(keep_alive_);
    return write(message, 0,
                 events_ && !is_head_ ? &Session::start_events : &Session::after_answer);
  }
  auto message = std::make_shared<http::response<http::string_body>>(status, version_);
  set_fields(*message, response);
  message->body() = std::move(response.body);
  message->keep_alive(keep_alive_);
  message->prepare_payload();
  hold_answer(bytes);
  write(message, bytes, &Session::after_answer);
}

void Session::after_answer() {
  hold_answer(0);
  if (closed_) return;
  if (keep_alive_) return await_request();
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDrainTimeout);
  buffer_.clear();
  drain();
}

void Session::drain() {
  stream_.async_read_some(buffer_.prepare(kReadPieceBytes),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->drained_ += bytes;
                            if (error || self->drained_ > kDrainBytesMax) return self->close();
                            self->drain();
                          });
}

// ---- Streams -----------------------------------------------------------------------------------

void Session::start_events() {
  if (closed_) return;
  events_->on_ready([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->awaits_event_ || self->closed_) return;
    self->awaits_event_ = false;
    self->heartbeat_.cancel();
    // Later, so that a slow client's answer is not built within the commit of a block.
    self->pump_later();
  });
  stream_.expires_never();
  buffer_.clear();
  watch_for_end();
  pump();
}

void Session::watch_for_end() {
  stream_.async_read_some(buffer_.prepare(kReadPieceBytes),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            // Whoever listens to events has nothing more to say.
                            self->drained_ += bytes;
                            if (error || self->drained_ > kDrainBytesMax) return self->close();
                            self->watch_for_end();
                          });
}

void Session::pump_later() {
  sessions_->later(remote_, [self = shared_from_this()] { self->pump(); });
}

void Session::pump() {
  if (closed_) return;
  auto piece = events_->next();
  if (!piece) return close();
  if (piece->empty()) return await_event();
  say(std::move(*piece));
}

void Session::say(std::string piece) {
  auto text = std::make_shared<std::string>(std::move(piece));
  stream_.expires_after(sessions_->limits.answer_timeout);
  asio::async_write(stream_, asio::buffer(*text),
                    [self = shared_from_this(), text](error_code error, std::size_t) {
                      if (error) return self->close();
                      self->pump_later();
                    });
}

void Session::await_event() {
  awaits_event_ = true;
  heartbeat_.expires_after(sessions_->limits.heartbeat);
  heartbeat_.async_wait([self = shared_from_this()](error_code error) {
    if (error || !self->awaits_event_ || self->closed_) return;
    self->awaits_event_ = false;
    self->say(self->events_->heartbeat());
  });
}

}  // namespace fenrun::api
