#include "contracts/words.h"

#include <algorithm>
#include <string>

namespace fenrun {
namespace {

Status check_range(std::string_view name, std::uint64_t value, std::uint64_t min,
                   std::uint64_t max) {
  if (value >= min && value <= max) return {};
  return Error{Errc::parameter_invalid,
               std::string(name) + ": " + std::to_string(min) + " to " + std::to_string(max)};
}

}  // namespace

Digest policy_digest(const Policy& policy) { return hash(Domain::policy, encode(policy)); }

Status check_parameters(const Parameters& parameters) {
  constexpr std::uint64_t kDayMs = 24ull * 60 * 60 * 1'000;
  FENRUN_OK(check_range("block_interval_ms", parameters.block_interval_ms, 1, 60'000));
  FENRUN_OK(check_range("idle_interval_ms", parameters.idle_interval_ms,
                        parameters.block_interval_ms, 3'600'000));
  FENRUN_OK(check_range("recovery_delay_ms", parameters.recovery_delay_ms, 1, 90 * kDayMs));
  FENRUN_OK(check_range("block_bytes_max", parameters.block_bytes_max, kTransactionBytesMax,
                        kBlockBytesMax));
  FENRUN_OK(check_range("block_operations_max", parameters.block_operations_max,
                        kTransactionOperationsMax, kBlockOperationsMax));
  return check_range("event_skew_ms", parameters.event_skew_ms, 0, 3'600'000);
}

bool is_plain_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, is_plain);
}

bool is_member_name(std::string_view name) {
  return is_plain_name(name) && name != "none" && name != "validators";
}

}  // namespace fenrun
