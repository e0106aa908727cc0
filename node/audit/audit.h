// `fenrun audit`: a journal on disk, examined from genesis on as if nothing in it could be
// believed.
//
// Blocks are read, handed to threads that decode them and check their signatures, and executed in
// order on the calling thread (node/audit/replay.h).  What is ahead of execution is bounded, and so
// is memory: see AuditOptions.  The journal's files are only read.
#pragma once

#include <functional>

#include "contracts/genesis.h"
#include "node/audit/assets.h"
#include "node/audit/checkpoints.h"
#include "node/audit/recorded_block.h"
#include "node/unpaid_earnings.h"

namespace fenrun::audit {

struct AuditOptions {
  Path data;        // A node's data folder or a copy of it.  REQUIRES: no node writes to it.
  Genesis genesis;  // REQUIRES: check_genesis() holds.
  std::optional<TrustPolicy> trust;
  std::optional<std::string> checkpoint;  // A note of the auditor's.
  std::string checkpoint_source;
  unsigned threads = 1;  // Besides the calling one.  REQUIRES: > 0.
  // For the state; what is beyond goes to an index in `scratch`, which is made and removed.  Blocks
  // ahead take up to 16 MiB, a segment of the journal 64; the active bits 0.16 bytes an entry.
  std::size_t memory_bytes_max = std::size_t{1} << 30;
  Path scratch;
  // Called with each, in the order of the journal; an error ends the audit.
  std::function<Status(const UnpaidEarning&)> on_unpaid = [](const UnpaidEarning&) {
    return Status();
  };
};

struct AuditReport {
  Digest chain_id;
  Tally tally;
  std::uint64_t blocks = 0;
  std::uint64_t finalizations = 0;  // Certificates that were checked.
  std::uint64_t recoveries = 0;
  Header tip;
  Digest tip_id;
  Digest root;  // Over all entries: that of the tip's checkpoint.
  TimeMs first_time;
  std::vector<AssetTotals> assets;
  UnpaidEarnings unpaid;
  std::vector<CheckedCheckpoint> checkpoints;
  bool is_torn = false;           // A last commit was cut short by a crash: it never was.
  bool is_state_on_disk = false;  // It outgrew the memory.
  // Then all else is of what was executed by then.
  std::optional<Divergence> divergence;
};

struct AuditProgress {
  std::uint64_t blocks = 0;
  std::uint64_t blocks_total = 0;
  std::uint64_t transactions = 0;
};

// A divergence is an answer, not an error.  Errc::not_found if there is no journal, or one that
// begins with a snapshot; Errc::chain_wrong for another network's; Errc::corruption, with file and
// offset, if the files are damaged; Errc::io_error; errors of Checkpoints::open() and finish().
Result<AuditReport> run_audit(const AuditOptions& options,
                              const std::function<void(const AuditProgress&)>& progress);

}  // namespace fenrun::audit
