#include "ledger/proof/handover_lead.h"

#include <utility>

#include "ledger/proof/recovery.h"

namespace fenrun {
namespace {

constexpr std::size_t kPieceHandovers = 64;

}  // namespace

Status HandoverLead::add(ProofHandover handover) {
  if (piece_.size() >= kPieceHandovers && !is_recovery(handover.checkpoint.value)) {
    FENRUN_OK(finish());
  }
  if (piece_.size() == kHandoversMax) return Error{Errc::limit_exceeded, "recoveries in a row"};
  piece_.push_back(std::move(handover));
  return {};
}

Status HandoverLead::finish() {
  FENRUN_TRY(auto walk, walk_handovers(piece_, policy_));
  // Before the trust file's own validators come they are passed over, behind them none is.
  if (!changes_.empty() && walk.changes.size() != piece_.size()) {
    return Error{Errc::handover_invalid, "one does not follow the one before"};
  }
  policy_ = std::move(walk.policy);
  changes_.insert(changes_.end(), walk.changes.begin(), walk.changes.end());
  piece_.clear();
  return {};
}

}  // namespace fenrun
