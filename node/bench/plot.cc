#include "node/bench/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <vector>

namespace fenrun::bench {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 420;
constexpr double kLeft = 70;
constexpr double kRight = 30;
constexpr double kTop = 50;
constexpr double kBottom = 60;

struct Rung {
  double per_s = 0;
  double p50 = 0;
  double p99 = 0;
};

// The largest of 1, 2 and 5 times a power of ten that gives at least four steps.
double step_of(double range) {
  const double power = std::pow(10, std::floor(std::log10(range)));
  for (const double factor : {2.5, 1.0, 0.5, 0.25, 0.2, 0.1}) {
    if (range / (power * factor) >= 4) return power * factor;
  }
  return power / 10;
}

class Plot {
 public:
  explicit Plot(std::vector<Rung> rungs) : rungs_(std::move(rungs)) {
    for (const auto& rung : rungs_) {
      most_ = std::max(most_, rung.per_s);
      low_ = std::min(low_, std::floor(std::log10(std::max(rung.p50, 0.01))));
      high_ = std::max(high_, std::ceil(std::log10(std::max(rung.p99, 0.01))));
    }
    most_ *= 1.05;
  }

  std::string draw(const std::string& title) {
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << kWidth << ' ' << kHeight
         << "\" font-family=\"sans-serif\" font-size=\"12\">\n"
         << "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    text(kWidth / 2, kTop / 2, "middle", title);
    axes();
    curve("p50", "#1f6feb", &Rung::p50);
    curve("p99", "#cf222e", &Rung::p99);
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  double x(double per_s) const { return kLeft + (kWidth - kLeft - kRight) * per_s / most_; }
  double y(double ms) const {
    const double part = (std::log10(std::max(ms, 0.01)) - low_) / (high_ - low_);
    return kHeight - kBottom - (kHeight - kTop - kBottom) * part;
  }
  void text(double at_x, double at_y, const char* anchor, const std::string& words) {
    out_ << "<text x=\"" << at_x << "\" y=\"" << at_y << "\" text-anchor=\"" << anchor << "\">"
         << words << "</text>\n";
  }
  void line(double x1, double y1, double x2, double y2) {
    out_ << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2
         << "\" stroke=\"#d0d7de\"/>\n";
  }
  static std::string number(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
  }

  void axes() {
    for (double power = low_; power <= high_; ++power) {
      const double ms = std::pow(10, power);
      line(kLeft, y(ms), kWidth - kRight, y(ms));
      text(kLeft - 8, y(ms) + 4, "end", number(ms) + " ms");
    }
    const double step = step_of(most_);
    for (double per_s = 0; per_s <= most_; per_s += step) {
      line(x(per_s), kTop, x(per_s), kHeight - kBottom);
      text(x(per_s), kHeight - kBottom + 18, "middle",
           std::to_string(static_cast<std::uint64_t>(per_s)));
    }
    text((kLeft + kWidth - kRight) / 2, kHeight - 14, "middle", "operations committed a second");
  }

  void curve(const char* name, const char* colour, double Rung::*which) {
    out_ << "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" << colour << "\" points=\"";
    for (const auto& rung : rungs_) out_ << x(rung.per_s) << ',' << y(rung.*which) << ' ';
    out_ << "\"/>\n";
    for (const auto& rung : rungs_) {
      out_ << "<circle r=\"3\" fill=\"" << colour << "\" cx=\"" << x(rung.per_s) << "\" cy=\""
           << y(rung.*which) << "\"/>\n";
    }
    text(x(rungs_.front().per_s), y(rungs_.front().*which) - 8, "middle", name);
  }

  std::vector<Rung> rungs_;
  double most_ = 0;
  double low_ = 1;
  double high_ = 1;
  std::ostringstream out_;
};

}  // namespace

Result<std::string> plot_of(const Json& report) {
  if (!report.contains("ladder") || report["ladder"].empty()) {
    return Error{Errc::value_invalid, "this workload climbs no ladder: nothing to plot"};
  }
  std::vector<Rung> rungs;
  for (const auto& rung : report["ladder"]) {
    const auto& latency = rung.at("latency_ms");
    rungs.push_back({rung.at("committed_per_s").get<double>(), latency.at("p50").get<double>(),
                     latency.at("p99").get<double>()});
  }
  std::ranges::sort(rungs, {}, &Rung::per_s);
  return Plot(std::move(rungs))
      .draw(report.at("workload").get<std::string>() + ", " +
            std::to_string(report.at("nodes").get<std::size_t>()) + " nodes");
}

}  // namespace fenrun::bench
