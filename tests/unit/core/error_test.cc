#include "core/error.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/vectors.h"

namespace fenrun {
namespace {

struct Row {
  std::string name;
  std::uint32_t number;
  std::string hint;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
#define FENRUN_ROW(name, number, hint) {#name, number, hint},
      FENRUN_ERRORS(FENRUN_ROW)
#undef FENRUN_ROW
  };
  return kRows;
}

TEST(Errc, NumbersAndNamesAreUnique) {
  std::set<std::uint32_t> numbers;
  std::set<std::string> names;
  for (const auto& row : rows()) {
    EXPECT_TRUE(numbers.insert(row.number).second) << row.number;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.number == 0 || (row.number >= 100 && row.number < 600)) << row.name;
  }
}

// tests/vectors/errors.txt holds every code ever given out.  A code may be added there, never
// changed or taken away.
TEST(Errc, NumbersNeverChange) {
  std::map<std::string, std::uint32_t> frozen;
  std::istringstream file(test::frozen_vector("errors.txt"));
  std::uint32_t number = 0;
  std::string name;
  while (file >> number >> name) frozen.emplace(name, number);
  ASSERT_GT(frozen.size(), 100u);
  std::map<std::string, std::uint32_t> now;
  for (const auto& row : rows()) now.emplace(row.name, row.number);
  EXPECT_EQ(now, frozen);
}

TEST(Errc, ItsNameHintAndNumberAreFound) {
  for (const auto& row : rows()) {
    const auto code = errc_from_number(static_cast<std::uint16_t>(row.number));
    ASSERT_TRUE(code);
    EXPECT_EQ(static_cast<std::uint32_t>(*code), row.number);
    EXPECT_EQ(name_of(*code), row.name);
    EXPECT_EQ(hint_of(*code), row.hint);
  }
  EXPECT_FALSE(errc_from_number(1));
  EXPECT_FALSE(errc_from_number(65'535));
  EXPECT_EQ(name_of(static_cast<Errc>(1)), "unknown_error");
  EXPECT_EQ(hint_of(static_cast<Errc>(1)), "");
}

TEST(Errc, EveryRefusalSaysWhatToDo) {
  for (const auto& row : rows()) {
    if (row.number == 0) continue;
    EXPECT_FALSE(row.hint.empty()) << row.name;
    EXPECT_FALSE(row.hint.ends_with('.')) << row.name;
  }
}

TEST(Error, ReadsAsASentence) {
  EXPECT_EQ((Error{Errc::lane_unknown, "lane 3"}).to_string(),
            "lane_unknown: lane 3 (open the lane first; lane 0 always exists)");
  EXPECT_EQ((Error{Errc::usage, ""}).to_string(), "usage (see --help)");
  EXPECT_EQ(Error{}.to_string(), "ok");
}

}  // namespace
}  // namespace fenrun
