// Counts votes and makes certificates of them.  docs/spec/consensus.md §4 rules 5, 8, 10.
//
// Signatures are checked before a vote comes here.  The first vote of a signer, kind and view
// counts; a second one that differs is evidence and counts for nothing.
//
// Bounded: at most 3 n votes a view, and views outside the range of set_range are dropped.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "consensus/messages.h"
#include "consensus/validator_set.h"

namespace fenrun {

class VoteTally {
 public:
  struct Added {
    bool counted = false;                    // New, and within the range.
    std::optional<Certificate> certificate;  // The vote that completed a quorum makes it.
    std::optional<Evidence> evidence;
  };

  explicit VoteTally(std::size_t quorum) : quorum_(quorum) {}

  // Votes count for above < view <= up_to; those at or below `above` are forgotten.
  void set_range(View above, View up_to);
  bool in_range(View view) const { return view > above_ && view <= up_to_; }

  // REQUIRES: the signature is valid and the epoch ours.
  Added add(const Vote& vote);

  // What the signer voted, if it is known.
  const Vote* find(VoteKind kind, View view, ValidatorIndex signer) const;
  // Who voted so in the view, in index order.
  std::vector<ValidatorIndex> voters(VoteKind kind, View view) const;

 private:
  using BySigner = std::map<ValidatorIndex, Vote>;
  using ByKind = std::array<BySigner, 3>;

  Certificate form(const BySigner& votes, const Subject& subject) const;

  std::size_t quorum_;
  View above_;
  View up_to_;
  std::map<View, ByKind> views_;
};

}  // namespace fenrun
