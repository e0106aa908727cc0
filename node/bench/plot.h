// The plot of a report: latency against load, as a picture of its own.
#pragma once

#include <string>

#include "node/json/json.h"

namespace fenrun::bench {

// SVG of the report's `ladder`: p50 and p99 (milliseconds, logarithmic) over operations committed a
// second.  Errc::value_invalid for a report without one.
Result<std::string> plot_of(const Json& report);

}  // namespace fenrun::bench
