#include "node/api/scan_names.h"

#include "node/json/reflect.h"

namespace fenrun::api {
namespace {

using ScanName = Text<120>;

struct ProductName {
  GtinText gtin;
  ScanName zh;
  ScanName en;

  FENRUN_FIELDS(gtin, zh, en)
};

struct StoreName {
  PartyId store;
  ScanName zh;
  ScanName en;

  FENRUN_FIELDS(store, zh, en)
};

struct RegionName {
  RegionCode region;
  ScanName zh;
  ScanName en;

  FENRUN_FIELDS(region, zh, en)
};

struct NamesFile {
  List<ProductName, kScanNamesMax> products;
  List<StoreName, kScanNamesMax> stores;
  List<RegionName, kScanNamesMax> regions;

  FENRUN_FIELDS(products, stores, regions)
};

Error invalid(const std::string& what) { return {Errc::config_invalid, what}; }

}  // namespace

template <class Key, class Items, class KeyOf>
Status ScanNames::take(const Items& items, const char* kind, KeyOf key_of, Names<Key>& out) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& item = items[i];
    const std::string place = std::string(kind) + "[" + std::to_string(i) + "]";
    if (item.zh.value.empty() || item.en.value.empty()) return invalid(place + ": an empty name");
    if (!out.emplace(key_of(item), Name{item.zh.value, item.en.value}).second) {
      return invalid(place + ": named twice");
    }
  }
  return {};
}

Result<ScanNames> ScanNames::parse(std::string_view text) {
  JsonLimits limits;
  limits.bytes = kScanNamesBytesMax;
  limits.values = 4 * 3 * kScanNamesMax + 4;
  const auto json = parse_json(text, limits);
  if (!json) return invalid(json.error().detail);
  NamesFile file;
  if (const auto read = json::read(*json, json::Place{}, file); !read) {
    return invalid(read.error().detail);
  }
  ScanNames out;
  FENRUN_OK(take(
      file.products, "products", [](const auto& it) { return it.gtin.value; }, out.products_));
  FENRUN_OK(take(
      file.stores, "stores", [](const auto& it) { return it.store; }, out.stores_));
  FENRUN_OK(take(
      file.regions, "regions", [](const auto& it) { return it.region; }, out.regions_));
  return out;
}

}  // namespace fenrun::api
