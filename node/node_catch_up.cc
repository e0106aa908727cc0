// Catching up: finalized blocks are fetched in ranges, each vouched for by the finalization of its
// last block, executed and committed.  docs/spec/network.md, §10.
#include <algorithm>

#include "core/check.h"
#include "core/overloaded.h"
#include "node/node.h"

namespace fenrun {
namespace {

// An answer grows to this, or to the first block with a certificate of its own, but never beyond
// what a frame holds.
constexpr std::size_t kRangeBytesMax = 2 * 1024 * 1024;
constexpr std::size_t kRangeBytesHardMax = kFrameBytesMax - 64 * 1024;
constexpr std::uint64_t kRangeAskAgainMs = 1'500;

}  // namespace

void Node::request_range() {
  CHECK(catch_up_.has_value());
  if (const auto peer = linked_peer(catch_up_->source, catch_up_->attempts)) {
    const Height from = journal_->tip().height.next();
    send(*peer, net::Channel::consensus,
         Message(GetRange{from, Height(from.value() + kRangeBlocksMax - 1)}));
  }
  ++catch_up_->attempts;
  catch_up_->asked_at = now().steady;
}

void Node::check_catch_up() {
  if (!catch_up_) return;
  if (replica_->finalized().view >= catch_up_->target.subject.view) {
    log(LogLevel::info, "caught up at height " + std::to_string(journal_->tip().height.value()));
    catch_up_.reset();
  } else if (now().steady.value() - catch_up_->asked_at.value() >= kRangeAskAgainMs) {
    request_range();
  }
}

Result<FinalizedBlock> Node::finalized_block(Height height) const {
  const auto& store = journal_->store();
  const auto last = store.header_position(height);
  const auto before = store.header_position(Height(height.value() - 1));
  if (!last || !before) return Errc::not_found;
  const Position first = before->next();
  FENRUN_TRY(const auto entries, store.entries(first, last->value() - first.value() + 1));
  FinalizedBlock block;
  block.header = entries.back();
  for (const auto& bytes : entries) {
    FENRUN_TRY(auto entry, decode_entry(bytes));
    if (auto* transaction = std::get_if<TransactionEntry>(&entry)) {
      block.transactions.push_back({std::move(transaction->body), transaction->signature, {}});
    } else if (auto* operation = std::get_if<OperationEntry>(&entry)) {
      block.transactions.back().operations.push_back(std::move(operation->payload));
    }
  }
  return block;
}

void Node::serve_range(net::PeerIndex to, const GetRange& request) {
  RangeAnswer answer;
  std::size_t bytes = 0;
  // Blocks are collected up to one that has a certificate of its own: blocks that were finalized by
  // a descendant's have none.
  List<FinalizedBlock, kRangeBlocksMax> pending;
  for (Height height = std::max(request.from, Height(1));
       height <= std::min(request.to, journal_->tip().height) &&
       answer.blocks.size() + pending.size() < kRangeBlocksMax &&
       (bytes < kRangeBytesMax || answer.blocks.empty());
       height = height.next()) {
    auto block = finalized_block(height);
    if (!block) {
      log(LogLevel::error, "cannot read height " + std::to_string(height.value()) + ": " +
                               block.error().to_string());
      break;
    }
    const auto header = decode_entry(block->header);
    CHECK(header.has_value());
    bytes += encode(*block).size();
    if (bytes > kRangeBytesHardMax) {
      if (answer.blocks.empty()) {
        log(LogLevel::error, "blocks that were finalized together from height " +
                                 std::to_string(request.from.value()) +
                                 " on are too large for one answer to " + members_.name_of(to));
      }
      break;
    }
    pending.push_back(*std::move(block));
    const auto certificate = journal_->store().certificate(height);
    if (!certificate || certificate->empty()) continue;
    auto decoded = decode<Certificate>(*certificate);
    CHECK(decoded.has_value());
    answer.finalization = *std::move(decoded);
    for (auto& item : pending) answer.blocks.push_back(std::move(item));
    pending.clear();
    if (std::get<Header>(*header).ends_epoch()) break;  // Others finalize what follows.
  }
  send(to, net::Channel::bulk, answer);
}

void Node::take_range(net::PeerIndex from, const RangeAnswer& answer) {
  if (!catch_up_) return;
  const Height before = journal_->tip().height;
  const auto status = replay_range(answer);
  if (failed_) return;
  if (!status) {
    log(LogLevel::warn, "blocks of " + members_.name_of(from) + ": " + status.error().to_string());
  }
  if (journal_->tip().height == before) return;  // Another peer is asked when it is time.
  after_commit();
  give(Synced{synced_tip_});
  catch_up_->attempts = 0;
  catch_up_->source = from;
  if (journal_->tip_id() == catch_up_->target.subject.block_id) {
    log(LogLevel::info, "caught up at height " + std::to_string(journal_->tip().height.value()));
    catch_up_.reset();
  } else {
    request_range();
  }
}

Status Node::replay_range(const RangeAnswer& answer) {
  if (answer.blocks.empty() || !answer.finalization) return Error{Errc::not_found, "no blocks"};
  const auto& finalization = *answer.finalization;
  if (finalization.subject.kind != VoteKind::finalize ||
      finalization.subject.epoch != replica_->finalized().epoch || replica_->ended()) {
    return Error{Errc::value_invalid, "not a finalization of this epoch"};
  }
  // The hash chain backwards from the certificate vouches for every header.
  std::vector<Header> headers;
  std::vector<Digest> ids;
  for (const auto& block : answer.blocks) {
    FENRUN_TRY(auto entry, decode_entry(block.header));
    const auto* header = std::get_if<Header>(&entry);
    if (!header) return Error{Errc::value_invalid, "not a header"};
    headers.push_back(*header);
    ids.push_back(leaf_hash(block.header));
  }
  if (ids.back() != finalization.subject.block_id) {
    return Error{Errc::value_invalid, "the finalization is of another block"};
  }
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    if (headers[i + 1].parent != ids[i]) return Error{Errc::value_invalid, "not a chain"};
  }
  SignatureChecker checker(journal_->tip().chain_id, replica_->validators());
  FENRUN_OK(checker.check(finalization));

  // What consensus committed while the answer was on its way is passed over.
  std::size_t next = 0;
  while (next < headers.size() && headers[next].height <= journal_->tip().height) ++next;
  if (next == headers.size()) return {};
  if (headers[next].parent != journal_->tip_id()) {
    return Error{Errc::value_invalid, "does not extend the tip"};
  }
  for (std::size_t i = next; i < headers.size(); ++i) {
    std::vector<const SignedTransaction*> transactions;
    for (const auto& transaction : answer.blocks[i].transactions) {
      FENRUN_OK(check_form(transaction, journal_->tip().chain_id));
      transactions.push_back(&transaction);
    }
    // A header is vouched for, the transactions beside it are what the peer says they were.
    if (!executor_.replay(headers[i], ids[i], transactions)) {
      return Error{Errc::value_invalid, "height " + std::to_string(headers[i].height.value()) +
                                            " does not execute to its header"};
    }
  }
  if (!commit(std::span(ids).subspan(next), finalization)) return Errc::io_error;
  synced_tip_ = {finalization.subject.epoch,
                 finalization.subject.view,
                 journal_->tip().height,
                 journal_->tip_id(),
                 finalization,
                 journal_->tip().ends_epoch()};
  return {};
}

}  // namespace fenrun
