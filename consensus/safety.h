// The voting rule: which votes we may still cast, given those we cast.  docs/spec/consensus.md §4,
// §8.
//
// This is all that agreement rests on at an honest validator, and all that must survive a crash:
//   I1  one notarize a view          I2  never both nullify and finalize in a view
//   I3  never notarize after nullify
// A second notarize after a restart is excluded because the record is durable before the vote is
// sent.  Votes of views up to forgotten() are not kept, and none is cast there any more.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "consensus/messages.h"

namespace fenrun {

class SafetyRecord {
 public:
  bool cast(VoteKind kind, View view) const { return find(kind, view) != nullptr; }
  bool cast_any(View view) const { return votes_.contains(view); }
  // Our vote as stored, to be sent again byte for byte; or null.
  const Vote* find(VoteKind kind, View view) const;

  // Each tells whether the rule allows the vote, apart from what it must rest on (certificates,
  // bodies).
  bool may_notarize(View view, View current) const;
  bool may_nullify(View view, View current) const;
  bool may_finalize(View view) const;

  // Remembers a vote of ours, unless its view is forgotten.  REQUIRES: it breaks none of I1, I2,
  // I3; the same vote may come twice.
  void record(const Vote& vote);

  // The lowest view we may be in: max(own notarize or nullify view, own finalize view + 1); 0 if no
  // vote is kept.  A vote log is not in view order, so this is never "the last record".
  View lowest_view() const;

  // All votes kept, in view order; the finalizes among them.
  std::vector<Vote> all() const;
  std::vector<Vote> finalizes() const;

  // Forgets the votes of views up to and including this one.
  void forget(View up_to);
  View forgotten() const { return forgotten_; }

 private:
  using Votes = std::array<std::optional<Vote>, 3>;  // By kind; at least one is there.

  std::map<View, Votes> votes_;
  View forgotten_;
};

}  // namespace fenrun
