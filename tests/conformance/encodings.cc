// Prints the encoding of generated values of every kind the codec knows, one `<kind> <hex>` a line.
//
//   encodings            prints them
//   encodings --check    compares them with tests/vectors/encoding.txt
//
// The generator is splitmix64 from seed 1; bcs.test.mjs draws the same values in the same order and
// encodes them with a public library.  A changed line is a changed format, which needs an ADR.
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>

#include "core/codec.h"
#include "core/text.h"
#include "core/types.h"
#include "tests/support/vectors.h"

namespace fenrun {

enum class Colour : std::uint8_t { red, green, blue };
template <>
inline constexpr std::uint8_t kEnumCount<Colour> = 3;

namespace {

constexpr int kCasesPerKind = 16;

class Generator {
 public:
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }
  template <class T>
  T number() {
    return static_cast<T>(next());
  }

 private:
  std::uint64_t state_ = 1;
};

using Four = FixedBytes<struct FourTag, 4>;
using Numbers = std::array<std::uint16_t, 3>;
using NumberList = List<std::uint32_t, 9>;
using Name = Text<64>;

struct Point {
  std::uint32_t x = 0;
  std::int64_t y = 0;
  FENRUN_FIELDS(x, y)
};

using Choice = std::variant<std::uint8_t, Point, Name>;

struct Nested {
  Height height;
  std::optional<Point> maybe;
  List<Point, 4> points;
  Choice choice;
  Colour colour = Colour::red;
  FENRUN_FIELDS(height, maybe, points, choice, colour)
};

// One value of each type.  The order of the draws is part of the format of the vectors.
template <class T>
struct Any;

template <std::unsigned_integral T>
struct Any<T> {
  static T of(Generator& draw) { return draw.number<T>(); }
};
template <>
struct Any<bool> {
  static bool of(Generator& draw) { return draw.below(2) == 1; }
};
template <>
struct Any<std::int64_t> {
  static std::int64_t of(Generator& draw) { return draw.number<std::int64_t>(); }
};
template <class Tag, class Rep>
struct Any<Strong<Tag, Rep>> {
  static Strong<Tag, Rep> of(Generator& draw) { return Strong<Tag, Rep>(draw.number<Rep>()); }
};
template <>
struct Any<Amount> {
  static Amount of(Generator& draw) { return Amount::minor(draw.number<std::int64_t>()); }
};
template <>
struct Any<Errc> {
  static Errc of(Generator& draw) {
    constexpr std::array kCodes{Errc::ok, Errc::truncated, Errc::sequence_stale,
                                Errc::atomic_aborted, Errc::not_ready};
    return kCodes[draw.below(kCodes.size())];
  }
};
template <>
struct Any<Colour> {
  static Colour of(Generator& draw) { return static_cast<Colour>(draw.below(3)); }
};
template <>
struct Any<Four> {
  static Four of(Generator& draw) {
    Four out;
    for (auto& byte : out.bytes) byte = draw.number<std::uint8_t>();
    return out;
  }
};
template <>
struct Any<Numbers> {
  static Numbers of(Generator& draw) {
    Numbers out{};
    for (auto& number : out) number = draw.number<std::uint16_t>();
    return out;
  }
};
template <class T, std::size_t Max>
struct Any<List<T, Max>> {
  static List<T, Max> of(Generator& draw) {
    List<T, Max> out;
    const auto size = draw.below(Max + 1);
    for (std::size_t i = 0; i < size; ++i) out.push_back(Any<T>::of(draw));
    return out;
  }
};
template <>
struct Any<Name> {
  static Name of(Generator& draw) {
    constexpr std::array<std::string_view, 4> kPieces{"a", "\u00e9", "\u56e2", "\U0001F37A"};
    Name out;
    const auto pieces = draw.below(17);
    for (std::size_t i = 0; i < pieces; ++i) out.value += kPieces[draw.below(kPieces.size())];
    return out;
  }
};
template <>
struct Any<Point> {
  static Point of(Generator& draw) {
    Point out;
    out.x = Any<std::uint32_t>::of(draw);
    out.y = Any<std::int64_t>::of(draw);
    return out;
  }
};
template <class T>
struct Any<std::optional<T>> {
  static std::optional<T> of(Generator& draw) {
    if (!Any<bool>::of(draw)) return std::nullopt;
    return Any<T>::of(draw);
  }
};
template <>
struct Any<Choice> {
  static Choice of(Generator& draw) {
    switch (draw.below(3)) {
      case 0:
        return Any<std::uint8_t>::of(draw);
      case 1:
        return Any<Point>::of(draw);
      default:
        return Any<Name>::of(draw);
    }
  }
};
template <>
struct Any<Nested> {
  static Nested of(Generator& draw) {
    Nested out;
    out.height = Any<Height>::of(draw);
    out.maybe = Any<std::optional<Point>>::of(draw);
    out.points = Any<List<Point, 4>>::of(draw);
    out.choice = Any<Choice>::of(draw);
    out.colour = Any<Colour>::of(draw);
    return out;
  }
};

template <class T>
void add(std::string& out, std::string_view kind, Generator& draw) {
  for (int i = 0; i < kCasesPerKind; ++i) {
    const auto bytes = encode(Any<T>::of(draw));
    const auto decoded = decode<T>(bytes);
    CHECK(decoded.has_value() && encode(*decoded) == bytes);
    out.append(kind).append(" ").append(to_hex(bytes)).append("\n");
  }
}

// Result<Errc> does not exist: an error as a value stands in a struct.
struct Outcome {
  Errc code = Errc::ok;
  FENRUN_FIELDS(code)
};
template <>
struct Any<Outcome> {
  static Outcome of(Generator& draw) { return {Any<Errc>::of(draw)}; }
};

std::string all_encodings() {
  Generator draw;
  std::string out;
  add<bool>(out, "bool", draw);
  add<std::uint8_t>(out, "u8", draw);
  add<std::uint16_t>(out, "u16", draw);
  add<std::uint32_t>(out, "u32", draw);
  add<std::uint64_t>(out, "u64", draw);
  add<std::int64_t>(out, "i64", draw);
  add<Height>(out, "strong_u64", draw);
  add<Lane>(out, "strong_u16", draw);
  add<Amount>(out, "amount", draw);
  add<Outcome>(out, "error", draw);
  add<Colour>(out, "enum", draw);
  add<Four>(out, "fixed_bytes", draw);
  add<Numbers>(out, "array", draw);
  add<NumberList>(out, "list", draw);
  add<Blob<300>>(out, "blob", draw);
  add<Name>(out, "text", draw);
  add<std::optional<std::uint32_t>>(out, "optional", draw);
  add<Choice>(out, "variant", draw);
  add<Nested>(out, "struct", draw);
  return out;
}

// 0 iff the frozen lines are the same; else prints the first that is not.
int check() {
  std::istringstream frozen(test::frozen_vector("encoding.txt"));
  std::istringstream now(all_encodings());
  std::string want;
  std::string have;
  for (int line = 1;; ++line) {
    const bool more_frozen = static_cast<bool>(std::getline(frozen, want));
    const bool more_now = static_cast<bool>(std::getline(now, have));
    if (!more_frozen && !more_now) return 0;
    if (more_frozen != more_now || want != have) {
      std::fprintf(stderr, "tests/vectors/encoding.txt:%d: frozen '%s', now '%s'\n", line,
                   more_frozen ? want.c_str() : "(nothing)", more_now ? have.c_str() : "(nothing)");
      return 1;
    }
  }
}

}  // namespace
}  // namespace fenrun

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--check") return fenrun::check();
  std::fputs(fenrun::all_encodings().c_str(), stdout);
  return 0;
}
