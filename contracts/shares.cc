#include "contracts/shares.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace fenrun {

std::vector<Amount> divide(Amount amount, std::span<const std::int64_t> weights) {
  // At most 2^63 * 2^63, which 128 bits hold.
  __extension__ using Wide = __int128;
  CHECK(!amount.is_negative());
  Wide total = 0;
  for (const auto weight : weights) {
    CHECK(weight >= 0);
    total += weight;
  }
  CHECK(total > 0);

  std::vector<std::int64_t> shares;
  std::vector<Wide> remainders;
  std::int64_t left = amount.units();
  for (const auto weight : weights) {
    const Wide product = static_cast<Wide>(amount.units()) * weight;
    shares.push_back(static_cast<std::int64_t>(product / total));
    remainders.push_back(product % total);
    left -= shares.back();
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; left > 0; ++i, --left) ++shares[order.at(i)];

  std::vector<Amount> out;
  for (const auto share : shares) out.push_back(Amount::minor(share));
  return out;
}

}  // namespace fenrun
