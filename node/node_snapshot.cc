// Joining by a snapshot, and serving one.  docs/spec/snapshots.md, §5.
#include <algorithm>
#include <tuple>
#include <utility>

#include "core/check.h"
#include "core/overloaded.h"
#include "ledger/snapshot_source.h"
#include "node/config.h"
#include "node/node.h"

namespace fenrun {
namespace {

constexpr std::uint64_t kSnapshotAskAgainMs = 2'000;
// Who was asked for an offer is waited for so long; blocks are asked for a little later.
constexpr std::uint64_t kOfferWaitMs = 1'000;
constexpr std::uint64_t kBlocksAfterOffersMs = 50;
// Blocks that not all members deny to have are waited for so long before a snapshot is taken in
// their stead: it costs the history.
constexpr std::uint64_t kUnservedMs = 120'000;
// A snapshot that nobody offers any more is let go after this; what came of it is kept.
constexpr std::uint64_t kSourcelessMs = 20'000;
// What comes of sources that were too slow is not begun before, where there are blocks instead.
constexpr std::uint64_t kSlowRefusedMs = 600'000;
// With one source for so long, blocks are asked of the others meanwhile, so often.
constexpr std::uint64_t kLoneSourceMs = 5'000;
constexpr std::uint64_t kLoneSourceBlocksMs = 1'500;
// Requests of one peer that wait to be answered; more are passed over, and come again.
constexpr std::size_t kSlowRequestsPerPeerMax = 2 * SnapshotFetcher::kRequestsPerPeerMax;
// Answering them takes this part of the time at most: one in so many.
constexpr std::uint64_t kSlowRequestShare = 4;

}  // namespace

bool Node::is_linked(net::PeerIndex peer) const {
  const auto known = peers_.find(peer);
  return known != peers_.end() && known->second.connected;
}

// By what peers say of themselves.
bool Node::blocks_are_served() const {
  const Height next = journal_->tip().height.next();
  return std::ranges::any_of(peers_, [&](const auto& item) {
    const auto& peer = item.second;
    return peer.connected && peer.earliest_height <= next && peer.finalized_height >= next;
  });
}

// Every member is linked and keeps later blocks only; or nobody served any for so long.  Who is not
// linked yet may have the whole history.
bool Node::nobody_serves_blocks() const {
  if (!catch_up_ || blocks_are_served()) return false;
  const Height next = journal_->tip().height.next();
  const bool all_deny = std::ranges::all_of(peers_, [&](const auto& item) {
    return item.second.connected && item.second.earliest_height > next;
  });
  const TimeMs since = std::max(catch_up_->since, blocks_served_at_);
  return all_deny || now().steady.value() - since.value() >= kUnservedMs;
}

// A snapshot that lies less above the tip is not worth the history that it costs.
std::uint64_t Node::worthwhile_heights() const {
  return std::min<std::uint64_t>(options_.snapshot_behind, kRangeBlocksMax);
}

// From what is finalized here to the finalization that is held: a chain grows by one block a view,
// at most.
std::uint64_t Node::views_behind() const {
  const auto& target = catch_up_->target.subject;
  const View finalized = replica_->finalized().view;
  if (target.epoch != own_epoch() || target.view <= finalized) return 0;
  return target.view.value() - finalized.value();
}

// Whether to ask for offers: peers may say that they are higher than they are, and nothing follows
// from it but the question.
bool Node::wants_snapshot() const {
  if (!catch_up_ || options_.snapshot_behind == kJoinNever) return false;
  const std::uint64_t tip = journal_->tip().height.value();
  std::uint64_t highest = tip;
  for (const auto& [number, peer] : peers_) {
    if (peer.connected) highest = std::max(highest, peer.finalized_height.value());
  }
  // Nobody has said yet how high it is.
  if (highest == tip) highest += views_behind();
  return highest - tip > options_.snapshot_behind || nobody_serves_blocks();
}

// Whether blocks alone would take too long, by what a quorum signed, or are not to be had.  An
// empty node is no exception: it may be there to keep the whole history.
bool Node::may_join_by(const Header& header) const {
  const Height tip = journal_->tip().height;
  if (!catch_up_ || header.height <= tip || options_.snapshot_behind == kJoinNever) return false;
  const std::uint64_t distance = header.height.value() - tip.value();
  if (distance > options_.snapshot_behind || nobody_serves_blocks()) return true;
  return distance >= worthwhile_heights() && views_behind() > options_.snapshot_behind;
}

void Node::let_snapshot_go() {
  snapshot_refused_.insert(snapshot_->given_up().begin(), snapshot_->given_up().end());
  snapshot_.reset();
}

// Blocks may have come sooner than its last part, or somebody may have linked who serves them.
void Node::drop_unneeded_snapshot() {
  if (!snapshot_ || may_join_by(snapshot_->builder().header())) return;
  log(LogLevel::info, "blocks lead on: the snapshot is let go");
  let_snapshot_go();
  if (catch_up_) request_range();
}

void Node::drop_slow_snapshot() {
  if (!snapshot_) return;
  const TimeMs time = now().steady;
  if (snapshot_->source_count() > 0) snapshot_sourced_at_ = time;
  if (snapshot_->source_count() != 1) snapshot_shared_at_ = time;
  const bool is_too_slow = snapshot_->is_too_slow(time);
  if (!is_too_slow && time.value() - snapshot_sourced_at_.value() < kSourcelessMs) return;
  log(LogLevel::warn, std::string(is_too_slow ? "the snapshot comes too slowly"
                                              : "nobody gives parts of the snapshot") +
                          ": fetching blocks instead");
  for (const auto& [number, peer] : peers_) {
    if (is_too_slow && snapshot_->has_source(number)) slow_sources_.insert_or_assign(number, time);
  }
  let_snapshot_go();
  snapshot_asked_at_ = time;
  request_range();
}

void Node::continue_snapshot() {
  const TimeMs time = now().steady;
  if (!catch_up_) {
    snapshot_questions_.clear();
    snapshot_offers_.clear();
  } else if (blocks_are_served()) {
    blocks_served_at_ = time;
  }
  drop_unneeded_snapshot();
  drop_slow_snapshot();
  choose_snapshot();
  if (time.value() - snapshot_asked_at_.value() >= kSnapshotAskAgainMs) ask_for_snapshot();
  ask_for_parts();
  ask_others_for_blocks();
  continue_learning();
}

// More sources are welcome at any time.
void Node::ask_for_snapshot() {
  std::vector<net::PeerIndex> linked;
  for (const auto& [number, peer] : peers_) {
    if (peer.connected) linked.push_back(number);
  }
  if (linked.empty() || !wants_snapshot()) return;
  const bool is_first = snapshot_asked_at_ < catch_up_->since;
  snapshot_asked_at_ = now().steady;
  if (is_first) {
    blocks_asked_from_ = TimeMs(snapshot_asked_at_.value() + kOfferWaitMs + kBlocksAfterOffersMs);
  }
  // Who was left for bad parts gets another chance when nobody else remains.
  if (std::ranges::includes(snapshot_refused_, linked)) snapshot_refused_.clear();

  std::optional<Height> begun;
  if (snapshot_) begun = snapshot_->builder().header().height;
  if (const auto manifest = journal_->store().begun_snapshot(); manifest && !begun) {
    const auto header = decode_entry(manifest->header);
    CHECK(header && std::holds_alternative<Header>(*header));
    begun = std::get<Header>(*header).height;
  }
  for (const auto number : linked) {
    if (snapshot_refused_.contains(number)) continue;
    if (snapshot_ && snapshot_->has_source(number)) continue;
    snapshot_questions_.insert(number);
    send(number, net::Channel::consensus, GetSnapshot{journal_->tip().height, begun});
  }
}

void Node::ask_for_parts() {
  if (!snapshot_) return;
  for (const auto& request : snapshot_->next_requests(now().steady)) {
    send(request.peer, net::Channel::consensus, request.part);
  }
}

// One source alone may be slow, or see to it that there is no end.
void Node::ask_others_for_blocks() {
  const auto only = snapshot_ ? snapshot_->only_source() : std::nullopt;
  const TimeMs time = now().steady;
  if (!only || !catch_up_ || time.value() - snapshot_shared_at_.value() < kLoneSourceMs ||
      time.value() - catch_up_->asked_at.value() < kLoneSourceBlocksMs) {
    return;
  }
  std::vector<net::PeerIndex> others;
  for (const auto& [number, peer] : peers_) {
    if (peer.connected && number != *only) others.push_back(number);
  }
  if (others.empty()) return;
  const Height from = executed_height().next();
  send(others[catch_up_->attempts++ % others.size()], net::Channel::consensus,
       Message(GetRange{from, Height(from.value() + kRangeBlocksMax - 1)}));
  catch_up_->asked_at = time;
}

Result<Certificate> Node::snapshot_certificate(const SnapshotManifest& manifest) const {
  auto certificate = decode<Certificate>(manifest.certificate);
  if (!certificate || certificate->subject.kind != VoteKind::finalize) {
    return Error{Errc::snapshot_invalid, "no finalization"};
  }
  if (certificate->subject.epoch < own_epoch()) {
    return Error{Errc::snapshot_invalid, "of an epoch that is over here"};
  }
  return *std::move(certificate);
}

// REQUIRES: the Header's id is the certificate's; is_ready_to_judge() its epoch.
Status Node::check_snapshot(const Header& header, const Certificate& certificate) const {
  const auto& subject = certificate.subject;
  if (header.epoch != subject.epoch) return Error{Errc::snapshot_invalid, "of another epoch"};
  const bool is_own = subject.epoch == own_epoch();
  SignatureChecker checker(
      journal_->tip().chain_id,
      is_own ? replica_->validators() : learner_->chain().consensus_set(subject.epoch));
  FENRUN_OK(checker.check(certificate));
  if (learner_) return learner_->chain().check_place(header, subject.block_id);
  return {};
}

// One answer to each question; what comes unasked is passed over.
void Node::take_snapshot_offer(net::PeerIndex from, const SnapshotOffer& offer) {
  const bool is_answer = snapshot_questions_.erase(from) > 0;
  if (!is_answer || !offer.manifest || !catch_up_ || snapshot_refused_.contains(from)) return;
  if (snapshot_) {
    const bool is_same = snapshot_->builder().manifest().digest() == offer.manifest->digest();
    if (is_same) snapshot_->add_source(from);
    return;
  }
  const auto judged = judge_offer(from, *offer.manifest);
  if (judged || judged.error().code == Errc::not_ready) return;  // It will be offered again.
  log_of_peer(from, "the snapshot that it offers: " + judged.error().to_string());
  snapshot_refused_.insert(from);
}

// Errc::not_ready while its epoch is not known.
Status Node::judge_offer(net::PeerIndex from, const SnapshotManifest& manifest) {
  FENRUN_TRY(const auto certificate, snapshot_certificate(manifest));
  const auto& subject = certificate.subject;
  if (!is_ready_to_judge(from, subject.epoch)) return Errc::not_ready;
  const auto known = snapshot_offers_.find(manifest.digest());
  if (known != snapshot_offers_.end()) {
    known->second.peers.insert(from);
    return {};
  }
  FENRUN_TRY(const auto header, check_manifest(manifest, subject.block_id));
  FENRUN_OK(check_snapshot(header, certificate));
  snapshot_offers_.emplace(manifest.digest(),
                           JudgedOffer{manifest, header, subject.block_id, {from}});
  return {};
}

// None of whom gave enough lately: who offers one snapshot after the other gains nothing.
bool Node::is_slow(const JudgedOffer& offer) const {
  return std::ranges::all_of(offer.peers,
                             [&](auto number) { return slow_sources_.contains(number); });
}

// Since it was judged blocks, links or a fork may have come.
bool Node::is_eligible(const JudgedOffer& offer) const {
  const bool is_own = offer.header.epoch == own_epoch();
  if (!is_own && (!learner_ || learner_->fork())) return false;
  return may_join_by(offer.header) && !(is_slow(offer) && blocks_are_served());
}

// When all have answered, or were waited for: that which most peers offer; by preference one of
// which some is here, for that would be lost.
void Node::choose_snapshot() {
  const TimeMs time = now().steady;
  if (snapshot_ || snapshot_offers_.empty()) return;
  const bool is_waiting =
      std::ranges::any_of(snapshot_questions_, [&](auto number) { return is_linked(number); });
  if (is_waiting && time.value() - snapshot_asked_at_.value() < kOfferWaitMs) return;
  std::erase_if(slow_sources_, [&](const auto& item) {
    return time.value() - item.second.value() >= kSlowRefusedMs;
  });
  const auto begun = journal_->store().begun_snapshot();
  const auto begun_digest = begun ? std::optional(begun->digest()) : std::nullopt;
  const auto offers = std::exchange(snapshot_offers_, {});
  const auto rank = [&](const auto& item) {
    const auto& [digest, offer] = item;
    return std::tuple(is_eligible(offer), !is_slow(offer), offer.peers.size(),
                      begun_digest == digest, offer.header.height);
  };
  const auto best = std::ranges::max_element(offers, {}, rank);
  if (is_eligible(best->second)) begin_snapshot(best->second);
}

void Node::begin_snapshot(const JudgedOffer& offer) {
  auto builder = journal_->begin_snapshot(offer.manifest, offer.block_id);
  if (!builder) {
    if (builder.error().code == Errc::io_error) return fail(builder.error());
    return log(LogLevel::warn, "a snapshot that was offered: " + builder.error().to_string());
  }
  log(LogLevel::info, "joining by the snapshot at height " +
                          std::to_string(builder->header().height.value()) + ", " +
                          std::to_string(builder->pieces_held()) + " of " +
                          std::to_string(builder->pieces()) + " pieces are here");
  snapshot_.emplace(*std::move(builder));
  for (const auto number : offer.peers) {
    if (is_linked(number)) snapshot_->add_source(number);
  }
  snapshot_sourced_at_ = now().steady;
  snapshot_shared_at_ = now().steady;
  if (snapshot_->builder().is_complete()) return install_snapshot();
  ask_for_parts();
}

void Node::take_snapshot_part(net::PeerIndex from, const SnapshotPartAnswer& answer) {
  drop_unneeded_snapshot();
  if (!snapshot_) return;
  if (const auto taken = snapshot_->take(from, answer, now().steady); !taken) {
    if (taken.error().code != Errc::snapshot_invalid) return fail(taken.error());
    log_of_peer(from, "a part of the snapshot: " + taken.error().to_string());
  }
  if (snapshot_->builder().is_complete()) return install_snapshot();
  ask_for_parts();
}

// What holds for a journal that began with a snapshot, from its first moment and after each
// restart.
Status Node::begin_with_base() {
  const auto base = journal_->store().base();
  if (!base) return {};
  const auto position = journal_->store().header_position(*base);
  CHECK(position.has_value());
  FENRUN_OK(checkpointer_.sign_only_above(position->value() + 1));
  give(EarliestKept{base->next()});
  return {};
}

void Node::install_snapshot() {
  drop_unneeded_snapshot();
  if (!snapshot_) return;
  auto builder = std::move(snapshot_->builder());
  let_snapshot_go();
  const auto certificate = decode<Certificate>(builder.manifest().certificate);
  CHECK(certificate.has_value());  // It was checked when the snapshot was begun.
  if (!is_of_learnt_chain(builder)) {
    log(LogLevel::error, "the snapshot is refused as a whole: its epochs are not those learnt");
    return;
  }
  const auto installed = journal_->install(builder);
  if (!installed && installed.error().code == Errc::snapshot_invalid) {
    log(LogLevel::error, "the snapshot is refused as a whole: " + installed.error().to_string());
    return;
  }
  if (!installed) return fail(installed.error());
  log(LogLevel::info, "joined at height " + std::to_string(journal_->tip().height.value()));
  go_on_from_snapshot(*certificate);
}

void Node::go_on_from_snapshot(const Certificate& certificate) {
  const auto& tip = journal_->tip();
  verifications_.clear();
  executor_.prune();
  committed_at_ = now().steady;
  if (tip.epoch != own_epoch()) {
    enter_epoch();
  } else {
    synced_tip_ = {tip.epoch,   certificate.subject.view, tip.height, journal_->tip_id(),
                   certificate, tip.ends_epoch()};
    // Ahead of what waits: the blocks of which it may speak are gone.
    give_first(Synced{synced_tip_});
    if (const auto begun = begin_with_base(); !begun) return fail(begun.error());
    know_changed_members();
  }
  if (failed_) return;
  drop_spent_batches(batches_.pending_count());
  report_work();
  const auto subscribers = subscribers_;
  for (const auto& [number, callback] : subscribers) callback(tip.height);
  if (catch_up_) request_range();
}

void Node::serve_snapshot(net::PeerIndex to, const GetSnapshot& request) {
  SnapshotOffer offer;
  const auto& kept = journal_->snapshots();
  auto chosen = std::ranges::find_if(
      kept, [&](const auto& snapshot) { return request.begun == snapshot.height; });
  if (chosen == kept.end() && !kept.empty()) chosen = std::prev(kept.end());
  if (chosen != kept.end() && chosen->height > request.above) {
    auto manifest = make_manifest(journal_->store(), chosen->bits, chosen->height);
    if (manifest) {
      offer.manifest = *std::move(manifest);
    } else {
      log(LogLevel::error, "cannot make a snapshot: " + manifest.error().to_string());
    }
  }
  send(to, net::Channel::bulk, offer);
}

void Node::take_slow_request(net::PeerIndex from, const SlowRequest& request) {
  const auto waiting =
      std::ranges::count(slow_requests_, from, [](const auto& item) { return item.first; });
  if (static_cast<std::size_t>(waiting) >= kSlowRequestsPerPeerMax) return;
  // Whoever is behind says so with each status: that must not crowd out what it asks for.
  const bool is_told = std::ranges::any_of(slow_requests_, [from](const auto& item) {
    return item.first == from && std::holds_alternative<GetEpochEnd>(item.second);
  });
  if (is_told && std::holds_alternative<GetEpochEnd>(request)) return;
  slow_requests_.emplace_back(from, request);
  serve_next_slow_request();
}

void Node::serve_next_slow_request() {
  const TimeMs begin = now().steady;
  if (slow_requests_.empty() || begin < slow_requests_from_) return;
  const auto [to, request] = slow_requests_.front();
  slow_requests_.pop_front();
  std::visit(overloaded{[&](const GetRange& range) { serve_range(to, range); },
                        [&](const GetSnapshot& snapshot) { serve_snapshot(to, snapshot); },
                        [&](const GetSnapshotPart& part) { serve_part(to, part); },
                        [&](const GetEpochLinks& links) { serve_epoch_links(to, links); },
                        [&](const GetHandover& handover) { serve_handover(to, handover); },
                        [&](const GetEpochEnd& end) { tell_epoch_end(to, end.epoch); }},
             request);
  const auto cost = std::max<std::uint64_t>(now().steady.value() - begin.value(), 1);
  slow_requests_from_ = TimeMs(begin.value() + kSlowRequestShare * cost);
}

void Node::serve_part(net::PeerIndex to, const GetSnapshotPart& request) {
  SnapshotPartAnswer answer{request, std::nullopt};
  const auto& kept = journal_->snapshots();
  const auto snapshot = std::ranges::find(kept, request.height, &Journal::SnapshotPoint::height);
  if (snapshot != kept.end()) {
    auto part = make_part(journal_->store(), snapshot->bits, request.height,
                          {request.section, request.first_piece});
    if (part) {
      answer.part = *std::move(part);
    } else {
      log(LogLevel::error, "cannot make a part of a snapshot: " + part.error().to_string());
    }
  }
  send(to, net::Channel::bulk, answer);
}

void Node::describe_snapshots(NodeStatus& status) const {
  status.base = journal_->store().base();
  if (snapshot_) {
    const auto& builder = snapshot_->builder();
    status.joining = {builder.header().height, builder.pieces_held(), builder.pieces()};
  }
}

void Node::add_snapshot_metrics(std::vector<Metric>& metrics) const {
  using Kind = Metric::Kind;
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  if (!journal_->snapshots().empty()) {
    metrics.push_back({"snapshot_height",
                       "Height of the newest snapshot that is offered",
                       Kind::gauge,
                       {},
                       number(journal_->snapshots().back().height.value())});
  }
  metrics.push_back({"base_height",
                     "Height of the snapshot with which the node began; 0 without",
                     Kind::gauge,
                     {},
                     number(journal_->store().base().value_or(Height(0)).value())});
  if (snapshot_) {
    metrics.push_back({"joining_pieces_held",
                       "Pieces of the snapshot that are here",
                       Kind::gauge,
                       {},
                       number(snapshot_->builder().pieces_held())});
    metrics.push_back({"joining_pieces",
                       "Pieces of the snapshot that is being taken in",
                       Kind::gauge,
                       {},
                       number(snapshot_->builder().pieces())});
  }
}

}  // namespace fenrun
