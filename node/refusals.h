// Why operations were refused, in more words than the outcome that is journaled: for whoever asks
// this node soon after.  Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ledger/block_builder.h"

namespace fenrun {

inline constexpr std::size_t kRefusalsRemembered = 10'000;

class Refusals {
 public:
  // Those of a final block.  The oldest are forgotten beyond kRefusalsRemembered.
  void add(const std::vector<Refusal>& refusals);

  // Empty if nothing is known of it.
  std::string detail_of(Position operation) const;

 private:
  std::map<Position, std::string> details_;
};

}  // namespace fenrun
