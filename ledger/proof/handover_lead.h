// Leads a trust file over any number of handovers, more than a proof file holds.
// docs/spec/proofs.md, §4, "The walk".
//
// They are walked in pieces, so that memory stays bounded; none begins with a recovery, which may
// rest on the handover before it.  Not thread-safe.
#pragma once

#include <vector>

#include "ledger/proof/verify.h"

namespace fenrun {

class HandoverLead {
 public:
  explicit HandoverLead(TrustPolicy policy) : policy_(std::move(policy)) {}

  // The next one, in the order of the epochs; from that of the trust file on each counts.
  // Errors of walk_handovers(); Errc::limit_exceeded for kHandoversMax recoveries in a row.
  Status add(ProofHandover handover);
  // To be called behind the last one, before what they led to is asked for.
  Status finish();

  const TrustPolicy& policy() const { return policy_; }
  const std::vector<SetChange>& changes() const { return changes_; }

 private:
  TrustPolicy policy_;
  std::vector<SetChange> changes_;
  std::vector<ProofHandover> piece_;
};

}  // namespace fenrun
