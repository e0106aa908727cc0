#include "node/claims/address_limiter.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <vector>

#include "core/check.h"
#include "net/asker.h"

namespace fenrun {
namespace {

namespace ip = boost::asio::ip;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

AddressLimiter::AddressLimiter(std::uint32_t per_minute, std::uint32_t burst)
    : interval_(std::chrono::duration_cast<Clock::duration>(std::chrono::minutes(1)) / per_minute),
      owed_max_(interval_ * burst) {
  CHECK(per_minute > 0 && burst > 0);
}

std::chrono::seconds AddressLimiter::take(const std::string& address, Clock::time_point now) {
  const auto asker = net::asker_of(address);
  if (rows_.size() >= kAddressesMax && !rows_.contains(asker)) forget_idle(now);
  auto& row = rows_[asker];
  const auto refilled = now - row.since;
  row.owed = row.owed > refilled ? row.owed - refilled : Clock::duration{};
  row.since = now;
  if (row.owed + interval_ > owed_max_) {
    return std::chrono::ceil<std::chrono::seconds>(row.owed + interval_ - owed_max_);
  }
  row.owed += interval_;
  return std::chrono::seconds{0};
}

// Whose buckets are full again has nothing to be remembered for.  If that frees too little, those
// who asked least lately go: half of all, so that this is rare.
void AddressLimiter::forget_idle(Clock::time_point now) {
  std::erase_if(rows_, [&](const auto& it) { return it.second.owed <= now - it.second.since; });
  if (rows_.size() < kAddressesMax) return;
  std::vector<Clock::time_point> times;
  for (const auto& [address, row] : rows_) times.push_back(row.since);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::erase_if(rows_, [limit = *middle](const auto& it) { return it.second.since <= limit; });
}

std::string client_address(const std::string& remote, std::string_view forwarded_for,
                           const std::string& proxy) {
  if (proxy.empty() || remote != proxy) return remote;
  // Only the last one is the proxy's word; what stands before it is the client's.
  const auto last = trimmed(forwarded_for.substr(forwarded_for.rfind(',') + 1));
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(last), error);
  return error ? remote : address.to_string();
}

}  // namespace fenrun
