#include "net/event_gate.h"

#include <gtest/gtest.h>

namespace fenrun::net {
namespace {

TEST(EventGate, LetsSoManyThroughInASecondAndCountsTheRest) {
  EventGate gate(2);
  EXPECT_EQ(gate.pass(7, "a"), "a");
  EXPECT_EQ(gate.pass(7, "b"), "b");
  EXPECT_EQ(gate.pass(7, "c"), std::nullopt);
  EXPECT_EQ(gate.pass(7, "d"), std::nullopt);
  EXPECT_EQ(gate.pass(9, "e"), "e (and 2 more events before)");
  EXPECT_EQ(gate.pass(9, "f"), "f");
  EXPECT_EQ(gate.pass(9, "g"), std::nullopt);
}

}  // namespace
}  // namespace fenrun::net
