// Times of events: RFC 3339 with an offset.
#pragma once

#include <string_view>

#include "core/result.h"
#include "core/types.h"

namespace fenrun::epcis {

// Milliseconds in UTC; finer digits are cut off.  Errc::value_invalid for what is no time from 1970
// to 9999, for a time without offset and for a leap second.
Result<TimeMs> parse_event_time(std::string_view text);

// The same, but rounded half up to the millisecond, as the CBV event hash asks for.
Result<TimeMs> parse_rounded_time(std::string_view text);

}  // namespace fenrun::epcis
