// What this machine can do at best, measured in the run whose numbers are compared with it.
#pragma once

#include "node/storage/file.h"

namespace fenrun::bench {

struct Limits {
  unsigned cores = 1;
  double verifications_per_s = 0;  // Ed25519, on all cores.
  double verifications_per_s_one_core = 0;
  double sha256_65_bytes_ns = 0;
  double fdatasync_us = 0;  // After 4 KiB; the median.
};

// Ed25519 verifications by so many threads at once.  Takes a second.
double verifications_per_s(unsigned threads);

// Takes some three seconds.  The probe of the disk lies in `folder`.  Errc::io_error.
Result<Limits> measure_limits(const Path& folder);

}  // namespace fenrun::bench
