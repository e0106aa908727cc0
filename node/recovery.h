// What a recovery leaves in a journal, offline and in a running node alike.  docs/spec/recovery.md.
#pragma once

#include "consensus/messages.h"
#include "ledger/journal.h"
#include "ledger/proof/recovery.h"
#include "node/storage/vote_log.h"

namespace fenrun {

// Of the journal's tip: what an operator states without statements yet.  With the epoch's anchor,
// if it is kept here. Errc::handover_missing where the tip ended an epoch whose handover is not
// here: no recovery is possible there.  Errc::corruption if the tip's certificate is not one of its
// validators.
Result<NetworkRecovery> begin_recovery(const Journal& journal);

// The block of the highest view in this vote log of which its validator said that it is durable,
// and which is above the journal's tip; none if there is none.  Errc::corruption.
Result<std::optional<UnfinishedBlock>> unfinished_block(const Journal& journal,
                                                        const std::vector<VoteLogRecord>& records);

// Whether that block may still become final upon the tip, or beside it.  Errc::corruption.
Result<bool> is_above_tip(const Journal& journal, const UnfinishedBlock& block);

// Keeps the recovery as the handover of the epoch that it ends, then commits its block: the tip,
// which must be the block that the operators name, becomes the one before the last of its epoch.
// Both durable on return; after a crash between them it is done again.
// Errors of execute_recovery(); Errc::io_error.
Status append_recovery(Journal& journal, std::string_view network, const NetworkRecovery& recovery);

// Keeps the recovery as a handover again, whose block is in the journal.
// Errc::value_invalid for another recovery than the block's; Errc::io_error.
Status restore_recovery(Journal& journal, std::string_view network,
                        const NetworkRecovery& recovery);

// Whether the journal goes on from this recovery: its block is in it.
bool holds_recovery(const Journal& journal, const NetworkRecovery& recovery);

// In place of a finalization under the block of a recovery: nobody voted for it.
bool is_of_recovery(const Certificate& certificate);

}  // namespace fenrun
