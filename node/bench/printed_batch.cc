#include "node/bench/printed_batch.h"

#include <algorithm>
#include <numeric>
#include <thread>

#include "contracts/codes.h"
#include "ledger/merkle/tree.h"
#include "node/bench/numbers.h"

namespace fenrun::bench {
namespace {

constexpr UnitBatchId kPrinted{2};
constexpr std::uint64_t kRegions = 300;
const GtinText kBottle{"06901234567892"};

SigningKey code_key(const Digest& chain_id, std::uint32_t index) {
  return SigningKey::from_seed(code_seed(chain_id, kPrinted, index, filled<CodeSecret>(index)));
}

std::vector<Digest> code_leaves(const Digest& chain_id, std::uint32_t count) {
  std::vector<Digest> leaves(count);
  std::vector<std::jthread> workers;
  const auto threads = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned first = 0; first < threads; ++first) {
    workers.emplace_back([&, first] {
      for (std::uint32_t i = first; i < count; i += threads) {
        const UnitId item{kPrinted, UnitLevel::item, i};
        leaves[i] = leaf_hash(code_leaf(item, code_key(chain_id, i).public_key()));
      }
    });
  }
  workers.clear();
  return leaves;
}

// A prime, so that its multiples meet each index of a batch once, whatever the batch's size.
constexpr std::uint64_t kStride = 16'777'213;
static_assert(kStride > kCodesMax);

}  // namespace

PrintedBatch::PrintedBatch(std::uint32_t count) {
  registration_.batch = kPrinted;
  registration_.levels = {CodeLevel{UnitLevel::item, kBottle, count, 0}};
}

PrintedBatch PrintedBatch::of_bearers(const Digest& chain_id, std::uint32_t count) {
  PrintedBatch batch(count);
  batch.chain_id_ = chain_id;
  batch.tree_.push_back(code_leaves(chain_id, count));
  while (batch.tree_.back().size() > 1) {
    const auto& below = batch.tree_.back();
    std::vector<Digest> level(below.size() / 2);
    for (std::size_t i = 0; i < level.size(); ++i) {
      level[i] = node_hash(below[2 * i], below[2 * i + 1]);
    }
    batch.tree_.push_back(std::move(level));
  }
  batch.registration_.path = ClaimPath::bearer;
  batch.registration_.root = merkle_root(
      count, [&](unsigned level, std::uint64_t index) { return batch.tree_[level][index]; });
  return batch;
}

PrintedBatch PrintedBatch::of_gateway(const PartyId& gateway, std::uint32_t count) {
  PrintedBatch batch(count);
  batch.registration_.path = ClaimPath::gateway;
  batch.registration_.gateway = gateway;
  batch.registration_.root = sha256(bytes_of("no code of it is ever shown"));
  return batch;
}

RecordEvent PrintedBatch::commissioning(const PartyId& place, TimeMs time) const {
  RecordEvent out;
  out.kind = EventKind::commissioning;
  out.time = time;
  out.place = place;
  out.id.document = sha256(bytes_of("what the printing line reports"));
  out.ranges = {UnitRange{kPrinted, UnitLevel::item, 0, count()}};
  return out;
}

Operation PrintedBatch::claim(std::uint64_t number, const PartyId& store, TimeMs time) const {
  Claim claim;
  claim.batch = kPrinted;
  claim.index = static_cast<std::uint32_t>(number % count() * kStride % count());
  claim.claimant = filled<SubjectId>(number);
  claim.store = store;
  claim.region = RegionCode(static_cast<std::uint32_t>(1 + mixed_bits(number) % kRegions));
  claim.time = time;
  if (registration_.path == ClaimPath::gateway) return AttestClaim{claim};
  const auto key = code_key(chain_id_, claim.index);
  ClaimCode out{
      claim, key.public_key(), key.sign(Domain::code_claim, claim_message(chain_id_, claim)), {}};
  const auto path = inclusion_path(claim.index, count(), [&](unsigned level, std::uint64_t index) {
    return tree_[level][index];
  });
  out.path.assign(path.begin(), path.end());
  return out;
}

}  // namespace fenrun::bench
