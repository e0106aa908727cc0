#include "consensus/validator_set.h"

#include <algorithm>

#include "core/check.h"
#include "core/planted.h"

namespace fenrun {

Result<ValidatorSet> ValidatorSet::from_keys(std::vector<PublicKey> keys) {
  if (keys.empty() || keys.size() > kValidatorsMax) {
    return Error{Errc::limit_exceeded, std::to_string(keys.size()) + " validators"};
  }
  std::ranges::sort(keys);
  if (std::ranges::adjacent_find(keys) != keys.end()) {
    return Error{Errc::duplicate, "a consensus key appears twice"};
  }
  for (const auto& key : keys) {
    if (!is_valid_point(key)) return Error{Errc::key_invalid, "consensus key"};
  }
  return ValidatorSet(std::move(keys));
}

std::size_t ValidatorSet::quorum() const {
  const bool short_by_one = planted(PlantedBug::quorum_too_small) && size() > 1;
  return size() - faulty_max() - (short_by_one ? 1 : 0);
}

const PublicKey& ValidatorSet::key_of(ValidatorIndex index) const {
  CHECK(contains(index));
  return keys_[index.value()];
}

std::optional<ValidatorIndex> ValidatorSet::index_of(const PublicKey& key) const {
  const auto it = std::ranges::lower_bound(keys_, key);
  if (it == keys_.end() || *it != key) return std::nullopt;
  return ValidatorIndex(static_cast<std::uint16_t>(it - keys_.begin()));
}

ValidatorIndex ValidatorSet::leader(const Digest& epoch_seed, View view) const {
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    offset |= static_cast<std::uint64_t>(epoch_seed.bytes[i]) << (8 * i);
  }
  return ValidatorIndex(static_cast<std::uint16_t>((view.value() + offset) % size()));
}

}  // namespace fenrun
