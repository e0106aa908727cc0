// fenrun capture --check: what documents say, and what would become of it.  Offline.
#pragma once

#include "node/cli/session.h"
#include "node/epcis/capture.h"

namespace fenrun::cli {

struct CaptureCheckOptions {
  std::vector<std::string> files;
  const epcis::Places* places = nullptr;  // None: places are not looked up.
  std::optional<UnitBatchId> batch;
};

// One row an event, docs/spec/epcis.md, §7; a document that is refused as a whole is one row, and
// the other files are checked all the same.  Exit::ok if everything is accepted.
Exit check_captures(const Session& session, const CaptureCheckOptions& options);

}  // namespace fenrun::cli
