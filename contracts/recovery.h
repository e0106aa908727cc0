// The block by which a network goes on after its operators' recovery.  docs/spec/recovery.md, §3.
//
// Everybody makes it for himself out of the newest final block and the statements; nobody votes
// for it.  It is the last of its epoch: the next one has the same validators under new keys.
#pragma once

#include "contracts/system_work.h"
#include "ledger/proof/recovery.h"

namespace fenrun {

// The recovery from this block: one System entry with the statements, the work that is due, the
// Records of the validators and their keys.  Its views rest on the tip's.
// REQUIRES: `point` is that of the child of `tip`, a finalized block.
// Errc::chain_wrong; Errc::recovery_mismatch for another block than the recovery's;
// Errc::recovery_invalid if the ledger names other validators; Errc::key_invalid for a new key that
// is registered already; errors of check_recovery().
Result<ExecutedBlock> execute_recovery(const BlockPoint& point, const Header& tip,
                                       const NetworkRecovery& recovery);

}  // namespace fenrun
