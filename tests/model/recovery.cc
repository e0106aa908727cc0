#include "tests/model/recovery.h"

#include <algorithm>
#include <array>

namespace fenrun::model {

namespace {

// What reaches a node, and what it then knows, all nodes being up.
class Exchange {
 public:
  Exchange(const Rules& rules, State& state) : rules_(rules), state_(state) {}

  // Repeats, asks and answers until nobody learns anything more.
  void run() {
    for (changed_ = true; changed_;) {
      changed_ = false;
      for (int to = 0; to < kNodes; ++to) {
        for (int from = 0; from < kNodes; ++from) {
          if (from != to) certificates(from, to);
        }
        for (int view = tip(to) + 1; view <= last(); ++view) count(to, view);
      }
    }
  }

 private:
  int tip(int node) const { return state_.node(node).tip_view; }
  // The highest view explored, one that is given up, one in which a block is finalized.
  int last() const { return rules_.views + 2; }

  void adopt_tip(int node, int view, int place) {
    if (view <= tip(node)) return;
    state_.node(node).tip_view = view & 15;
    state_.node(node).tip_place = place & 15;
    changed_ = true;
  }

  // PeerStatus, GetCertificates and its answer; GetRange.  Whoever is behind asks for all above its
  // tip; whoever misses a view's certificate, or the notarization of the parent of a notarized
  // block, asks from that view on.
  void certificates(int from, int to) {
    const bool behind = tip(from) > tip(to) || view_of(state_, from) > view_of(state_, to);
    adopt_tip(to, tip(from), state_.node(from).tip_place);
    int first = behind ? tip(to) + 1 : last() + 1;
    for (int view = view_of(state_, to) - 1; view > tip(to); --view) {
      const auto& slot = state_.slot(to, view);
      if (slot.notarization == 0 && slot.nullification == 0) first = std::min(first, view);
      if (slot.notarization == 0 || !rules_.has(Rule::ask_for_parents)) continue;
      const int parent = state_.block(view, slot.notarization).parent_view;
      if (parent > tip(to) && state_.slot(to, parent).notarization == 0) {
        first = std::min(first, parent);
      }
    }
    for (int view = std::max(first, tip(from) + 1); view <= last(); ++view) give(from, to, view);
  }

  void give(int from, int to, int view) {
    const auto& held = state_.slot(from, view);
    auto& slot = state_.slot(to, view);
    if (slot.notarization == 0 && held.notarization != 0) {
      slot.notarization = held.notarization;
      changed_ = true;
    }
    if (slot.nullification == 0 && held.nullification != 0) {
      slot.nullification = 1;
      changed_ = true;
    }
  }

  // Rule 9: others repeat their votes of the view they are in, and their finalizes; a node counts
  // its own votes of every view.  All three are needed, for the fourth is silent.
  void count(int node, int view) {
    int nullified = 0;
    std::array<int, kBlocksMax + 1> notarized{};
    std::array<int, kBlocksMax + 1> finalized{};
    for (int signer = 0; signer < kNodes; ++signer) {
      const auto& slot = state_.slot(signer, view);
      const bool own = signer == node;
      const bool repeated = own || view_of(state_, signer) == view;
      if (repeated && !(own && slot.lost_nullify != 0)) nullified += slot.nullified;
      for (int place = 1; place <= kBlocksMax; ++place) {
        const auto at = State::index(place);
        if (repeated && !(own && slot.lost_notarize != 0)) {
          notarized[at] += slot.notarized >> (place - 1) & 1;
        }
        const bool known = own ? slot.lost_finalize == 0 : view > tip(signer);
        if (known && slot.finalized == place) ++finalized[at];
      }
    }
    auto& slot = state_.slot(node, view);
    if (nullified >= kQuorum && slot.nullification == 0) {
      slot.nullification = 1;
      changed_ = true;
    }
    for (int place = 1; place <= kBlocksMax; ++place) {
      if (notarized[State::index(place)] >= kQuorum && slot.notarization == 0) {
        slot.notarization = place & 3;
        changed_ = true;
      }
      if (finalized[State::index(place)] >= kQuorum) adopt_tip(node, view, place);
    }
  }

  const Rules& rules_;
  State& state_;
  bool changed_ = false;
};

void exchange(const Rules& rules, State& state) { Exchange(rules, state).run(); }

int highest_view(const State& state) {
  int highest = 0;
  for (int node = 0; node < kNodes; ++node) highest = std::max(highest, view_of(state, node));
  return highest;
}

bool all_in(const State& state, int view) {
  for (int node = 0; node < kNodes; ++node) {
    if (view_of(state, node) != view) return false;
  }
  return true;
}

bool any_done(const State& state) { return done(state, 0) || done(state, 1) || done(state, 2); }

bool all_done(const State& state) { return done(state, 0) && done(state, 1) && done(state, 2); }

// The leader's Propose brings the parent's certificate and the nullifications of the views between.
// What else a follower needs of the block's ancestors it has, or asks for.
bool follows(const Rules& rules, State& state, int node, int leader, const Parent& parent,
             int view) {
  if (node == leader) return true;
  if (parent.view > state.node(node).tip_view) {
    auto& slot = state.slot(node, parent.view);
    if (slot.notarization == 0) slot.notarization = parent.place & 3;
  }
  for (int skipped = parent.view + 1; skipped < view; ++skipped) {
    state.slot(node, skipped).nullification = 1;
  }
  exchange(rules, state);
  return chain_held(state, node, parent.view, parent.place);
}

// In a view in which nothing was cast yet: the leader proposes, all notarize, all finalize.
std::optional<std::string> finalizes_under(const Rules& rules, State state, int leader, int view) {
  const auto who = "validator " + std::to_string(leader);
  const auto parent = walk(state, leader, view - 1);
  if (!parent) return who + " leads and its walk is incomplete";
  const bool again = fits(rules, state, *parent, Kind::again);
  auto& block = state.block(view, 1);
  block.parent_view = parent->view & 7;
  block.parent_place = parent->place & 3;
  block.kind = static_cast<unsigned>(again ? Kind::again : Kind::plain) & 3U;
  for (int node = 0; node < kNodes; ++node) {
    if (state.slot(node, view).cast_any()) return "votes were cast in a view nobody was in";
    if (!follows(rules, state, node, leader, *parent, view)) {
      return "validator " + std::to_string(node) + " cannot follow " + who;
    }
    cast_notarize(rules, state, node, view, 1);
  }
  exchange(rules, state);
  for (int node = 0; node < kNodes; ++node) {
    if (!may_finalize(rules, state, node, view)) return "a fresh block is not finalized";
    cast_finalize(rules, state, node, view);
  }
  exchange(rules, state);
  for (int node = 0; node < kNodes; ++node) {
    if (state.node(node).tip_view != view) return "a fresh block is not final everywhere";
  }
  return broken(state, Judge::agreement_only);
}

}  // namespace

State after_exchange(const Rules& rules, const State& state) {
  State now = state;
  exchange(rules, now);
  for (int node = 0; node < kNodes; ++node) {
    for (int view = 1; view <= kViewsMax; ++view) {
      auto& slot = now.slot(node, view);
      slot.log_notarized = 0;
      slot.log_nullified = 0;
    }
  }
  return now;
}

std::optional<std::string> stuck(const Rules& rules, const State& state) {
  State now = after_exchange(rules, state);
  if (any_done(now)) {
    if (all_done(now)) return std::nullopt;
    return "some learn that the epoch ended, and some do not";
  }
  const int view = highest_view(now);
  // Nobody waits for ever: whoever may gives its view up.
  for (int node = 0; node < kNodes; ++node) {
    const int present = view_of(now, node);
    if (present <= rules.views + 1 && may_nullify(now, node, present)) {
      cast_nullify(now, node, present);
    }
  }
  exchange(rules, now);
  if (any_done(now)) return all_done(now) ? std::nullopt : std::optional("the epoch ends for some");
  const int fresh = highest_view(now);
  if (fresh <= view) return "no further view is reached";
  if (!all_in(now, fresh)) return "they stay in different views";
  for (int leader = 0; leader < kNodes; ++leader) {
    if (auto hindrance = finalizes_under(rules, now, leader, fresh)) return hindrance;
  }
  return std::nullopt;
}

}  // namespace fenrun::model
