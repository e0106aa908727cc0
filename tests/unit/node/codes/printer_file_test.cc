#include "node/codes/printer_file.h"

#include <gtest/gtest.h>

#include <sstream>

#include "node/sim/virtual_disk.h"
#include "tests/unit/node/codes/printed_batch.h"

namespace fenrun::test {
namespace {

const Path kRows = "/codes/rows";
const PrintOrder kAllItems{.host = "id.brand.example.com", .level = {}, .first = 0, .count = 100};

class Printing : public testing::Test {
 protected:
  void SetUp() override {
    auto made = make_batch(disk_);
    ASSERT_TRUE(made);
    facts_ = *std::move(made);
    keys_.emplace(chain(), kPrinted, seed_key().seed());
  }

  // Errc::ok: the rows are in text_.
  Errc rows(const PrintOrder& order) {
    text_.clear();
    const auto printed = print_rows(facts_, &*keys_, order, [&](std::string_view part) -> Status {
      text_ += part;
      return {};
    });
    return printed ? Errc::ok : printed.error().code;
  }
  std::vector<std::vector<std::string>> cells() const {
    std::vector<std::vector<std::string>> out;
    std::istringstream lines(text_);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_EQ(line.back(), '\r');
      line.pop_back();
      auto& row = out.emplace_back();
      std::istringstream cells(line + ",");
      for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    }
    return out;
  }
  Result<std::string> opened(const SigningKey& reader) {
    std::string text;
    FENRUN_OK(open_printer_file(disk_, kRows, reader, [&](std::string_view part) -> Status {
      text += part;
      return {};
    }));
    return text;
  }
  Status write(const std::optional<PublicKey>& reader, const std::string& text) {
    FENRUN_TRY(auto file, PrinterFile::create(disk_, kRows, reader));
    FENRUN_OK(file.write(text));
    return file.finish();
  }

  sim::VirtualDisk disk_;
  CodeBatchFacts facts_;
  std::optional<CodeKeys> keys_;
  std::string text_;
};

TEST_F(Printing, ARowHasTheFiveCodesOfAnItem) {
  ASSERT_EQ(rows(kAllItems), Errc::ok);
  const auto all = cells();
  ASSERT_EQ(all.size(), 101u);
  EXPECT_EQ(all[0], (std::vector<std::string>{"index", "epc", "url", "claim_url", "box", "case",
                                              "logistic"}));
  // Item 37 is in box 6, which is in case 1, which is on pallet 0.
  const auto epc = [&](UnitLevel level, std::uint32_t index) {
    return printed_epc(facts_.codes, {kPrinted, level, index}).value;
  };
  const auto item = epc(UnitLevel::item, 37);
  const std::string url = "https://id.brand.example.com/" + item;
  EXPECT_EQ(all[38],
            (std::vector<std::string>{
                "37", item, url, url + "#" + to_base32(keys_->secret(37).view()),
                epc(UnitLevel::box, 6), epc(UnitLevel::case_, 1), epc(UnitLevel::logistic, 0)}));
  const auto scanned = read_scanned_code(all[38][3]);
  ASSERT_TRUE(scanned) << scanned.error().to_string();
  EXPECT_EQ(*unit_of(facts_, *scanned), (UnitId{kPrinted, UnitLevel::item, 37}));
  EXPECT_EQ(scanned->secret, keys_->secret(37));
}

TEST_F(Printing, ContainersHaveNoSecrets) {
  ASSERT_EQ(rows({kAllItems.host, UnitLevel::case_, 1, 2}), Errc::ok);
  const auto all = cells();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0], (std::vector<std::string>{"index", "epc", "url", "logistic"}));
  EXPECT_EQ(all[1][0], "1");
  EXPECT_EQ(text_.find('#'), text_.npos);
  facts_.codes.path = ClaimPath::none;
  ASSERT_EQ(rows(kAllItems), Errc::ok);
  EXPECT_EQ(text_.find('#'), text_.npos);
}

TEST_F(Printing, OrdersBeyondTheBatchAreRefused) {
  EXPECT_EQ(rows({kAllItems.host, UnitLevel::item, 99, 2}), Errc::value_invalid);
  EXPECT_EQ(rows({kAllItems.host, UnitLevel::item, 0xffff'ffff, 0xffff'ffff}), Errc::value_invalid);
  EXPECT_EQ(rows({kAllItems.host, UnitLevel::item, 0, 0}), Errc::value_invalid);
  for (const auto* host : {"", "/a", "a/", "a b", "a,b", "a\"b", "a#b", "a?b"}) {
    EXPECT_EQ(rows({host, UnitLevel::item, 0, 1}), Errc::value_invalid) << host;
  }
  EXPECT_EQ(rows({"brand.example.com/q", UnitLevel::item, 0, 1}), Errc::ok);
}

TEST_F(Printing, OnlyTheReaderOpensASealedFile) {
  const auto plant = SigningKey::generate();
  ASSERT_EQ(rows(kAllItems), Errc::ok);
  // More than one piece, ending within one; exactly one; nothing.
  std::string long_text;
  for (int i = 0; i < 20; ++i) long_text += text_;
  for (const auto& text : {long_text, std::string(64 * 1024, 'x'), std::string()}) {
    ASSERT_TRUE(write(plant.public_key(), text));
    const auto got = opened(plant);
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(*got, text);
    EXPECT_EQ(opened(SigningKey::generate()).error().code, Errc::key_file_invalid);
    const auto& sealed = disk_.bytes(kRows);
    EXPECT_EQ(text_of(sealed).find("claim_url"), std::string_view::npos);
    ASSERT_TRUE(disk_.remove(kRows));
  }
}

TEST_F(Printing, ASealedFileThatWasAlteredOrCutIsRefused) {
  const auto plant = SigningKey::generate();
  ASSERT_TRUE(write(plant.public_key(), std::string(150'000, 'r')));
  const Bytes whole = disk_.bytes(kRows);
  for (std::size_t at = 0; at < whole.size(); at += at < 300 ? 1 : 4'999) {
    disk_.bytes(kRows)[at] ^= 1;
    EXPECT_FALSE(opened(plant)) << at;
    disk_.bytes(kRows) = whole;
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{100}, std::size_t{222}, std::size_t{222 + 65'553},
        std::size_t{222 + 2 * 65'553}, whole.size() - 1}) {
    disk_.bytes(kRows).resize(size);
    EXPECT_EQ(opened(plant).error().code, Errc::corruption) << size;
    disk_.bytes(kRows) = whole;
  }
  disk_.bytes(kRows).push_back(0);
  EXPECT_EQ(opened(plant).error().code, Errc::corruption);
}

TEST_F(Printing, AFileExistsOnlyOnceItIsWhole) {
  {
    auto file = PrinterFile::create(disk_, kRows, std::nullopt);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(std::string(100'000, 'x')));
    EXPECT_FALSE(*disk_.holds(kRows));
  }
  EXPECT_FALSE(*disk_.holds(kRows));
  EXPECT_FALSE(*disk_.holds(temporary_path(kRows)));
  ASSERT_TRUE(write(std::nullopt, "rows"));
  EXPECT_EQ(text_of(disk_.bytes(kRows)), "rows");
  EXPECT_EQ(PrinterFile::create(disk_, kRows, std::nullopt).error().code, Errc::file_exists);
  ASSERT_TRUE(disk_.remove(kRows));
  disk_.set_space(50'000);
  EXPECT_EQ(write(std::nullopt, std::string(100'000, 'x')).error().code, Errc::io_error);
  EXPECT_FALSE(*disk_.holds(kRows));
  EXPECT_EQ(PrinterFile::create(disk_, kRows, PublicKey{}).error().code, Errc::key_invalid);
}

}  // namespace
}  // namespace fenrun::test
