#include "node/audit/assets.h"

#include <numeric>

#include "contracts/records.h"

namespace fenrun::audit {
namespace {

using Totals = std::map<AssetId, AssetTotals>;

// Calls back with each Record of a family that has a value.
template <class Visit>
void for_each_record(const StateView& state, std::uint8_t family, const Visit& visit) {
  auto key = state.at_or_after(ByteView(&family, 1));
  while (key && (*key)[0] == family) {
    if (const auto value = state.value(*key)) visit(*key, *value);
    key->push_back(0);  // The smallest key behind it.
    key = state.at_or_after(*key);
  }
}

template <class V>
std::optional<V> linked_value(const Bytes& bytes) {
  auto linked = decode<Linked<V>>(bytes);
  CHECK(linked.has_value());  // Execution wrote it.
  return linked->value;
}

void add_statements(const StateView& state, Totals& totals) {
  for_each_record(state, static_cast<std::uint8_t>(Family::statement),
                  [&](const RecordKey& key, const Bytes& value) {
                    const auto id = statement_from_key(key);
                    const auto statement = linked_value<Statement>(value);
                    if (!id || !statement) return;
                    auto& asset = totals[id->account.asset];
                    asset.debits += statement->debits.units();
                    asset.credits += statement->credits.units();
                  });
}

void add_funds(const StateView& state, Totals& totals) {
  constexpr std::size_t kAssetAt = 5;  // Behind family and campaign: contracts/keys.h.
  for_each_record(state, static_cast<std::uint8_t>(ContractFamily::fund),
                  [&](const RecordKey& key, const Bytes& value) {
                    const auto fund = linked_value<Fund>(value);
                    if (!fund) return;
                    std::uint32_t number = 0;
                    for (std::size_t i = 0; i < sizeof(number); ++i) {
                      number = number << 8 | key.at(kAssetAt + i);
                    }
                    auto& asset = totals[AssetId(number)];
                    asset.declared += fund->declared.units();
                    asset.backed += fund->backed.units();
                    asset.earned += fund->earned.units();
                    asset.settled += fund->settled.units();
                  });
}

}  // namespace

bool AssetTotals::is_conserved() const {
  const Sum all = std::accumulate(moved.begin(), moved.end(), Sum{0});
  return debits == credits && debits == all && declared == moved_by(PostingKind::budget) &&
         earned == moved_by(PostingKind::earning) - moved_by(PostingKind::reversal) &&
         settled == moved_by(PostingKind::settle);
}

std::vector<AssetTotals> totals_of(const Tally& tally, const StateView& state) {
  Totals totals;
  for (const auto& [asset, moved] : tally.moved) totals[asset].moved = moved;
  add_statements(state, totals);
  add_funds(state, totals);
  std::vector<AssetTotals> out;
  for (auto& [asset, of_asset] : totals) {
    of_asset.asset = asset;
    out.push_back(of_asset);
  }
  return out;
}

}  // namespace fenrun::audit
