#include "node/api/places.h"

#include <gtest/gtest.h>

namespace fenrun::api {
namespace {

using Answer = Places::Answer;

HttpLimits few() {
  HttpLimits limits;
  limits.connections = 10;
  limits.connections_per_address = 3;
  limits.refusals = 2;
  return limits;
}

TEST(Places, OneAddressHasAPartOfThem) {
  const auto limits = few();
  Places places(limits);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(places.take("192.0.2.1"), Answer::served);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(places.take("192.0.2.1"), Answer::told_of_address);
  EXPECT_EQ(places.take("192.0.2.1"), Answer::closed);
  EXPECT_EQ(places.take("::ffff:192.0.2.1"), Answer::closed);
  EXPECT_EQ(places.take("192.0.2.2"), Answer::served);
  EXPECT_EQ(places.held(), 8u);
  for (int i = 0; i < 7; ++i) places.leave("192.0.2.1");
  EXPECT_EQ(places.take("192.0.2.1"), Answer::served);
}

TEST(Places, ANetworkOfIpv6IsOneAddress) {
  const auto limits = few();
  Places places(limits);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(places.take("2001:db8:0:1::" + std::to_string(i)), Answer::served);
  }
  EXPECT_EQ(places.take("2001:db8:0:1:ffff::1"), Answer::told_of_address);
  EXPECT_EQ(places.take("2001:db8:0:2::1"), Answer::served);
}

TEST(Places, AProxyHasAllOfThem) {
  auto limits = few();
  limits.is_exempt = [](const std::string& address) { return address == "192.0.2.9"; };
  Places places(limits);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(places.take("192.0.2.9"), Answer::served);
  EXPECT_EQ(places.take("192.0.2.9"), Answer::told_of_all);
  EXPECT_EQ(places.take("192.0.2.1"), Answer::told_of_all);
  EXPECT_EQ(places.take("192.0.2.9"), Answer::closed);
  EXPECT_EQ(places.take("192.0.2.1"), Answer::closed);
  EXPECT_EQ(places.held(), 12u);
}

TEST(Places, ThisMachineIsNotCounted) {
  const auto limits = few();
  Places places(limits);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(places.take("127.0.0.1"), Answer::served);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(places.take("::1"), Answer::served);
}

}  // namespace
}  // namespace fenrun::api
