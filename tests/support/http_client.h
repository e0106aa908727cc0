// A blocking HTTP client for tests, which says and reads exactly what it is told: so that it can
// also say what no client should.  Nothing waits for more than ten seconds.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "core/check.h"

namespace fenrun::test {

struct HttpAnswer {
  int status = 0;  // 0: the connection ended without an answer.
  std::map<std::string, std::string> headers;
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~HttpClient() { ::close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // False once the other end does not take it any more.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // Reads until `end` has come, and gives all up to and including it; what was read so far if the
  // connection ends or nothing comes in time.
  std::string read_until(std::string_view end) {
    while (buffer_.find(end) == std::string::npos && fill()) {
    }
    const auto at = buffer_.find(end);
    return take(at == std::string::npos ? buffer_.size() : at + end.size());
  }

  // The next answer.  `with_body`: false after HEAD.
  HttpAnswer read_answer(bool with_body = true) {
    HttpAnswer answer;
    const std::string head = read_until("\r\n\r\n");
    if (!head.starts_with("HTTP/1.")) return answer;
    answer.status = std::atoi(head.c_str() + 9);
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const auto end = head.find("\r\n", at);
      const auto colon = head.find(": ", at);
      if (colon < end) {
        std::string name = head.substr(at, colon - at);
        for (auto& c : name) c = static_cast<char>(std::tolower(c));
        answer.headers[name] = head.substr(colon + 2, end - colon - 2);
      }
      at = end + 2;
    }
    const auto length = answer.headers.find("content-length");
    if (!with_body || length == answer.headers.end()) return answer;
    const std::size_t size = std::stoul(length->second);
    while (buffer_.size() < size && fill()) {
    }
    answer.body = take(size);
    return answer;
  }

  HttpAnswer request(const std::string& method, const std::string& target,
                     const std::string& headers = "", const std::string& body = "") {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
    if (method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + body);
    return read_answer(method != "HEAD");
  }

  // True iff the other end closes the connection.
  bool is_closed() {
    while (fill()) {
    }
    return closed_;
  }

 private:
  static constexpr int kPatienceMs = 10'000;

  bool fill() {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, kPatienceMs) <= 0) return false;
    char piece[16 * 1024];
    const auto size = ::recv(socket_, piece, sizeof(piece), 0);
    if (size <= 0) {
      closed_ = true;
      return false;
    }
    buffer_.append(piece, static_cast<std::size_t>(size));
    return true;
  }

  std::string take(std::size_t size) {
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  int socket_;
  std::string buffer_;
  bool closed_ = false;
};

}  // namespace fenrun::test
