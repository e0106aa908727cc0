// The ordered families of this version: those whose absences are provable.
//
// A verifier takes the list from code, never from a proof; see ledger/proof/verify.h.
#pragma once

#include <vector>

#include "ledger/proof/verify.h"

namespace fenrun {

std::vector<OrderedFamily> ordered_families();

}  // namespace fenrun
