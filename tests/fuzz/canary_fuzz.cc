// A target with a planted fault, by which scripts/fuzz proves that faults are found: five bytes
// that no seed has, each of which only coverage leads to, and behind them a read beyond the end.
#include "tests/fuzz/fuzz.h"

namespace fenrun::fuzz {
namespace {

std::vector<Bytes> canary_seeds() { return {seed_of("?????")}; }

}  // namespace

FENRUN_FUZZ(canary, canary_seeds) {
  constexpr std::string_view kPlanted = "crash";
  std::size_t same = 0;
  while (same < kPlanted.size() && same < input.size() &&
         input[same] == static_cast<std::uint8_t>(kPlanted[same])) {
    ++same;
  }
  if (same < kPlanted.size()) return;
  const Bytes copy(input.begin(), input.end());
  volatile std::uint8_t beyond = copy.data()[copy.size()];
  static_cast<void>(beyond);
}

}  // namespace fenrun::fuzz
