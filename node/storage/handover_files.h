// Handovers and anchors: one file of each an epoch, kept for ever.  docs/spec/storage.md, §8.
//
//   <folder>/<epoch, 16 hex digits>.handover = "FENRHAND" · BCS of the EpochHandover · SHA-256 of
//   all before
//   <folder>/<epoch, 16 hex digits>.anchor = "FENRANCH" · BCS of the note · SHA-256 of all before
#pragma once

#include "ledger/store.h"
#include "node/storage/file.h"

namespace fenrun {

// Durable on return.  Errc::io_error.
Status save_handover_file(FileSystem& files, const Path& folder, Epoch epoch,
                          const EpochHandover& handover);

// Errc::not_found; Errc::corruption if the file is damaged; Errc::io_error.
Result<EpochHandover> load_handover_file(FileSystem& files, const Path& folder, Epoch epoch);

// The same of the epoch's anchor.
Status save_anchor_file(FileSystem& files, const Path& folder, Epoch epoch,
                        const std::string& note);
Result<std::string> load_anchor_file(FileSystem& files, const Path& folder, Epoch epoch);

}  // namespace fenrun
