// What the routes of the intake stand on, as the process puts it together.
#pragma once

#include <cstdint>
#include <string>

#include "contracts/words.h"
#include "node/intake/capture_desk.h"
#include "node/intake/submitter.h"

namespace fenrun {

class ClaimsIntake;

namespace api {
class ScanNames;
}

// How consumers' scans are answered.
struct ScanOptions {
  RegionCode region;  // Of scans that name no store.
  std::string proxy;  // The address whose X-Forwarded-For says who asks; empty: nobody's.
  std::uint32_t requests_per_minute = 600;  // Of one address.
  const api::ScanNames* names = nullptr;    // Null: numbers only.
};

// Everything outlives the routes.
struct Intake {
  // Null where no key is configured: who wants to send something is answered not_ready, with
  // kNoIntakeKey.
  Submitter* submitter = nullptr;
  CaptureDesk* captures = nullptr;  // Of EPCIS documents; null without a submitter.
  // Null where the node is not for consumers: their routes are not served.
  ClaimsIntake* claims = nullptr;
  ScanOptions scans = {};
};

inline constexpr const char* kNoIntakeKey =
    "this node signs nothing: set key_file under [intake] in config.toml";

}  // namespace fenrun
