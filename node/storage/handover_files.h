// Handovers: one file an epoch, kept for ever.  docs/spec/storage.md, §8.
//
//   <folder>/<epoch, 16 hex digits>.handover = "FENRHAND" · BCS of the EpochHandover · SHA-256 of
//   all before
#pragma once

#include "ledger/store.h"
#include "node/storage/file.h"

namespace fenrun {

// Durable on return.  Errc::io_error.
Status save_handover_file(FileSystem& files, const Path& folder, Epoch epoch,
                          const EpochHandover& handover);

// Errc::not_found; Errc::corruption if the file is damaged; Errc::io_error.
Result<EpochHandover> load_handover_file(FileSystem& files, const Path& folder, Epoch epoch);

}  // namespace fenrun
