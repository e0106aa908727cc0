#include "consensus/signatures.h"

#include <bit>

#include "core/planted.h"

namespace fenrun {

bool SignatureChecker::check(const Vote& vote) {
  if (!validators_.contains(vote.signer)) return false;
  const auto message = signed_bytes(chain_id_, vote.subject);
  const auto key = cache_key(message, vote);
  if (valid_.contains(key)) return true;
  ++verifications_;
  if (planted(PlantedBug::vote_signature_unchecked)) return true;
  if (!verify(validators_.key_of(vote.signer), Domain::consensus_vote, message, vote.signature)) {
    return false;
  }
  insert(key);
  return true;
}

Status SignatureChecker::check(const Certificate& certificate) {
  const auto n = validators_.size();
  const bool unused_bits = n < 64 && (certificate.signers >> n) != 0;
  const bool is_quorum =
      certificate.signatures.size() == validators_.quorum() &&
      static_cast<std::size_t>(std::popcount(certificate.signers)) == validators_.quorum();
  if (unused_bits || !(is_quorum || planted(PlantedBug::short_certificate_accepted))) {
    return Errc::quorum_short;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const ValidatorIndex index(static_cast<std::uint16_t>(i));
    if (certificate.signed_by(index) && !check(certificate.vote_of(index))) {
      return Error{Errc::signature_invalid, "validator " + std::to_string(i)};
    }
  }
  return {};
}

void SignatureChecker::remember(const Vote& vote) {
  insert(cache_key(signed_bytes(chain_id_, vote.subject), vote));
}

Digest SignatureChecker::cache_key(const Bytes& message, const Vote& vote) const {
  return Sha256()
      .update(validators_.key_of(vote.signer).view())
      .update(message)
      .update(vote.signature.view())
      .finish();
}

void SignatureChecker::insert(const Digest& key) {
  if (!valid_.insert(key).second) return;
  oldest_first_.push_back(key);
  if (oldest_first_.size() <= kSignaturesCachedMax) return;
  valid_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

}  // namespace fenrun
