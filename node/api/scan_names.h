// What people call what the ledger knows by numbers: the gateway's own words, which are not on the
// ledger.  docs/operating.md, "A gateway".
#pragma once

#include <map>
#include <string_view>

#include "contracts/words.h"
#include "node/json/json.h"

namespace fenrun::api {

inline constexpr std::size_t kScanNamesBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kScanNamesMax = 20'000;  // Of each kind.

class ScanNames {
 public:
  // No names at all.
  ScanNames() = default;
  // {"products": [{"gtin", "zh", "en"}], "stores": [{"store", "zh", "en"}],
  //  "regions": [{"region", "zh", "en"}]}; names of 1 to 120 bytes.
  // Errc::config_invalid naming the place; also for one that is named twice.
  static Result<ScanNames> parse(std::string_view text);

  // {"zh", "en"}; null if it has no name.
  Json product(const GtinText& gtin) const { return find(products_, gtin.value); }
  Json store(const PartyId& store) const { return find(stores_, store); }
  Json region(RegionCode region) const { return find(regions_, region); }

 private:
  struct Name {
    std::string zh;
    std::string en;
  };
  template <class Key>
  using Names = std::map<Key, Name>;

  template <class Key>
  static Json find(const Names<Key>& names, const Key& key) {
    const auto it = names.find(key);
    return it == names.end() ? Json() : Json{{"zh", it->second.zh}, {"en", it->second.en}};
  }

  template <class Key, class Items, class KeyOf>
  static Status take(const Items& items, const char* kind, KeyOf key_of, Names<Key>& out);

  Names<std::string> products_;
  Names<PartyId> stores_;
  Names<RegionCode> regions_;
};

}  // namespace fenrun::api
