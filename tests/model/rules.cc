#include "tests/model/rules.h"

#include <bit>

namespace fenrun::model {

namespace {

std::uint8_t byte(int value) { return static_cast<std::uint8_t>(value); }

std::string block_name(int view, int place) {
  return std::to_string(view) + static_cast<char>('a' + place - 1);
}

// The block's place in its view, given to it with its first vote; 0 if there is no room.
int add_block(State& state, int view, const Parent& parent, Kind kind) {
  for (int place = 1; place <= kBlocksMax; ++place) {
    if (state.kind(view, place) != Kind::absent) continue;
    auto& block = state.block(view, place);
    block.parent_view = parent.view & 7;
    block.parent_place = parent.place & 3;
    block.kind = static_cast<unsigned>(kind) & 3U;
    return place;
  }
  return 0;
}

void log_notarization(State& state, int node, int view) {
  auto& slot = state.slot(node, view);
  if (slot.notarization != 0) slot.log_notarized = 1;
}

void log_nullification(State& state, int node, int view) {
  auto& slot = state.slot(node, view);
  if (slot.nullification != 0) slot.log_nullified = 1;
}

void log_chain(const Rules& rules, State& state, int node, int view, int place) {
  if (!rules.has(Rule::log_chain)) return;
  while (view > state.node(node).tip_view) {
    const auto block = state.block(view, place);
    if (state.slot(node, view).notarization == place) log_notarization(state, node, view);
    for (int skipped = block.parent_view + 1; skipped < view; ++skipped) {
      log_nullification(state, node, skipped);
    }
    view = block.parent_view;
    place = block.parent_place;
  }
}

void restart(const Rules& rules, State& state, int node) {
  for (int view = state.node(node).tip_view + 1; view <= rules.views; ++view) {
    auto& slot = state.slot(node, view);
    if (slot.log_notarized == 0) slot.notarization = 0;
    if (slot.log_nullified == 0) slot.nullification = 0;
    if (rules.has(Rule::count_own_votes_again)) continue;
    slot.lost_notarize = slot.notarized != 0;
    slot.lost_nullify = slot.nullified;
    slot.lost_finalize = slot.finalized != 0;
  }
}

void commit(State& state, int node, int view, int place) {
  auto& tip = state.node(node);
  tip.tip_view = view & 15;
  tip.tip_place = place & 15;
  for (int below = 1; below <= view; ++below) {
    auto& slot = state.slot(node, below);
    slot = Slot{slot.notarized, slot.nullified, slot.finalized, 0, 0, 0, 0, 0, 0, 0, 0};
  }
}

bool skips_are_nullified(const Rules& rules, const State& state, int node, int parent, int view) {
  if (!rules.has(Rule::no_skip_without_nullification)) return true;
  for (int skipped = parent + 1; skipped < view; ++skipped) {
    if (state.slot(node, skipped).nullification == 0) return false;
  }
  return true;
}

bool may_notarize(const Rules& rules, const State& state, int node, int view) {
  return !rules.has(Rule::notarize_once) || !state.slot(node, view).cast_any();
}

// Rule 4, and the certificates logged with the vote: where two admitted us, either may be it.
void log_entry_each(const Rules& rules, const State& state, int node, int view,
                    const std::function<void(const State&)>& visit) {
  const int before = view - 1;
  if (!rules.has(Rule::log_entry) || before <= state.node(node).tip_view) return visit(state);
  const auto& slot = state.slot(node, before);
  if (slot.notarization != 0 || slot.nullification == 0) {
    State next = state;
    log_notarization(next, node, before);
    visit(next);
  }
  if (slot.nullification != 0) {
    State next = state;
    log_nullification(next, node, before);
    visit(next);
  }
}

// Each block that the validator may notarize in the view: on any parent that it can justify, one
// that others voted for or one that nobody has seen yet, for a leader may show a block to each.
void notarize_each(const Rules& rules, const State& state, int node, int view, const Visit& visit) {
  if (!may_notarize(rules, state, node, view)) return;
  const auto vote = [&](const State& with_block, int place) {
    log_entry_each(rules, with_block, node, view, [&](State next) {
      cast_notarize(rules, next, node, view, place);
      visit(next, Step{What::notarize, byte(node), byte(view), byte(place)});
    });
  };
  for (int above = state.node(node).tip_view; above < view; ++above) {
    const int place = above == state.node(node).tip_view ? state.node(node).tip_place
                                                         : state.slot(node, above).notarization;
    if (above > state.node(node).tip_view && place == 0) continue;
    if (!chain_held(state, node, above, place)) continue;
    if (!skips_are_nullified(rules, state, node, above, view)) continue;
    const Parent parent{above, place};
    for (int existing = 1; existing <= kBlocksMax; ++existing) {
      const auto& block = state.block(view, existing);
      if (state.kind(view, existing) == Kind::absent) continue;
      if (block.parent_view != parent.view || block.parent_place != parent.place) continue;
      if (!fits(rules, state, parent, state.kind(view, existing))) continue;
      if ((state.slot(node, view).notarized >> (existing - 1) & 1) == 0) vote(state, existing);
    }
    for (const auto kind : {Kind::plain, Kind::ending, Kind::again}) {
      if (!fits(rules, state, parent, kind)) continue;
      State next = state;
      if (const int added = add_block(next, view, parent, kind); added != 0) vote(next, added);
    }
  }
}

// Rules 6 and 7.
void give_up_or_finalize(const Rules& rules, const State& state, int node, int view,
                         const Visit& visit) {
  if (view <= rules.views && may_nullify(state, node, view)) {
    log_entry_each(rules, state, node, view, [&](State next) {
      cast_nullify(next, node, view);
      visit(next, Step{What::nullify, byte(node), byte(view), 0});
    });
  }
  for (int below = state.node(node).tip_view + 1; below <= rules.views; ++below) {
    if (!may_finalize(rules, state, node, below)) continue;
    State next = state;
    cast_finalize(rules, next, node, below);
    visit(next,
          Step{What::finalize, byte(node), byte(below), byte(next.slot(node, below).finalized)});
  }
}

// Rules 1, 5 and 8: whatever certificate there can be may arrive, at any time.
void take_each(const Rules& rules, const State& state, int node, const Visit& visit) {
  for (int view = state.node(node).tip_view + 1; view <= rules.views; ++view) {
    const auto& slot = state.slot(node, view);
    for (int place = 1; place <= kBlocksMax; ++place) {
      if (slot.notarization == 0 && notarizes(state, view, place) >= kHonestInQuorum) {
        State next = state;
        next.slot(node, view).notarization = byte(place) & 3U;
        visit(next, Step{What::take_notarization, byte(node), byte(view), byte(place)});
      }
      if (finalizes(state, view, place) >= kHonestInQuorum) {
        State next = state;
        commit(next, node, view, place);
        visit(next, Step{What::commit, byte(node), byte(view), byte(place)});
      }
    }
    if (slot.nullification == 0 && nullifies(state, view) >= kHonestInQuorum) {
      State next = state;
      next.slot(node, view).nullification = 1;
      visit(next, Step{What::take_nullification, byte(node), byte(view), 0});
    }
  }
}

// The block's id: where it was proposed first.
Parent identity(const State& state, int view, int place) {
  while (view != 0 && state.kind(view, place) == Kind::again) {
    const auto& block = state.block(view, place);
    view = block.parent_view;
    place = block.parent_place;
  }
  return {view, place};
}

bool same(const Parent& left, const Parent& right) {
  return left.view == right.view && left.place == right.place;
}

bool descends(const State& state, Parent block, const Parent& ancestor) {
  while (block.view >= ancestor.view) {
    block = identity(state, block.view, block.place);
    if (same(block, ancestor)) return true;
    if (block.view == 0) return false;
    const auto& entry = state.block(block.view, block.place);
    block = {entry.parent_view, entry.parent_place};
  }
  return false;
}

std::optional<std::string> fork(const State& state) {
  std::array<Parent, static_cast<std::size_t>(kViewsMax * kBlocksMax)> finalized{};
  std::size_t count = 0;
  for (int view = 1; view <= kViewsMax; ++view) {
    for (int place = 1; place <= kBlocksMax; ++place) {
      if (finalizes(state, view, place) < kHonestInQuorum) continue;
      const auto id = identity(state, view, place);
      for (std::size_t i = 0; i < count; ++i) {
        const auto& below = finalized[i];
        if (!descends(state, {view, place}, below)) {
          return "blocks " + block_name(below.view, below.place) + " and " +
                 block_name(view, place) + " are both final, neither on the other";
        }
        if (state.kind(below.view, below.place) == Kind::ending && !same(below, id)) {
          return "block " + block_name(view, place) + " is final above " +
                 block_name(below.view, below.place) + ", which ended the epoch";
        }
      }
      finalized[count++] = id;
    }
  }
  return std::nullopt;
}

// I1, I2, I4, I5 and I6 of one view.
std::optional<std::string> broken_in(const State& state, int view) {
  const auto at = " in view " + std::to_string(view);
  for (int node = 0; node < kNodes; ++node) {
    const auto& slot = state.slot(node, view);
    if (std::popcount(static_cast<unsigned>(slot.notarized)) > 1) return "I1: two notarizes" + at;
    if (slot.nullified != 0 && slot.finalized != 0) return "I2: nullify and finalize" + at;
  }
  int notarized = 0;
  for (int place = 1; place <= kBlocksMax; ++place) {
    if (finalizes(state, view, place) >= kHonestInQuorum &&
        nullifies(state, view) >= kHonestInQuorum) {
      return "I5: final and nullified" + at;
    }
    if (notarizes(state, view, place) < kHonestInQuorum) continue;
    if (++notarized > 1) return "I4: two blocks notarized" + at;
    const auto& block = state.block(view, place);
    if (block.parent_view != 0 &&
        notarizes(state, block.parent_view, block.parent_place) < kHonestInQuorum) {
      return "I6: on a parent that is not notarized" + at;
    }
    for (int skipped = block.parent_view + 1; skipped < view; ++skipped) {
      if (nullifies(state, skipped) < kHonestInQuorum)
        return "I6: skips what was not nullified" + at;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string describe(const Step& step) {
  const auto who = "validator " + std::to_string(step.node);
  const auto view = std::to_string(step.view);
  switch (step.what) {
    case What::take_notarization:
      return who + " takes the notarization of " + block_name(step.view, step.place);
    case What::take_nullification:
      return who + " takes the nullification of " + view;
    case What::commit:
      return who + " takes the finalization of " + block_name(step.view, step.place) +
             " and commits it";
    case What::notarize:
      return who + " notarizes " + block_name(step.view, step.place);
    case What::nullify:
      return who + " nullifies " + view;
    case What::finalize:
      return who + " finalizes " + block_name(step.view, step.place);
    case What::restart:
      return who + " restarts";
  }
  return {};
}

int view_of(const State& state, int node) {
  int view = state.node(node).tip_view + 1;
  for (int at = kViewsMax; at >= view; --at) {
    const auto& slot = state.slot(node, at);
    const bool left = slot.finalized != 0 || slot.notarization != 0 || slot.nullification != 0;
    if (left) return at + 1;
    if (slot.cast_any()) return at;
  }
  return view;
}

bool done(const State& state, int node) {
  const auto& tip = state.node(node);
  if (tip.tip_view == 0) return false;
  const auto kind = state.kind(tip.tip_view, tip.tip_place);
  return kind == Kind::ending || kind == Kind::again;
}

bool chain_held(const State& state, int node, int view, int place) {
  const auto& tip = state.node(node);
  while (view > tip.tip_view) {
    if (state.slot(node, view).notarization != place || place == 0) return false;
    const auto& block = state.block(view, place);
    view = block.parent_view;
    place = block.parent_place;
  }
  return view == tip.tip_view && place == tip.tip_place;
}

std::optional<Parent> walk(const State& state, int node, int from) {
  int view = from;
  for (; view > state.node(node).tip_view; --view) {
    const auto& slot = state.slot(node, view);
    if (slot.notarization != 0 && chain_held(state, node, view, slot.notarization)) {
      return Parent{view, slot.notarization};
    }
    if (slot.nullification == 0) return std::nullopt;
  }
  return Parent{view, state.node(node).tip_place};
}

bool fits(const Rules& rules, const State& state, const Parent& parent, Kind kind) {
  const auto of_parent = parent.view == 0 ? Kind::plain : state.kind(parent.view, parent.place);
  const bool at_end = of_parent == Kind::ending || of_parent == Kind::again;
  if (kind == Kind::again) return at_end;
  if (kind == Kind::ending && (!rules.epochs || at_end)) return false;
  return !at_end || !rules.has(Rule::nothing_after_last_block);
}

bool may_nullify(const State& state, int node, int view) {
  const auto& slot = state.slot(node, view);
  return slot.nullified == 0 && slot.finalized == 0;
}

bool may_finalize(const Rules& rules, const State& state, int node, int view) {
  const auto& slot = state.slot(node, view);
  if (slot.notarization == 0 || slot.finalized != 0) return false;
  if (slot.nullified != 0 && rules.has(Rule::no_finalize_after_nullify)) return false;
  return chain_held(state, node, view, slot.notarization);
}

void cast_notarize(const Rules& rules, State& state, int node, int view, int place) {
  auto& slot = state.slot(node, view);
  slot.notarized = static_cast<std::uint16_t>(slot.notarized | 1U << (place - 1)) & 7U;
  log_chain(rules, state, node, view, place);
}

void cast_nullify(State& state, int node, int view) { state.slot(node, view).nullified = 1; }

void cast_finalize(const Rules& rules, State& state, int node, int view) {
  auto& slot = state.slot(node, view);
  slot.finalized = slot.notarization;
  log_chain(rules, state, node, view, slot.notarization);
}

void steps(const Rules& rules, const State& state, const Visit& visit) {
  for (int node = 0; node < kNodes; ++node) {
    if (!done(state, node)) {
      take_each(rules, state, node, visit);
      const int view = view_of(state, node);
      if (view <= rules.views) notarize_each(rules, state, node, view, visit);
      give_up_or_finalize(rules, state, node, view, visit);
    }
    State next = state;
    restart(rules, next, node);
    if (next != state) visit(next, Step{What::restart, byte(node), 0, 0});
  }
}

void logged_steps(const Rules& rules, const State& state, const Visit& visit) {
  for (int node = 0; node < kNodes; ++node) {
    if (done(state, node)) continue;
    const auto then_restarts = [&](State next, const Step& step) {
      restart(rules, next, node);
      visit(next, step);
    };
    each_held(rules, state, node, [&](const State& held) {
      const int view = view_of(held, node);
      if (view <= rules.views) notarize_each(rules, held, node, view, then_restarts);
      give_up_or_finalize(rules, held, node, view, then_restarts);
    });
    take_each(rules, state, node, [&](const State& next, const Step& step) {
      if (step.what == What::commit) visit(next, step);
    });
  }
}

void each_held(const Rules& rules, const State& state, int node,
               const std::function<void(const State&)>& visit) {
  std::array<std::pair<int, int>, static_cast<std::size_t>(2 * kViewsMax)> missing{};
  std::size_t count = 0;
  for (int view = state.node(node).tip_view + 1; view <= rules.views; ++view) {
    const auto& slot = state.slot(node, view);
    for (int place = 1; place <= kBlocksMax; ++place) {
      if (slot.notarization == 0 && notarizes(state, view, place) >= kHonestInQuorum) {
        missing[count++] = {view, place};
      }
    }
    if (slot.nullification == 0 && nullifies(state, view) >= kHonestInQuorum) {
      missing[count++] = {view, 0};
    }
  }
  for (unsigned chosen = 0; chosen < 1U << count; ++chosen) {
    State held = state;
    for (std::size_t i = 0; i < count; ++i) {
      if ((chosen >> i & 1U) == 0) continue;
      auto& slot = held.slot(node, missing[i].first);
      if (missing[i].second == 0) {
        slot.nullification = 1;
      } else {
        slot.notarization = missing[i].second & 3;
      }
    }
    visit(held);
  }
}

void vote_steps(const Rules& rules, const State& state, const Visit& visit) {
  for (int node = 0; node < kNodes; ++node) {
    const int lowest = view_of(state, node);
    State all = state;
    for (int view = 1; view <= rules.views; ++view) {
      auto& slot = all.slot(node, view);
      slot.nullification = nullifies(state, view) >= kHonestInQuorum ? 1 : 0;
      for (int place = 1; place <= kBlocksMax; ++place) {
        if (notarizes(state, view, place) >= kHonestInQuorum) slot.notarization = byte(place) & 3U;
      }
    }
    const auto voted = [&](const State& next, const Step& step) { visit(votes_of(next), step); };
    for (int view = lowest; view <= rules.views; ++view) {
      const bool entered = view == lowest || all.slot(node, view - 1).notarization != 0 ||
                           all.slot(node, view - 1).nullification != 0;
      if (!entered) continue;
      notarize_each(rules, all, node, view, voted);
      give_up_or_finalize(rules, all, node, view, voted);
    }
  }
}

std::optional<std::string> broken(const State& state, Judge judge) {
  if (auto found = fork(state)) return found;
  if (judge == Judge::agreement_only) return std::nullopt;
  for (int view = 1; view <= kViewsMax; ++view) {
    if (auto found = broken_in(state, view)) return found;
  }
  return std::nullopt;
}

}  // namespace fenrun::model
