#include "node/codes/scanned_code.h"

#include <gtest/gtest.h>

#include "contracts/units.h"
#include "tests/unit/node/codes/printed_batch.h"

namespace fenrun::test {
namespace {

CodeBatchFacts facts() { return {{}, chain(), kPrinted, order().codes, {}, {}}; }

EpcText epc_of(UnitLevel level, std::uint32_t index) {
  return printed_epc(order().codes, {kPrinted, level, index});
}

TEST(ScannedCode, EverySpellingNamesTheUnit) {
  const UnitId item{kPrinted, UnitLevel::item, 37};
  const auto epc = epc_of(UnitLevel::item, 37).value;
  const auto serial = serial_of({kPrinted, 37});
  for (const auto& text :
       {epc, serial, "https://id.brand.example.com/" + epc, "http://other.example/q/" + epc,
        "urn:epc:id:sgtin:6901234.056789." + serial,
        "https://id.brand.example.com/" + epc + "#" + to_base32(Bytes(16, 3))}) {
    const auto scanned = read_scanned_code(text);
    ASSERT_TRUE(scanned) << text << ": " << scanned.error().to_string();
    EXPECT_EQ(*unit_of(facts(), *scanned), item) << text;
    EXPECT_EQ(scanned->secret.has_value(), text.find('#') != text.npos);
  }
}

TEST(ScannedCode, EveryLevelIsFound) {
  for (const auto& level : order().codes.levels) {
    for (std::uint32_t i = 0; i < level.count; ++i) {
      const auto scanned = read_scanned_code(epc_of(level.level, i).value);
      ASSERT_TRUE(scanned);
      EXPECT_EQ(*unit_of(facts(), *scanned), (UnitId{kPrinted, level.level, i}));
    }
  }
}

TEST(ScannedCode, StrangersAreUnknown) {
  auto other = order().codes;
  other.levels[0].gtin = {"06901234567885"};
  for (const auto& epc :
       {printed_epc(other, {kPrinted, UnitLevel::item, 3}).value,  // Another product's.
        std::string("01/06901234567892/21/B00001"),                // An ERP's serial.
        "01/06901234567892/21/" + serial_of({UnitBatchId(8), 3}),  // Another batch's.
        "01/06901234567892/21/" + serial_of({kPrinted, kItems}),   // Past the end.
        "01/26901234567896/21/" + serial_of({kPrinted, 17}),
        std::string("00/069012340000000009")}) {
    const auto scanned = read_scanned_code(epc);
    ASSERT_TRUE(scanned) << epc << ": " << scanned.error().to_string();
    EXPECT_EQ(unit_of(facts(), *scanned).error().code, Errc::code_unknown) << epc;
  }
  EXPECT_EQ(unit_of(facts(), *read_scanned_code(serial_of({kPrinted, kItems}))).error().code,
            Errc::code_unknown);
}

TEST(ScannedCode, WhatIsNoCodeIsRefused) {
  const auto epc = epc_of(UnitLevel::item, 37).value;
  for (const auto& text :
       {std::string(), std::string("B00001"), std::string(600, 'x'), epc + "#",
        epc + "#" + to_base32(Bytes(15, 3)), epc + "#" + to_base32(Bytes(17, 3)),
        std::string("https://id.brand.example.com/"), std::string("01/06901234567890/21/A"),
        std::string("ftp://id.brand.example.com/") + epc, std::string(1, '\0')}) {
    const auto scanned = read_scanned_code(text);
    ASSERT_FALSE(scanned) << text;
    EXPECT_EQ(scanned.error().code, Errc::value_invalid) << text;
  }
}

TEST(Aggregation, ContainersAndContentsAgree) {
  const auto codes = order().codes;
  for (const auto& level : codes.levels) {
    for (std::uint32_t i = 0; i < level.count; ++i) {
      for (const auto& range : contents_of(codes, {kPrinted, level.level, i})) {
        for (auto inner = range.first; inner < range.first + range.count; ++inner) {
          const auto around = containers_of(codes, {kPrinted, range.level, inner});
          EXPECT_NE(std::ranges::find(around, UnitId{kPrinted, level.level, i}), around.end());
        }
      }
    }
  }
  // Each item is in exactly one box; the last box holds four.
  EXPECT_EQ(contents_of(codes, {kPrinted, UnitLevel::box, 16}),
            (std::vector<UnitRange>{{kPrinted, UnitLevel::item, 96, 4}}));
  EXPECT_EQ(contents_of(codes, {kPrinted, UnitLevel::logistic, 0}),
            (std::vector<UnitRange>{{kPrinted, UnitLevel::case_, 0, 2},
                                    {kPrinted, UnitLevel::box, 0, 8},
                                    {kPrinted, UnitLevel::item, 0, 48}}));
  EXPECT_TRUE(contents_of(codes, {kPrinted, UnitLevel::item, 0}).empty());
}

TEST(Aggregation, UnitsBeyondTheLastContainerStandAlone) {
  auto codes = order().codes;
  codes.levels[1].count = 10;  // Ten boxes for 100 items: 40 items are in none.
  EXPECT_TRUE(containers_of(codes, {kPrinted, UnitLevel::item, 60}).empty());
  EXPECT_FALSE(containers_of(codes, {kPrinted, UnitLevel::item, 59}).empty());
}

}  // namespace
}  // namespace fenrun::test
