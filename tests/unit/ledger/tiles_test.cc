#include "ledger/tiles.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ledger/proof/note.h"

namespace fenrun {
namespace {

TEST(Tiles, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(print(TilePath{0, 0, 256}), "tile/0/000");
  EXPECT_EQ(print(TilePath{1, 273, 17}), "tile/1/273.p/17");
  EXPECT_EQ(print(TilePath{0, 1'234'067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(print(TilePath{std::nullopt, 1'000, 255}), "tile/entries/x001/000.p/255");
  for (const auto& path : {TilePath{6, 0, 1}, TilePath{0, (kTreeSizeMax >> 8), 256},
                           TilePath{std::nullopt, 1'234'067, 256}, TilePath{2, 999, 40}}) {
    EXPECT_EQ(parse_tile_path(print(path)).value(), path);
  }
}

TEST(Tiles, SecondSpellingsAreRefused) {
  for (const std::string text : {
           "",
           "tile",
           "tile/",
           "tile/0",
           "tile/0/",
           "/tile/0/000",
           "tile/0/0",
           "tile/0/00",
           "tile/0/0000",
           "tile/00/000",
           "tile/7/000",
           "tile/-1/000",
           "tile/0/x000/001",
           "tile/0/001/067",
           "tile/0/x001/x067",
           "tile/0/x001/x234/67",
           "tile/0/x1/067",
           "tile/0/x001//067",
           "tile/0/000.p/0",
           "tile/0/000.p/256",
           "tile/0/000.p/01",
           "tile/0/000.p/",
           "tile/0/000.p",
           "tile/0/000.p/1/",
           "tile/0/000.p/1.p/1",
           "tile/0/000/",
           "tile/entries/",
           "tile/entry/000",
           "tile/0/../000",
           "tile/0/0a0",
           "tile/0/+01",
           "tile/6/001",
           "tile/0/x999/x999/x999/x999/999",
           "tile/0/x018/x446/x744/x073/x709/x551/616",
       }) {
    const auto path = parse_tile_path(text);
    ASSERT_FALSE(path) << text;
    EXPECT_EQ(path.error().code, Errc::not_found) << text;
  }
}

RC_GTEST_PROP(TilesProperty, APathHasOneSpelling, ()) {
  auto text = print(TilePath{*rc::gen::inRange<std::uint8_t>(0, 3),
                             *rc::gen::inRange<std::uint64_t>(0, 5'000'000),
                             *rc::gen::inRange<std::size_t>(1, 257)});
  RC_ASSERT(print(parse_tile_path(text).value()) == text);
  text[*rc::gen::inRange<std::size_t>(0, text.size())] =
      *rc::gen::elementOf(std::string("0123456789x/.p"));
  if (const auto path = parse_tile_path(text)) RC_ASSERT(print(*path) == text);
}

TEST(Tiles, WidthsAreThoseOfTheSpecification) {
  // Its example: a tree of size 70,000.
  EXPECT_EQ(tile_width(70'000, 0, 272), 256u);
  EXPECT_EQ(tile_width(70'000, 0, 273), 112u);
  EXPECT_EQ(tile_width(70'000, 0, 274), 0u);
  EXPECT_EQ(tile_width(70'000, 1, 0), 256u);
  EXPECT_EQ(tile_width(70'000, 1, 1), 17u);
  EXPECT_EQ(tile_width(70'000, 2, 0), 1u);
  EXPECT_EQ(tile_width(70'000, 3, 0), 0u);
  EXPECT_EQ(tile_width(256, 0, 0), 256u);
  EXPECT_EQ(tile_width(256, 0, 1), 0u);
  EXPECT_EQ(tile_width(256, 1, 0), 1u);
  EXPECT_EQ(tile_width(0, 0, 0), 0u);
  EXPECT_EQ(tile_width(70'000, 0, ~std::uint64_t{0}), 0u);
}

TEST(Tiles, BundlesCarryEntriesOfEverySize) {
  const std::vector<Bytes> entries{Bytes{}, Bytes{1}, Bytes(300, 7), Bytes(kEntryBytesMax, 9)};
  const auto bytes = encode_bundle(entries);
  EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 5), (Bytes{0, 0, 0, 1, 1}));
  EXPECT_EQ(decode_bundle(bytes, 4).value(), entries);
  EXPECT_EQ(decode_bundle(bytes, 5).error().code, Errc::truncated);
  EXPECT_EQ(decode_bundle(bytes, 3).error().code, Errc::trailing_bytes);
  for (std::size_t size = 0; size < 20; ++size) {
    EXPECT_EQ(decode_bundle(ByteView(bytes).first(size), 4).error().code, Errc::truncated);
  }
}

}  // namespace
}  // namespace fenrun
