#include "core/error.h"

#include <array>

namespace fenrun {
namespace {

struct Row {
  Errc code;
  std::string_view name;
  std::string_view hint;
};

constexpr auto kRows = std::to_array<Row>({
#define FENRUN_ROW(name, number, hint) {Errc::name, #name, hint},
    FENRUN_ERRORS(FENRUN_ROW)
#undef FENRUN_ROW
});

const Row* find(Errc code) {
  for (const auto& row : kRows) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(Errc code) {
  const Row* row = find(code);
  return row ? row->name : "unknown_error";
}

std::string_view hint_of(Errc code) {
  const Row* row = find(code);
  return row ? row->hint : "";
}

std::optional<Errc> errc_from_number(std::uint16_t number) {
  const Row* row = find(static_cast<Errc>(number));
  if (!row) return std::nullopt;
  return row->code;
}

std::string Error::to_string() const {
  std::string out(name_of(code));
  if (!detail.empty()) out += ": " + detail;
  if (!hint_of(code).empty()) out += " (" + std::string(hint_of(code)) + ")";
  return out;
}

}  // namespace fenrun
