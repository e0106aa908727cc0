// Batches: sealing own transactions, holding those of peers, waiting for what a proposal names.
#include <algorithm>
#include <set>

#include "contracts/apply.h"
#include "core/check.h"
#include "core/planted.h"
#include "node/node.h"

namespace fenrun {
namespace {

// Own transactions are sealed at once when the last batch is this old, or there are so many bytes.
// While the oldest own batch waits longer for its block there is no hurry: the last is to be a
// quarter as old as that, up to the greatest interval, for each batch costs all validators some
// work.
constexpr std::uint64_t kSealIntervalMs = 5;
constexpr std::uint64_t kSealIntervalMsMax = 25;
constexpr std::size_t kSealBytes = 64 * 1024;
// While more own transactions than this are not final, and the oldest has waited so long, no more
// are taken: a queue that only grows helps nobody.
constexpr std::size_t kQueueBytesFree = 256 * 1024;
constexpr std::uint64_t kQueueMsMax = 2'000;
// Of own batches that a peer gets when it connects; the rest it asks for as proposals name them.
constexpr std::size_t kPushAgainBytesMax = kBlockBytesMax;
// Of own batches that wait longer than this, so much is pushed once more to the validators that
// have not acknowledged them, as often.
constexpr std::uint64_t kPushAgainMs = 2'000;
constexpr std::size_t kPushLateBytesMax = 1024 * 1024;
// So often so many of the oldest pending batches are looked at: is there still a use for them?
constexpr std::uint64_t kSpentDropMs = 1'000;
constexpr std::size_t kSpentLooks = 256;
// Of batches of one peer whose signatures are being checked; more are dropped, and asked for if a
// proposal names them.
constexpr std::size_t kCheckingMemoryMax = 16 * 1024 * 1024;
// A batch that a proposal names is asked of another peer after this time ...
constexpr std::uint64_t kAskAgainMs = 200;
// ... the same one is not sent again before this is over ...
constexpr std::uint64_t kServeAgainMs = 2 * kAskAgainMs;
// ... and consensus is told that it cannot be got after this.
constexpr std::uint64_t kUnavailableMs = 2'000;

}  // namespace

void Node::seal_if_due() {
  if (pool_.unsealed_count() == 0) return;
  const auto interval = std::clamp(oldest_batch_ms() / 4, kSealIntervalMs, kSealIntervalMsMax);
  const auto age = now().steady.value() - sealed_at_.value();
  if (pool_.unsealed_bytes() >= kSealBytes || age >= interval) seal();
}

// How long the oldest own batch that is not final has waited; 0 if there is none.
std::uint64_t Node::oldest_batch_ms() {
  while (!sealed_in_order_.empty() && !sealed_.contains(sealed_in_order_.front().second)) {
    sealed_in_order_.pop_front();
  }
  if (sealed_in_order_.empty()) return 0;
  return now().steady.value() - sealed_in_order_.front().first.value();
}

// Puts own transactions into a batch and pushes it to all.  False if there are none.
bool Node::seal() {
  auto batch = pool_.seal();
  if (!batch) return false;
  sealed_at_ = now().steady;
  const Digest& digest = batch->digest();
  if (sealed_.size() >= kPeerBatchesMax) {
    sealed_.clear();
    sealed_in_order_.clear();
  }
  sealed_[digest] = {sealed_at_, meter_.now().wall_us};
  sealed_in_order_.emplace_back(sealed_at_, digest);
  send(std::nullopt, batch);
  hold_batch(options_.self, std::move(batch));
  return true;
}

// A push finds only those who are connected, and who acknowledged may have been restarted since.
void Node::push_batches_again(net::PeerIndex to) {
  for (const auto& digest : batches_.pending_of(options_.self, kPushAgainBytesMax)) {
    send(to, batches_.find(digest));
  }
}

// Makes the batches of a block as durable as the votes that rest on it.
void Node::log_batches(const Payload& payload) {
  if (!is_voting() || planted(PlantedBug::batches_not_logged)) return;
  for (const auto& digest : payload.batches) {
    if (!logged_batches_.insert(digest).second) continue;
    const auto batch = batches_.find(digest);
    CHECK(batch);
    vote_log_->append(kBatchLogRecord, batch->bytes());
    log_dirty_ = true;
  }
}

void Node::take_batch(net::PeerIndex from, TxBatch content) {
  const auto batch = std::make_shared<const EncodedBatch>(std::move(content));
  const Digest& digest = batch->digest();
  if (batches_.is_pending(digest)) {
    pushed_again_.insert(digest);
    return acknowledge(digest);
  }
  if (batches_.holds(digest)) {
    // Ordered before; pushed again because the turn of some of it had not come, or by mistake.
    if (has_use(batch->batch())) return hold_batch(from, batch);
    return acknowledge(digest);
  }
  if (!peers_.at(from).has_room_for(*batch)) {
    return log_of_peer(from, "too many batches are being checked");
  }
  const auto known = checking_.find(digest);
  if (known != checking_.end()) return await_check(from, known->second);
  // A stranger's signature is not worth checking, unless a proposal rests on it.
  if (is_awaited(digest) || has_use(batch->batch())) begin_check(from, batch);
}

bool Node::PeerState::has_room_for(const EncodedBatch& batch) const {
  return checking_memory == 0 || checking_memory + batch.memory() <= kCheckingMemoryMax;
}

void Node::begin_check(net::PeerIndex from, std::shared_ptr<const EncodedBatch> batch) {
  const auto checking = std::make_shared<Checking>();
  checking->batch = std::move(batch);
  const Digest& digest = checking->batch->digest();
  checking_.emplace(digest, checking);
  await_check(from, checking);
  // A part of what it holds, and as long-lived.
  const std::shared_ptr<const TxBatch> content(checking->batch, &checking->batch->batch());
  checking->ticket = check_signatures(
      from, content, [this, checking](bool right) { take_answer(checking, right); });
  if (is_awaited(digest)) checks_.hurry(checking->ticket);
}

void Node::await_check(net::PeerIndex from, const std::shared_ptr<Checking>& checking) {
  if (!checking->waits_at.insert(from).second) return;
  auto& peer = peers_.at(from);
  peer.checking.push_back(checking);
  peer.checking_memory += checking->batch->memory();
}

void Node::take_answer(const std::shared_ptr<Checking>& checking, bool right) {
  if (failed_) return;
  checking->right = right;
  const auto senders = checking->waits_at;
  if (senders.empty()) checking_.erase(checking->batch->digest());  // None is a member any more.
  // Of lanes that it is ahead of, what comes later waits: a proposal does not.
  if (right && !senders.empty() && is_awaited(checking->batch->digest())) {
    take_right(*senders.begin(), checking->batch);
  }
  for (const auto& from : senders) release_checked(from);
  continue_verifications();
  wake();
}

CheckQueue::Ticket Node::check_signatures(net::PeerIndex sender,
                                          std::shared_ptr<const TxBatch> batch,
                                          std::function<void(bool)> done) {
  const auto begin = meter_.now().wall_us;
  return checks_.add(sender, std::move(batch), journal_->tip().chain_id,
                     [this, begin, done = std::move(done)](bool right) {
                       meter_.times.add(Stage::verify, meter_.now().wall_us - begin);
                       done(right);
                     });
}

void Node::note_ordered(const std::vector<Digest>& batches) {
  for (const auto& digest : batches) {
    const auto sealed = sealed_.find(digest);
    if (sealed == sealed_.end()) continue;
    meter_.times.add(Stage::order, meter_.now().wall_us - sealed->second.moment_us);
    sealed_.erase(sealed);
  }
}

// Whether own transactions wait so long already that a client does better to come again.
bool Node::is_congested() {
  return pool_.bytes() > kQueueBytesFree && oldest_batch_ms() > kQueueMsMax;
}

// Checks end in any order; batches are held in the order in which the peer sent them, since a later
// one of a lane ordered first has no effect.
void Node::release_checked(net::PeerIndex from) {
  auto& peer = peers_.at(from);
  while (!peer.checking.empty() && peer.checking.front()->right) {
    const auto checking = std::move(peer.checking.front());
    peer.checking.pop_front();
    peer.checking_memory -= checking->batch->memory();
    checking->waits_at.erase(from);
    if (checking->waits_at.empty()) checking_.erase(checking->batch->digest());
    if (*checking->right) {
      take_right(from, checking->batch);
    } else {
      log_of_peer(from, "a batch has a wrong form or signature");
    }
  }
}

// Another sender's turn may have come before, and a block that names it.
void Node::take_right(net::PeerIndex from, const std::shared_ptr<const EncodedBatch>& batch) {
  const Digest& digest = batch->digest();
  if (batches_.is_pending(digest)) return;
  if (!batches_.holds(digest) || has_use(batch->batch())) hold_batch(from, batch);
}

// It is no member any more; others may have sent the same.
void Node::forget_checks(net::PeerIndex from) {
  for (const auto& checking : peers_.at(from).checking) {
    checking->waits_at.erase(from);
    if (checking->waits_at.empty() && checking->right) {
      checking_.erase(checking->batch->digest());
    }
  }
}

// What the proposal lacks and is being checked goes ahead.
void Node::hasten(const Verify& request) {
  for (const auto& digest : executor_.missing_batches(request.propose)) {
    const auto found = checking_.find(digest);
    if (found == checking_.end()) continue;
    const auto checking = found->second;
    if (!checking->right) {
      checks_.hurry(checking->ticket);
    } else if (*checking->right && !checking->waits_at.empty()) {
      take_right(*checking->waits_at.begin(), checking->batch);
    }
  }
}

// True if something of the batch may still be journaled.
bool Node::has_use(const TxBatch& batch) const {
  return std::ranges::any_of(batch.transactions, [this](const SignedTransaction& transaction) {
    const auto status =
        check_admission(journal_->state(), journal_->tip().height.next(), transaction);
    return status || status.error().code == Errc::sequence_gap;
  });
}

// Whether a block that is not final, or may not be, names the batch.
bool Node::is_named(const Digest& digest) const {
  return named_in_log_.contains(digest) || executor_.names(digest) || is_awaited(digest);
}

// Whether a proposal that is being verified names the batch.
bool Node::is_awaited(const Digest& digest) const {
  return std::ranges::any_of(verifications_, [&](const auto& item) {
    const auto& named = item.second.request.propose.payload.batches;
    return std::ranges::find(named, digest) != named.end();
  });
}

// The same of one that is to be executed here whoever crowds the shares.
bool Node::is_wanted(const Digest& digest) const {
  return std::ranges::any_of(verifications_, [&](const auto& item) {
    const auto& request = item.second.request;
    const auto& named = request.propose.payload.batches;
    return request.wanted && std::ranges::find(named, digest) != named.end();
  });
}

void Node::hold_batch(net::PeerIndex origin, std::shared_ptr<const EncodedBatch> batch) {
  if (options_.self != origin) note_foreign(batch->batch());
  const Digest digest = batch->digest();
  if (options_.self == origin) {
    batches_.restore(std::move(batch), origin);  // The pool bounds them.
  } else if (is_wanted(digest)) {
    batches_.restore(std::move(batch), kNobody);  // A quorum bounds what it notarizes.
  } else if (!batches_.add(std::move(batch), origin)) {
    return log_of_peer(origin, "its share is full: a batch is dropped");
  }
  acknowledge(digest);
  report_work();
}

// The last of each lane tells what the lane's owner has pending elsewhere.
void Node::note_foreign(const TxBatch& batch) {
  std::map<std::pair<PartyId, Lane>, const SignedTransaction*> last;
  for (const auto& transaction : batch.transactions) {
    const auto& body = transaction.body;
    const auto& party = std::get<PartySigner>(body.signer).party;
    auto& latest = last[{party, body.lane}];
    if (latest == nullptr || latest->body.sequence < body.sequence) latest = &transaction;
  }
  for (const auto& [lane, transaction] : last) {
    pool_.note_foreign(*transaction, journal_->state(), journal_->tip().height.next());
  }
}

// Of those that are final now, the ones whose sender knew it before us and sent them again, for
// what is left of them.
void Node::hold_again(const std::vector<Digest>& committed) {
  for (const auto& digest : committed) {
    if (pushed_again_.erase(digest) == 0) continue;
    const auto batch = batches_.find(digest);
    if (batch && has_use(batch->batch())) batches_.restore(batch, batches_.origin_of(digest));
  }
}

void Node::acknowledge(const Digest& digest) {
  if (!is_voting()) return;
  batches_.acknowledge(digest, self_.value());
  if (acknowledgements_.size() < kBlockBatchesMax) acknowledgements_.push_back(digest);
  wake();
}

void Node::take_acknowledgements(net::PeerIndex from, const BatchAck& acknowledgements) {
  const auto validator = members_.validator_of(from);
  if (!validator) return;
  for (const auto& digest : acknowledgements.digests) batches_.acknowledge(digest, *validator);
}

void Node::serve_batches(net::PeerIndex to, const GetBatches& request) {
  auto& served = peers_.at(to).served;
  const TimeMs time = now().steady;
  std::erase_if(served, [&](const auto& item) {
    return time.value() - item.second.value() >= kServeAgainMs;
  });
  const std::set<Digest> wanted(request.digests.begin(), request.digests.end());
  for (const auto& digest : wanted) {
    const auto batch = batches_.find(digest);
    if (batch && served.emplace(digest, time).second) send(to, batch);
  }
}

void Node::sweep_batches() {
  const TimeMs time = now().steady;
  if (time.value() - spent_dropped_at_.value() >= kSpentDropMs) drop_spent_batches(kSpentLooks);
  if (time.value() - pushed_again_at_.value() >= kPushAgainMs &&
      oldest_batch_ms() >= kPushAgainMs) {
    pushed_again_at_ = time;
    push_unacknowledged();
  }
}

// Each was pushed once, to whoever had room for it.  An observer has no other way to get it into a
// block.
void Node::push_unacknowledged() {
  for (const auto& digest : batches_.pending_of(options_.self, kPushLateBytesMax)) {
    const auto batch = batches_.find(digest);
    for (std::uint16_t i = 0; i < members_.validator_count(); ++i) {
      const auto number = members_.all()[i].number;
      if (number == options_.self || !peers_.at(number).connected) continue;
      if (!batches_.is_acknowledged(digest, ValidatorIndex(i))) send(number, batch);
    }
  }
}

// Looks at the oldest pending batches: what nothing can be journaled of any more is no longer
// pending.  Blocks that were executed again do not say which batches they came in; keys end, and
// others may have ordered the same.
void Node::drop_spent_batches(std::size_t looks) {
  spent_dropped_at_ = now().steady;
  std::vector<Digest> spent;
  for (const auto& digest : batches_.pending(looks)) {
    if (!has_use(batches_.find(digest)->batch())) spent.push_back(digest);
  }
  for (const auto& digest : spent) {
    sealed_.erase(digest);
    pushed_again_.erase(digest);
  }
  batches_.on_committed(spent);
  pool_.on_committed({}, spent, journal_->state(), journal_->tip().height.next());
}

void Node::continue_verifications() {
  for (auto it = verifications_.begin(); it != verifications_.end();) {
    it = try_verify(it->second) ? verifications_.erase(it) : std::next(it);
  }
}

// True when the question is answered.
bool Node::try_verify(const Verification& verification) {
  const auto& request = verification.request;
  const View view = request.propose.view;
  const TimeMs begin = now().steady;
  if (!journal_->point(request.propose.parent_id)) return true;  // Its branch has lost.
  const ValidatorIndex leader = replica_->validators().leader(epoch_first_block_, view);
  // Nobody is asked for what an altered list names.
  if (const auto verdict = executor_.prejudge(request.propose, leader, request.wanted)) {
    options_.on_verdict(request.propose, *verdict);
    give(Verified{view, request.block_id, *verdict});
    return true;
  }
  if (!executor_.missing_batches(request.propose).empty()) {
    if (verification.attempts == 0) {
      // The leader's push may be on its way; it is asked without waiting all the same.
      ask_for_batches(verifications_.at({view, request.block_id}));
      return false;
    }
    if (begin.value() - verification.since.value() < kUnavailableMs) return false;
    give(Verified{view, request.block_id, Verdict::unavailable});
    return true;
  }
  const Verdict verdict = executor_.verify(request.propose, leader, now().wall);
  options_.on_verdict(request.propose, verdict);
  const bool valid = verdict == Verdict::valid || verdict == Verdict::early;
  give(Verified{view, request.block_id, verdict, now().steady.value() - begin.value(),
                valid && journal_->find(request.block_id)->header.ends_epoch()});
  if (valid) {
    log_batches(request.propose.payload);
    give(BodyDurable{request.block_id});
  }
  return true;
}

void Node::ask_for_batches(Verification& verification) {
  const TimeMs time = now().steady;
  if (verification.attempts > 0 && time.value() - verification.asked_at.value() < kAskAgainMs) {
    return;
  }
  BatchList wanted;
  for (const auto& digest : executor_.missing_batches(verification.request.propose)) {
    if (!checking_.contains(digest)) wanted.push_back(digest);
  }
  // First whoever proposed it, then the others in turn.
  const auto proposer = members_.number_of(verification.request.from).value_or(options_.self);
  const auto peer = linked_peer(proposer, verification.attempts);
  ++verification.attempts;
  verification.asked_at = time;
  if (!wanted.empty() && peer) {
    send(*peer, net::Channel::consensus, GetBatches{std::move(wanted)});
  }
}

void Node::report_work() {
  const bool pending = batches_.has_pending() || pool_.unsealed_count() > 0;
  if (pending == work_reported_) return;
  work_reported_ = pending;
  give(WorkPending{pending});
}

}  // namespace fenrun
