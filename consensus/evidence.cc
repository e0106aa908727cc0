#include "consensus/evidence.h"

namespace fenrun {

bool conflict(const Vote& a, const Vote& b) {
  if (a.signer != b.signer || a.subject.epoch != b.subject.epoch ||
      a.subject.view != b.subject.view) {
    return false;
  }
  if (a.subject.kind == b.subject.kind) return a.subject != b.subject;
  const bool one_nullifies =
      a.subject.kind == VoteKind::nullify || b.subject.kind == VoteKind::nullify;
  const bool one_finalizes =
      a.subject.kind == VoteKind::finalize || b.subject.kind == VoteKind::finalize;
  return one_nullifies && one_finalizes;
}

std::vector<Evidence> conflicts(const Certificate& a, const Certificate& b) {
  std::vector<Evidence> found;
  for (std::uint16_t i = 0; i < kValidatorsMax; ++i) {
    const ValidatorIndex index(i);
    if (!a.signed_by(index) || !b.signed_by(index)) continue;
    const Evidence evidence{a.vote_of(index), b.vote_of(index)};
    if (conflict(evidence.first, evidence.second)) found.push_back(evidence);
  }
  return found;
}

}  // namespace fenrun
