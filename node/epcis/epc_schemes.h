// The schemes of EPC URNs, and what their parts are.  EPC Tag Data Standard, §6.3.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace fenrun::epcis {

enum class EpcLayout {
  indicator_first,  // Company prefix and reference, whose first digit goes to the front.
  straight,         // Company prefix, reference.
  text,             // Company prefix and whatever follows, without check digit.
};

// A scheme, and the GS1 key that it stands for.
struct EpcScheme {
  std::string_view name;
  std::string_view ai;
  EpcLayout layout;
  std::size_t digits;          // Of company prefix and reference together.
  std::size_t parts;           // Separated by dots; the last may hold more of them.
  std::string_view qualifier;  // What the last part is: empty if it is the key's own tail.
  std::string_view filler = "";
};

inline constexpr auto kEpcSchemes = std::to_array<EpcScheme>({
    {"sgtin", "01", EpcLayout::indicator_first, 13, 3, "21"},
    {"upui", "01", EpcLayout::indicator_first, 13, 3, "235"},
    {"lgtin", "01", EpcLayout::indicator_first, 13, 3, "10"},
    {"itip", "8006", EpcLayout::indicator_first, 13, 5, "21"},
    {"sscc", "00", EpcLayout::indicator_first, 17, 2, ""},
    {"sgln", "414", EpcLayout::straight, 12, 3, "254"},
    {"pgln", "417", EpcLayout::straight, 12, 2, ""},
    {"grai", "8003", EpcLayout::straight, 12, 3, "", "0"},
    {"gdti", "253", EpcLayout::straight, 12, 3, ""},
    {"sgcn", "255", EpcLayout::straight, 12, 3, ""},
    {"gsrn", "8018", EpcLayout::straight, 17, 2, ""},
    {"gsrnp", "8017", EpcLayout::straight, 17, 2, ""},
    {"gsin", "402", EpcLayout::straight, 16, 2, ""},
    {"giai", "8004", EpcLayout::text, 0, 2, ""},
    {"ginc", "401", EpcLayout::text, 0, 2, ""},
    {"cpi", "8010", EpcLayout::text, 0, 3, "8011"},
});

// Schemes of others, which Digital Link does not have.
inline constexpr auto kForeignEpcSchemes =
    std::to_array<std::string_view>({"gid", "usdod", "adi", "bic", "imovn"});

}  // namespace fenrun::epcis
