// The histograms of stages, as /metrics shows them.
#include "node/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenrun {
namespace {

const Metric& metric_of(const std::vector<Metric>& metrics, const std::string& name, Stage stage) {
  for (const auto& metric : metrics) {
    if (metric.name == name && metric.labels.at(0).second == name_of(stage)) return metric;
  }
  ADD_FAILURE() << name << " is missing";
  return metrics.front();
}

TEST(StageTimes, CountsWhatTookAtMostSoLong) {
  StageTimes times;
  for (const std::uint64_t us : {50u, 100u, 101u, 4'000u, 40'000'000u})
    times.add(Stage::commit, us);
  std::vector<Metric> metrics;
  times.add_to(metrics);
  const auto& commit = metric_of(metrics, "stage_seconds", Stage::commit);
  EXPECT_EQ(commit.kind, Metric::Kind::histogram);
  EXPECT_EQ(commit.count, 5U);
  EXPECT_DOUBLE_EQ(commit.value, 40.004251);
  ASSERT_EQ(commit.buckets.size(), StageTimes::kBoundsUs.size());
  EXPECT_DOUBLE_EQ(commit.buckets.front().upper, 0.0001);
  EXPECT_EQ(commit.buckets[0].count, 2U);
  EXPECT_EQ(commit.buckets[1].count, 3U);
  EXPECT_EQ(commit.buckets.back().count, 4U);  // The slowest is beyond all bounds.
  EXPECT_EQ(metric_of(metrics, "stage_seconds", Stage::verify).count, 0U);
}

TEST(StageTimes, TellsProcessorTimeWhereThereIsAny) {
  StageTimes times;
  times.add(Stage::execute, {1'000, 500}, {3'000, 1'500});
  times.add(Stage::order, 7'000);
  std::vector<Metric> metrics;
  times.add_to(metrics);
  EXPECT_DOUBLE_EQ(metric_of(metrics, "stage_cpu_seconds_total", Stage::execute).value, 0.001);
  for (const auto& metric : metrics) {
    if (metric.name == "stage_cpu_seconds_total") {
      EXPECT_EQ(metric.labels.at(0).second, "execute");
    }
  }
}

}  // namespace
}  // namespace fenrun
