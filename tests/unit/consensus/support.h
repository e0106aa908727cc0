// Keys, votes and certificates for tests of consensus.
#pragma once

#include <algorithm>
#include <vector>

#include "consensus/messages.h"
#include "consensus/validator_set.h"

namespace fenrun::consensus_testing {

inline const Digest kChain = sha256(bytes_of("test chain"));

class Members {
 public:
  explicit Members(std::size_t count) : keys_(make(count)), set_(set_of(keys_)) {}

  const ValidatorSet& set() const { return set_; }
  const SigningKey& key(std::uint16_t index) const { return keys_[index]; }

  Vote vote(const Subject& subject, std::uint16_t signer) const {
    return {subject, ValidatorIndex(signer),
            keys_[signer].sign(Domain::consensus_vote, signed_bytes(kChain, subject))};
  }
  // Signed by these, in whatever order they are named.
  Certificate certificate(const Subject& subject, std::vector<std::uint16_t> signers) const {
    std::ranges::sort(signers);
    Certificate certificate{subject, 0, {}};
    for (const auto signer : signers) {
      certificate.signers |= std::uint64_t{1} << signer;
      certificate.signatures.push_back(vote(subject, signer).signature);
    }
    return certificate;
  }

 private:
  static std::vector<SigningKey> make(std::size_t count) {
    std::vector<SigningKey> keys;
    for (std::size_t i = 0; i < count; ++i) {
      Seed seed;
      seed.mutable_view()[0] = static_cast<std::uint8_t>(i + 1);
      keys.push_back(SigningKey::from_seed(seed));
    }
    std::ranges::sort(keys, {}, &SigningKey::public_key);
    return keys;
  }
  static ValidatorSet set_of(const std::vector<SigningKey>& keys) {
    std::vector<PublicKey> publics;
    for (const auto& key : keys) publics.push_back(key.public_key());
    return ValidatorSet::from_keys(publics).value();
  }

  std::vector<SigningKey> keys_;
  ValidatorSet set_;
};

inline Subject notarize(std::uint64_t view, std::uint64_t parent, std::string_view block) {
  return {VoteKind::notarize, Epoch(0), View(view), View(parent), sha256(bytes_of(block))};
}
inline Subject finalize(std::uint64_t view, std::uint64_t parent, std::string_view block) {
  return {VoteKind::finalize, Epoch(0), View(view), View(parent), sha256(bytes_of(block))};
}
inline Subject nullify(std::uint64_t view) { return Subject::nullify(Epoch(0), View(view)); }

}  // namespace fenrun::consensus_testing
