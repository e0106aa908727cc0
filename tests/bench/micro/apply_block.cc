// Executing a block: what each validator does with each transaction before it votes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contracts/apply.h"
#include "core/check.h"
#include "node/sim/random.h"
#include "tests/bench/micro/work.h"
#include "tests/support/world.h"

namespace fenrun::micro {
namespace {

using test::World;

constexpr std::size_t kSingleTransactions = 200;
constexpr std::size_t kSales = 500;
constexpr std::size_t kPostingsInCounts = 3;  // Of Header::counts.

Operation budget_of(std::uint64_t campaign) {
  const CampaignId id(static_cast<std::uint32_t>(campaign));
  return DeclareBudget{id, AssetId(0), Amount::minor(1)};
}

// Executes these again and again on the same state.
Work execute(std::shared_ptr<const World> world, std::vector<SignedTransaction> transactions,
             std::size_t postings) {
  std::size_t operations = 0;
  for (const auto& transaction : transactions) operations += transaction.operations.size();
  const auto block = world->execute(transactions);
  CHECK(block.transactions.size() == transactions.size());
  CHECK(block.header.counts[kPostingsInCounts] == postings);  // So every operation was good.
  return {operations, [world = std::move(world), transactions = std::move(transactions)] {
            benchmark::DoNotOptimize(world->execute(transactions));
          }};
}

// A world in which the brand has budgets in campaigns 1..campaigns: two accounts in each.
std::shared_ptr<World> funded_world(std::uint64_t campaigns) {
  auto world = std::make_shared<World>();
  for (std::uint64_t first = 1; first <= campaigns; first += kTransactionOperationsMax) {
    std::vector<Operation> openings;
    std::vector<Operation> budgets;
    const auto end = std::min<std::uint64_t>(campaigns + 1, first + kTransactionOperationsMax);
    for (auto i = first; i < end; ++i) {
      openings.push_back(OpenCampaign{CampaignId(static_cast<std::uint32_t>(i)), {}});
      budgets.push_back(budget_of(i));
    }
    world->run_all("brand", openings);
    world->run_all("brand", budgets);
  }
  return world;
}

// Budgets of campaigns that are drawn from all of them.
std::vector<Operation> some_budgets(std::size_t count, std::uint64_t campaigns) {
  sim::Random random(campaigns);
  std::vector<Operation> operations;
  for (std::size_t i = 0; i < count; ++i) {
    operations.push_back(budget_of(1 + random.below(campaigns)));
  }
  return operations;
}

Work execute_singles(std::uint64_t accounts) {
  const auto world = funded_world(accounts / 2);
  std::vector<SignedTransaction> transactions;
  for (const auto& operation : some_budgets(kSingleTransactions, accounts / 2)) {
    transactions.push_back(
        world->sign("brand", {operation}, TransactionMode::independent, transactions.size()));
  }
  return execute(world, std::move(transactions), kSingleTransactions);
}

Work execute_batch(std::uint64_t accounts) {
  const auto world = funded_world(accounts / 2);
  const auto operations = some_budgets(kTransactionOperationsMax, accounts / 2);
  return execute(world, {world->sign("brand", operations)}, kTransactionOperationsMax);
}

// The main job: a store sells goods, one event each, and two funders owe it their parts.
Work execute_sales() {
  const auto world = std::make_shared<World>();
  CHECK(world->join("store", Role::store, "east") == Errc::ok);
  test::start_campaign(*world, test::selling_policy(*world));
  for (const auto* funder : {"brand", "east"}) {
    const auto budget = Amount::minor(1'000'000);
    CHECK(world->run(funder, DeclareBudget{test::kCampaign, AssetId(0), budget}) == Errc::ok);
  }
  test::commission_items(*world, kSales);
  test::stock_items(*world, "store", 0, kSales);
  std::vector<Operation> sales;
  for (int i = 0; i < static_cast<int>(kSales); ++i) {
    sales.push_back(test::event(EventKind::retail_selling, "store", {test::item(i)},
                                "sale " + std::to_string(i), world->time()));
  }
  return execute(world, {world->sign("store", sales)}, 2 * kSales);
}

}  // namespace

std::vector<NamedWork> apply_block_work() {
  return {
      {"apply_block_single", [] { return execute_singles(2); }},
      {"apply_block_single_1k", [] { return execute_singles(1'000); }},
      {"apply_block_single_10k", [] { return execute_singles(10'000); }},
      {"apply_block_batch", [] { return execute_batch(2); }},
      {"apply_block_batch_1k", [] { return execute_batch(1'000); }},
      {"apply_block_batch_10k", [] { return execute_batch(10'000); }},
      {"apply_block_sales", execute_sales},
  };
}

}  // namespace fenrun::micro
