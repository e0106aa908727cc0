// Whether the vote log holds our votes: a log restored from a backup lacks some, and a key that two
// nodes use has votes in two logs.  docs/spec/consensus.md §5.
//
// The proof is a vote with our own signature, so that no peer can make us give our votes up.
#include <algorithm>

#include "consensus/replica.h"
#include "core/planted.h"

namespace fenrun {

// What we shall answer when its signer asks.  REQUIRES: checked, or said by the signer itself.
void Replica::note_vote(const Vote& vote) {
  const auto rank = [](const Vote& value) {
    return std::pair(value.subject.view, value.subject.kind);
  };
  const auto [known, fresh] = last_votes_.emplace(vote.signer, vote);
  if (!fresh && rank(vote) > rank(known->second)) known->second = vote;
}

void Replica::note_votes(const Certificate& certificate) {
  for (std::size_t i = 0; i < validators_.size(); ++i) {
    const ValidatorIndex index(static_cast<std::uint16_t>(i));
    if (certificate.signed_by(index)) note_vote(certificate.vote_of(index));
  }
}

void Replica::ask_for_last_vote(std::optional<ValidatorIndex> peer) {
  if (log_state_ == LogState::unknown) send(peer, GetLastVote{log_check_nonce_});
}

void Replica::receive(ValidatorIndex from, const GetLastVote& message) {
  if (++answers_[from] > kAnswersMax) return;
  const auto known = last_votes_.find(from);
  LastVote answer{message.nonce, {}};
  if (known != last_votes_.end()) answer.vote = known->second;
  send(from, answer);
}

void Replica::receive(ValidatorIndex from, const LastVote& message) {
  if (message.nonce != log_check_nonce_ || !self_ || log_state_ == LogState::stale) return;
  // Who answers when the check is over already is heard too, once: its vote proves itself.
  const bool is_first = validators_.contains(from) && log_check_answers_.insert(from).second;
  if (log_state_ == LogState::sound && !is_first) return;
  if (message.vote) {
    const auto& [subject, signer, signature] = *message.vote;
    if (verify(key_->public_key(), Domain::consensus_vote, signed_bytes(config_.chain_id, subject),
               signature)) {
      compare_with_log(*message.vote);
    }
  }
  conclude_log_check();
}

// We are one of the quorum: a vote of ours in any certificate was seen by one of its others.
void Replica::conclude_log_check() {
  if (log_state_ != LogState::unknown) return;
  const bool enough = log_check_answers_.size() + 1 >= validators_.quorum();
  if (enough || pacemaker_.now() >= log_checked_by_) {
    log_state_ = LogState::sound;
    logged_.clear();
    touch_all();  // What we may vote for has not changed, but that we may.
  }
}

// What the log of this epoch says of our votes, as it is found.
void Replica::know_logged(const LogRecord& record) {
  if (const auto* opened = std::get_if<EpochOpened>(&record)) {
    log_forgotten_ = std::max(log_forgotten_, opened->forgotten);
  } else if (const auto* vote = std::get_if<Vote>(&record)) {
    logged_.push_back(vote->subject);
  }
}

// Whether the log accounts for a vote of ours in this epoch.
bool Replica::accounts_for(const Subject& subject) const {
  const auto* logged = safety_.find(subject.kind, subject.view);
  if (logged != nullptr && logged->subject == subject) return true;
  // As long as nothing was cast all that the log holds is known, of final views too.  Later what is
  // final is forgotten, and of an epoch that is over all.
  if (log_state_ == LogState::unknown && log_epoch_ <= config_.epoch) {
    return subject.view <= log_forgotten_ || std::ranges::find(logged_, subject) != logged_.end();
  }
  return ended() || subject.view <= safety_.forgotten();
}

// The same of a later epoch, which the log may have reached when the tip had not.  Of those between
// it may have dropped all; nothing is cast in them any more.
bool Replica::accounts_for_later(const Subject& subject) const {
  if (subject.epoch != log_epoch_) return subject.epoch < log_epoch_;
  return std::ranges::any_of(later_records_, [&](const LogRecord& record) {
    if (const auto* opened = std::get_if<EpochOpened>(&record)) {
      return opened->epoch == subject.epoch && subject.view <= opened->forgotten;
    }
    const auto* vote = std::get_if<Vote>(&record);
    return vote != nullptr && vote->subject == subject;
  });
}

// REQUIRES: signed with our key.
void Replica::compare_with_log(const Vote& own) {
  const auto& subject = own.subject;
  if (config_.log_check == LogCheck::never) return;
  if (planted(PlantedBug::stale_log_unnoticed)) return;
  if (log_state_ == LogState::stale || subject.epoch < config_.epoch) return;
  const bool is_later = subject.epoch > config_.epoch;
  if (is_later ? accounts_for_later(subject) : accounts_for(subject)) return;
  log_state_ = LogState::stale;
  emit(StaleLog{own});
}

}  // namespace fenrun
