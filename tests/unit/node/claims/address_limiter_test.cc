#include "node/claims/address_limiter.h"

#include <gtest/gtest.h>

namespace fenrun {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const AddressLimiter::Clock::time_point kStart{std::chrono::hours(1)};

TEST(AddressLimiter, LetsABurstThroughAndThenAnEvenFlow) {
  AddressLimiter limiter(60, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("192.0.2.1", kStart), seconds(0)) << i;
  EXPECT_EQ(limiter.take("192.0.2.1", kStart), seconds(1));
  EXPECT_EQ(limiter.take("192.0.2.1", kStart + milliseconds(999)), seconds(1));
  EXPECT_EQ(limiter.take("192.0.2.1", kStart + seconds(1)), seconds(0));
  EXPECT_EQ(limiter.take("192.0.2.1", kStart + seconds(1)), seconds(1));
  // Whoever was quiet has no more than a burst.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("192.0.2.1", kStart + seconds(99)).count(), 0);
  EXPECT_EQ(limiter.take("192.0.2.1", kStart + seconds(99)), seconds(1));
}

TEST(AddressLimiter, ToAskInVainCostsNothing) {
  AddressLimiter limiter(60, 1);
  EXPECT_EQ(limiter.take("192.0.2.1", kStart).count(), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.take("192.0.2.1", kStart), seconds(1));
  EXPECT_EQ(limiter.take("192.0.2.1", kStart + seconds(1)).count(), 0);
}

TEST(AddressLimiter, KeepsAddressesApartAndTakesANetworkOfIpv6ForOne) {
  AddressLimiter limiter(60, 1);
  EXPECT_EQ(limiter.take("192.0.2.1", kStart).count(), 0);
  EXPECT_EQ(limiter.take("192.0.2.2", kStart).count(), 0);
  EXPECT_EQ(limiter.take("2001:db8:0:1::1", kStart).count(), 0);
  EXPECT_EQ(limiter.take("2001:db8:0:1:ffff::2", kStart).count(), 1);
  EXPECT_EQ(limiter.take("2001:db8:0:2::1", kStart).count(), 0);
  EXPECT_EQ(limiter.take("::ffff:192.0.2.1", kStart).count(), 1);
}

TEST(AddressLimiter, RemembersABoundedNumberAndTheLatestLongest) {
  AddressLimiter limiter(1, 1);
  const auto address = [](std::size_t i) { return "address " + std::to_string(i); };
  const std::size_t many = 3 * AddressLimiter::kAddressesMax;
  for (std::size_t i = 0; i < many; ++i) {
    EXPECT_EQ(limiter.take(address(i), kStart + milliseconds(i / 10)).count(), 0);
    ASSERT_LE(limiter.addresses(), AddressLimiter::kAddressesMax);
  }
  const auto end = kStart + milliseconds(many / 10);
  EXPECT_GT(limiter.take(address(many - 1), end).count(), 0);
  // Those whose bucket is full again go first.
  const auto later = kStart + std::chrono::minutes(3);
  for (std::size_t i = 0; i < AddressLimiter::kAddressesMax; ++i) {
    EXPECT_EQ(limiter.take("later " + std::to_string(i), later).count(), 0);
  }
  EXPECT_LE(limiter.addresses(), AddressLimiter::kAddressesMax);
  EXPECT_GT(limiter.take("later 0", later).count(), 0);
}

TEST(ClientAddress, IsTheProxysWordAndNobodyElses) {
  EXPECT_EQ(client_address("192.0.2.1", "198.51.100.7", ""), "192.0.2.1");
  EXPECT_EQ(client_address("192.0.2.1", "198.51.100.7", "127.0.0.1"), "192.0.2.1");
  EXPECT_EQ(client_address("127.0.0.1", "198.51.100.7", "127.0.0.1"), "198.51.100.7");
  // What stands before the last one a client may have written.
  EXPECT_EQ(client_address("127.0.0.1", "203.0.113.9, 198.51.100.7 ", "127.0.0.1"), "198.51.100.7");
  EXPECT_EQ(client_address("127.0.0.1", "2001:db8::1", "127.0.0.1"), "2001:db8::1");
  for (const char* none : {"", " ", "unknown", "198.51.100.7,", "1.2.3.4:80"}) {
    EXPECT_EQ(client_address("127.0.0.1", none, "127.0.0.1"), "127.0.0.1") << none;
  }
}

}  // namespace
}  // namespace fenrun
