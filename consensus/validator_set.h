// The members of one epoch's consensus and the arithmetic of their quorums.
// docs/spec/consensus.md §1.
//
// Invariants:
//   * keys are strictly ascending; a validator's index is its key's place.
//   * 1 <= n <= kValidatorsMax; every member has one equal vote.
//   * two quorums share at least f + 1 members.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/crypto/sign.h"
#include "core/limits.h"
#include "core/result.h"
#include "core/types.h"

namespace fenrun {

class ValidatorSet {
 public:
  // The set of these keys, in whatever order they come.
  // Errc::limit_exceeded outside 1..kValidatorsMax, Errc::duplicate, Errc::key_invalid.
  static Result<ValidatorSet> from_keys(std::vector<PublicKey> keys);

  std::size_t size() const { return keys_.size(); }
  std::size_t faulty_max() const { return (size() - 1) / 3; }  // f
  std::size_t quorum() const;                                  // q = n - f

  bool contains(ValidatorIndex index) const { return index.value() < size(); }
  const std::vector<PublicKey>& keys() const { return keys_; }
  // REQUIRES: contains(index).
  const PublicKey& key_of(ValidatorIndex index) const;
  std::optional<ValidatorIndex> index_of(const PublicKey& key) const;

  // Who may propose in the view: (view + first 8 bytes of the epoch's first block id,
  // little-endian) mod n, the sum taken modulo 2^64.
  ValidatorIndex leader(const Digest& epoch_seed, View view) const;

 private:
  explicit ValidatorSet(std::vector<PublicKey> keys) : keys_(std::move(keys)) {}

  std::vector<PublicKey> keys_;
};

}  // namespace fenrun
