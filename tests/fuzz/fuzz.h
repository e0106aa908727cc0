// Fuzz targets: one function each, registered by name, all in one binary.  scripts/fuzz runs them.
//
//   FENRUN_FUZZ(note, note_seeds) { ... }      // `input` is what libFuzzer made up
//
// A target tells more than that nothing crashes: what was decoded encodes to the same bytes, what
// was refused has a code of its kind, what was believed is true.  EXPECT_FUZZ says so; when it does
// not hold the process ends, and libFuzzer keeps the input.
//
// A target keeps no state between inputs that its answers depend on: equal inputs behave equally.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/error.h"

namespace fenrun::fuzz {

struct Target {
  void (*run)(ByteView input) = nullptr;
  // Inputs of the right form to begin with; `fenrun_fuzz --write-seeds=DIR` writes them.
  std::vector<Bytes> (*seeds)() = nullptr;
};

// All of them, by name.
std::map<std::string, Target, std::less<>>& targets();

struct Registration {
  Registration(const char* name, Target target) { targets().emplace(name, target); }
};

// What a target must hold.
#define EXPECT_FUZZ(condition, detail) \
  ((condition) ? static_cast<void>(0) : ::fenrun::fuzz::fail(__FILE__, __LINE__, detail))

[[noreturn]] inline void fail(const char* file, int line, std::string_view detail) {
  std::fprintf(stderr, "%s:%d: does not hold: %.*s\n", file, line, static_cast<int>(detail.size()),
               detail.data());
  std::fflush(stderr);
  std::abort();
}

// Bytes of no form yet: choices are read off their front; at their end every choice is 0.
class Choices {
 public:
  explicit Choices(ByteView in) : rest_(in) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  // 0..bound-1.  REQUIRES: 0 < bound <= 65536.
  std::size_t below(std::size_t bound) {
    const std::size_t low = byte();
    return (bound > 256 ? low + 256U * byte() : low) % bound;
  }
  ByteView bytes(std::size_t count) {
    const auto taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  ByteView rest() { return bytes(rest_.size()); }

 private:
  ByteView rest_;
};

inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes seed_of(std::string_view text) {
  const auto view = bytes_of(text);
  return {view.begin(), view.end()};
}

// Whether the code is one of form: 1xx.
inline bool is_code_of_form(Errc code) {
  const auto number = static_cast<std::uint16_t>(code);
  return number >= 100 && number < 200;
}

}  // namespace fenrun::fuzz

// Defines and registers a target.
#define FENRUN_FUZZ(name, seeds)                                                        \
  static void fuzz_##name(::fenrun::ByteView input);                                    \
  static const ::fenrun::fuzz::Registration kFuzz_##name(#name, {&fuzz_##name, seeds}); \
  static void fuzz_##name([[maybe_unused]] ::fenrun::ByteView input)
