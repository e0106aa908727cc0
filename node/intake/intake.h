// What the routes of the intake stand on, as the process puts it together.
#pragma once

#include "node/intake/capture_desk.h"
#include "node/intake/submitter.h"

namespace fenrun {

// Everything outlives the routes.
struct Intake {
  // Null where no key is configured: who wants to send something is answered not_ready, with
  // kNoIntakeKey.
  Submitter* submitter = nullptr;
  CaptureDesk* captures = nullptr;  // Of EPCIS documents; null without a submitter.
};

inline constexpr const char* kNoIntakeKey =
    "this node signs nothing: set key_file under [intake] in config.toml";

}  // namespace fenrun
