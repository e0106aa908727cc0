// Dividing an amount without losing or making a fen.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/amount.h"

namespace fenrun {

// Each gets floor(amount * weight / sum of weights); what is left goes, one unit each, to the
// largest remainders, ties to whoever comes first.  The shares sum to the amount.
// REQUIRES: amount >= 0; weights >= 0, their sum > 0.
std::vector<Amount> divide(Amount amount, std::span<const std::int64_t> weights);

}  // namespace fenrun
