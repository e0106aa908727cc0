#include "contracts/invariants.h"

#include <map>
#include <tuple>

#include "contracts/records.h"
#include "core/check.h"
#include "core/planted.h"

namespace fenrun {
namespace {

__extension__ using Wide = __int128;

// How much a block moved the two sums of something.
struct Movement {
  Wide debits = 0;
  Wide credits = 0;
};

struct FundId {
  CampaignId campaign;
  AssetId asset;
  PartyId funder;

  friend auto operator<=>(const FundId&, const FundId&) = default;
};

struct FundMovement {
  Wide promised = 0;  // By the world outside: equals what is declared.
  Wide left = 0;      // declared - earned.
  Wide settled = 0;

  friend bool operator==(const FundMovement&, const FundMovement&) = default;
};

struct Movements {
  std::map<AssetId, Movement> assets;
  std::map<FundId, FundMovement> by_statements;
  std::map<FundId, FundMovement> by_funds;
};

template <class V>
V value_of(const std::optional<Bytes>* bytes) {
  if (bytes == nullptr || !*bytes) return {};
  const auto value = decode_linked_value<V>(**bytes);
  CHECK(value.has_value());
  return value->value_or(V{});
}

void add_statement(Movements& movements, const StatementId& id, const Statement& before,
                   const Statement& after) {
  const Wide debits = static_cast<Wide>(after.debits.units()) - before.debits.units();
  const Wide credits = static_cast<Wide>(after.credits.units()) - before.credits.units();
  CHECK(debits >= 0 && credits >= 0);
  auto& asset = movements.assets[id.account.asset];
  asset.debits += debits;
  asset.credits += credits;

  const FundId fund{id.account.campaign, id.account.asset, id.account.party};
  const bool excused = planted(PlantedBug::earning_paid_twice);
  switch (id.account.book) {
    case Book::external:
      movements.by_statements[fund].promised += debits;
      movements.by_statements[fund].settled += credits;
      break;
    case Book::fund:
      movements.by_statements[fund].left += credits - debits;
      break;
    case Book::payable:
    case Book::instructed:
      CHECK(!balance(after).is_negative() || excused);
      break;
  }
}

void add_fund(Movements& movements, const FundId& id, const Fund& before, const Fund& after) {
  CHECK(Amount() <= after.settled);
  const bool excused = planted(PlantedBug::earning_paid_twice);
  CHECK(after.settled <= after.earned || excused);
  CHECK(after.earned <= after.declared);
  CHECK(Amount() <= after.backed && after.backed <= after.declared);
  auto& fund = movements.by_funds[id];
  const Wide declared = static_cast<Wide>(after.declared.units()) - before.declared.units();
  fund.promised += declared;
  fund.left += declared - (static_cast<Wide>(after.earned.units()) - before.earned.units());
  fund.settled += static_cast<Wide>(after.settled.units()) - before.settled.units();
}

std::optional<FundId> fund_from_key(ByteView key) {
  constexpr std::size_t kFundKeyBytes = 1 + 4 + 4 + PartyId::kSize;
  if (key.size() != kFundKeyBytes || key[0] != static_cast<std::uint8_t>(ContractFamily::fund)) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = (value << 8) | key[i];
    return value;
  };
  const auto funder = PartyId::from(key.subspan(9));
  CHECK(funder.has_value());
  return FundId{CampaignId(number(1)), AssetId(number(5)), *funder};
}

}  // namespace

void check_invariants(std::span<const Overlay::Change> changes) {
  Movements movements;
  for (const auto& [key, before, value] : changes) {
    const auto id = statement_from_key(key);
    const auto fund = id ? std::nullopt : fund_from_key(key);
    if (!id && !fund) continue;
    const auto* const earlier = before ? &before->value : nullptr;
    if (id) {
      add_statement(movements, *id, value_of<Statement>(earlier), value_of<Statement>(&value));
    } else {
      add_fund(movements, *fund, value_of<Fund>(earlier), value_of<Fund>(&value));
    }
  }
  for (const auto& [asset, movement] : movements.assets) {
    CHECK(movement.debits == movement.credits);
  }
  for (const auto& [id, movement] : movements.by_statements) {
    CHECK(movement == movements.by_funds[id]);
  }
  for (const auto& [id, movement] : movements.by_funds) {
    CHECK(movement == movements.by_statements[id]);
  }
}

}  // namespace fenrun
