// How often one address may ask, where nobody has to say who they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace fenrun {

// A bucket of tokens for each address: `burst` at once, and `per_minute` from then on.  An IPv6
// address counts as its /64 (net/asker.h).
// Memory is bounded: of more than kAddressesMax addresses, those that have asked least lately are
// forgotten.  Not thread-safe.
class AddressLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kAddressesMax = 20'000;

  AddressLimiter(std::uint32_t per_minute, std::uint32_t burst);

  // Takes a token.  Zero if there was one; else how long until there is.
  std::chrono::seconds take(const std::string& address, Clock::time_point now);

  std::size_t addresses() const { return rows_.size(); }

 private:
  struct Row {
    Clock::duration owed{};  // Of tokens that were taken and are not refilled, at `since`.
    Clock::time_point since;
  };

  void forget_idle(Clock::time_point now);

  Clock::duration interval_;  // In which one token is refilled.
  Clock::duration owed_max_;
  std::map<std::string, Row> rows_;
};

// Who asked, where a proxy stands between: the last address of X-Forwarded-For, if the request came
// from `proxy` and the header has one; else `remote`.
std::string client_address(const std::string& remote, std::string_view forwarded_for,
                           const std::string& proxy);

}  // namespace fenrun
