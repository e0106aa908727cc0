// Random operations against a model that restates the rules of money with plain integers.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/support/world.h"

namespace fenrun::test {
namespace {

constexpr int kItems = 40;
constexpr std::int64_t kRate = 33;  // An odd amount: shares of 60 and 40 percent have remainders.
const std::vector<std::string> kStores{"store a", "store b", "store c"};

// The two funders, by index: brand 0, east 1.
struct ModelFund {
  std::int64_t declared = 0;
  std::int64_t earned = 0;
  std::int64_t settled = 0;
};

struct ModelPayout {
  std::string store;
  std::int64_t amount = 0;
  PayoutState state{};
  std::uint32_t attempt = 1;
};

struct Model {
  ModelFund funds[2];
  std::map<std::string, std::int64_t> payable;
  std::map<std::string, std::int64_t> instructed;
  std::set<int> sold;
  std::map<int, ModelPayout> payouts;

  Errc declare(int funder, std::int64_t amount) {
    if (amount <= 0) return Errc::amount_not_positive;
    funds[funder].declared += amount;
    return Errc::ok;
  }

  // Which store has received the item.
  static std::string store_of(int item) {
    return kStores[static_cast<std::size_t>(item) % kStores.size()];
  }

  Errc sell(const std::string& store, const std::set<int>& items) {
    for (const int i : items) {
      if (sold.contains(i)) return Errc::unit_sold;
      if (store_of(i) != store) return Errc::unit_not_received;
    }
    sold.insert(items.begin(), items.end());
    // Tenths of a fen: 6 and 4 of each fen; a left-over fen goes to the larger fraction.
    const std::int64_t amount = kRate * static_cast<std::int64_t>(items.size());
    std::int64_t part[2] = {amount * 6 / 10, amount * 4 / 10};
    if (part[0] + part[1] < amount) ++part[amount * 6 % 10 >= amount * 4 % 10 ? 0 : 1];
    for (int f = 0; f < 2; ++f) {
      if (funds[f].declared - funds[f].earned < part[f]) return Errc::ok;  // Earns nothing.
    }
    for (int f = 0; f < 2; ++f) funds[f].earned += part[f];
    payable[store] += amount;
    return Errc::ok;
  }

  Errc instruct(int id, const std::string& store, std::int64_t amount) {
    if (amount <= 0) return Errc::amount_not_positive;
    const auto it = payouts.find(id);
    if (it != payouts.end() && (it->second.state != PayoutState::failed ||
                                it->second.store != store || it->second.amount != amount)) {
      return Errc::payout_exists;
    }
    if (amount > payable[store]) return Errc::payout_exceeds_earned;
    payable[store] -= amount;
    instructed[store] += amount;
    if (it == payouts.end()) {
      payouts[id] = {store, amount, PayoutState::instructed, 1};
    } else {
      it->second.state = PayoutState::instructed;
      ++it->second.attempt;
    }
    return Errc::ok;
  }

  Errc settle(int id, std::uint32_t attempt, bool paid) {
    const auto it = payouts.find(id);
    if (it == payouts.end()) return Errc::payout_unknown;
    auto& payout = it->second;
    if (payout.state != PayoutState::instructed || payout.attempt != attempt) {
      return Errc::payout_state;
    }
    instructed[payout.store] -= payout.amount;
    payout.state = paid ? PayoutState::paid : PayoutState::failed;
    if (!paid) {
      payable[payout.store] += payout.amount;
      return Errc::ok;
    }
    const std::int64_t owed[2] = {funds[0].earned - funds[0].settled,
                                  funds[1].earned - funds[1].settled};
    const std::int64_t total = owed[0] + owed[1];
    std::int64_t part[2] = {payout.amount * owed[0] / total, payout.amount * owed[1] / total};
    if (part[0] + part[1] < payout.amount) {
      // Ties go to whoever's party id is the smaller one.
      const int first = party_named("brand") < party_named("east") ? 0 : 1;
      const std::int64_t rest[2] = {payout.amount * owed[0] % total,
                                    payout.amount * owed[1] % total};
      ++part[rest[first] >= rest[1 - first] ? first : 1 - first];
    }
    for (int f = 0; f < 2; ++f) funds[f].settled += part[f];
    return Errc::ok;
  }
};

class RandomMoney {
 public:
  RandomMoney() {
    for (const auto& store : kStores) CHECK(world_.join(store, Role::store, "east") == Errc::ok);
    commission_items(world_, kItems);
    for (int i = 0; i < kItems; ++i) stock_items(world_, Model::store_of(i), i, 1);
    auto policy = selling_policy(world_);
    policy.rules[0].earning = FlatPerEvent{Amount::minor(kRate), Basis::per_unit};
    start_campaign(world_, policy);
  }

  // Some random transactions in one block, and what the model says of them.
  void step() {
    std::vector<SignedTransaction> transactions;
    std::vector<Errc> expected;
    std::map<std::string, std::uint64_t> ahead;
    const int count = *rc::gen::inRange(1, 5);
    for (int i = 0; i < count; ++i) {
      const auto mode = *rc::gen::element(TransactionMode::atomic, TransactionMode::independent);
      const auto signer = *rc::gen::element<std::string>("brand", "east");
      transactions.push_back(
          world_.sign(signer, random_operations(signer, mode, expected), mode, ahead[signer]++));
    }
    execute_twice(transactions);
    RC_ASSERT(world_.outcomes() == expected);
    compare();
  }

 private:
  std::vector<Operation> random_operations(const std::string& signer, TransactionMode mode,
                                           std::vector<Errc>& expected) {
    const Model before = model_;
    std::vector<Operation> operations;
    std::vector<Errc> outcomes;
    bool is_aborted = false;
    const int count = *rc::gen::inRange(1, 5);
    for (int i = 0; i < count; ++i) {
      const auto [operation, outcome] = random_operation(signer);
      operations.push_back(operation);
      outcomes.push_back(is_aborted ? Errc::atomic_aborted : outcome);
      if (mode == TransactionMode::atomic && outcome != Errc::ok && !is_aborted) {
        is_aborted = true;
        std::fill(outcomes.begin(), outcomes.end() - 1, Errc::atomic_aborted);
      }
    }
    if (is_aborted) model_ = before;
    expected.insert(expected.end(), outcomes.begin(), outcomes.end());
    return operations;
  }

  std::pair<Operation, Errc> random_operation(const std::string& signer) {
    const auto store = *rc::gen::elementOf(kStores);
    const int id = *rc::gen::inRange(0, 6);
    const auto name = "payout " + std::to_string(id);
    switch (*rc::gen::inRange(0, signer == "brand" ? 6 : 3)) {
      case 0: {
        const auto amount = *rc::gen::inRange<std::int64_t>(-1, 300);
        return {DeclareBudget{kCampaign, AssetId(0), Amount::minor(amount)},
                model_.declare(signer == "brand" ? 0 : 1, amount)};
      }
      case 1:
      case 2: {
        std::set<int> items;
        for (int i = *rc::gen::inRange(1, 4); i > 0; --i)
          items.insert(*rc::gen::inRange(0, kItems));
        std::vector<EpcText> units;
        for (const int i : items) units.push_back(item(i));
        return {event(EventKind::retail_selling, store, units,
                      "sale " + std::to_string(++documents_), world_.time()),
                model_.sell(store, items)};
      }
      case 3: {
        const auto amount = *rc::gen::inRange<std::int64_t>(0, 120);
        return {InstructPayout{payout_named(name), party_named(store), kCampaign, AssetId(0),
                               kPeriod, Amount::minor(amount), Rail::bank},
                model_.instruct(id, store, amount)};
      }
      default: {
        const auto attempt = *rc::gen::inRange<std::uint32_t>(1, 3);
        const bool paid = *rc::gen::arbitrary<bool>();
        return {
            SettlePayout{
                payout_named(name), attempt, paid ? PayoutResult::paid : PayoutResult::failed, {}},
            model_.settle(id, attempt, paid)};
      }
    }
  }

  // The same bytes at the second time, also for a child built on a block not yet committed.
  void execute_twice(const std::vector<SignedTransaction>& transactions) {
    auto block = world_.execute(transactions);
    RC_ASSERT(world_.execute(transactions).entries == block.entries);
    auto context = world_.next_context(2'000);
    context.height = context.height.next();
    const auto child = execute_block(block.point(), context, {});
    world_.commit(std::move(block));
    RC_ASSERT(execute_block(world_.point(), context, {}).entries == child.entries);
  }

  void compare() const {
    const char* funders[] = {"brand", "east"};
    std::int64_t sum = 0;
    for (int f = 0; f < 2; ++f) {
      const auto fund = find_fund(world_.state(), kCampaign, AssetId(0), party_named(funders[f]))
                            .value_or(Fund{});
      const auto& expected = model_.funds[f];
      RC_ASSERT(fund.declared.units() == expected.declared);
      RC_ASSERT(fund.earned.units() == expected.earned);
      RC_ASSERT(fund.settled.units() == expected.settled);
      RC_ASSERT(balance(funders[f], Book::fund) == expected.declared - expected.earned);
      RC_ASSERT(balance(funders[f], Book::external) == expected.settled - expected.declared);
      sum += balance(funders[f], Book::fund) + balance(funders[f], Book::external);
    }
    for (const auto& store : kStores) {
      RC_ASSERT(balance(store, Book::payable) == value(model_.payable, store));
      RC_ASSERT(balance(store, Book::instructed) == value(model_.instructed, store));
      RC_ASSERT(balance(store, Book::payable) >= 0);
      sum += balance(store, Book::payable) + balance(store, Book::instructed);
    }
    RC_ASSERT(sum == 0);
  }

  std::int64_t balance(const std::string& name, Book book) const {
    std::int64_t sum = 0;
    for (const auto period : {PeriodId(0), kPeriod}) {
      sum += world_.balance_of(name, book, kCampaign, period).units();
    }
    return sum;
  }
  static std::int64_t value(const std::map<std::string, std::int64_t>& map,
                            const std::string& key) {
    const auto it = map.find(key);
    return it == map.end() ? 0 : it->second;
  }

  World world_;
  Model model_;
  int documents_ = 0;
};

RC_GTEST_PROP(Money, MovesAsTheModelSays, ()) {
  RandomMoney money;
  for (int steps = *rc::gen::inRange(1, 40); steps > 0; --steps) money.step();
}

}  // namespace
}  // namespace fenrun::test
