// What a year of the largest brand's codes costs: a billion of them, printed and made, packed
// regularly, on their way.
#include <gtest/gtest.h>

#include "contracts/codes.h"
#include "contracts/units.h"
#include "tests/support/printed_codes.h"

namespace fenrun::test {
namespace {

constexpr std::uint32_t kBatches = 100;
constexpr std::uint32_t kItems = 10'000'000;
constexpr std::uint32_t kPerCase = 24;
constexpr std::uint32_t kPerPallet = 50;
constexpr std::uint32_t kCases = (kItems + kPerCase - 1) / kPerCase;
constexpr std::uint32_t kPallets = (kCases + kPerPallet - 1) / kPerPallet;

RegisterCodes printed(std::uint32_t number) {
  RegisterCodes out;
  out.batch = UnitBatchId(number + 1);
  out.levels = {{UnitLevel::item, kItemProduct, kItems, kPerCase},
                {UnitLevel::case_, kCaseProduct, kCases, kPerPallet},
                {UnitLevel::logistic, {}, kPallets, 0}};
  out.sscc_first = 6'901'234'000'000'000 + number * 10'000ull;
  out.root = digest_named("root " + std::to_string(number));
  out.path = ClaimPath::bearer;
  return out;
}

RecordEvent made(UnitBatchId batch, TimeMs time) {
  RecordEvent out;
  out.kind = EventKind::commissioning;
  out.time = time;
  out.place = party_named("brand");
  out.id.document = digest_named("made " + std::to_string(batch.value()));
  out.ranges = {{batch, UnitLevel::item, 0, kItems},
                {batch, UnitLevel::case_, 0, kCases},
                {batch, UnitLevel::logistic, 0, kPallets}};
  return out;
}

struct Size {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

Size size_of(const StateView& state) {
  Size size;
  for (auto key = state.at_or_after(RecordKey(Bytes{0})); key;) {
    const auto record = state.record(*key);
    ++size.records;
    size.bytes += key->size() + (record->value ? record->value->size() : 0);
    auto next = Bytes(key->begin(), key->end());
    next.push_back(0);
    key = state.at_or_after(next);
  }
  return size;
}

TEST(BillionCodes, AreFewRecords) {
  World world;
  const Size before = size_of(world.state());
  for (std::uint32_t i = 0; i < kBatches; ++i) {
    const auto codes = printed(i);
    ASSERT_EQ(world.run("brand", codes), Errc::ok);
    ASSERT_EQ(world.run("brand", made(codes.batch, world.time())), Errc::ok);
  }
  // Each is a unit of its own, in its case, on its pallet.
  const UnitId last{UnitBatchId(kBatches), UnitLevel::item, kItems - 1};
  const auto unit = find_unit(world.state(), last);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->now.parent, (UnitId{last.batch, UnitLevel::case_, kCases - 1}));
  EXPECT_EQ(find_unit_id(world.state(), unit->epc.value), last);
  EXPECT_EQ(custody_of(world.state(), *unit).holder, party_named("brand"));

  // And one pallet of each batch goes to the distributor, with its 28,800 bottles.
  for (std::uint32_t i = 0; i < kBatches; ++i) {
    RecordEvent shipped = made(UnitBatchId(i + 1), world.time());
    shipped.kind = EventKind::shipping;
    shipped.counterparty = party_named("east");
    shipped.id.document = digest_named("shipped " + std::to_string(i));
    shipped.ranges = {{UnitBatchId(i + 1), UnitLevel::logistic, 0, 1}};
    ASSERT_EQ(world.run("brand", shipped), Errc::ok);
  }
  const auto bottle = find_unit(world.state(), {UnitBatchId(1), UnitLevel::item, 0});
  EXPECT_EQ(custody_of(world.state(), *bottle).state, UnitState::shipped);

  const Size after = size_of(world.state());
  const std::uint64_t bytes = after.bytes - before.bytes;
  RecordProperty("records", std::to_string(after.records - before.records));
  RecordProperty("bytes", std::to_string(bytes));
  EXPECT_LT(bytes, 300'000'000U) << "what may be spent on them";
  EXPECT_LT(bytes, 1'000'000U) << "what is";
}

}  // namespace
}  // namespace fenrun::test
