#include "node/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace fenrun {
namespace {

TEST(Descriptors, SufficeForEveryLimitWhereThereAreEnough) {
  const auto wanted = descriptors_wanted();
  EXPECT_EQ(wanted, 64u + 64 + 255 + 128 + 512 + 1'000 + 64);  // docs/operating.md.
  for (const auto allowed : {wanted, wanted + 1, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    const auto plan = plan_descriptors(allowed);
    ASSERT_TRUE(plan) << allowed;
    EXPECT_EQ(plan->http_connections, 1'000u);
    EXPECT_EQ(plan->http_connections_per_address, 100u);
    EXPECT_EQ(plan->index_files, 512u);
  }
}

TEST(Descriptors, ClientsGiveWayWhereThereAreFew) {
  const auto plan = plan_descriptors(1'024);
  ASSERT_TRUE(plan) << plan.error().to_string();
  EXPECT_EQ(plan->index_files, 224u);
  EXPECT_EQ(plan->http_connections, 225u);
  EXPECT_EQ(plan->http_connections_per_address, 22u);
}

TEST(Descriptors, NeverPlanForMoreThanThereAre) {
  constexpr std::uint64_t kFixed = 64 + 64 + 255 + 128 + 64;
  std::uint64_t least = 0;
  for (std::uint64_t allowed = 0; allowed <= descriptors_wanted(); ++allowed) {
    const auto plan = plan_descriptors(allowed);
    if (!plan) {
      EXPECT_EQ(plan.error().code, Errc::config_invalid);
      least = allowed + 1;
      continue;
    }
    ASSERT_LE(kFixed + plan->index_files + plan->http_connections, allowed);
    ASSERT_GE(plan->http_connections, 64u);
    ASSERT_GE(plan->index_files, 128u);
  }
  EXPECT_EQ(least, kFixed + 128 + 64);
  EXPECT_NE(plan_descriptors(least - 1).error().detail.find(std::to_string(least)),
            std::string::npos);
}

TEST(Descriptors, AreRaisedAsFarAsTheProcessMay) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{256, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace fenrun
