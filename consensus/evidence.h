// Provable misbehaviour: two votes of one signer in one view that the rules exclude.
// docs/spec/consensus.md §4 rule 10.
#pragma once

#include <vector>

#include "consensus/messages.h"

namespace fenrun {

// True iff the two are evidence, their signatures apart: two notarizes or two finalizes of
// different subjects, or a nullify and a finalize.  A notarize with a nullify is what the rules
// allow.
bool conflict(const Vote& a, const Vote& b);

// The evidence in two certificates that cannot both exist while at most f are faulty: one for each
// validator that signed both.  Empty where the certificates agree.
std::vector<Evidence> conflicts(const Certificate& a, const Certificate& b);

}  // namespace fenrun
