// Restates the invariants of docs/spec/consensus.md §8 with its own arithmetic, from what honest
// validators are seen to send and to commit.  It shares no rule with the code it checks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "consensus/io.h"

namespace fenrun::sim {

class Checker {
 public:
  Checker(std::size_t validators, std::set<std::uint16_t> byzantine)
      : validators_(validators), byzantine_(std::move(byzantine)) {}

  // An honest validator let this vote out.
  void sent(std::uint16_t signer, const Vote& vote);
  // Somebody let this certificate out.
  void sent(const Certificate& certificate);
  // A validator committed a block on the parent.
  void committed(std::uint16_t validator, const CommittedBlock& block, const Digest& parent);
  // A validator started with this tip.
  void started(std::uint16_t validator, Height tip);

  // Somebody found evidence against this validator.
  void convicted(std::uint16_t validator);
  // From now on this validator counts as Byzantine: a test speaks in its name.
  void excuse(std::uint16_t validator) { byzantine_.insert(validator); }
  // At the end: I6 of every notarized block that was seen.
  void finish();

  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t blocks() const { return chain_.size(); }

 private:
  void fail(const std::string& text) { violations_.push_back(text); }
  std::size_t quorum() const;

  std::size_t validators_;
  std::set<std::uint16_t> byzantine_;
  std::map<std::pair<std::uint16_t, std::uint64_t>, std::map<VoteKind, Bytes>> votes_;
  std::map<std::uint64_t, Digest> notarized_;  // By view.
  std::map<std::uint64_t, std::uint64_t> parents_;
  std::set<std::uint64_t> nullified_;
  std::set<std::uint64_t> finalized_;
  std::map<std::uint64_t, std::pair<Digest, Digest>> chain_;  // Height: id and parent.
  std::map<std::uint16_t, std::uint64_t> heights_;
  std::vector<std::string> violations_;
};

}  // namespace fenrun::sim
