#include "node/refusals.h"

namespace fenrun {

void Refusals::add(const std::vector<Refusal>& refusals) {
  for (const auto& [operation, detail] : refusals) {
    details_.insert_or_assign(operation, detail);
    if (details_.size() > kRefusalsRemembered) details_.erase(details_.begin());
  }
}

std::string Refusals::detail_of(Position operation) const {
  const auto found = details_.find(operation);
  return found == details_.end() ? std::string() : found->second;
}

}  // namespace fenrun
