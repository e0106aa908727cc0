#include "node/bench/http_pipe.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "core/text.h"

namespace fenrun::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

Status connect_to(asio::ip::tcp::socket& socket, std::uint16_t port) {
  error_code error;
  socket.connect({asio::ip::address_v4::loopback(), port}, error);
  if (!error) socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (error) {
    return Error{Errc::unreachable, "port " + std::to_string(port) + ": " + error.message()};
  }
  return {};
}

// The number behind a header's name.
std::optional<std::uint64_t> number_after(std::string_view header, std::string_view name) {
  const auto at = header.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const auto begin = at + name.size();
  const auto number = from_decimal(header.substr(begin, header.find("\r\n", begin) - begin));
  return number ? std::optional(*number) : std::nullopt;
}

}  // namespace

std::string http_request(const std::string& method, const std::string& target,
                         const std::string& token, std::string_view body) {
  std::string text = method + " " + target +
                     " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n";
  if (!body.empty()) {
    text +=
        "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n";
  }
  return (text += "\r\n").append(body);
}

Result<std::unique_ptr<HttpPipe>> HttpPipe::connect(asio::io_context& io, std::uint16_t port,
                                                    OnBroken on_broken) {
  std::unique_ptr<HttpPipe> pipe(new HttpPipe(io, std::move(on_broken)));
  FENRUN_OK(connect_to(pipe->socket_, port));
  pipe->read();
  return pipe;
}

void HttpPipe::send(std::string_view request, Reply reply) {
  replies_.push_back(std::move(reply));
  waiting_.append(request);
  if (writing_.empty()) write();
}

void HttpPipe::break_off(const std::string& why) {
  if (const auto told = std::exchange(on_broken_, nullptr)) {
    told(Error{Errc::unreachable, "a connection broke: " + why});
  }
}

// Whatever came up during one write goes with the next.
void HttpPipe::write() {
  std::swap(waiting_, writing_);
  asio::async_write(socket_, asio::buffer(writing_), [this](error_code error, std::size_t) {
    if (error == asio::error::operation_aborted) return;
    if (error) return break_off(error.message());
    writing_.clear();
    if (!waiting_.empty()) write();
  });
}

void HttpPipe::read() {
  socket_.async_read_some(asio::buffer(piece_), [this](error_code error, std::size_t bytes) {
    if (error == asio::error::operation_aborted) return;
    if (error) return break_off(error.message());
    received_.append(piece_.data(), bytes);
    take_answers();
    read();
  });
}

void HttpPipe::take_answers() {
  constexpr std::size_t kStatusAt = 9;
  std::size_t at = 0;
  for (;;) {
    const auto end = received_.find("\r\n\r\n", at);
    if (end == std::string::npos) break;
    const auto header = std::string_view(received_).substr(at, end + 2 - at);
    const auto length = number_after(header, "Content-Length: ");
    const auto status = from_decimal(header.substr(kStatusAt, 3));
    if (!length || !status || replies_.empty()) return break_off("not the answer of a node");
    if (received_.size() < end + 4 + *length) break;
    const HttpAnswer answer{
        static_cast<unsigned>(*status),
        static_cast<unsigned>(number_after(header, "Retry-After: ").value_or(0)),
        received_.substr(end + 4, *length)};
    at = end + 4 + *length;
    const auto reply = std::move(replies_.front());
    replies_.pop_front();
    reply(answer);
  }
  received_.erase(0, at);
}

Result<HttpAnswer> ask(std::uint16_t port, std::string_view request) {
  asio::io_context io;
  std::optional<Result<HttpAnswer>> answer;
  FENRUN_TRY(const auto pipe,
             HttpPipe::connect(io, port, [&](const Error& error) { answer = error; }));
  pipe->send(request, [&](const HttpAnswer& got) { answer = got; });
  while (!answer) io.run_one();
  return *std::move(answer);
}

Result<std::unique_ptr<EventPipe>> EventPipe::connect(asio::io_context& io, std::uint16_t port,
                                                      const std::string& request,
                                                      std::function<void()> on_event) {
  std::unique_ptr<EventPipe> pipe(new EventPipe(io, std::move(on_event)));
  FENRUN_OK(connect_to(pipe->socket_, port));
  error_code error;
  asio::write(pipe->socket_, asio::buffer(request), error);
  if (error) return Error{Errc::unreachable, error.message()};
  pipe->read();
  return pipe;
}

void EventPipe::read() {
  socket_.async_read_some(asio::buffer(piece_), [this](error_code error, std::size_t) {
    if (error) return;  // Whoever sends to the node notices as well.
    on_event_();
    read();
  });
}

}  // namespace fenrun::bench
