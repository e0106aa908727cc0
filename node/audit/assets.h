// Money at the end of an audit: what the postings moved, beside what statements and funds say.
#pragma once

#include <vector>

#include "ledger/state.h"
#include "node/audit/tally.h"

namespace fenrun::audit {

struct AssetTotals {
  AssetId asset;
  SumByKind moved{};  // By postings.
  // Over all statements of the state.
  Sum debits = 0;
  Sum credits = 0;
  // Over all funds of the state.
  Sum declared = 0;
  Sum backed = 0;
  Sum earned = 0;
  Sum settled = 0;

  Sum moved_by(PostingKind kind) const { return moved[static_cast<std::size_t>(kind)]; }
  // Money was neither made nor lost: what left accounts is what came to accounts, and both are what
  // the postings moved; funds say what postings declared, earned and settled.
  bool is_conserved() const;
};

// One for each asset that a posting, a statement or a fund names, in their order.
std::vector<AssetTotals> totals_of(const Tally& tally, const StateView& state);

}  // namespace fenrun::audit
