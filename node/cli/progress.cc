#include "node/cli/progress.h"

#include <unistd.h>

#include <algorithm>

namespace fenrun::cli {

ProgressBar::ProgressBar(std::ostream& err)
    : err_(err), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (is_open_) err_ << std::endl;
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total, const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  const auto pause = std::chrono::milliseconds(is_terminal_ ? 100 : 10'000);
  if (done != total && now - shown_ < pause) return;
  shown_ = now;
  constexpr std::uint64_t kWidth = 30;
  const auto filled =
      static_cast<std::size_t>(std::min(done, total) * kWidth / std::max<std::uint64_t>(total, 1));
  if (is_terminal_) err_ << '\r';
  err_ << '[' << std::string(filled, '#') << std::string(kWidth - filled, '.') << "] " << done
       << '/' << total << " " << text;
  is_open_ = is_terminal_;
  if (!is_open_) err_ << '\n';
  err_.flush();
}

}  // namespace fenrun::cli
