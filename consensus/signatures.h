// Checks validators' signatures, each once.  docs/spec/consensus.md §2.
//
// A vote that was checked when it arrived costs nothing when it comes again inside a certificate.
// The cache is bounded and forgets the oldest; forgetting costs time, never correctness.
#pragma once

#include <deque>
#include <set>

#include "consensus/messages.h"
#include "consensus/validator_set.h"

namespace fenrun {

inline constexpr std::size_t kSignaturesCachedMax = 8'192;

class SignatureChecker {
 public:
  SignatureChecker(const Digest& chain_id, ValidatorSet validators)
      : chain_id_(chain_id), validators_(std::move(validators)) {}

  // True iff the vote's signer is a member and signed its subject for this chain.
  [[nodiscard]] bool check(const Vote& vote);

  // Errc::quorum_short unless exactly q members signed; Errc::signature_invalid.
  Status check(const Certificate& certificate);

  // Remembers a signature that we made ourselves.
  void remember(const Vote& vote);

  std::uint64_t verifications() const { return verifications_; }  // Those the cache did not save.

 private:
  Digest cache_key(const Bytes& message, const Vote& vote) const;
  void insert(const Digest& key);

  Digest chain_id_;
  ValidatorSet validators_;
  std::set<Digest> valid_;
  std::deque<Digest> oldest_first_;
  std::uint64_t verifications_ = 0;
};

}  // namespace fenrun
