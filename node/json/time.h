// Times as text: RFC 3339 in UTC, such as "2026-03-01T08:00:00.000Z".
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/types.h"

namespace fenrun {

// The last time with four digits of a year.
inline constexpr TimeMs kRfc3339Max{253'402'300'799'999};

// With milliseconds.  REQUIRES: time <= kRfc3339Max.
std::string to_rfc3339(TimeMs time);

// With no or one to three decimals, and Z: from 1970 to 9999.  Errc::text_invalid.
Result<TimeMs> from_rfc3339(std::string_view text);

}  // namespace fenrun
