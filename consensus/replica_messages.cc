// What other validators say.  Everything here may be a lie.
#include <algorithm>

#include "consensus/evidence.h"
#include "consensus/replica.h"
#include "core/check.h"
#include "core/planted.h"

namespace fenrun {
namespace {

Status as_status(bool is_valid) { return is_valid ? Status() : Status(Errc::signature_invalid); }
Status as_status(Status status) { return status; }

}  // namespace

// Errc::rate_limited if too much of the sender was wrong lately.
template <class Signed>
Status Replica::check_signed(ValidatorIndex from, const Signed& message) {
  auto& wasted = wasted_[from];
  if (wasted >= kWastedVerificationsMax) return Errc::rate_limited;
  const auto before = signatures_.verifications();
  const auto status = as_status(signatures_.check(message));
  if (!status) wasted += signatures_.verifications() - before;
  return status;
}

// Rule 4, what can be told at once; consider() goes on from here.
void Replica::receive(ValidatorIndex from, const Propose& message) {
  const auto subject = message.subject();
  if (ended()) return;
  if (message.epoch != config_.epoch || !subject.validate() || !votes_.in_range(message.view))
    return;
  const auto leader = leader_of(message.view);
  if (from != leader && !planted(PlantedBug::forged_justification_nullifies)) return;
  const Vote vote{subject, leader, message.signature};
  if (!check_signed(from, vote)) return;

  const bool justified = take_justification(from, message);
  if (!justified && planted(PlantedBug::forged_justification_nullifies)) give_up(message.view);
  if (justified && message.view > finalized_.view) {
    const auto* held = proposals_.find(message.view);
    const auto* certificate = certificates_.notarized(message.view);
    const bool certified =
        certificate == nullptr || certificate->subject.block_id == subject.block_id;
    if (held == nullptr && certified) {
      hold(message, from).from_leader = true;
      place(message, from);
      if (message.view == view_) ask_for_gaps(from);
    }
  }
  count(vote, from);
}

// Takes the certificates that a proposal brings.  False if one of them is bad or has no place
// there: then the message is nobody's fault that could be proven, and is ignored.
bool Replica::take_justification(ValidatorIndex from, const Propose& message) {
  const auto& [parent, nullifications] = message.justification;
  if (parent) {
    const auto& subject = parent->subject;
    if (subject.kind == VoteKind::nullify || subject.view != message.parent_view ||
        subject.block_id != message.parent_id || !check_certificate(from, *parent)) {
      return false;
    }
  } else if (message.parent_view != View(0)) {
    return false;
  }
  View last = message.parent_view;
  for (const auto& nullification : nullifications) {
    const auto& subject = nullification.subject;
    if (subject.kind != VoteKind::nullify || subject.view <= last || subject.view >= message.view ||
        !check_certificate(from, nullification)) {
      return false;
    }
    last = subject.view;
  }
  if (parent) accept(*parent, from);
  for (const auto& nullification : nullifications) accept(nullification, from);
  return true;
}

bool Replica::is_of_this_epoch(const Subject& subject) const {
  return subject.epoch == config_.epoch || planted(PlantedBug::epoch_ignored);
}

// A certificate is checked once: one whose subject we hold proven needs no further proof.
Status Replica::check_certificate(ValidatorIndex from, const Certificate& certificate) {
  const auto& subject = certificate.subject;
  FENRUN_OK(subject.validate());
  if (!is_of_this_epoch(subject)) return Error{Errc::value_invalid, "of another epoch"};
  const auto* held = certificates_.find(subject.kind, subject.view);
  if (held != nullptr && held->subject == subject) return {};
  if (finalized_.certificate && finalized_.certificate->subject == subject) return {};
  return check_signed(from, certificate);
}

// Rule 10.
void Replica::receive(ValidatorIndex from, const Vote& message) {
  const auto& subject = message.subject;
  if (ended() || !validators_.contains(message.signer)) return;
  if (!is_of_this_epoch(subject) || !subject.validate() || !votes_.in_range(subject.view)) return;
  if (message.signer == from) note_vote(message);  // Unchecked: at its own expense.
  const auto* held = votes_.find(subject.kind, subject.view, message.signer);
  const bool is_known = held != nullptr && held->subject == subject;
  if (is_known && !planted(PlantedBug::vote_counted_twice)) return;
  // A vote too late to matter is not worth checking, unless it disagrees with what the quorum said.
  const auto* certificate = certificates_.find(subject.kind, subject.view);
  if (certificate != nullptr && certificate->subject == subject) return;
  if (check_signed(from, message)) count(message, from);
}

// REQUIRES: checked.
void Replica::count(const Vote& vote, std::optional<ValidatorIndex> from) {
  note_vote(vote);
  if (vote.signer == self_) compare_with_log(vote);
  const auto added = votes_.add(vote);
  if (added.evidence) {
    report(*added.evidence);
  }
  if (added.certificate) accept(*added.certificate, from);
}

void Replica::receive(ValidatorIndex from, const Certificate& message) {
  const auto& subject = message.subject;
  if (ended()) return;
  if (!is_of_this_epoch(subject) || subject.view <= finalized_.view) return;
  const auto* held = certificates_.find(subject.kind, subject.view);
  if (held != nullptr && held->subject == subject) return;
  if (check_certificate(from, message)) accept(message, from);
}

// Moves nothing by itself: whoever claims to be ahead is asked for proof.  One of a later epoch has
// the finalization of this one's last block.
void Replica::receive(ValidatorIndex from, const PeerStatus& message) {
  send(from, Echo{message.stamp});
  if (ended() || message.epoch < config_.epoch) return;
  if (message.epoch == config_.epoch && message.view <= view_ &&
      message.finalized_view <= finalized_.view) {
    return;
  }
  const auto first = finalized_.view.next();
  send(from,
       GetCertificates{config_.epoch, first, View(first.value() + kCertificatesPerAnswer - 1)});
}

void Replica::receive(ValidatorIndex from, const Echo& message) {
  if (!validators_.contains(from) || message.stamp > pacemaker_.now()) return;
  pacemaker_.observe_round_trip(from, SpanMs(pacemaker_.now().value() - message.stamp.value()));
}

void Replica::receive(ValidatorIndex from, const GetCertificates& message) {
  if (message.epoch != config_.epoch || message.to < message.from) return;
  if (++answers_[from] > kAnswersMax) return;
  if (finalized_.certificate && finalized_.view >= message.from)
    send(from, *finalized_.certificate);
  if (entry_ && entry_->subject.view > finalized_.view) send(from, *entry_);
  const auto first = std::max(message.from, finalized_.view.next());
  for (std::uint64_t i = 0; i < kCertificatesPerAnswer; ++i) {
    const View view(first.value() + i);
    if (view > message.to || view > certificates_.highest()) return;
    if (const auto* notarized = certificates_.notarized(view)) send(from, *notarized);
    for (const auto kind : {VoteKind::nullify, VoteKind::finalize}) {
      const auto* held = certificates_.find(kind, view);
      if (held != nullptr && held != certificates_.notarized(view)) send(from, *held);
    }
  }
}

// Both are answered by the driver, which has the bodies and the journal.
void Replica::receive(ValidatorIndex, const GetBlock&) {}
void Replica::receive(ValidatorIndex, const GetRange&) {}

void Replica::receive(ValidatorIndex from, const BlockAnswer& message) {
  if (!ended() && message.propose.epoch == config_.epoch) place(message.propose, from);
}

void Replica::receive(ValidatorIndex from, const Evidence& message) {
  const auto& [first, second] = message;
  if (first.subject.epoch != config_.epoch || !conflict(first, second)) return;
  // Who is convicted need not be again; but a leader that signed two blocks gets no vote for them.
  if (reported_.contains(first.signer) && !votes_.in_range(first.subject.view)) return;
  if (!first.subject.validate() || !second.subject.validate()) return;
  if (++answers_[from] > kAnswersMax) return;
  if (signatures_.check(first) && signatures_.check(second)) report(message);
}

// REQUIRES: checked.
void Replica::report(const Evidence& evidence) {
  const auto signer = evidence.first.signer;
  const auto view = evidence.first.subject.view;
  if (signer == self_) {
    compare_with_log(evidence.first);
    compare_with_log(evidence.second);
  }
  const bool two_blocks = evidence.first.subject.kind == VoteKind::notarize &&
                          evidence.second.subject.kind == VoteKind::notarize;
  if (two_blocks && signer == leader_of(view) && votes_.in_range(view)) tainted_.insert(view);
  if (!reported_.insert(signer).second) return;
  emit(EvidenceFound{evidence});
  send(std::nullopt, evidence);
}

}  // namespace fenrun
