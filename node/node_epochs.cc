// From one set of validators to the next.  docs/spec/consensus.md §7; docs/spec/network.md, §11.
//
// An epoch is over here when its last block is committed.  The next one begins when the handover is
// held too, the checkpoint of that block with a quorum of its validators' cosignatures: so a quorum
// of the new validators has it durably before they decide anything.
#include <algorithm>

#include "contracts/members.h"
#include "contracts/records.h"
#include "core/check.h"
#include "ledger/proof/verify.h"
#include "node/network.h"
#include "node/node.h"

namespace fenrun {
namespace {

constexpr std::uint64_t kHandoverAskAgainMs = 1'000;

// A host that shares its cores stalls for tens of milliseconds at a time; a view given up for that
// costs everyone more than a patient timer costs at a dead leader.
constexpr SpanMs kRoundTripAssumedMin{80};

Timing timing_of(const Parameters& parameters) {
  Timing timing;
  timing.delta_min = kRoundTripAssumedMin;
  timing.block_interval = SpanMs(parameters.block_interval_ms);
  timing.idle_interval = SpanMs(parameters.idle_interval_ms);
  return timing;
}

}  // namespace

// Where consensus stands in the epoch of the tip.
Result<FinalizedTip> Node::finalized_tip() const {
  const Header& header = journal_->tip();
  FinalizedTip tip{header.epoch,       header.view,  header.height,
                   journal_->tip_id(), std::nullopt, header.ends_epoch()};
  if (header.height == Height(0)) return tip;
  FENRUN_TRY(const auto bytes, journal_->store().certificate(tip.height));
  if (bytes.empty()) return Error{Errc::corruption, "the tip has no certificate"};
  FENRUN_TRY(auto certificate, decode<Certificate>(bytes));
  tip.view = certificate.subject.view;
  tip.certificate = std::move(certificate);
  return tip;
}

// REQUIRES: the epoch is over.
Result<Header> Node::last_header_of(Epoch epoch) const {
  const auto height = find_epoch_end(journal_->state(), epoch);
  if (!height) return Error{Errc::corruption, "the ledger does not say where its epoch began"};
  return journal_->header(*height);
}

// The id of the block that the epoch began with.
Result<Digest> Node::first_block_of(Epoch epoch) const {
  FENRUN_TRY(const auto header, epoch == Epoch(0) ? journal_->header(Height(0))
                                                  : last_header_of(Epoch(epoch.value() - 1)));
  return block_id(header);
}

// The replica of the epoch that the tip belongs to, or of the one after it once that may begin.
Status Node::open_epoch(const std::vector<LogRecord>& records) {
  FENRUN_TRY(auto tip, finalized_tip());
  // Until the handover is there an ended epoch's replica only answers; whom it takes for validators
  // makes no difference to it.
  if (tip.ends_epoch && journal_->holds_tips_handover()) {
    tip = {tip.epoch.next(), View(0), tip.height, tip.block_id, std::nullopt, false};
  }
  const auto validators = fenrun::validators(journal_->state());
  know_members(validators);
  FENRUN_OK(begin_cosigning(tip.epoch));
  FENRUN_TRY(epoch_first_block_, first_block_of(tip.epoch));
  votes_ = vote_log_ && self_ && !tip.ends_epoch &&
           validators[self_->value()].consensus_key == options_.consensus_key->public_key();
  if (votes_ && vote_log_->epoch() < tip.epoch) vote_log_->open_epoch(tip.epoch);
  const auto timing = timing_of(parameters(journal_->state()));
  idle_interval_ms_ = timing.idle_interval.value();
  const ReplicaConfig config{.chain_id = journal_->tip().chain_id,
                             .epoch = tip.epoch,
                             .epoch_first_block = epoch_first_block_,
                             .timing = timing,
                             .log_check = log_check_};
  replica_ = std::make_unique<Replica>(
      config, consensus_set_of(validators), votes_ ? self_ : std::nullopt,
      votes_ ? options_.consensus_key : nullptr, std::move(tip), records, now().steady);
  return {};
}

// Everybody of the ledger's directory; what is known of a peer stays with its number.
void Node::know_members(const ValidatorList& validators) {
  members_ = members_of(journal_->state());
  self_ = members_.validator_of(options_.self);
  std::erase_if(peers_, [&](const auto& item) {
    const bool is_member = members_.address_of(item.first).has_value();
    if (!is_member) forget_checks(item.first);
    return !is_member;
  });
  for (const auto& member : members_.all()) {
    if (member.number != options_.self) peers_.try_emplace(member.number);
  }
  trust_policy_ = policy_text(validators);
  network_record_ = journal_->state().value(network_key());
  options_.on_members(members_);
}

// Members come and go within an epoch, too.  Between epochs whoever leaves is heard until the next
// begins: the handover may want its cosignature.
void Node::know_changed_members() {
  if (journal_->tip().ends_epoch()) return;
  if (journal_->state().value(network_key()) == network_record_) return;
  know_members(validators(journal_->state()));
}

// Those who sign the checkpoints of the epoch's blocks.
Status Node::begin_cosigning(Epoch epoch) {
  FENRUN_TRY(const auto signers, validators_of(epoch));
  FENRUN_TRY(auto policy, TrustPolicy::parse(policy_text(signers)));
  checkpointer_.begin_epoch(policy.validators(), policy.validators_quorum());
  cosigning_policy_ = std::move(policy);
  return {};
}

// Called when something was committed, cosigned or received that may end the wait.
void Node::continue_to_next_epoch() {
  const Header& tip = journal_->tip();
  if (failed_ || !tip.ends_epoch() || replica_->finalized().epoch != tip.epoch) return;
  if (!journal_->holds_tips_handover()) {
    const auto& newest = checkpointer_.cosigned();
    if (!newest || newest->height != tip.height) return;
    if (const auto status = keep_handover(newest->note); !status) return fail(status.error());
  }
  enter_epoch();
}

// From the epoch of the replica to that of the tip, or to the one that the tip's handover begins.
void Node::enter_epoch() {
  log_check_ = replica_->log_check();
  // A log that is ahead of a journal that was lost holds votes of epochs to come.
  const auto records = vote_log_ ? replica_->log_snapshot() : std::vector<LogRecord>();
  verifications_.clear();
  inbox_.clear();
  batches_.forget_acknowledgements();
  catch_up_.reset();
  learner_.reset();
  if (const auto status = open_epoch(records); !status) return fail(status.error());
  log(LogLevel::info, "epoch " + std::to_string(own_epoch().value()) + " begins with " +
                          std::to_string(members_.validator_count()) + " validators" +
                          (is_voting() ? "" : "; this node observes"));
  if (const auto begun = begin_with_base(); !begun) return fail(begun.error());
  give(Tick{now().steady});
  for (const auto& [number, peer] : peers_) {
    if (!peer.connected) continue;
    give(Connected{*members_.address_of(number)});
    push_batches_again(number);
  }
  work_reported_ = false;
  report_work();
}

Status Node::keep_handover(const std::string& note) {
  // The members' table is still that of the epoch that ends.
  const Header& tip = journal_->tip();
  const auto next = validators(journal_->state());
  // Nothing of the epoch follows, so it has its own.
  FENRUN_TRY(const auto certificate, journal_->store().certificate(tip.height));
  return journal_->save_handover(tip.epoch,
                                 {{note}, {policy_text(next)}, certificate, encode(next)});
}

void Node::ask_for_handover() {
  const TimeMs time = now().steady;
  const bool is_waiting =
      journal_->tip().ends_epoch() && replica_->finalized().epoch == journal_->tip().epoch;
  if (!is_waiting && lost_handovers_.empty()) return;
  if (time.value() - handover_asked_at_.value() < kHandoverAskAgainMs) return;
  handover_asked_at_ = time;
  if (is_waiting) {
    send(std::nullopt, net::Channel::consensus, GetHandover{journal_->tip().epoch});
    return;
  }
  send(std::nullopt, net::Channel::consensus, GetHandover{lost_handovers_.front()});
  std::ranges::rotate(lost_handovers_, std::next(lost_handovers_.begin()));
}

void Node::serve_handover(net::PeerIndex to, const GetHandover& request) {
  const auto handover = journal_->store().handover(request.epoch);
  if (handover) send(to, net::Channel::consensus, Handover{request.epoch, handover->checkpoint});
}

void Node::take_handover(net::PeerIndex from, const Handover& answer) {
  if (is_handover_lost(answer.epoch)) return restore_handover(from, answer);
  if (is_recovery(answer.checkpoint.value)) return take_recovery(from, answer);
  const Header& tip = journal_->tip();
  if (!tip.ends_epoch() || answer.epoch != tip.epoch || journal_->holds_tips_handover()) return;
  const auto checkpoint = verify_checkpoint(answer.checkpoint.value, *cosigning_policy_);
  if (!checkpoint || checkpoint->body.size != tip.position.value() + 1 ||
      checkpoint->body.root != journal_->root()) {
    return log_of_peer(from, "sent no handover of epoch " + std::to_string(answer.epoch.value()));
  }
  if (const auto status = keep_handover(answer.checkpoint.value); !status) {
    return fail(status.error());
  }
  continue_to_next_epoch();
}

// Whoever is in an epoch that is over is told how it ended; the rest it fetches.  A recovery ends
// an epoch upon a block that its validators finalized; the recovery's own nobody finalized.
void Node::tell_epoch_end(net::PeerIndex to, Epoch epoch) {
  auto height = find_epoch_end(journal_->state(), epoch);
  if (!height) return;
  const auto handover = journal_->store().handover(epoch);
  const bool by_recovery = handover && is_recovery(handover->checkpoint.value);
  if (by_recovery) height = Height(height->value() - 1);
  auto bytes = journal_->store().certificate(*height);
  // From before the snapshot with which this node began, or damaged.
  if (!bytes && handover) bytes = Bytes(handover->certificate);
  if (bytes && !bytes->empty()) {
    auto certificate = decode<Certificate>(*bytes);
    CHECK(certificate.has_value());
    send(to, net::Channel::consensus, Message(*std::move(certificate)));
  }
  if (by_recovery) {
    send(to, net::Channel::consensus, Handover{epoch, handover->checkpoint});
  }
}

}  // namespace fenrun
