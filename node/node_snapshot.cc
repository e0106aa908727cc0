// Joining by a snapshot, and serving one.  docs/spec/snapshots.md, §5.
#include <algorithm>

#include "core/check.h"
#include "core/overloaded.h"
#include "ledger/snapshot_source.h"
#include "node/node.h"

namespace fenrun {
namespace {

constexpr std::uint64_t kSnapshotAskAgainMs = 2'000;
constexpr std::uint64_t kOfferWaitMs = 1'000;
// A snapshot that nobody gives parts of is let go after this; what came of it is kept.
constexpr std::uint64_t kSnapshotIdleMs = 20'000;
// Requests of one peer that wait to be answered; more are passed over, and come again.
constexpr std::size_t kSlowRequestsPerPeerMax = 2 * SnapshotFetcher::kRequestsPerPeerMax;

}  // namespace

// By what peers say of themselves: nothing follows from it but a question.
bool Node::blocks_are_served() const {
  const Height next = journal_->tip().height.next();
  return std::ranges::any_of(peers_, [&](const auto& item) {
    const auto& peer = item.second;
    return peer.connected && peer.earliest_height <= next && peer.finalized_height >= next;
  });
}

// A snapshot that lies less above the tip is not worth the history that it costs.
std::uint64_t Node::worthwhile_heights() const {
  return std::min<std::uint64_t>(options_.snapshot_behind, kRangeBlocksMax);
}

// Whether blocks alone would take too long, or are not to be had.  An empty node is no exception:
// it may be there to keep the whole history.
bool Node::wants_snapshot() const {
  if (!catch_up_) return false;
  const std::uint64_t tip = journal_->tip().height.value();
  std::uint64_t highest = tip;
  for (const auto& [number, peer] : peers_) {
    if (peer.connected) highest = std::max(highest, peer.finalized_height.value());
  }
  // Nobody has said yet how high it is: a chain grows by one block a view, at most.
  const View target = catch_up_->target.subject.view;
  const View finalized = replica_->finalized().view;
  if (highest == tip && target > finalized) highest += target.value() - finalized.value();
  return highest - tip > options_.snapshot_behind || (highest > tip && !blocks_are_served());
}

void Node::let_snapshot_go() {
  snapshot_refused_.insert(snapshot_->given_up().begin(), snapshot_->given_up().end());
  snapshot_.reset();
}

// Blocks may have come sooner than its last part.
void Node::drop_overtaken_snapshot() {
  if (!snapshot_) return;
  if (!catch_up_ || snapshot_->builder().header().height <= journal_->tip().height) {
    let_snapshot_go();
  }
}

void Node::continue_snapshot() {
  const TimeMs time = now().steady;
  drop_overtaken_snapshot();
  if (snapshot_ && time.value() - snapshot_progress_at_.value() >= kSnapshotIdleMs) {
    log(LogLevel::warn, "nobody gives parts of the snapshot: fetching blocks instead");
    let_snapshot_go();
    snapshot_asked_at_ = time;
    request_range();
  }
  if (time.value() - snapshot_asked_at_.value() >= kSnapshotAskAgainMs) ask_for_snapshot();
  ask_for_parts();
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
  if (is_first) blocks_asked_from_ = TimeMs(snapshot_asked_at_.value() + kOfferWaitMs);
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
    send(number, net::Channel::consensus, GetSnapshot{journal_->tip().height, begun});
  }
}

void Node::ask_for_parts() {
  if (!snapshot_) return;
  for (const auto& request : snapshot_->next_requests(now().steady)) {
    send(request.peer, net::Channel::consensus, request.part);
  }
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

void Node::take_snapshot_offer(net::PeerIndex from, const SnapshotOffer& offer) {
  if (!offer.manifest || !catch_up_ || snapshot_refused_.contains(from)) return;
  const auto& manifest = *offer.manifest;
  if (snapshot_) {
    if (snapshot_->builder().manifest().digest() == manifest.digest()) snapshot_->add_source(from);
    return;
  }
  if (!wants_snapshot()) return;
  const auto refuse = [&](const Error& error) {
    if (error.code == Errc::io_error) return fail(error);
    log(LogLevel::warn, "the snapshot of " + members_.name_of(from) + ": " + error.to_string());
    snapshot_refused_.insert(from);
  };
  const auto certificate = snapshot_certificate(manifest);
  if (!certificate) return refuse(certificate.error());
  if (!is_ready_to_judge(from, certificate->subject.epoch)) return;  // It will be offered again.
  const auto header = check_manifest(manifest, certificate->subject.block_id);
  if (!header) return refuse(header.error());
  const auto checked = check_snapshot(*header, *certificate);
  if (!checked) return refuse(checked.error());
  const std::uint64_t tip = journal_->tip().height.value();
  if (header->height.value() < tip + worthwhile_heights() && blocks_are_served()) return;
  auto builder = journal_->begin_snapshot(manifest, certificate->subject.block_id);
  if (!builder) return refuse(builder.error());
  log(LogLevel::info, "joining by the snapshot at height " +
                          std::to_string(builder->header().height.value()) + ", " +
                          std::to_string(builder->pieces_held()) + " of " +
                          std::to_string(builder->pieces()) + " pieces are here");
  snapshot_.emplace(*std::move(builder));
  snapshot_->add_source(from);
  snapshot_progress_at_ = now().steady;
  if (snapshot_->builder().is_complete()) return install_snapshot();
  ask_for_parts();
}

void Node::take_snapshot_part(net::PeerIndex from, const SnapshotPartAnswer& answer) {
  drop_overtaken_snapshot();
  if (!snapshot_) return;
  const auto held = snapshot_->builder().pieces_held();
  if (const auto taken = snapshot_->take(from, answer); !taken) {
    if (taken.error().code != Errc::snapshot_invalid) return fail(taken.error());
    log(LogLevel::warn,
        "a part of the snapshot of " + members_.name_of(from) + ": " + taken.error().to_string());
  }
  if (snapshot_->builder().pieces_held() > held) snapshot_progress_at_ = now().steady;
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
  drop_spent_batches();
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
  slow_requests_.emplace_back(from, request);
}

void Node::serve_next_slow_request() {
  if (slow_requests_.empty()) return;
  const auto [to, request] = slow_requests_.front();
  slow_requests_.pop_front();
  std::visit(overloaded{[&](const GetSnapshotPart& part) { serve_part(to, part); },
                        [&](const GetEpochLinks& links) { serve_epoch_links(to, links); }},
             request);
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
