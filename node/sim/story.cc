#include "node/sim/story.h"

#include <array>
#include <cstdio>

#include "core/codec.h"
#include "core/text.h"

namespace fenrun::sim {
namespace {

constexpr std::size_t kWhoWidth = 18;
constexpr std::size_t kWhatWidth = 9;

void pad(std::string& line, std::string_view text, std::size_t width) {
  line += text;
  line.append(text.size() < width ? width - text.size() : 1, ' ');
}

}  // namespace

void Story::tell(std::string_view who, std::string_view what, std::string_view about) {
  std::array<char, 32> time{};
  const std::uint64_t now = agenda_->now();
  std::snprintf(time.data(), time.size(), "%6llu.%03llu  ",
                static_cast<unsigned long long>(now / 1'000),
                static_cast<unsigned long long>(now % 1'000));
  std::string line(time.data());
  pad(line, who, kWhoWidth);
  pad(line, what, kWhatWidth);
  line += about;
  line += '\n';
  Encoder chained(Digest::kSize + line.size());
  chained.raw(digest_.view());
  chained.raw(bytes_of(line));
  digest_ = sha256(chained.take());
  if (out_ != nullptr) *out_ << line;
}

std::string brief(const Digest& id) { return to_hex(id.view()).substr(0, 8); }

}  // namespace fenrun::sim
