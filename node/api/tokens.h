// Who may ask: member tokens, and patience with those who guess.
//
// The file has one token a line, `<name> <hex SHA-256 of the token>`; empty lines and lines that
// start with '#' are skipped.  Tokens themselves are kept by their owners only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/hash.h"
#include "core/result.h"

namespace fenrun::api {

inline constexpr std::size_t kTokensMax = 1'000;
inline constexpr std::size_t kTokenBytesMax = 256;

class TokenTable {
 public:
  // Without tokens: every member route is refused.
  TokenTable() = default;
  // Errc::config_invalid naming the line; a name stands once.
  static Result<TokenTable> parse(std::string_view text);

  bool empty() const { return rows_.empty(); }

  // The name of the token's owner.  Takes the same time for every token of its length: all hashes
  // are compared, each in full.
  std::optional<std::string> find(std::string_view token) const;

 private:
  struct Row {
    std::string name;
    Digest digest;
  };
  std::vector<Row> rows_;
};

// Failed attempts by address: after a few in a row the next ones have to wait.
class FailureLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  // How long the address must wait with its next attempt; zero if it need not.
  std::chrono::seconds wait(const std::string& address, Clock::time_point now) const;
  void failed(const std::string& address, Clock::time_point now);
  void succeeded(const std::string& address) { rows_.erase(address); }

 private:
  static constexpr std::uint32_t kFreeFailures = 10;
  static constexpr std::chrono::seconds kPenalty{10};
  static constexpr std::size_t kAddressesMax = 10'000;

  struct Row {
    std::uint32_t failures = 0;
    Clock::time_point last;
  };
  std::map<std::string, Row> rows_;
};

}  // namespace fenrun::api
