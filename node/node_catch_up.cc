// Catching up: finalized blocks are fetched in ranges, each vouched for by the finalization of its
// last block or of a descendant, executed and committed.  docs/spec/network.md, §10.
#include <algorithm>

#include "core/check.h"
#include "core/overloaded.h"
#include "node/node.h"
#include "node/recovery.h"

namespace fenrun {
namespace {

// An answer holds blocks up to this many bytes, and one block in any case.
constexpr std::size_t kRangeBytesMax = 2 * 1024 * 1024;
// Of headers of descendants that follow; with the largest block they fit into a frame.
static_assert(kBlockBytesMax + kHeaderBytesMax + kRangeDescendantsMax * 384 < kFrameBytesMax);
constexpr std::uint64_t kRangeAskAgainMs = 1'500;

// Executed blocks that wait for their finalization take this many times what may wait of blocks
// that consensus agrees on: more than honest validators let come together.
constexpr std::uint64_t kReplayedRoom = 4;

// None for a block that a descendant's certificate finalized.
Result<std::optional<Certificate>> own_certificate(const LedgerStore& store, Height height) {
  FENRUN_TRY(const auto bytes, store.certificate(height));
  if (bytes.empty()) return std::optional<Certificate>();
  FENRUN_TRY(auto certificate, decode<Certificate>(bytes));
  return std::optional(std::move(certificate));
}

// The headers of the answer and their ids, if they are one chain of the epoch up to the block that
// the certificate names.  Its signatures are not looked at.
Result<std::vector<std::pair<Header, Digest>>> check_chain(const RangeAnswer& answer, Epoch epoch) {
  const auto& subject = answer.finalization->subject;
  if (subject.kind != VoteKind::finalize || subject.epoch != epoch) {
    return Error{Errc::value_invalid, "not a finalization of this epoch"};
  }
  std::vector<std::pair<Header, Digest>> chain;
  const auto add = [&](ByteView bytes) -> Status {
    FENRUN_TRY(auto entry, decode_entry(bytes));
    const auto* header = std::get_if<Header>(&entry);
    if (header == nullptr) return Error{Errc::value_invalid, "not a header"};
    if (header->epoch != epoch) return Error{Errc::value_invalid, "of another epoch"};
    if (!chain.empty() && header->parent != chain.back().second) {
      return Error{Errc::value_invalid, "not a chain"};
    }
    chain.emplace_back(*header, leaf_hash(bytes));
    return {};
  };
  for (const auto& block : answer.blocks) FENRUN_OK(add(block.header));
  for (const auto& header : answer.descendants) FENRUN_OK(add(header));
  if (chain.back().second != subject.block_id) {
    return Error{Errc::value_invalid, "the finalization is of another block"};
  }
  return chain;
}

}  // namespace

void Node::request_range() {
  CHECK(catch_up_.has_value());
  // The blocks behind it come afterwards.
  if (snapshot_ || now().steady < blocks_asked_from_) return;
  if (const auto peer = linked_peer(catch_up_->source, catch_up_->attempts)) {
    // Where all room is taken, another one may have the finalization that the last kept back.
    const Height above = has_room_to_replay() ? executed_height() : journal_->tip().height;
    const Height from = above.next();
    send(*peer, net::Channel::consensus,
         Message(GetRange{from, Height(from.value() + kRangeBlocksMax - 1)}));
  }
  ++catch_up_->attempts;
  catch_up_->asked_at = now().steady;
}

void Node::check_catch_up() {
  if (!catch_up_) return;
  if (replica_->finalized().view >= catch_up_->target.subject.view) {
    end_catch_up();
  } else if (now().steady.value() - catch_up_->asked_at.value() >= kRangeAskAgainMs) {
    request_range();
  }
}

void Node::end_catch_up() {
  log(LogLevel::info, "caught up at height " + std::to_string(journal_->tip().height.value()));
  catch_up_.reset();
  drop_spent_batches(batches_.pending_count());
  report_work();
}

// Up to where blocks are here, those that wait for the rest of their finalization included.
Height Node::executed_height() const {
  const auto* executed = journal_->find(catch_up_->executed);
  const Height tip = journal_->tip().height;
  return executed == nullptr ? tip : std::max(tip, executed->header.height);
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
  std::size_t certified = 0;  // Blocks up to the last that has a certificate of its own.
  const auto& store = journal_->store();
  const Height first = std::max(request.from, Height(1));
  // What lies below the snapshot with which this node began is not here.
  const bool is_kept = first > store.base().value_or(Height(0));
  for (Height height = first; is_kept && height <= std::min(request.to, journal_->tip().height) &&
                              answer.blocks.size() < kRangeBlocksMax;
       height = height.next()) {
    auto block = finalized_block(height);
    if (!block) {
      log(LogLevel::error, "cannot read height " + std::to_string(height.value()) + ": " +
                               block.error().to_string());
      break;
    }
    const auto own = own_certificate(store, height);
    if (!own) {
      log(LogLevel::error, "cannot read the finalization of height " +
                               std::to_string(height.value()) + ": " + own.error().to_string());
      break;
    }
    const auto& certificate = *own;
    // Nobody finalized it, and nobody needs to be given it.
    if (certificate && is_of_recovery(*certificate)) break;
    bytes += encode(*block).size();
    if (!answer.blocks.empty() && bytes > kRangeBytesMax) break;
    const auto header = decode_entry(block->header);
    CHECK(header && std::holds_alternative<Header>(*header));
    answer.blocks.push_back(*std::move(block));
    if (certificate) {
      answer.finalization = certificate;
      certified = answer.blocks.size();
    }
    if (std::get<Header>(*header).ends_epoch()) break;  // Others finalize what follows.
  }
  if (certified > 0) {
    answer.blocks.resize(certified);
  } else if (!answer.blocks.empty()) {
    const auto chained = add_descendants(answer, Height(first.value() + answer.blocks.size()));
    if (!chained) {
      log(LogLevel::error, "cannot serve height " + std::to_string(first.value()) + ": " +
                               chained.error().to_string());
      answer = {};
    }
  }
  send(to, net::Channel::bulk, answer);
}

// The headers from `first` on up to one that has a certificate of its own.
Status Node::add_descendants(RangeAnswer& answer, Height first) const {
  const auto& store = journal_->store();
  for (Height height = first; answer.descendants.size() < kRangeDescendantsMax;
       height = height.next()) {
    const auto position = store.header_position(height);
    if (!position) break;
    FENRUN_TRY(const auto bytes, store.entry(*position));
    answer.descendants.push_back(bytes);
    FENRUN_TRY(answer.finalization, own_certificate(store, height));
    if (answer.finalization) return {};
  }
  return Error{Errc::limit_exceeded, "too many blocks were finalized together"};
}

void Node::take_range(net::PeerIndex from, const RangeAnswer& answer) {
  if (!catch_up_) return;
  const Height before = executed_height();
  const Digest tip = journal_->tip_id();
  const auto status = replay_range(answer);
  if (failed_) return;
  if (!status) log_of_peer(from, "its blocks: " + status.error().to_string());
  // Another peer is asked when it is time.
  if (executed_height() == before && journal_->tip_id() == tip) return;
  catch_up_->attempts = 0;
  catch_up_->source = from;
  if (journal_->tip_id() != tip) {
    after_commit();
    give_first(Synced{synced_tip_});
  }
  if (journal_->tip_id() == catch_up_->target.subject.block_id) {
    end_catch_up();
  } else {
    request_range();
  }
}

// Executes the blocks of an answer, and commits those up to a block that is finalized.
Status Node::replay_range(const RangeAnswer& answer) {
  if (answer.blocks.empty() || !answer.finalization) return Error{Errc::not_found, "no blocks"};
  const auto& finalization = *answer.finalization;
  if (replica_->ended()) return Error{Errc::value_invalid, "this epoch is over"};
  FENRUN_TRY(const auto chain, check_chain(answer, replica_->finalized().epoch));
  SignatureChecker checker(journal_->tip().chain_id, replica_->validators());
  FENRUN_OK(checker.check(finalization));
  note_ahead(finalization, chain.back().first.height);

  Status status;
  if (answer.descendants.empty() || has_room_to_replay()) {
    status = replay_blocks(answer, chain);
  } else {
    status = Error{Errc::limit_exceeded, "too many blocks wait for their finalization"};
  }
  for (const auto& known : {finalization, *catch_up_->ahead}) {
    if (!journal_->find(known.subject.block_id)) continue;
    FENRUN_OK(commit_replayed(known));
    break;
  }
  return status;
}

// What is finalized above the tip, as low as anybody has shown it: a peer that names far
// descendants only does not make the blocks between wait for them.
void Node::note_ahead(const Certificate& finalization, Height height) {
  const bool is_known = catch_up_->ahead && catch_up_->ahead_height > journal_->tip().height &&
                        catch_up_->ahead_height <= height;
  if (is_known) return;
  catch_up_->ahead = finalization;
  catch_up_->ahead_height = height;
}

// More than that is executed only when everybody was asked in vain for an earlier finalization, one
// honest validator at least among them.
bool Node::has_room_to_replay() const {
  std::size_t linked = 0;
  std::size_t validators = 0;
  for (const auto& [number, peer] : peers_) {
    if (!peer.connected) continue;
    ++linked;
    if (members_.validator_of(number)) ++validators;
  }
  const std::size_t faulty = replica_->validators().size() - quorum();
  std::uint64_t rounds = 1;
  if (validators > faulty && catch_up_->attempts > 0) {
    rounds += (catch_up_->attempts - 1) / linked;
  }
  return journal_->unfinalized_count() < rounds * (kRangeBlocksMax + kRangeDescendantsMax) &&
         journal_->unfinalized_bytes() < rounds * kReplayedRoom * options_.unfinalized_bytes;
}

Status Node::replay_blocks(const RangeAnswer& answer,
                           const std::vector<std::pair<Header, Digest>>& chain) {
  for (std::size_t i = 0; i < answer.blocks.size(); ++i) {
    const auto& [header, id] = chain[i];
    // What consensus committed while the answer was on its way is passed over.
    if (header.height <= journal_->tip().height) continue;
    if (!journal_->point(header.parent)) {
      return Error{Errc::value_invalid, "does not extend what is here"};
    }
    std::vector<const SignedTransaction*> transactions;
    for (const auto& transaction : answer.blocks[i].transactions) {
      FENRUN_OK(check_form(transaction, journal_->tip().chain_id));
      transactions.push_back(&transaction);
    }
    // A header is vouched for, the transactions beside it are what the peer says they were.
    if (!executor_.replay(header, id, transactions)) {
      return Error{Errc::value_invalid, "height " + std::to_string(header.height.value()) +
                                            " does not execute to its header"};
    }
    catch_up_->executed = id;
  }
  return {};
}

// REQUIRES: its block is held.
Status Node::commit_replayed(const Certificate& finalization) {
  std::vector<Digest> ids;
  for (Digest id = finalization.subject.block_id; const auto* block = journal_->find(id);
       id = block->header.parent) {
    ids.push_back(id);
  }
  std::ranges::reverse(ids);
  if (!commit(ids, finalization)) return Errc::io_error;
  synced_tip_ = {finalization.subject.epoch,
                 finalization.subject.view,
                 journal_->tip().height,
                 journal_->tip_id(),
                 finalization,
                 journal_->tip().ends_epoch()};
  return {};
}

}  // namespace fenrun
