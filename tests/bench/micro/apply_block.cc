// Executing a block: what each validator does with each transaction before it votes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contracts/apply.h"
#include "contracts/codes.h"
#include "core/check.h"
#include "ledger/proof/merkle.h"
#include "node/sim/random.h"
#include "tests/bench/micro/work.h"
#include "tests/support/world.h"

namespace fenrun::micro {
namespace {

using test::World;

constexpr std::size_t kSingleTransactions = 200;
constexpr std::size_t kSales = 500;
constexpr std::uint32_t kClaims = 250;
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

// The Merkle tree over 2^levels codes of which a few have keys: what holds none of them is made up.
class SparseTree {
 public:
  SparseTree(unsigned levels, const std::map<std::uint32_t, Digest>& leaves)
      : levels_(levels), leaves_(leaves) {}

  Digest root() const { return node(levels_, 0); }
  List<Digest, kCodePathMax> path(std::uint32_t index) const {
    List<Digest, kCodePathMax> out;
    for (unsigned level = 0; level < levels_; ++level) {
      out.push_back(node(level, (index >> level) ^ 1u));
    }
    return out;
  }

 private:
  Digest node(unsigned level, std::uint32_t index) const {
    const auto first = leaves_.lower_bound(index << level);
    if (first == leaves_.end() || first->first >> level != index) {
      return test::digest_named(std::to_string(level) + "/" + std::to_string(index));
    }
    if (level == 0) return first->second;
    return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
  }

  unsigned levels_;
  const std::map<std::uint32_t, Digest>& leaves_;
};

// Codes of a batch of 2^levels are used by those who hold them, all over it.
Work execute_claims(unsigned levels) {
  constexpr UnitBatchId kBatch(77);
  const auto world = std::make_shared<World>();
  CHECK(world->join("store", Role::store, "east") == Errc::ok);
  const std::uint32_t count = 1u << levels;
  const PublicKey key = test::key_named("code").public_key();
  std::map<std::uint32_t, Digest> leaves;
  for (std::uint32_t i = 0; i < kClaims; ++i) {
    const UnitId unit{kBatch, UnitLevel::item, count / kClaims * i};
    leaves.emplace(unit.index, leaf_hash(code_leaf(unit, key)));
  }
  const SparseTree tree(levels, leaves);
  RegisterCodes codes;
  codes.batch = kBatch;
  codes.levels = {{UnitLevel::item, test::kItemProduct, count, 0}};
  codes.root = tree.root();
  codes.path = ClaimPath::bearer;
  CHECK(world->run("brand", codes) == Errc::ok);
  RecordEvent made = test::event(EventKind::commissioning, "brand", {}, "made", world->time());
  made.batch.reset();
  made.ranges = {{kBatch, UnitLevel::item, 0, count}};
  CHECK(world->run("brand", made) == Errc::ok);

  std::vector<Operation> claims;
  for (const auto& [index, leaf] : leaves) {
    Claim claim{kBatch, index, {}, test::party_named("store"), RegionCode(310'100), world->time()};
    claims.push_back(ClaimCode{claim, key, {}, tree.path(index)});
  }
  const auto transaction = world->sign("store", claims);
  const auto block = world->execute({transaction});
  for (const auto& bytes : block.entries) {
    const auto entry = decode_entry(bytes);
    const auto* const operation = std::get_if<OperationEntry>(&*entry);
    CHECK(operation == nullptr || operation->outcome == Errc::ok);
  }
  return execute(world, {transaction}, 0);
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
      {"apply_claims_1k", [] { return execute_claims(10); }},
      {"apply_claims_8m", [] { return execute_claims(23); }},
  };
}

}  // namespace fenrun::micro
