#include "node/node.h"

#include <algorithm>

#include "contracts/apply.h"
#include "contracts/records.h"
#include "core/check.h"
#include "core/overloaded.h"
#include "core/planted.h"
#include "node/evidence.h"
#include "node/network.h"

namespace fenrun {
namespace {

// The vote log is rewritten without what is committed when it has grown beyond this.
constexpr std::uint64_t kCosignatureResendMs = 1'000;
// Acknowledgements wait for one another so long: no vote rests on them.
constexpr std::uint64_t kAcknowledgeMs = 5;
// Checkpoints are signed of the blocks whose time falls into another of these spans than their
// parent's, so that all sign the same ones, and of a tip that stays.
constexpr std::uint64_t kCheckpointSpanMs = 100;
// The gates of log lines that peers cause open anew so often.
constexpr std::uint64_t kPeerLogSpanMs = 10'000;
// Messages of one link that are none, until it is closed.
constexpr std::size_t kUndecodableMax = 16;
// Cosignatures of one peer in a second that were wrong, until its others are passed over: it sends
// them again.  Those of a key that we do not know yet are as wrong as forged ones.
constexpr std::size_t kWrongCosignaturesMax = 16;

}  // namespace

Node::Node(NodeOptions options, Journal& journal, Checkpointer checkpointer,
           std::optional<VoteLog> vote_log, net::Transport& transport, BatchVerifier& verifier)
    : options_(std::move(options)),
      journal_(&journal),
      checkpointer_(std::move(checkpointer)),
      vote_log_(std::move(vote_log)),
      transport_(&transport),
      verifier_(&verifier),
      checks_(verifier),
      pool_(options_.mempool),
      batches_([this](const Digest& digest) { return is_named(digest); }),
      meter_{options_.stopwatch, {}},
      executor_(journal, batches_, meter_, options_.unfinalized_bytes),
      log_check_(options_.log_check),
      started_at_(options_.clock().steady),
      committed_at_(started_at_),
      sealed_at_(started_at_),
      acknowledged_at_(started_at_),
      cosignatures_sent_at_(started_at_),
      handover_asked_at_(started_at_) {}

Result<std::unique_ptr<Node>> Node::create(NodeOptions options, Journal& journal,
                                           Checkpointer checkpointer,
                                           std::optional<VoteLog> vote_log,
                                           const std::vector<VoteLogRecord>& recovered,
                                           net::Transport& transport, BatchVerifier& verifier) {
  CHECK(!journal.is_empty());
  CHECK(vote_log.has_value() == (options.consensus_key != nullptr));
  std::unique_ptr<Node> node(new Node(std::move(options), journal, std::move(checkpointer),
                                      std::move(vote_log), transport, verifier));
  FENRUN_OK(node->recover(recovered));
  return node;
}

Status Node::recover(const std::vector<VoteLogRecord>& recovered) {
  std::vector<LogRecord> records;
  // Held all the same where they were final before: blocks of the log may name them.
  std::vector<Digest> done;
  for (const auto& record : recovered) {
    if (record.type == kConsensusLogRecord) {
      FENRUN_TRY(auto value, decode<LogRecord>(record.bytes));
      if (const auto* propose = std::get_if<Propose>(&value)) {
        named_in_log_.insert(propose->payload.batches.begin(), propose->payload.batches.end());
      }
      records.push_back(std::move(value));
    } else if (record.type == kBatchLogRecord) {
      FENRUN_TRY(auto batch, decode<TxBatch>(record.bytes));
      const auto held = std::make_shared<const EncodedBatch>(std::move(batch));
      const Digest digest = held->digest();
      logged_batches_.insert(digest);
      if (!has_use(held->batch())) done.push_back(digest);
      batches_.restore(held, options_.self);
    } else {
      return Error{Errc::corruption, "a vote log record of unknown type"};
    }
  }
  batches_.on_committed(done);
  FENRUN_OK(open_epoch(records));
  find_lost_handovers();
  return begin_with_base();
}

void Node::log_of_peer(net::PeerIndex from, const std::string& text, LogLevel level) {
  const std::uint64_t span = now().steady.value() / kPeerLogSpanMs;
  std::optional<std::string> line = members_.name_of(from) + ": " + text;
  const auto peer = peers_.find(from);
  if (peer != peers_.end()) line = peer->second.lines.pass(span, *std::move(line));
  if (line) line = peer_lines_.pass(span, *std::move(line));
  if (line) log(level, *line);
}

void Node::fail(const Error& error) {
  if (failed_) return;
  failed_ = true;
  log(LogLevel::error, "stopped for good: " + error.to_string());
  options_.on_fatal(error);
}

void Node::wake() {
  if (turn_requested_ || failed_) return;
  turn_requested_ = true;
  options_.request_turn();
}

std::optional<net::PeerIndex> Node::linked_peer(net::PeerIndex first, std::size_t attempt) const {
  std::vector<net::PeerIndex> linked;
  for (const auto& [number, peer] : peers_) {
    if (peer.connected) linked.push_back(number);
  }
  if (linked.empty()) return std::nullopt;
  std::ranges::rotate(linked, std::ranges::lower_bound(linked, first));
  return linked[attempt % linked.size()];
}

void Node::give(Input input) {
  inbox_.push_back(std::move(input));
  wake();
}

// Ahead of all that waits: inputs that speak of blocks which are committed now, or gone.
void Node::give_first(Input input) {
  inbox_.push_front(std::move(input));
  wake();
}

void Node::on_message(net::PeerIndex peer, net::Channel, const Bytes& bytes) {
  if (failed_) return;
  const auto known = peers_.find(peer);
  if (known == peers_.end()) return;  // No member any more.
  known->second.heard_at = now().steady;
  if (is_oversized_batch(bytes)) return log_of_peer(peer, "a batch is larger than batches are");
  auto message = decode<NodeMessage>(bytes);
  if (!message) return take_undecodable(peer, message.error());
  std::visit(overloaded{
                 [&](Message& consensus) { take(peer, std::move(consensus)); },
                 [&](TxBatch& batch) { take_batch(peer, std::move(batch)); },
                 [&](BatchAck& ack) { take_acknowledgements(peer, ack); },
                 [&](GetBatches& request) { serve_batches(peer, request); },
                 [&](RangeAnswer& answer) { take_range(peer, answer); },
                 [&](CheckpointSignatures& signatures) { take_cosignatures(peer, signatures); },
                 [&](GetHandover& request) { take_slow_request(peer, request); },
                 [&](Handover& answer) { take_handover(peer, answer); },
                 [&](GetSnapshot& request) { take_slow_request(peer, request); },
                 [&](SnapshotOffer& offer) { take_snapshot_offer(peer, offer); },
                 [&](GetSnapshotPart& request) { take_slow_request(peer, request); },
                 [&](SnapshotPartAnswer& answer) { take_snapshot_part(peer, answer); },
                 [&](GetEpochLinks& request) { take_slow_request(peer, request); },
                 [&](EpochLinks& answer) { take_epoch_links(peer, answer); },
             },
             *message);
}

// Both ends speak one version: who sends such messages will not end.
void Node::take_undecodable(net::PeerIndex from, const Error& error) {
  log_of_peer(from, "sent no message: " + error.to_string());
  auto& peer = peers_.at(from);
  if (++peer.undecodable < kUndecodableMax) return;
  peer.undecodable = 0;
  transport_->drop(from, "what it sends are no messages");
}

void Node::take(net::PeerIndex from, Message message) {
  const Epoch epoch = replica_->finalized().epoch;
  if (const auto* status = std::get_if<PeerStatus>(&message)) {
    peers_.at(from).finalized_height = status->finalized_height;
    peers_.at(from).earliest_height = status->earliest_height;
    if (status->epoch < epoch) return take_slow_request(from, GetEpochEnd{status->epoch});
  }
  if (const auto* question = std::get_if<GetCertificates>(&message)) {
    if (question->epoch < epoch) return take_slow_request(from, GetEpochEnd{question->epoch});
  }
  if (const auto* range = std::get_if<GetRange>(&message)) return take_slow_request(from, *range);
  if (const auto* question = std::get_if<GetBlock>(&message)) {
    const auto* held = replica_->proposal(question->block_id);
    if (held != nullptr) send(from, net::Channel::consensus, Message(BlockAnswer{*held}));
    return;
  }
  if (const auto address = members_.address_of(from)) {
    give(Received{*address, std::move(message)});
  }
}

void Node::take_cosignatures(net::PeerIndex from, const CheckpointSignatures& signatures) {
  auto& peer = peers_.at(from);
  const std::uint64_t second = now().steady.value() / 1'000;
  if (peer.cosignatures_second != second) peer.cosignatures_wrong = 0;
  peer.cosignatures_second = second;
  if (peer.cosignatures_wrong == kWrongCosignaturesMax) return;
  if (const auto status = checkpointer_.add(members_.name_of(from), signatures, *journal_);
      !status) {
    if (status.error().code == Errc::cosignature_invalid) ++peer.cosignatures_wrong;
    log_of_peer(from, "checkpoint signatures: " + status.error().to_string());
  }
  take_quorum();
}

void Node::on_connected(net::PeerIndex peer) {
  if (failed_) return;
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  found->second.connected = true;
  found->second.undecodable = 0;
  found->second.served.clear();
  if (const auto address = members_.address_of(peer)) give(Connected{*address});
  // What the peer missed while it was away it will ask for.  Our newest cosignature it cannot know
  // of, nor our batches, which would wait until we lead.
  push_batches_again(peer);
  if (const auto& own = checkpointer_.own_latest()) {
    send(peer, net::Channel::consensus, *own);
  }
}

void Node::on_disconnected(net::PeerIndex peer) {
  if (const auto it = peers_.find(peer); it != peers_.end()) it->second.connected = false;
  if (snapshot_) snapshot_->remove_source(peer);
  if (learner_) learner_->remove(peer);
}

void Node::on_tick() {
  if (failed_) return;
  give(Tick{now().steady});
  seal_if_due();
  sweep_batches();
  check_catch_up();
  ask_for_handover();
  continue_snapshot();
  serve_next_slow_request();
  for (auto& [id, verification] : verifications_) ask_for_batches(verification);
  continue_verifications();
  const TimeMs time = now().steady;
  const auto& own = checkpointer_.own_latest();
  if (time.value() - committed_at_.value() >= kCheckpointSpanMs &&
      (!own || own->size <= journal_->tip().position.value())) {
    sign_checkpoint();
  }
  if (own && time.value() - cosignatures_sent_at_.value() >= kCosignatureResendMs) {
    cosignatures_sent_at_ = time;
    if (!checkpointer_.cosigned() || checkpointer_.cosigned()->size < own->size) {
      send(std::nullopt, net::Channel::consensus, *own);
    }
  }
}

void Node::turn() {
  turn_requested_ = false;
  if (planted(PlantedBug::send_before_sync) && !sync_vote_log()) return;
  while (!inbox_.empty() && !failed_) {
    const Input input = std::move(inbox_.front());
    inbox_.pop_front();
    for (const auto& output : replica_->step(input)) {
      if (failed_) return;
      std::visit([this](const auto& value) { carry_out(value); }, output);
    }
    seal_if_due();
    continue_to_next_epoch();
  }
  continue_to_next_epoch();
  // Only here has every output been carried out, as log_snapshot() requires.
  if (!failed_) compact_log_if_large();
  if (!failed_) flush();
}

void Node::carry_out(const Persist& output) {
  CHECK(vote_log_.has_value());
  // Those of a block that was found right but rested on by no vote are gone if the log was
  // compacted since.
  if (const auto* propose = std::get_if<Propose>(&output.record)) log_batches(propose->payload);
  vote_log_->append(kConsensusLogRecord, encode(output.record));
  log_dirty_ = true;
}

void Node::carry_out(const Send& output) {
  if (!output.to) return send(std::nullopt, net::Channel::consensus, output.message);
  const auto to = members_.number_of(*output.to);
  if (to) send(*to, net::Channel::consensus, output.message);
}

void Node::carry_out(const Build& output) {
  while (seal()) {
  }
  const TimeMs begin = now().steady;
  Payload payload = executor_.build(output, self_.value(), quorum(), now().wall);
  log_batches(payload);
  const bool is_last = journal_->find(block_id_of(payload))->header.ends_epoch();
  give(Built{output.view, std::move(payload), now().steady.value() - begin.value(), is_last});
}

void Node::carry_out(const Verify& output) {
  const auto place = std::make_pair(output.propose.view, output.block_id);
  verifications_[place] = {output, now().steady, now().steady, 0};
  hasten(output);
  continue_verifications();
}

void Node::carry_out(const Fetch& output) {
  carry_out(Send{output.from, Message(GetBlock{output.block_id})});
}

void Node::carry_out(const Commit& output) {
  std::vector<Digest> ids;
  for (const auto& block : output.blocks) ids.push_back(block.block_id);
  if (commit(ids, output.finalization)) after_commit();
}

void Node::carry_out(const CatchUp& output) {
  if (catch_up_ && catch_up_->target.subject.view > output.finalization.subject.view) return;
  const bool is_new = !catch_up_;
  const auto source = members_.number_of(output.from).value_or(options_.self);
  if (is_new) catch_up_ = CatchUpState{{}, source, now().steady, {}, 0, {}, {}, {}};
  catch_up_->target = output.finalization;
  // While another finalization is looked for, the first to tell of this one is not preferred.
  if (is_new || has_room_to_replay()) {
    catch_up_->source = source;
    catch_up_->attempts = 0;
  }
  if (is_new) log(LogLevel::info, "catching up from " + members_.name_of(source));
  if (is_new && wants_snapshot()) ask_for_snapshot();
  request_range();
}

// The operator decides when it is put on the ledger: a transaction needs the operator's key.
void Node::carry_out(const EvidenceFound& output) {
  ++evidence_count_;
  const auto& vote = output.evidence.first;
  log(LogLevel::error, members_.name_of(vote.signer) +
                           " signed two votes that exclude each other in view " +
                           std::to_string(vote.subject.view.value()) + " of epoch " +
                           std::to_string(vote.subject.epoch.value()));
  const auto& accused = replica_->validators().key_of(vote.signer);
  options_.on_evidence(operation_of(output.evidence, accused));
}

// The key votes no more: on a restart the log's last record says so.
void Node::carry_out(const StaleLog& output) {
  log(LogLevel::error, Error{Errc::vote_log_stale, "this node observes from now on"}.to_string() +
                           ": it lacks a vote of view " +
                           std::to_string(output.vote.subject.view.value()) + " of epoch " +
                           std::to_string(output.vote.subject.epoch.value()));
  if (const auto status = vote_log_->retire(encode(output.vote)); !status)
    return fail(status.error());
  vote_log_.reset();
  votes_ = false;
  log_dirty_ = false;
  checkpointer_.stop_signing();
}

void Node::carry_out(const EnteredView& output) {
  if (output.by == VoteKind::nullify) {
    log(LogLevel::info, "view " + std::to_string(output.view.value() - 1) +
                            " was given up; now led by " + members_.name_of(output.leader));
  }
}

// False when the disk failed.  The finalization may hold a vote of our own that was cast just now:
// the journal must not know of one that the log may still lose.
bool Node::commit(std::span<const Digest> ids, const Certificate& finalization) {
  struct Committed {
    Height height;
    std::vector<Digest> batches;
    std::vector<JournaledTransaction> transactions;
    std::vector<Refusal> refusals;
    std::vector<UnpaidEarning> unpaid;
  };
  std::vector<Committed> blocks;
  for (const auto& id : ids) {
    const auto* block = journal_->find(id);
    CHECK(block);
    blocks.push_back({block->header.height, executor_.batches_of(id), block->transactions,
                      block->refusals, unpaid_earnings_of(*block)});
  }
  if (!sync_vote_log()) return false;
  tip_time_before_ = journal_->tip().time;
  const auto status =
      meter_.measure(Stage::commit, [&] { return journal_->commit(ids, encode(finalization)); });
  if (!status) {
    fail(status.error());
    return false;
  }
  for (const auto& block : blocks) {
    note_ordered(block.batches);
    pool_.on_committed(block.transactions, block.batches, journal_->state(), block.height.next());
    batches_.on_committed(block.batches);
    hold_again(block.batches);
    refusals_.add(block.refusals);
    unpaid_.add(block.unpaid);
    committed_transactions_ += block.transactions.size();
    log(LogLevel::debug, "height " + std::to_string(block.height.value()) + ", " +
                             std::to_string(block.transactions.size()) + " transactions");
  }
  committed_at_ = now().steady;
  return true;
}

void Node::after_commit() {
  executor_.prune();
  count_checkpoints();
  const Header& tip = journal_->tip();
  if (tip.ends_epoch() ||
      tip_time_before_.value() / kCheckpointSpanMs != tip.time.value() / kCheckpointSpanMs) {
    sign_checkpoint();
  }
  know_changed_members();
  warn_of_recovery();
  if (failed_) return;
  const auto subscribers = subscribers_;  // A callback may end its own subscription.
  for (const auto& [number, callback] : subscribers) callback(journal_->tip().height);
  report_work();
}

// Once for each, and once more when it is approved.
void Node::warn_of_recovery() {
  const auto pending = pending_recovery();
  if (pending && pending != told_recovery_) {
    log(LogLevel::warn,
        "another key is to sign for this node's organisation: " + to_hex(pending->new_key.view()) +
            (pending->due ? ", approved" : ", proposed, not approved yet") +
            "; if that is not its doing, it must object (object_to_recovery)");
  }
  told_recovery_ = pending;
}

void Node::count_checkpoints() {
  if (const auto status = checkpointer_.advance(*journal_); !status) {
    const auto line = peer_lines_.pass(now().steady.value() / kPeerLogSpanMs,
                                       "checkpoints: " + status.error().to_string());
    if (line) log(LogLevel::error, *line);
  }
  take_quorum();
}

// What follows from the newest checkpoint that a quorum has cosigned.
void Node::take_quorum() {
  const auto& newest = checkpointer_.cosigned();
  if (newest) {
    journal_->release_below(newest->height);
    if (cosigning_since_ && newest->size >= cosigning_since_->first) {
      meter_.times.add(Stage::cosign, meter_.now().wall_us - cosigning_since_->second);
      cosigning_since_.reset();
    }
  }
  keep_anchor();
}

// A vote log that came from a backup has a guard beside it that came from there, too: nothing is
// signed until the log is known to hold our votes.
bool Node::may_sign_checkpoints() const {
  if (!vote_log_) return false;
  if (log_check_ != LogCheck::ask || replica_->log_check() != LogCheck::ask) return true;
  // At the end of an epoch nobody is asked: who started there waits as long as consensus would.
  return replica_->ended() && now().steady.value() - started_at_.value() >= kLogCheckMs;
}

void Node::sign_checkpoint() {
  if (!may_sign_checkpoints()) return;
  const auto signatures = checkpointer_.sign_tip(*journal_, now().wall.value() / 1'000);
  if (!signatures) {
    fail(signatures.error());
  } else if (*signatures) {
    cosignatures_sent_at_ = now().steady;
    if (!cosigning_since_) cosigning_since_ = {(*signatures)->size, meter_.now().wall_us};
    send(std::nullopt, net::Channel::consensus, **signatures);
    count_checkpoints();
  }
}

// What is committed needs no log any more: the log is rewritten with the rest.
void Node::compact_log_if_large() {
  // With the bug the log is small, so that it shows.
  const std::uint64_t bytes_max =
      planted(PlantedBug::log_compacted_early) ? 8 * 1024 : options_.vote_log_bytes;
  if (!vote_log_ || vote_log_->bytes() < std::max(bytes_max, 2 * vote_log_bytes_kept_)) return;
  std::vector<VoteLogRecord> records;
  const Epoch epoch = vote_log_->epoch();
  std::set<Digest> kept;
  const auto snapshot = replica_->log_snapshot();
  for (const auto& record : snapshot) {
    const auto* propose = std::get_if<Propose>(&record);
    if (!propose) continue;
    for (const auto& digest : propose->payload.batches) {
      if (!kept.insert(digest).second) continue;
      const auto batch = batches_.find(digest);
      if (!batch) {
        // The log stays as it is, with what the block needs.
        log(LogLevel::error,
            "a batch of a block in the vote log is not held: " + to_hex(digest.view()));
        vote_log_bytes_kept_ = vote_log_->bytes();
        return;
      }
      const ByteView bytes = batch->bytes();
      records.push_back({kBatchLogRecord, epoch, Bytes(bytes.begin(), bytes.end())});
    }
  }
  for (const auto& record : snapshot) {
    records.push_back({kConsensusLogRecord, epoch, encode(record)});
  }
  if (const auto status = vote_log_->compact(records); !status) {
    fail(status.error());
    return;
  }
  vote_log_bytes_kept_ = vote_log_->bytes();
  named_in_log_ = kept;
  logged_batches_ = std::move(kept);
  log_dirty_ = false;
}

void Node::send(std::optional<net::PeerIndex> to, net::Channel channel,
                const NodeMessage& message) {
  outgoing_.push_back({to, channel, std::make_shared<const Bytes>(encode(message))});
  wake();
}

void Node::send(std::optional<net::PeerIndex> to,
                const std::shared_ptr<const EncodedBatch>& batch) {
  outgoing_.push_back({to, net::Channel::bulk, batch->message()});
  wake();
}

// False when the disk failed.
bool Node::sync_vote_log() {
  if (!log_dirty_) return true;
  if (const auto status = vote_log_->sync(); !status) {
    fail(status.error());
    return false;
  }
  log_dirty_ = false;
  return true;
}

// One sync covers every record of the turn; nothing leaves before it.
void Node::flush() {
  const TimeMs time = now().steady;
  if (!acknowledgements_.empty() && (acknowledgements_.size() == kBlockBatchesMax ||
                                     time.value() - acknowledged_at_.value() >= kAcknowledgeMs)) {
    acknowledged_at_ = time;
    send(std::nullopt, net::Channel::consensus, BatchAck{std::move(acknowledgements_)});
    acknowledgements_.clear();
  }
  if (outgoing_.empty()) return;
  if (!planted(PlantedBug::send_before_sync) && !sync_vote_log()) return;
  for (const auto& outgoing : std::exchange(outgoing_, {})) {
    if (!outgoing.to) {
      transport_->broadcast(outgoing.channel, outgoing.bytes);
      continue;
    }
    // A lost message is asked for or sent again by its owner.
    static_cast<void>(transport_->send(*outgoing.to, outgoing.channel, outgoing.bytes));
  }
}

}  // namespace fenrun
