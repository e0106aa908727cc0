// Judges a simulation of whole nodes, by its own statement of what must hold.
//
// The rules of consensus are the Checker's.  To these come what only whole nodes can break:
//   * no vote leaves before it is durable, no cosignature before its guard is;
//   * a commit that was seen is there after every restart;
//   * a transaction that was answered "committed" is in the journal for ever, at that place, and no
//     transaction twice; one that was answered "expired" never is;
//   * nobody is paid what they did not earn, or twice;
//   * a code is used once, by a claim of whoever holds it;
//   * all judge a block alike that is proposed in one view on one parent;
//   * the Header of a block names the root of the entries that its node has before it;
//   * honest validators cosign one root a size, and are never convicted;
//   * no node stops, nor refuses to start, without a fault of its disk.
// Whoever is Byzantine is not judged.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "node/sim/checker.h"
#include "node/sim/code_book.h"
#include "node/sim/machine.h"
#include "node/sim/story.h"

namespace fenrun::sim {

// Epoch and view.
using VotedView = std::pair<std::uint64_t, std::uint64_t>;

class Judge {
 public:
  // REQUIRES: the story outlives the judge.  Identities are the members' numbers.
  Judge(Story& story, std::set<std::uint16_t> byzantine, const Genesis& genesis);

  // A node is about to let this out, or has acted: in this order after each event.
  void sent(Machine& machine, const std::vector<Outgoing>& sent);
  // What a Byzantine node lets out: only what honest ones pass on counts, but its blocks are known.
  void overheard(const Machine& machine, const std::vector<Outgoing>& sent);
  // A node has judged a proposal on its parent.
  void judged(const Machine& machine, const Propose& propose, Verdict verdict);
  void started(Machine& machine);
  // Its disk was exchanged for an older one, or its journal for an empty one.
  void set_back(const Machine& machine);
  void refused_to_start(const Machine& machine, const Error& error);
  void stopped(const Machine& machine, const std::string& why);
  void found(const Machine& machine, const RecordEvidence& evidence);
  void owns(const PublicKey& consensus_key, std::uint16_t identity);
  // From now on this validator may have lost votes of this key, or have them elsewhere: its votes
  // are not judged, and the key may be convicted.
  void excuse(std::uint16_t identity, const PublicKey& consensus_key);
  // It votes with a new key, all of whose votes it has.
  void trust(std::uint16_t identity);

  // Whether nobody has a reason to give up a view in which an honest leader has proposed: on a
  // network that is in order a Byzantine validator can spoil its own views and no others.
  void expects_order(bool expects) { expects_order_ = expects; }

  // Which codes are printed, and whose they are.  REQUIRES: it outlives the judge.
  void knows(const CodeBook& codes) { codes_ = &codes; }

  // What a client was told.
  void answered(const Machine& machine, const Digest& id, const TransactionStatus& status);
  // The highest view in which this validator let out a vote until then, by its steady clock.
  VotedView last_vote(const Machine& machine, TimeMs until) const;
  // Whether it has let out a vote since then, one that it had not let out before.
  bool has_voted_since(const Machine& machine, TimeMs time) const;
  // The consensus keys of the newest epoch that anybody has seen begin, in order.
  const std::vector<PublicKey>& members() const { return members_.rbegin()->second; }
  // Something else that must not be.
  void object(const std::string& text);

  // At the end, of all nodes that are up.
  void finish(const std::vector<Machine*>& machines);

  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t height() const { return transactions_until_; }
  std::uint64_t transactions() const { return transactions_.size(); }
  std::size_t epochs() const { return checker_.epochs(); }
  std::uint64_t payments() const { return payments_; }             // Settled, by funder.
  std::uint64_t claims() const { return used_.size(); }            // Codes used.
  std::uint64_t convictions() const { return convicted_.size(); }  // Keys that were convicted.
  std::uint64_t snapshots() const { return snapshots_; }           // That journals began with.

 private:
  // What a verdict is about: view, parent's view, block and parent.
  using Question = std::tuple<VotedView, std::uint64_t, Digest, Digest>;
  struct FirstVerdict {
    bool is_right = false;
    std::string by;
  };

  bool is_honest(const Machine& machine) const {
    return !byzantine_.contains(machine.number().value());
  }
  void open(Epoch epoch, const ValidatorList& validators);
  void take_commits(Machine& machine);
  void take_transactions(const Machine& machine, const Header& header);
  void check_finalization(const Machine& machine, const Header& header, const Digest& id);
  void take_posting(const Posting& posting);
  void take_claim(const OperationEntry& operation);
  void check_codes(const Machine& machine);
  void check_vote(Machine& machine, const Vote& vote);
  void take_earlier_notarize(Machine& machine, const Vote& nullify);
  void check_log_stands(Machine& machine);
  static bool has_forgotten(Machine& machine, const Vote& vote);
  void check_block_is_logged(Machine& machine, const Vote& vote);
  void check_patience(const Machine& machine, const Subject& nullify);
  void check_certificate(const Machine& machine, const Certificate& certificate);
  void check_cosignature(Machine& machine, const CheckpointSignatures& signatures);
  void tell(const Machine& machine, const Outgoing& outgoing, const Message& message);
  void note_block(const Payload& payload);
  void note_header(const Digest& id, const Header& header);
  void collect();

  Story* story_;
  Checker checker_;
  std::set<std::uint16_t> byzantine_;
  std::set<std::uint16_t> excused_;
  std::set<PublicKey> doubtful_;              // Keys of those who are, or were, excused.
  std::map<Place, std::uint64_t> heights_;    // Seen committed.
  std::map<Digest, Position> transactions_;   // Journaled, by anybody.
  std::uint64_t transactions_until_ = 0;      // Up to this height.
  std::map<PartyId, std::int64_t> earned_;    // Of all campaigns, and not instructed yet.
  std::map<PartyId, std::int64_t> promised_;  // Instructed, and neither paid nor failed yet.
  std::uint64_t payments_ = 0;
  std::uint64_t snapshots_ = 0;
  std::set<PublicKey> convicted_;
  Digest chain_id_;
  const CodeBook* codes_ = nullptr;
  std::set<std::uint32_t> used_;               // Of its codes.
  std::map<Digest, Position> committed_;       // As clients were told.
  std::set<Digest> expired_;                   // Likewise.
  std::map<std::uint64_t, Digest> cosigned_;   // Root by size.
  std::map<PublicKey, std::uint16_t> owners_;  // Of consensus keys.
  std::set<Digest> durable_votes_;
  std::map<Question, FirstVerdict> verdicts_;  // Of the newest views.
  std::map<std::uint16_t, std::deque<std::pair<TimeMs, VotedView>>> lately_voted_;
  std::map<std::uint64_t, std::vector<PublicKey>> members_;  // By epoch, in order.
  std::set<Digest> finalizations_;                           // Found right.
  bool expects_order_ = false;
  std::map<VotedView, std::string> proposed_;  // By honest leaders, while it expects order.
  std::vector<std::string> violations_;
  std::size_t collected_ = 0;
};

}  // namespace fenrun::sim
