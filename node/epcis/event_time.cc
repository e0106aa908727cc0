#include "node/epcis/event_time.h"

#include <chrono>
#include <optional>
#include <string>

#include "core/text.h"
#include "node/json/time.h"

namespace fenrun::epcis {
namespace {

constexpr std::size_t kWholeSeconds = 19;  // "2026-05-01T08:00:00"
constexpr std::size_t kFractionDigitsMax = 12;

std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "Z", "+08:00": minutes east of UTC.
std::optional<int> offset_minutes(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = number_at(text, 1, 2);
  const auto minutes = number_at(text, 4, 2);
  if (!hours || !minutes || *minutes > 59 || *hours * 60 + *minutes > 14 * 60) return std::nullopt;
  const int total = *hours * 60 + *minutes;
  return text[0] == '-' ? -total : total;
}

// Seconds since 1970 of "2026-05-01T08:00:00", taken as UTC.
std::optional<std::int64_t> whole_seconds(std::string_view text) {
  if (text.size() < kWholeSeconds || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 5, 2);
  const auto day = number_at(text, 8, 2);
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + *hour * 3'600 + *minute * 60 + *second;
}

enum class Rounding { down, half_up };

// What stands behind the point: milliseconds, and one more if the rest rounds up.
std::int64_t milliseconds(std::string_view digits, Rounding rounding) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 3; ++i) ms = ms * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  const bool rounds_up = rounding == Rounding::half_up && digits.size() > 3 && digits[3] >= '5';
  return rounds_up ? ms + 1 : ms;
}

Result<TimeMs> parse(std::string_view text, Rounding rounding) {
  const Error wrong{Errc::value_invalid,
                    "a time looks like 2026-05-01T08:00:00.000+08:00 and names its offset"};
  const auto seconds = whole_seconds(text);
  if (!seconds) return wrong;
  auto rest = text.substr(kWholeSeconds);
  std::int64_t ms = 0;
  if (rest.starts_with('.')) {
    std::size_t count = 0;
    while (count + 1 < rest.size() && is_digit(rest[count + 1])) ++count;
    if (count == 0 || count > kFractionDigitsMax) return wrong;
    ms = milliseconds(rest.substr(1, count), rounding);
    rest.remove_prefix(count + 1);
  }
  const auto offset = offset_minutes(rest);
  if (!offset) return wrong;
  const std::int64_t utc = (*seconds - *offset * 60) * 1'000 + ms;
  if (utc < 0 || TimeMs(static_cast<std::uint64_t>(utc)) > kRfc3339Max) return wrong;
  return TimeMs(static_cast<std::uint64_t>(utc));
}

}  // namespace

Result<TimeMs> parse_event_time(std::string_view text) { return parse(text, Rounding::down); }

Result<TimeMs> parse_rounded_time(std::string_view text) { return parse(text, Rounding::half_up); }

}  // namespace fenrun::epcis
