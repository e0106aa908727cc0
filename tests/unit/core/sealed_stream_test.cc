#include "core/crypto/sealed_stream.h"

#include <gtest/gtest.h>

#include <string>

namespace fenrun {
namespace {

Bytes text_of_size(std::size_t size) { return Bytes(size, std::uint8_t{'t'}); }

TEST(SealedStream, PiecesComeBackInOrder) {
  const auto reader = SigningKey::generate();
  auto sealer = StreamSealer::create(reader.public_key());
  ASSERT_TRUE(sealer);
  const auto first = sealer->seal(text_of_size(kSealedPieceBytes), StreamPiece::inner);
  const auto second = sealer->seal(text_of_size(10), StreamPiece::last);
  EXPECT_EQ(sealer->beginning().size(), StreamOpener::kBeginningBytes);

  auto opener = StreamOpener::create(reader, sealer->beginning());
  ASSERT_TRUE(opener);
  EXPECT_EQ(*opener->open(first), text_of_size(kSealedPieceBytes));
  EXPECT_FALSE(opener->is_finished());
  EXPECT_EQ(*opener->open(second), text_of_size(10));
  EXPECT_TRUE(opener->is_finished());
  EXPECT_EQ(opener->open(second).error().code, Errc::corruption);

  auto other_order = StreamOpener::create(reader, sealer->beginning());
  ASSERT_TRUE(other_order);
  EXPECT_EQ(other_order->open(second).error().code, Errc::corruption);
  EXPECT_EQ(other_order->open({}).error().code, Errc::corruption);
}

TEST(SealedStream, TwoFilesHaveNothingInCommon) {
  const auto reader = SigningKey::generate();
  auto a = StreamSealer::create(reader.public_key());
  auto b = StreamSealer::create(reader.public_key());
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->beginning(), b->beginning());
  auto opener = StreamOpener::create(reader, a->beginning());
  ASSERT_TRUE(opener);
  EXPECT_EQ(opener->open(b->seal({}, StreamPiece::last)).error().code, Errc::corruption);
}

TEST(SealedStream, OnlyForItsReader) {
  const auto reader = SigningKey::generate();
  const auto sealer = StreamSealer::create(reader.public_key());
  ASSERT_TRUE(sealer);
  EXPECT_EQ(StreamOpener::create(SigningKey::generate(), sealer->beginning()).error().code,
            Errc::key_file_invalid);
  EXPECT_EQ(StreamSealer::create(PublicKey{}).error().code, Errc::key_invalid);
}

TEST(SealedStream, ABeginningThatWasAlteredIsRefused) {
  const auto reader = SigningKey::generate();
  auto sealer = StreamSealer::create(reader.public_key());
  ASSERT_TRUE(sealer);
  const auto piece = sealer->seal(text_of_size(3), StreamPiece::last);
  for (std::size_t at = 0; at < sealer->beginning().size(); ++at) {
    auto altered = sealer->beginning();
    altered[at] ^= 1;
    auto opener = StreamOpener::create(reader, altered);
    const bool is_refused = !opener || !opener->open(piece);  // Late: the stream's header.
    EXPECT_TRUE(is_refused) << at;
  }
  EXPECT_EQ(StreamOpener::create(reader, {}).error().code, Errc::corruption);
}

}  // namespace
}  // namespace fenrun
