// Money as a checked integer of minor units (fen).  Never a float, never a bare int64.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "core/result.h"

namespace fenrun {

class Amount {
 public:
  constexpr Amount() = default;
  static constexpr Amount minor(std::int64_t units) {
    Amount amount;
    amount.units_ = units;
    return amount;
  }

  constexpr std::int64_t units() const { return units_; }
  constexpr bool is_positive() const { return units_ > 0; }
  constexpr bool is_negative() const { return units_ < 0; }

  friend constexpr auto operator<=>(Amount, Amount) = default;

 private:
  std::int64_t units_ = 0;
};

// Errc::amount_overflow when the exact result does not fit.
Result<Amount> add(Amount a, Amount b);
Result<Amount> subtract(Amount a, Amount b);

// floor(amount * numerator / denominator), computed in 128 bits; the remainder stays with the
// payer. REQUIRES: amount >= 0, denominator > 0.  Errc::amount_overflow when the result does not
// fit.
Result<Amount> scale_floor(Amount amount, std::uint32_t numerator, std::uint32_t denominator);

// Two decimals and the minor unit's hundredfold: 1234 -> "12.34", -5 -> "-0.05".
std::string to_decimal(Amount amount);

}  // namespace fenrun
