// What must hold after every block, whatever the transactions were.  docs/spec/contracts.md,
// "Invariants".
#pragma once

#include <span>

#include "ledger/state.h"

namespace fenrun {

// CHECKs, over what the block changed:
//   * money is neither made nor lost: in each asset, debits and credits grew by the same;
//   * no payable and no instructed statement is negative;
//   * each fund's Record moved as its funder's statements did: declared as the fund's credits and
//     the external debits, earned as the fund's debits, settled as the external credits;
//   * 0 <= settled <= earned <= declared and 0 <= backed <= declared.
void check_invariants(std::span<const Overlay::Change> changes);

}  // namespace fenrun
