// Asks peers for the chain of epochs, all of them and each from the beginning, so that one honest
// peer among them suffices for a forged chain to be noticed.  docs/spec/snapshots.md, §6.
//
// Invariants: one request of a peer is under way at a time; what comes unasked is passed over.
// Knows no network and no clock: it is told what came and when.  Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "net/transport.h"
#include "node/epoch_chain.h"

namespace fenrun {

class EpochLearner {
 public:
  static constexpr std::uint64_t kAskAgainMs = 1'000;
  static constexpr unsigned kTimeoutsMax = 3;
  // So long the others are waited for when one has told all that it knows.
  static constexpr std::uint64_t kOthersWaitMs = 1'000;

  EpochLearner(EpochChain chain, TimeMs now) : chain_(std::move(chain)), begun_at_(now) {}

  const EpochChain& chain() const { return chain_; }

  // A linked peer, to be asked.  One that has told all is asked for more.
  void ask(net::PeerIndex peer);
  // Its link is gone.
  void remove(net::PeerIndex peer);

  struct Request {
    net::PeerIndex peer;
    GetEpochLinks question;
  };
  // What is to be asked now.
  std::vector<Request> next_requests(TimeMs now);

  struct Learnt {
    Epoch epoch;
    EpochHandover handover;
  };
  // The handovers that are new by this answer, to be kept in their order.  Errc::handover_invalid:
  // the peer showed what nobody signed, and is asked no more.
  Result<std::vector<Learnt>> take(net::PeerIndex from, const EpochLinks& answer);

  // Two endings of this epoch are signed: nobody's chain is to be believed.
  const std::optional<Epoch>& fork() const { return fork_; }
  // Whether the peer has shown the chain up to this epoch, and it was ours.
  bool has_shown(net::PeerIndex peer, Epoch epoch) const;
  // Whether all have told what they know; or one has, and the others were waited for.
  bool is_settled(TimeMs now) const;
  // The same, but true once only.
  bool has_just_settled(TimeMs now);

 private:
  struct Peer {
    Epoch next;  // Of which it has not shown the end.
    std::optional<TimeMs> asked_at;
    unsigned timeouts = 0;
    bool told_all = false;
    bool given_up = false;
  };

  Status take_link(Peer& peer, const EpochLink& link, std::vector<Learnt>& learnt);

  EpochChain chain_;
  TimeMs begun_at_;
  std::map<net::PeerIndex, Peer> peers_;
  std::optional<Epoch> fork_;
  bool settled_ = false;
};

}  // namespace fenrun
