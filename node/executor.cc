#include "node/executor.h"

#include <algorithm>
#include <set>

#include "contracts/apply.h"
#include "contracts/limits.h"
#include "contracts/records.h"
#include "core/check.h"
#include "core/planted.h"
#include "node/storage/append_log.h"

namespace fenrun {
namespace {

// A block is one record of the journal.  Of Records the entry's tag, version and lengths come on
// top, of what time triggers there is little.
static_assert(kBlockEntryBytesMax + kBlockWriteBytesMax + 64 * kBlockWritesMax + (16U << 20) <
              AppendLog::kPayloadBytesMax);

std::vector<const SignedTransaction*> transactions_of(
    const std::vector<std::shared_ptr<const EncodedBatch>>& batches) {
  std::vector<const SignedTransaction*> transactions;
  for (const auto& held : batches) {
    for (const auto& transaction : held->batch().transactions) transactions.push_back(&transaction);
  }
  return transactions;
}

std::optional<Header> decode_header(ByteView bytes) {
  auto entry = decode_entry(bytes);
  if (!entry) return std::nullopt;
  auto* header = std::get_if<Header>(&*entry);
  if (!header) return std::nullopt;
  return *header;
}

bool has_repetition(const std::vector<Digest>& digests, const std::vector<Digest>& earlier) {
  std::set<Digest> seen(earlier.begin(), earlier.end());
  return !std::ranges::all_of(digests, [&](const Digest& d) { return seen.insert(d).second; });
}

// For bugs that take a header unseen: the block as if its execution had given this one.
void take_header(ExecutedBlock& block, const BlockPoint& parent, const Header& header) {
  block.header = header;
  block.entries.back() = encode_entry(header);
  block.leaves.back() = leaf_hash(block.entries.back());
  block.id = block.leaves.back();
  block.frontier = parent.frontier;
  for (const auto& leaf : block.leaves) block.frontier.append(leaf);
}

// What the leader did not sign must agree with what it did.
bool fits(const Header& header, const Propose& propose) {
  return header.batch_list == batch_list_digest(propose.payload.batches) &&
         header.parent == propose.parent_id && header.height == propose.height;
}

bool is_time_after(TimeMs parent, TimeMs time) {
  return time > parent && time.value() <= kBlockTimeMax;
}

BlockContext context_of(const Header& header) {
  return {.epoch = header.epoch,
          .height = header.height,
          .view = header.view,
          .parent_view = header.parent_view,
          .time = header.time,
          .proposer = header.proposer,
          .batch_list = header.batch_list};
}

}  // namespace

std::vector<Digest> Executor::batches_of(const Digest& block_id) const {
  const auto it = batches_of_.find(block_id);
  return it == batches_of_.end() ? std::vector<Digest>() : it->second;
}

bool Executor::names(const Digest& batch) const {
  return std::ranges::any_of(batches_of_, [&](const auto& item) {
    return std::ranges::find(item.second, batch) != item.second.end();
  });
}

void Executor::prune() {
  std::erase_if(batches_of_, [&](const auto& item) { return !journal_->find(item.first); });
}

std::vector<Digest> Executor::batches_since_tip(Digest block_id) const {
  std::vector<Digest> digests;
  while (const auto* block = journal_->find(block_id)) {
    const auto own = batches_of(block_id);
    digests.insert(digests.end(), own.begin(), own.end());
    block_id = block->header.parent;
  }
  return digests;
}

std::unique_ptr<ExecutedBlock> Executor::execute(const BlockPoint& parent,
                                                 const BlockContext& context,
                                                 const BatchList& batches) const {
  std::vector<std::shared_ptr<const EncodedBatch>> held;
  for (const auto& digest : batches) {
    held.push_back(batches_->find(digest));
    CHECK(held.back());
  }
  return execute(parent, context, transactions_of(held));
}

std::unique_ptr<ExecutedBlock> Executor::execute(
    const BlockPoint& parent, const BlockContext& context,
    const std::vector<const SignedTransaction*>& transactions) const {
  auto builder = meter_->measure(
      Stage::execute, [&] { return execute_transactions(parent, context, transactions); });
  return meter_->measure(Stage::hash, [&] {
    return std::make_unique<ExecutedBlock>(conclude_block(std::move(builder)));
  });
}

const ExecutedBlock& Executor::keep(std::unique_ptr<ExecutedBlock> block,
                                    const BatchList& batches) {
  batches_of_[block->id] = batches;
  return journal_->add(std::move(block));
}

Payload Executor::build(const Build& request, ValidatorIndex proposer, std::size_t quorum,
                        TimeMs clock) {
  const auto parent = journal_->point(request.parent_id);
  CHECK(parent && parent->height == request.parent_height);
  Payload payload;
  const bool has_room = journal_->unfinalized_bytes() <= unfinalized_bytes_max_;
  if (!request.empty_only && has_room) {
    const Parameters limits = parameters(*parent->state);
    payload.batches =
        batches_->select({.bytes = limits.block_bytes_max >> request.budget_halvings,
                          .operations = limits.block_operations_max >> request.budget_halvings,
                          .quorum = quorum,
                          .unacknowledged_bytes = kUnacknowledgedBytesMax},
                         batches_since_tip(request.parent_id));
  }
  const auto* before = journal_->find(request.parent_id);
  const bool extends_last = planted(PlantedBug::block_after_last) && before != nullptr;
  const BlockContext context{
      .epoch = extends_last ? before->header.epoch : parent->epoch,
      .height = parent->height.next(),
      .view = request.view,
      .parent_view = request.parent_view,
      .time = std::max(parent->time.next(), std::min(clock, TimeMs(kBlockTimeMax))),
      .proposer = proposer,
      .batch_list = batch_list_digest(payload.batches)};
  const auto& block = keep(execute(*parent, context, payload.batches), payload.batches);
  payload.header = block.entries.back();
  return payload;
}

std::vector<Digest> Executor::missing_batches(const Propose& propose) const {
  std::vector<Digest> missing;
  for (const auto& digest : propose.payload.batches) {
    if (!batches_->holds(digest)) missing.push_back(digest);
  }
  return missing;
}

// The header, if it is right as far as it alone tells.  Only within the block may no batch come
// twice: which ones an ancestor named cannot be told once it is final.  One that comes again has no
// effect.
std::variant<Header, Verdict> Executor::judge_header(const Propose& propose,
                                                     const BlockPoint& parent,
                                                     ValidatorIndex leader) const {
  const auto header = decode_header(propose.payload.header);
  if (!header) return Verdict::invalid;
  if (planted(PlantedBug::executed_block_believed) &&
      journal_->find(block_id_of(propose.payload)) != nullptr) {
    return *header;
  }
  if (!fits(*header, propose)) return Verdict::mismatch;
  const auto earlier = planted(PlantedBug::verdict_depends_on_tip)
                           ? batches_since_tip(propose.parent_id)
                           : std::vector<Digest>();
  if (header->epoch != propose.epoch || header->view != propose.view ||
      header->parent_view != propose.parent_view || header->height != parent.height.next() ||
      header->proposer != leader || !is_time_after(parent.time, header->time) ||
      has_repetition(propose.payload.batches, earlier)) {
    return Verdict::invalid;
  }
  return *header;
}

std::optional<Verdict> Executor::prejudge(const Propose& propose, ValidatorIndex leader,
                                          bool wanted) const {
  const auto parent = journal_->point(propose.parent_id);
  CHECK(parent.has_value());
  const auto judged = judge_header(propose, *parent, leader);
  if (const auto* verdict = std::get_if<Verdict>(&judged)) return *verdict;
  if (journal_->find(block_id_of(propose.payload))) return std::nullopt;
  if (!has_room_for(propose.payload.batches, *parent)) return Verdict::invalid;
  // Empty blocks never wait: one of them may be what makes the rest final.
  if (!wanted && !propose.payload.batches.empty() &&
      journal_->unfinalized_bytes() > 2 * unfinalized_bytes_max_) {
    return Verdict::crowded;
  }
  return std::nullopt;
}

// A leader names no more than a block may take, but for a single batch: what is executed for
// nothing, because no block has room for it, is bounded too.  Those that are not here count for
// nothing: if the others are too much already, so are all.
bool Executor::has_room_for(const BatchList& batches, const BlockPoint& parent) const {
  if (batches.size() <= 1) return true;
  std::size_t bytes = 0;
  std::size_t operations = 0;
  for (const auto& digest : batches) {
    const auto batch = batches_->find(digest);
    if (!batch) continue;
    bytes += batch->bytes().size();
    operations += batch->operations();
  }
  const Parameters limits = parameters(*parent.state);
  return bytes <= limits.block_bytes_max && operations <= limits.block_operations_max;
}

Verdict Executor::verify(const Propose& propose, ValidatorIndex leader, TimeMs clock) {
  const Digest id = block_id_of(propose.payload);
  const auto parent = journal_->point(propose.parent_id);
  CHECK(parent.has_value());
  const auto judged = judge_header(propose, *parent, leader);
  if (const auto* verdict = std::get_if<Verdict>(&judged)) return *verdict;
  const auto& header = std::get<Header>(judged);
  const bool is_early = header.time.value() > clock.value() + kBlockTimeAheadMsMax &&
                        header.time != parent->time.next();
  const Verdict right = is_early ? Verdict::early : Verdict::valid;
  // The same header on the same parent: executed for a vote before, or as a block fetched.
  if (journal_->find(id)) {
    batches_of_.try_emplace(id, propose.payload.batches);
    return right;
  }
  if (!has_room_for(propose.payload.batches, *parent)) return Verdict::invalid;
  auto block = execute(*parent, context_of(header), propose.payload.batches);
  if (planted(PlantedBug::header_not_compared)) take_header(*block, *parent, header);
  if (block->id != id) return Verdict::invalid;
  keep(std::move(block), propose.payload.batches);
  return right;
}

const ExecutedBlock* Executor::replay(const Header& header, const Digest& id,
                                      const std::vector<const SignedTransaction*>& transactions) {
  if (const auto* held = journal_->find(id)) return held;
  const auto parent = journal_->point(header.parent);
  CHECK(parent.has_value());
  if (header.height != parent->height.next() || !is_time_after(parent->time, header.time)) {
    return nullptr;
  }
  auto block = execute(*parent, context_of(header), transactions);
  if (planted(PlantedBug::range_not_executed)) take_header(*block, *parent, header);
  if (block->id != id) return nullptr;
  return &journal_->add(std::move(block));
}

}  // namespace fenrun
