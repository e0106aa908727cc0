#include "node/epcis/event_time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "node/json/time.h"

namespace fenrun::epcis {
namespace {

std::string utc(std::string_view text) {
  const auto time = parse_event_time(text);
  return time ? to_rfc3339(*time) : std::string(name_of(time.error().code));
}

TEST(EventTime, offsets_are_taken_off) {
  EXPECT_EQ(utc("2026-05-01T08:00:00.000+08:00"), "2026-05-01T00:00:00.000Z");
  EXPECT_EQ(utc("2026-05-01T00:30:00+08:00"), "2026-04-30T16:30:00.000Z");
  EXPECT_EQ(utc("2026-12-31T23:59:59.999-00:30"), "2027-01-01T00:29:59.999Z");
  EXPECT_EQ(utc("2024-02-29T12:00:00Z"), "2024-02-29T12:00:00.000Z");
}

TEST(EventTime, finer_digits_are_cut_off) {
  EXPECT_EQ(utc("2026-05-01T00:00:00.1Z"), "2026-05-01T00:00:00.100Z");
  EXPECT_EQ(utc("2026-05-01T00:00:00.9999999Z"), "2026-05-01T00:00:00.999Z");
}

TEST(EventTime, what_is_no_time_is_refused) {
  for (const auto* text :
       {"", "2026-05-01", "2026-05-01T08:00:00", "2026-05-01T08:00:00.Z", "2026-05-01 08:00:00Z",
        "2026-02-29T08:00:00Z", "2026-13-01T08:00:00Z", "2026-05-01T24:00:00Z",
        "2026-05-01T08:60:00Z", "2026-05-01T08:00:60Z", "2026-05-01T08:00:00+8:00",
        "2026-05-01T08:00:00+14:01", "2026-05-01T08:00:00+08:60", "2026-05-01T08:00:00Zjunk",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "+026-05-01T08:00:00Z",
        "2026-05-01T08:00:00.1234567890123Z", "2026-05-01T08:00:00z"}) {
    EXPECT_EQ(utc(text), "value_invalid") << text;
  }
}

RC_GTEST_PROP(EventTime, every_time_in_utc_is_read_back, ()) {
  const TimeMs time(*rc::gen::inRange<std::uint64_t>(0, kRfc3339Max.value()));
  RC_ASSERT(*parse_event_time(to_rfc3339(time)) == time);
}

}  // namespace
}  // namespace fenrun::epcis
