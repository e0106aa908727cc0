// The plots of a report, each a picture of its own: latency against load, and cost against size.
#pragma once

#include <string>

#include "node/json/json.h"

namespace fenrun::bench {

// SVG of the report's `ladder`: p50 and p99 (milliseconds, logarithmic) over operations committed a
// second.  Errc::value_invalid for a report without one.
Result<std::string> plot_of(const Json& report);

// SVG of the report's `growth`: operations a second, memory, disk an entry, start-up, the time of a
// proof and processor time, each in percent of the smallest journal's, over entries; both
// logarithmic.  Errc::value_invalid for a report without two sizes.
Result<std::string> growth_plot_of(const Json& report);

}  // namespace fenrun::bench
