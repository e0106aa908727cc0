// The certificates held above the finalized view.  docs/spec/consensus.md §3, §5.
//
// At most one of each kind a view: while at most f validators are faulty a view has one notarized
// block (I4), and a finalized view has no nullification (I5).
//
// Bounded by honest progress: no view has a certificate unless a quorum reached it.  A validator
// that lost its journal begins with all those of its vote log, of thousands of views perhaps.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "consensus/messages.h"

namespace fenrun {

class CertificateStore {
 public:
  // The one held, or null.
  const Certificate* find(VoteKind kind, View view) const;
  bool has(VoteKind kind, View view) const { return find(kind, view) != nullptr; }
  bool has_any(View view) const { return views_.contains(view); }

  // Proof that a quorum notarized a block in the view: its notarization, else its finalization.
  const Certificate* notarized(View view) const;

  // Keeps it.  REQUIRES: signatures checked, none of its kind and view held.
  void insert(const Certificate& certificate);

  // Whether it is in the vote log already.  REQUIRES: held.
  bool logged(VoteKind kind, View view) const;
  void set_logged(VoteKind kind, View view);

  // The views with a finalization.
  const std::set<View>& finalized() const { return finalized_; }
  // The finalization of the highest view, or null.
  const Certificate* highest_finalization() const;
  // The highest view with a notarization or finalization; 0 if none.
  View highest_notarized() const;
  View highest() const { return views_.empty() ? View(0) : views_.rbegin()->first; }
  // Any certificate of the view, by preference a finalization, then a notarization.
  const Certificate* any(View view) const;

  // The first view in (above, below) without any certificate.
  std::optional<View> first_gap(View above, View below) const;
  // The lowest view above `above` on which a notarized block rests and whose own notarization is
  // not here.
  std::optional<View> first_parent_missing(View above) const;
  // Whether every view in (above, below) is nullified.
  bool all_nullified(View above, View below) const;
  // The views in which the block is notarized: one, or several of a block that ends its epoch.
  std::vector<View> views_of(const Digest& block_id) const;

  // Those that are in the vote log, in view order.
  std::vector<Certificate> all_logged() const;

  // Forgets the views up to and including this one.
  void prune(View finalized);

 private:
  struct Slot {
    std::optional<Certificate> certificate;
    bool logged = false;
  };
  using ByKind = std::array<Slot, 3>;

  const Slot* slot(VoteKind kind, View view) const;

  std::map<View, ByKind> views_;
  std::set<View> finalized_;
  std::set<std::pair<Digest, View>> by_id_;  // Of notarized blocks.
};

}  // namespace fenrun
