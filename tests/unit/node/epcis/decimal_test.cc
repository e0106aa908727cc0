#include "node/epcis/decimal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace fenrun::epcis {
namespace {

std::string canonical(std::string_view text) { return canonical_decimal(text).value_or("none"); }

TEST(Decimal, spellings_of_one_number_are_one) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},         {"-0.0", "0"},         {"007", "7"},
      {"+7", "7"},        {"7.50", "7.5"},       {"1e3", "1000"},
      {"1.25E1", "12.5"}, {"12.5e-3", "0.0125"}, {"200.5", "200.5"},
      {"-1.0", "-1"},     {"0.3434", "0.3434"},  {".5", "0.5"},
      {"5.", "5"},        {"100e-2", "1"},       {"0e999", "0"},
      {"1230", "1230"},   {"10.010", "10.01"},   {"12345678901234567890", "12345678901234567890"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(canonical(text), expected) << text;
}

TEST(Decimal, other_texts_are_none) {
  for (const auto* text :
       {"", "-", ".", "e5", "1e", "1e+", "0x10", "1 ", " 1", "1_000", "nan", "1,5", "1.2.3", "--1",
        "2026-05-01", "1e1001", "1e99999999999", "1e100", "1e-100"}) {
    EXPECT_EQ(canonical(text), "none") << text;
  }
  EXPECT_EQ(canonical(std::string(65, '1')), "none");
  EXPECT_EQ(canonical(std::string(2'000, '0')), "none");
  EXPECT_EQ(canonical(std::string(64, '1')), std::string(64, '1'));
}

RC_GTEST_PROP(Decimal, shifting_the_point_and_back_changes_nothing, (std::uint32_t value)) {
  const auto places = *rc::gen::inRange(1, 20);
  const auto text = std::to_string(value);
  RC_ASSERT(canonical(text) == text);
  RC_ASSERT(canonical(text + std::string(static_cast<std::size_t>(places), '0') + "e-" +
                      std::to_string(places)) == text);
  RC_ASSERT(canonical("000" + text + ".000") == text);
}

}  // namespace
}  // namespace fenrun::epcis
