// How far a long command has come: one line, rewritten in place on a terminal; else a line now and
// then.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace fenrun::cli {

class ProgressBar {
 public:
  explicit ProgressBar(std::ostream& err);
  ~ProgressBar();  // Ends the line.
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // "[####....] done/total text".  Shows nothing if it did a moment ago, unless all is done.
  void show(std::uint64_t done, std::uint64_t total, const std::string& text);

 private:
  std::ostream& err_;
  bool is_terminal_;
  bool is_open_ = false;  // The line is not ended.
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace fenrun::cli
