#include "node/cli/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "core/text.h"

namespace fenrun::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint64_t kAnswerBytesMax = 72ULL * 1024 * 1024;

struct Address {
  std::string host;
  std::string port = "80";
};

Result<Address> parse_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const Error wrong{Errc::usage, "'" + url + "' is no address like http://127.0.0.1:7101"};
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) return wrong;
  rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  Address address;
  std::string_view port;
  if (rest.starts_with('[')) {  // An IPv6 address.
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return wrong;
    address.host = std::string(rest.substr(1, end - 1));
    port = rest.substr(end + 1);
  } else {
    const auto colon = std::min(rest.find(':'), rest.size());
    address.host = std::string(rest.substr(0, colon));
    port = rest.substr(colon);
  }
  if (address.host.empty() || address.host.find_first_of("/@?# ") != std::string::npos) {
    return wrong;
  }
  if (port.empty()) return address;
  const auto number = from_decimal(port.substr(1));
  if (port[0] != ':' || !number || *number == 0 || *number > 65'535) return wrong;
  address.port = std::string(port.substr(1));
  return address;
}

class Exchange {
 public:
  Exchange(const std::string& url, const HttpCall& call) : url_(url), call_(call) {}

  Result<HttpAnswer> run(const Address& address) {
    stream_.expires_after(call_.timeout);
    FENRUN_OK(connect(address));
    http::request<http::string_body> request;
    request.version(11);
    request.method_string(call_.method);
    request.target(call_.target);
    request.set(http::field::host, address.host + ":" + address.port);
    request.set(http::field::user_agent, "fenrun");
    request.set(http::field::connection, "close");
    if (!call_.token.empty()) request.set(http::field::authorization, "Bearer " + call_.token);
    if (!call_.content_type.empty()) request.set(http::field::content_type, call_.content_type);
    request.body() = call_.body;
    request.prepare_payload();
    FENRUN_OK(wait([&](auto handler) { http::async_write(stream_, request, handler); }));

    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kAnswerBytesMax);
    FENRUN_OK(wait([&](auto handler) { http::async_read(stream_, buffer, parser, handler); }));
    auto message = parser.release();
    return HttpAnswer{message.result_int(), std::string(message[http::field::content_type]),
                      std::move(message.body())};
  }

 private:
  Status connect(const Address& address) {
    tcp::resolver resolver(io_);
    std::optional<error_code> error;
    tcp::resolver::results_type endpoints;
    resolver.async_resolve(address.host, address.port,
                           [&](const error_code& e, tcp::resolver::results_type found) {
                             error = e;
                             endpoints = std::move(found);
                           });
    io_.restart();
    io_.run_for(call_.timeout);
    if (!error) return Error{Errc::timeout, url_ + ": the name was not resolved in time"};
    if (*error) return Error{Errc::unreachable, url_ + ": " + error->message()};
    return wait([&](auto handler) {
      stream_.async_connect(endpoints, [handler](const error_code& e,
                                                 const tcp::endpoint&) mutable { handler(e, 0); });
    });
  }

  // Runs one asynchronous step to its end: only those know timeouts.
  template <class Start>
  Status wait(Start start) {
    error_code error;
    start([&error](const error_code& e, std::size_t) { error = e; });
    io_.restart();
    io_.run();
    if (!error) return {};
    if (error == beast::error::timeout) {
      return Error{Errc::timeout, url_ + ": no answer within " +
                                      std::to_string(call_.timeout.count() / 1'000) + " s"};
    }
    if (error == http::error::body_limit) return Error{Errc::limit_exceeded, url_ + ": the answer"};
    return Error{Errc::unreachable, url_ + ": " + error.message()};
  }

  const std::string& url_;
  const HttpCall& call_;
  asio::io_context io_{1};
  beast::tcp_stream stream_{io_};
};

}  // namespace

Result<HttpAnswer> http_call(const std::string& url, const HttpCall& call) {
  FENRUN_TRY(const auto address, parse_url(url));
  return Exchange(url, call).run(address);
}

}  // namespace fenrun::cli
