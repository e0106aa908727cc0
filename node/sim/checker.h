// Restates the invariants of docs/spec/consensus.md §7 and §8 with its own arithmetic, from what
// honest validators are seen to send and to commit.  It shares no rule with the code it checks.
//
// Validators are named by their identity, not by their index, which another epoch may change.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "consensus/io.h"

namespace fenrun::sim {

class Checker {
 public:
  explicit Checker(std::set<std::uint16_t> byzantine) : byzantine_(std::move(byzantine)) {}

  // So many validators take part in the epoch.
  void opened(Epoch epoch, std::size_t validators) { validators_[epoch.value()] = validators; }
  // An honest validator let this vote out, signed as itself.
  void sent(std::uint16_t identity, const Vote& vote);
  // Whether it has as many signers as its epoch asks for.
  bool has_quorum(const Certificate& certificate) const;
  // Somebody let this certificate out.
  void sent(const Certificate& certificate);
  // Somebody made this block.
  void made(const Digest& block_id, bool ends_epoch);
  // And its header names these views: of the block, and of its parent.  From now on it is certified
  // there and nowhere else, or later if it ends its epoch.  REQUIRES: made().
  void placed(const Digest& block_id, Epoch epoch, View view, View parent_view);
  // Whether a subject may name this block, as far as is known.
  bool is_in_place(const Subject& subject) const;
  // A validator or observer committed a block on the parent.
  void committed(std::uint16_t identity, Epoch epoch, Height height, const Digest& block_id,
                 const Digest& parent);
  // False if it is known that another block was committed at this height.
  bool may_be_committed(Height height, const Digest& block_id) const;
  // A validator started with this tip.
  void started(std::uint16_t identity, Height tip);

  // A validator's journal was set back to this tip, with so many epochs ended.
  void rolled_back(std::uint16_t identity, Height tip, std::uint64_t epochs);

  // Somebody found evidence against this validator.
  void convicted(std::uint16_t identity);
  // A validator found that its log is not the only or not the newest one of its key.
  void gave_up(std::uint16_t identity);
  // From now on this validator counts as Byzantine: a test speaks in its name.
  void excuse(std::uint16_t identity) { byzantine_.insert(identity); }
  // Its votes are its own again.
  void trust(std::uint16_t identity) { byzantine_.erase(identity); }
  // At the end: I6 of every notarized block that was seen, and that nothing extends an epoch's
  // last.
  void finish();

  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t blocks() const { return chain_.size(); }
  std::size_t epochs() const { return validators_.size(); }
  // Of how many epochs this validator has committed the end.
  std::uint64_t ended_epochs(std::uint16_t identity) const;
  // Views in which a block was notarized again.
  std::size_t repetitions() const;

 private:
  using ViewKey = std::pair<std::uint64_t, std::uint64_t>;  // Epoch and view.
  struct Notarized {
    Digest id;
    std::uint64_t parent_view = 0;
  };
  struct HeaderViews {
    ViewKey view;
    std::uint64_t parent_view = 0;
  };
  struct Committed {
    Digest id;
    Digest parent;
    std::uint64_t epoch = 0;
  };

  void fail(const std::string& text) { violations_.push_back(text); }
  std::size_t quorum(Epoch epoch) const;
  void check_order_of_epochs(std::uint16_t identity, const Vote& vote);
  void check_parent(const ViewKey& at, const Notarized& block);

  std::set<std::uint16_t> byzantine_;
  std::map<std::uint64_t, std::size_t> validators_;  // By epoch.
  std::map<std::pair<std::uint16_t, ViewKey>, std::map<VoteKind, Bytes>> votes_;
  std::map<ViewKey, Notarized> notarized_;
  std::set<ViewKey> nullified_;
  std::set<ViewKey> finalized_;
  std::map<Digest, bool> blocks_;             // Whether it ends its epoch.
  std::map<Digest, HeaderViews> places_;      // Of blocks.
  std::map<std::uint64_t, Committed> chain_;  // By height.
  std::map<std::uint16_t, std::uint64_t> heights_;
  std::map<std::uint16_t, std::uint64_t> epochs_;  // Ends of epochs committed.
  std::vector<std::string> violations_;
};

}  // namespace fenrun::sim
