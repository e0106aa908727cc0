#include "net/asker.h"

#include <gtest/gtest.h>

namespace fenrun::net {
namespace {

TEST(Asker, OfIpv4IsTheAddressAndOfIpv6ItsNetwork) {
  EXPECT_EQ(asker_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(asker_of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(asker_of("2001:db8:1:2::1"), "2001:db8:1:2::/64");
  EXPECT_EQ(asker_of("2001:db8:1:2:ffff:ffff:ffff:ffff"), "2001:db8:1:2::/64");
  EXPECT_EQ(asker_of("2001:db8:1:3::1"), "2001:db8:1:3::/64");
  EXPECT_EQ(asker_of("no address"), "no address");
}

TEST(Asker, KnowsThisMachine) {
  for (const auto* address : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const auto* address : {"192.0.2.7", "::2", "0.0.0.0", "localhost", ""}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

}  // namespace
}  // namespace fenrun::net
