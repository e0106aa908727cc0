// States that differ only in votes that can make no difference any more are explored once.
// docs/spec/model.md has the argument.
#pragma once

#include "tests/model/rules.h"

namespace fenrun::model {

// Drops the votes of which no certificate can come and that bar their caster from nothing.
// REQUIRES: rules without exception.
State without_dead_votes(const Rules& rules, const State& state);

// Where a certificate can be had already, counts those who have left its view as its voters.  For
// vote_steps() only.  REQUIRES: the same.
State with_settled_votes(const Rules& rules, const State& state);

}  // namespace fenrun::model
