#include "node/epoch_learner.h"

#include <algorithm>
#include <utility>

namespace fenrun {

void EpochLearner::ask(net::PeerIndex peer) {
  auto& asked = peers_.try_emplace(peer, Peer{chain_.first(), {}, 0, false, false}).first->second;
  asked.told_all = false;
}

void EpochLearner::remove(net::PeerIndex peer) {
  const auto it = peers_.find(peer);
  // Who was given up stays so, however often it links anew.
  if (it != peers_.end() && !it->second.given_up) peers_.erase(it);
}

std::vector<EpochLearner::Request> EpochLearner::next_requests(TimeMs now) {
  std::vector<Request> requests;
  for (auto& [number, peer] : peers_) {
    if (peer.told_all || peer.given_up) continue;
    if (peer.asked_at) {
      if (now.value() - peer.asked_at->value() < kAskAgainMs) continue;
      if (++peer.timeouts >= kTimeoutsMax) peer.given_up = true;
      peer.asked_at.reset();
      if (peer.given_up) continue;
    }
    peer.asked_at = now;
    requests.push_back({number, {peer.next}});
  }
  return requests;
}

Status EpochLearner::take_link(Peer& peer, const EpochLink& link, std::vector<Learnt>& learnt) {
  if (peer.next < chain_.last()) {
    FENRUN_TRY(const bool contradicts, chain_.contradicts(peer.next, link));
    if (contradicts) {
      fork_ = peer.next;
      return {};
    }
  } else {
    FENRUN_TRY(auto handover, chain_.add(link));
    learnt.push_back({peer.next, std::move(handover)});
  }
  peer.next = peer.next.next();
  return {};
}

Result<std::vector<EpochLearner::Learnt>> EpochLearner::take(net::PeerIndex from,
                                                             const EpochLinks& answer) {
  std::vector<Learnt> learnt;
  const auto it = peers_.find(from);
  if (it == peers_.end() || fork_) return learnt;
  auto& peer = it->second;
  if (!peer.asked_at || answer.from != peer.next) return learnt;
  peer.asked_at.reset();
  peer.timeouts = 0;
  peer.told_all = answer.links.empty();
  for (const auto& link : answer.links) {
    if (peer.next == chain_.last() && chain_.is_full()) {
      peer.told_all = true;  // Nothing behind is of use.
      break;
    }
    const auto status = take_link(peer, link, learnt);
    if (!status) peer.given_up = true;
    // What came before in the answer is good, and is kept.
    if (!status && learnt.empty()) return status.error();
    if (!status || fork_) break;
  }
  return learnt;
}

bool EpochLearner::has_shown(net::PeerIndex peer, Epoch epoch) const {
  const auto it = peers_.find(peer);
  return it != peers_.end() && !it->second.given_up && it->second.next >= epoch;
}

bool EpochLearner::has_just_settled(TimeMs now) {
  return !std::exchange(settled_, settled_ || is_settled(now)) && settled_;
}

bool EpochLearner::is_settled(TimeMs now) const {
  const auto is_done = [](const auto& item) {
    return item.second.told_all || item.second.given_up;
  };
  const auto has_told = [](const auto& item) { return item.second.told_all; };
  if (std::ranges::all_of(peers_, is_done)) return true;
  return now.value() - begun_at_.value() >= kOthersWaitMs && std::ranges::any_of(peers_, has_told);
}

}  // namespace fenrun
