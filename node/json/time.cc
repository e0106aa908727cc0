#include "node/json/time.h"

#include <chrono>

#include "core/check.h"
#include "core/text.h"

namespace fenrun {
namespace {

std::string digits(std::uint64_t value, std::size_t width) {
  std::string out = std::to_string(value);
  return std::string(width > out.size() ? width - out.size() : 0, '0') + out;
}

// The number in text[at, at + count), which are all digits.
std::optional<unsigned> number_at(std::string_view text, std::size_t at, std::size_t count) {
  unsigned value = 0;
  if (text.size() < at + count) return std::nullopt;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

std::optional<unsigned> milliseconds_of(std::string_view fraction) {
  if (fraction.empty()) return 0;
  const std::size_t count = fraction.size() - 1;
  if (fraction[0] != '.' || count < 1 || count > 3) return std::nullopt;
  auto value = number_at(fraction, 1, count);
  for (std::size_t i = count; value && i < 3; ++i) *value *= 10;
  return value;
}

}  // namespace

std::string to_rfc3339(TimeMs time) {
  CHECK(time <= kRfc3339Max);
  const std::uint64_t seconds = time.value() / 1'000;
  const std::uint64_t in_day = seconds % 86'400;
  const std::chrono::sys_days day{std::chrono::days(static_cast<int>(seconds / 86'400))};
  const std::chrono::year_month_day date(day);
  return digits(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4) + "-" +
         digits(static_cast<unsigned>(date.month()), 2) + "-" +
         digits(static_cast<unsigned>(date.day()), 2) + "T" + digits(in_day / 3'600, 2) + ":" +
         digits(in_day / 60 % 60, 2) + ":" + digits(in_day % 60, 2) + "." +
         digits(time.value() % 1'000, 3) + "Z";
}

Result<TimeMs> from_rfc3339(std::string_view text) {
  const Error wrong{Errc::text_invalid, "a time must look like 2026-03-01T08:00:00.000Z"};
  constexpr std::size_t kWholeSeconds = 19;
  if (text.size() <= kWholeSeconds || text.back() != 'Z' || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return wrong;
  }
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 5, 2);
  const auto day = number_at(text, 8, 2);
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  const auto ms = milliseconds_of(text.substr(kWholeSeconds, text.size() - kWholeSeconds - 1));
  if (!year || !month || !day || !hour || !minute || !second || !ms) return wrong;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok() || *year < 1970 || *hour > 23 || *minute > 59 || *second > 59) return wrong;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::uint64_t seconds =
      static_cast<std::uint64_t>(days) * 86'400 + *hour * 3'600 + *minute * 60 + *second;
  return TimeMs(seconds * 1'000 + *ms);
}

}  // namespace fenrun
