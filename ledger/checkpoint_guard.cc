#include "ledger/checkpoint_guard.h"

#include <algorithm>

namespace fenrun {

Result<CheckpointGuard> may_sign(const CheckpointGuard& last, const CheckpointBody& body,
                                 std::uint64_t clock_s) {
  if (body.size < last.size) {
    return Error{Errc::stale, "size " + std::to_string(last.size) + " was signed"};
  }
  // The zero root of a floor is the root of no tree: its own size is refused as well.
  if (body.size == last.size && body.root != last.root) {
    return Error{Errc::consistency_invalid, "another root of size " + std::to_string(last.size)};
  }
  const std::uint64_t time_s = std::max({clock_s, last.time_s, std::uint64_t{1}});
  if (time_s > kCosignatureTimeMax) return Error{Errc::value_invalid, "time of the cosignature"};
  return CheckpointGuard{body.size, body.root, time_s};
}

}  // namespace fenrun
