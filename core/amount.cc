#include "core/amount.h"

#include <limits>

namespace fenrun {

Result<Amount> add(Amount a, Amount b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.units(), b.units(), &sum)) return Errc::amount_overflow;
  return Amount::minor(sum);
}

Result<Amount> subtract(Amount a, Amount b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.units(), b.units(), &difference)) return Errc::amount_overflow;
  return Amount::minor(difference);
}

Result<Amount> scale_floor(Amount amount, std::uint32_t numerator, std::uint32_t denominator) {
  CHECK(!amount.is_negative());
  CHECK(denominator > 0);
  __extension__ using Wide = __int128;
  const Wide scaled = static_cast<Wide>(amount.units()) * numerator / denominator;
  if (scaled > std::numeric_limits<std::int64_t>::max()) return Errc::amount_overflow;
  return Amount::minor(static_cast<std::int64_t>(scaled));
}

std::string to_decimal(Amount amount) {
  const bool negative = amount.is_negative();
  // Negate as unsigned: -INT64_MIN does not fit an int64.
  const auto bits = static_cast<std::uint64_t>(amount.units());
  const std::uint64_t magnitude = negative ? ~bits + 1 : bits;
  std::string cents = std::to_string(magnitude % 100);
  if (cents.size() < 2) cents.insert(0, "0");
  return (negative ? "-" : "") + std::to_string(magnitude / 100) + "." + cents;
}

}  // namespace fenrun
