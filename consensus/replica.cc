#include "consensus/replica.h"

#include <algorithm>

#include "consensus/evidence.h"
#include "core/check.h"
#include "core/overloaded.h"
#include "core/planted.h"

namespace fenrun {

namespace {

Epoch epoch_of(const LogRecord& record) {
  return std::visit(
      overloaded{[](const EpochOpened& opened) { return opened.epoch; },
                 [](const Vote& vote) { return vote.subject.epoch; },
                 [](const Certificate& certificate) { return certificate.subject.epoch; },
                 [](const Propose& propose) { return propose.epoch; }},
      record);
}

// Votes this far below the present view are forgotten even where nothing is finalized: certificates
// of those views stay, and finalizing a later block finalizes theirs.  Bounds the tally's memory.
constexpr std::uint64_t kVoteViewsKeptMax = 256;

// A finalization this many views above the tip is not waited for: the range is fetched at once.
constexpr std::uint64_t kCatchUpViews = kViewLookahead;

}  // namespace

// NOLINTNEXTLINE(readability-function-size): what it begins with comes from as many owners.
Replica::Replica(const ReplicaConfig& config, ValidatorSet validators,
                 std::optional<ValidatorIndex> self, const SigningKey* key, FinalizedTip tip,
                 const std::vector<LogRecord>& recovered, TimeMs now)
    : config_(config),
      validators_(std::move(validators)),
      self_(self),
      key_(key),
      finalized_(std::move(tip)),
      signatures_(config.chain_id, validators_),
      votes_(validators_.quorum()),
      pacemaker_(config.timing, validators_, self, now) {
  CHECK(self_.has_value() == (key_ != nullptr));
  CHECK(!self_ || validators_.key_of(*self_) == key_->public_key());
  CHECK(finalized_.epoch == config_.epoch);
  CHECK(finalized_.certificate.has_value() == (finalized_.view != View(0)));
  if (finalized_.certificate) note_votes(*finalized_.certificate);
  safety_.forget(finalized_.view);
  for (const auto& record : recovered) recover(record);
  if (log_epoch_ > config_.epoch) safety_.forget(View(~std::uint64_t{0}));
  if (self_ && config_.log_check == LogCheck::ask) log_state_ = LogState::unknown;
  log_checked_by_ = TimeMs(now.value() + kLogCheckMs);
  log_check_nonce_ = now.value();
  view_ = std::max({finalized_.view.next(), safety_.lowest_view(), certificates_.highest().next()});
  if (planted(PlantedBug::resume_from_last_record)) {
    view_ = finalized_.view.next();
    for (const auto& record : recovered) {
      const auto* vote = std::get_if<Vote>(&record);
      if (vote == nullptr || vote->subject.epoch != config_.epoch) continue;
      view_ = std::max(finalized_.view.next(), vote->subject.view);
    }
  }
  if (finalized_.view.next() == view_) {
    entry_ = finalized_.certificate;
  } else if (const auto* entry = certificates_.any(View(view_.value() - 1))) {
    entry_ = *entry;
  }
  votes_.set_range(votes_floor(), View(view_.value() + kViewLookahead));
}

void Replica::recover(const LogRecord& record) {
  const auto epoch = epoch_of(record);
  log_epoch_ = std::max(log_epoch_, epoch);
  if (epoch > config_.epoch) later_records_.push_back(record);
  if (epoch == config_.epoch) know_logged(record);
  // Of an epoch that is over nothing counts any more; whom we take for its validators may be wrong.
  if (epoch != config_.epoch || ended()) return;
  std::visit(overloaded{
                 [&](const EpochOpened& opened) {
                   epoch_logged_ = true;
                   safety_.forget(opened.forgotten);
                 },
                 [&](const Vote& vote) {
                   // Who observes the epoch casts nothing, whatever the log holds.
                   if (!self_ || vote.subject.view <= finalized_.view) return;
                   CHECK(vote.signer == *self_);
                   safety_.record(vote);
                 },
                 [&](const Certificate& certificate) {
                   const auto& subject = certificate.subject;
                   if (subject.view <= finalized_.view) return;
                   if (certificates_.has(subject.kind, subject.view)) return;
                   certificates_.insert(certificate);
                   certificates_.set_logged(subject.kind, subject.view);
                   note_votes(certificate);
                 },
                 [&](const Propose& propose) {
                   if (propose.view <= finalized_.view) return;
                   proposals_.put(propose, leader_of(propose.view)).logged = true;
                 },
             },
             record);
}

// Rule 9: our stored votes count again.  Not before the first step, for they may complete a quorum.
void Replica::resume() {
  resumed_ = true;
  for (const auto& vote : safety_.all()) {
    signatures_.remember(vote);
    if (planted(PlantedBug::own_votes_not_recounted)) continue;
    count(vote, std::nullopt);
  }
  for (View view = finalized_.view.next(); view < view_; view = view.next()) {
    if (certificates_.notarized(view) && proposals_.find(view) == nullptr) missing_.insert(view);
  }
  touch_all();
  // The journal may tell of a vote, too.
  const auto& newest = finalized_.certificate;
  if (log_state_ == LogState::unknown && newest && newest->signed_by(*self_)) {
    compare_with_log(newest->vote_of(*self_));
  }
  conclude_log_check();  // A validator alone asks nobody.
}

std::vector<Output> Replica::step(const Input& input) {
  CHECK(outputs_.empty());
  if (!resumed_) resume();
  std::visit([&](const auto& alternative) { on(alternative); }, input);
  settle();
  const bool excused = planted(PlantedBug::view_falls);
  CHECK(finalized_.view < view_ || excused);
  return std::exchange(outputs_, {});
}

void Replica::settle() {
  bool progress = !ended();
  while (progress) {
    const auto view = view_;
    progress = commit_finalized();
    if (ended()) break;
    progress = consider_touched() || progress;
    check_timers();
    progress = progress || view != view_ || !touched_.empty();
  }
  if (ended()) return;
  lead();
  want_blocks();
  catch_up();
}

// Rules 1, 5, 8.  REQUIRES: checked, of this epoch.
void Replica::accept(const Certificate& certificate, std::optional<ValidatorIndex> from) {
  const auto& subject = certificate.subject;
  if (subject.view <= finalized_.view) return;
  for (const auto kind : {VoteKind::notarize, VoteKind::nullify, VoteKind::finalize}) {
    const auto* held = certificates_.find(kind, subject.view);
    if (held == nullptr) continue;
    for (const auto& evidence : conflicts(*held, certificate)) report(evidence);
  }
  if (certificates_.has(subject.kind, subject.view)) return;
  const bool relieves = subject.kind == VoteKind::finalize && crowded();
  certificates_.insert(certificate);
  if (relieves && !safety_.cast_any(view_)) pacemaker_.restart_timers();
  const bool notarized = subject.kind != VoteKind::nullify;
  if (notarized && proposals_.find(subject.view) == nullptr) missing_.insert(subject.view);
  touch(subject.view);
  touch(view_);  // A nullification may be what its proposal lacked.
  if (!planted(PlantedBug::certificate_not_relayed)) send(std::nullopt, certificate);
  // Its votes count as if they had come one by one: a signer may have told us something else.
  for (std::size_t i = 0; i < validators_.size(); ++i) {
    const ValidatorIndex index(static_cast<std::uint16_t>(i));
    if (certificate.signed_by(index)) count(certificate.vote_of(index), std::nullopt);
  }
  // The block may be here under another view.
  if (const auto* copy = proposals_.find_by_id(subject.block_id)) place(*copy, std::nullopt);
  if (subject.view < view_ && !planted(PlantedBug::view_falls)) return;
  enter(certificate);
  ask_for_gaps(from);
}

void Replica::enter(const Certificate& entry) {
  const auto kind = entry.subject.kind;
  const bool excused = planted(PlantedBug::view_falls);
  CHECK(entry.subject.view >= view_ || excused);
  view_ = entry.subject.view.next();
  entry_ = entry;
  pacemaker_.enter_view(kind == VoteKind::nullify);
  votes_.set_range(votes_floor(), View(view_.value() + kViewLookahead));
  touch(view_);
  emit(EnteredView{view_, leader(), kind});
}

View Replica::votes_floor() const {
  const View window(view_.value() - std::min(view_.value(), kVoteViewsKeptMax));
  return std::max(finalized_.view, window);
}

// The blocks from the tip (excluded) to the notarized block of the view, if each is ready.
std::optional<std::vector<const Proposal*>> Replica::chain_to(View view) const {
  std::vector<const Proposal*> chain;
  while (view > finalized_.view) {
    const auto* certificate = certificates_.notarized(view);
    if (certificate == nullptr) return std::nullopt;
    const auto* proposal = proposals_.find(view, certificate->subject.block_id);
    if (proposal == nullptr || !proposal->ready()) return std::nullopt;
    chain.push_back(proposal);
    view = proposal->propose.parent_view;
  }
  if (chain.empty() || chain.back()->propose.parent_view != finalized_.view) return std::nullopt;
  CHECK(chain.back()->propose.parent_id == finalized_.block_id);
  std::ranges::reverse(chain);
  return chain;
}

// Commits up to the highest finalized block that is ready with all below it.  Each stands on those
// finalized before it, so that the first that is not ready ends the search.
bool Replica::commit_finalized() {
  std::optional<std::vector<const Proposal*>> chain;
  const Certificate* finalization = nullptr;
  for (const auto view : certificates_.finalized()) {
    auto longer = chain_to(view);
    const auto* held = certificates_.find(VoteKind::finalize, view);
    if (!longer || longer->back()->id != held->subject.block_id) break;
    chain = std::move(longer);
    finalization = held;
  }
  if (finalization == nullptr) return false;
  finalize_chain(Certificate(*finalization), *chain);
  return true;
}

void Replica::finalize_chain(const Certificate& finalization,
                             const std::vector<const Proposal*>& chain) {
  Commit commit{{}, finalization};
  Height height = finalized_.height;
  bool ends_epoch = false;
  const bool excused = planted(PlantedBug::block_after_last);
  for (const auto* proposal : chain) {
    // Nothing else follows the epoch's last block.
    CHECK(proposal->repeats() == ends_epoch || excused);
    if (proposal->repeats()) continue;
    height = height.next();
    CHECK(proposal->propose.height == height);
    commit.blocks.push_back({proposal->propose.view, height, proposal->id});
    ends_epoch = proposal->ends_epoch;
  }
  const FinalizedTip tip{config_.epoch, finalization.subject.view,
                         height,        finalization.subject.block_id,
                         finalization,  ends_epoch};
  emit(std::move(commit));
  adopt_tip(tip);
}

void Replica::adopt_tip(FinalizedTip tip) {
  CHECK(tip.epoch == config_.epoch && tip.view > finalized_.view);
  CHECK(tip.height > finalized_.height && tip.certificate.has_value());  // I10
  CHECK(tip.certificate->subject.view == tip.view);
  finalized_ = std::move(tip);
  certificates_.prune(finalized_.view);
  safety_.forget(finalized_.view);
  proposals_.prune(finalized_.view);
  for (auto* views : {&touched_, &missing_, &wanted_, &tainted_}) {
    views->erase(views->begin(), views->upper_bound(finalized_.view));
  }
  for (const auto view : proposals_.children_up_to(finalized_.view)) touch(view);
  votes_.set_range(votes_floor(), View(view_.value() + kViewLookahead));
  pacemaker_.reset_backoff();
  catch_up_at_.reset();
}

// §6.  The newest finalization cannot be committed: give the blocks on their way one retry period,
// then ask the driver for the range, and again each period.
void Replica::catch_up() {
  const auto* highest = certificates_.highest_finalization();
  if (highest == nullptr) {
    catch_up_at_.reset();
    return;
  }
  const auto& target = *highest;
  const auto period = pacemaker_.advance_timeout().value();
  const auto now = pacemaker_.now();
  if (!catch_up_at_) {
    const bool far = target.subject.view.value() > finalized_.view.value() + kCatchUpViews;
    catch_up_at_ = far ? now : TimeMs(now.value() + period);
  }
  if (now < *catch_up_at_) return;
  catch_up_at_ = TimeMs(now.value() + period);
  if (const auto holder = next_holder(target.subject.view)) emit(CatchUp{target, *holder});
}

std::vector<LogRecord> Replica::log_snapshot() const {
  std::vector<LogRecord> records{
      EpochOpened{config_.epoch, config_.epoch_first_block, safety_.forgotten()}};
  for (const auto& certificate : certificates_.all_logged()) records.emplace_back(certificate);
  for (const auto& [view, proposal] : proposals_.all()) {
    if (proposal.logged) records.emplace_back(proposal.propose);
  }
  for (const auto& vote : safety_.all()) {
    if (planted(PlantedBug::log_compacted_early) && vote.subject.view < view_) continue;
    records.emplace_back(vote);
  }
  records.insert(records.end(), later_records_.begin(), later_records_.end());
  return records;
}

ReplicaStatus Replica::status() const {
  ReplicaStatus status;
  status.view = view_;
  status.leader = leader();
  status.finalized = finalized_;
  status.notarized_view = std::max(finalized_.view, certificates_.highest_notarized());
  const auto* proposal = proposals_.find(view_);
  status.proposal_held = proposal != nullptr;
  status.proposal_ready = proposal != nullptr && proposal->ready();
  status.notarized_by = votes_.voters(VoteKind::notarize, view_);
  status.finalized_by = votes_.voters(VoteKind::finalize, status.notarized_view);
  status.nullified_by = votes_.voters(VoteKind::nullify, view_);
  for (std::size_t i = 0; i < validators_.size(); ++i) {
    const ValidatorIndex index(static_cast<std::uint16_t>(i));
    if (!std::ranges::binary_search(status.notarized_by, index) &&
        !std::ranges::binary_search(status.nullified_by, index)) {
      status.missing.push_back(index);
    }
  }
  status.nullified_in_row = pacemaker_.nullified_in_row();
  status.delta = pacemaker_.delta();
  status.execution = pacemaker_.execution();
  status.leader_timeout = pacemaker_.leader_timeout();
  status.advance_timeout = pacemaker_.advance_timeout();
  status.catching_up = !ended() && !certificates_.finalized().empty();
  return status;
}

void Replica::send(std::optional<ValidatorIndex> to, Message message) {
  emit(Send{to, std::move(message)});
}

}  // namespace fenrun
