#include "core/crypto/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>

namespace fenrun {
namespace {

using Eight = Secret<8>;

Eight eight_sevens() {
  Eight secret;
  std::ranges::fill(secret.mutable_view(), std::uint8_t{7});
  return secret;
}

template <std::size_t N>
bool all(std::span<const std::uint8_t, N> bytes, std::uint8_t value) {
  return std::ranges::all_of(bytes, [&](auto byte) { return byte == value; });
}

TEST(Secret, IsNeverCopied) {
  static_assert(!std::is_copy_constructible_v<Eight> && !std::is_copy_assignable_v<Eight>);
  static_assert(!std::is_copy_constructible_v<SecretText>);
  static_assert(!std::is_copy_assignable_v<SecretText>);
  static_assert(std::is_nothrow_move_constructible_v<Eight>);
}

TEST(Secret, IsWipedWhenMovedFrom) {
  Eight first = eight_sevens();
  Eight second = std::move(first);
  EXPECT_TRUE(all(first.view(), 0));  // NOLINT(bugprone-use-after-move): what is left is the point.
  EXPECT_TRUE(all(second.view(), 7));
  Eight third;
  third = std::move(second);
  EXPECT_TRUE(all(second.view(), 0));  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(all(third.view(), 7));
}

TEST(Secret, IsWipedWhenDestroyed) {
  alignas(Eight) std::array<std::uint8_t, sizeof(Eight)> memory{};
  auto* secret = new (memory.data()) Eight(eight_sevens());
  EXPECT_TRUE(all(std::span<const std::uint8_t, 8>(memory), 7));
  std::destroy_at(secret);
  EXPECT_TRUE(all(std::span<const std::uint8_t, 8>(memory), 0));
}

TEST(Wipe, ClearsBytesAndText) {
  std::array<std::uint8_t, 3> bytes{1, 2, 3};
  wipe(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 3>{}));
  std::string text = "a passphrase that is not short";
  const char* where = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(where[1], '\0');
}

TEST(SecretText, MovesAndWipesItsSource) {
  for (const std::string original : {"short", "a passphrase longer than any small buffer"}) {
    std::string source = original;
    SecretText first = SecretText::take(source);
    EXPECT_TRUE(source.empty());
    EXPECT_EQ(first.view(), original);
    SecretText second = std::move(first);
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(second.view(), original);
    SecretText third("other");
    third = std::move(second);
    EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(third.view(), original);
  }
  EXPECT_TRUE(SecretText().empty());
}

}  // namespace
}  // namespace fenrun
