#include "node/stages.h"

#include <algorithm>

#include "core/check.h"

namespace fenrun {
namespace {

constexpr double kMicrosPerSecond = 1e6;

double seconds(std::uint64_t micros) { return static_cast<double>(micros) / kMicrosPerSecond; }

}  // namespace

std::string_view name_of(Stage stage) {
  switch (stage) {
    case Stage::verify:
      return "verify";
    case Stage::order:
      return "order";
    case Stage::execute:
      return "execute";
    case Stage::hash:
      return "hash";
    case Stage::commit:
      return "commit";
    case Stage::cosign:
      return "cosign";
  }
  UNREACHABLE();
}

void StageTimes::add(Stage stage, std::uint64_t wall_us, std::uint64_t cpu_us) {
  auto& times = stages_[static_cast<std::size_t>(stage)];
  const auto bucket = std::ranges::lower_bound(kBoundsUs, wall_us);
  if (bucket != kBoundsUs.end())
    ++times.counts[static_cast<std::size_t>(bucket - kBoundsUs.begin())];
  ++times.count;
  times.wall_us += wall_us;
  times.cpu_us += cpu_us;
}

void StageTimes::add_to(std::vector<Metric>& metrics) const {
  for (std::size_t i = 0; i < kStages; ++i) {
    const auto& times = stages_[i];
    const std::vector<std::pair<std::string, std::string>> labels{
        {"stage", std::string(name_of(static_cast<Stage>(i)))}};
    Metric histogram{"stage_seconds", "How long the stages of transactions take",
                     Metric::Kind::histogram, labels, seconds(times.wall_us)};
    std::uint64_t below = 0;
    for (std::size_t bucket = 0; bucket < kBoundsUs.size(); ++bucket) {
      below += times.counts[bucket];
      histogram.buckets.push_back({seconds(kBoundsUs[bucket]), below});
    }
    histogram.count = times.count;
    metrics.push_back(std::move(histogram));
    if (times.cpu_us == 0) continue;
    metrics.push_back({"stage_cpu_seconds_total", "Processor time of the stages",
                       Metric::Kind::counter, labels, seconds(times.cpu_us)});
  }
}

}  // namespace fenrun
