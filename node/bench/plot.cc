#include "node/bench/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <vector>

namespace fenrun::bench {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 420;
constexpr double kLeft = 70;
constexpr double kRight = 30;
constexpr double kTop = 60;
constexpr double kBottom = 60;
constexpr double kLeast = 0.01;  // Less is drawn as this much on a logarithmic axis.

// The largest of 1, 2.5 and 5 times a power of ten that gives at least four steps.
double step_of(double range) {
  constexpr double kSteps = 4;
  const double power = std::pow(10, std::floor(std::log10(range)));
  for (const double factor : {2.5, 1.0, 0.5}) {
    if (range / (power * factor) >= kSteps) return power * factor;
  }
  return power / kSteps;
}

double log_of(double value) { return std::log10(std::max(value, kLeast)); }

std::string number(double value) {
  std::ostringstream out;
  out << std::setprecision(12) << value;
  return out.str();
}

// What is drawn: curves over an axis that begins at zero, or is logarithmic; heights always are.
struct Point {
  double x = 0;
  double y = 0;
};
struct Curve {
  std::string name;
  std::vector<Point> points;
};
struct Picture {
  std::string title;
  std::string x_title;
  bool x_is_logarithmic = false;
  std::string y_unit;
  std::vector<Curve> curves;
};

class Plot {
 public:
  explicit Plot(const Picture& picture) : picture_(&picture) {
    bool is_first = true;
    for (const auto& curve : picture.curves) {
      for (const auto& point : curve.points) {
        const double across = place(point.x);
        const double up = log_of(point.y);
        left_ = is_first ? across : std::min(left_, across);
        right_ = is_first ? across : std::max(right_, across);
        low_ = is_first ? std::floor(up) : std::min(low_, std::floor(up));
        high_ = is_first ? std::ceil(up) : std::max(high_, std::ceil(up));
        is_first = false;
      }
    }
    high_ = std::max(high_, low_ + 1);
    if (picture.x_is_logarithmic) {
      left_ = std::floor(left_);
      right_ = std::max(std::ceil(right_), left_ + 1);
    } else {
      left_ = 0;
      right_ = 1.05 * std::max(right_, kLeast);
    }
  }

  std::string draw() {
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << kWidth << ' ' << kHeight
         << "\" font-family=\"sans-serif\" font-size=\"12\">\n"
         << "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    text(kWidth / 2, kTop / 3, "middle", picture_->title);
    axes();
    constexpr std::array<const char*, 6> kColours{"#1f6feb", "#cf222e", "#1a7f37",
                                                  "#9a6700", "#8250df", "#57606a"};
    const double apart = (kWidth - kLeft - kRight) / static_cast<double>(picture_->curves.size());
    for (std::size_t i = 0; i < picture_->curves.size(); ++i) {
      const auto* colour = kColours[i % kColours.size()];
      curve(picture_->curves[i], colour);
      text(kLeft + static_cast<double>(i) * apart, kTop - 8, "start", picture_->curves[i].name,
           colour);
    }
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  double place(double x) const { return picture_->x_is_logarithmic ? log_of(x) : x; }
  double across(double x) const {
    return kLeft + (kWidth - kLeft - kRight) * (place(x) - left_) / (right_ - left_);
  }
  double up(double y) const {
    return kHeight - kBottom - (kHeight - kTop - kBottom) * (log_of(y) - low_) / (high_ - low_);
  }

  void text(double at_x, double at_y, const char* anchor, const std::string& words,
            const char* colour = "#000") {
    out_ << "<text x=\"" << at_x << "\" y=\"" << at_y << "\" text-anchor=\"" << anchor
         << "\" fill=\"" << colour << "\">" << words << "</text>\n";
  }
  void line(double x1, double y1, double x2, double y2) {
    out_ << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2
         << "\" stroke=\"#d0d7de\"/>\n";
  }
  void upright(double x) {
    line(across(x), kTop, across(x), kHeight - kBottom);
    text(across(x), kHeight - kBottom + 18, "middle", number(x));
  }

  void axes() {
    for (double power = low_; power <= high_; ++power) {
      const double y = std::pow(10, power);
      line(kLeft, up(y), kWidth - kRight, up(y));
      text(kLeft - 8, up(y) + 4, "end", number(y) + " " + picture_->y_unit);
    }
    if (picture_->x_is_logarithmic) {
      for (double power = left_; power <= right_; ++power) upright(std::pow(10, power));
    } else {
      const double step = step_of(right_);
      for (double x = 0; x <= right_; x += step) upright(x);
    }
    text((kLeft + kWidth - kRight) / 2, kHeight - 14, "middle", picture_->x_title);
  }

  void curve(const Curve& curve, const char* colour) {
    out_ << "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" << colour << "\" points=\"";
    for (const auto& point : curve.points) out_ << across(point.x) << ',' << up(point.y) << ' ';
    out_ << "\"/>\n";
    for (const auto& point : curve.points) {
      out_ << "<circle r=\"3\" fill=\"" << colour << "\" cx=\"" << across(point.x) << "\" cy=\""
           << up(point.y) << "\"/>\n";
    }
  }

  const Picture* picture_;
  double left_ = 0;  // As place() has it.
  double right_ = 0;
  double low_ = 0;  // Powers of ten.
  double high_ = 0;
  std::ostringstream out_;
};

std::string title_of(const Json& report) {
  return report.at("workload").get<std::string>() + ", " +
         (report.at("nodes") == 1 ? "1 node" : report.at("nodes").dump() + " nodes");
}

// A member of each row over another one, in the order of the latter.
std::vector<Point> points_of(const Json& rows, const std::string& x, const Json::json_pointer& y) {
  std::vector<Point> points;
  for (const auto& row : rows) points.push_back({row.at(x).get<double>(), row.at(y).get<double>()});
  std::ranges::sort(points, {}, &Point::x);
  return points;
}

}  // namespace

Result<std::string> plot_of(const Json& report) {
  if (!report.contains("ladder") || report["ladder"].empty()) {
    return Error{Errc::value_invalid, "this workload climbs no ladder: nothing to plot"};
  }
  Picture picture{.title = title_of(report),
                  .x_title = "operations committed a second",
                  .x_is_logarithmic = false,
                  .y_unit = "ms",
                  .curves = {}};
  for (const auto* name : {"p50", "p99"}) {
    const Json::json_pointer member(std::string("/latency_ms/") + name);
    picture.curves.push_back({name, points_of(report["ladder"], "committed_per_s", member)});
  }
  return Plot(picture).draw();
}

Result<std::string> growth_plot_of(const Json& report) {
  constexpr std::size_t kSizesMin = 2;
  if (!report.contains("growth") || report["growth"].size() < kSizesMin) {
    return Error{Errc::value_invalid, "a plot of growth needs two sizes of the journal"};
  }
  Picture picture{.title = title_of(report) + ": percent of what the smallest journal has",
                  .x_title = "entries of the journal",
                  .x_is_logarithmic = true,
                  .y_unit = "%",
                  .curves = {}};
  for (const auto& [member, name] :
       {std::pair("committed_per_s", "operations a second"), std::pair("memory_bytes", "memory"),
        std::pair("disk_bytes_per_entry", "disk an entry"), std::pair("start_up_s", "start-up"),
        std::pair("proof_ms", "a proof"), std::pair("cpu_s_per_1000_ops", "processor time")}) {
    auto points =
        points_of(report["growth"], "entries", Json::json_pointer(std::string("/") + member));
    const double smallest = points.front().y;
    if (smallest <= 0) continue;  // Too little to be compared with.
    for (auto& point : points) point.y *= 100 / smallest;
    picture.curves.push_back({name, std::move(points)});
  }
  return Plot(picture).draw();
}

}  // namespace fenrun::bench
