// A small HTTP/1.1 client: one request, one answer, a time limit for the whole.
#pragma once

#include <chrono>
#include <string>

#include "core/result.h"

namespace fenrun::cli {

struct HttpAnswer {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

struct HttpCall {
  std::string method = "GET";
  std::string target;        // Path and query, encoded.
  std::string content_type;  // Of the body; empty without one.
  std::string body;
  std::string token;  // Sent as a bearer token; none if empty.
  std::chrono::milliseconds timeout{30'000};
};

// `url`: http://HOST[:PORT].  Errc::usage for another form, Errc::unreachable, Errc::timeout,
// Errc::limit_exceeded for an answer above 72 MiB.
Result<HttpAnswer> http_call(const std::string& url, const HttpCall& call);

}  // namespace fenrun::cli
