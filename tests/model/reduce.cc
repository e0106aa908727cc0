#include "tests/model/reduce.h"

#include <array>

namespace fenrun::model {

namespace {

// What can still become of a view.
struct Outlook {
  std::array<int, kNodes> views;    // Where the nodes are.
  std::array<bool, kNodes> beyond;  // Past the view, for a reason that lies above it.
  int notarizable = 0;              // Those who may still notarize in it.
  bool notarization_possible = false;
  bool nullification_possible = false;
  bool finalization_possible = false;
};

bool anything_above(const State& state, int node, int view) {
  if (state.node(node).tip_view >= view) return true;
  for (int above = view + 1; above <= kViewsMax; ++above) {
    if (state.slot(node, above) != Slot{}) return true;
  }
  return false;
}

bool block_possible(const State& state, const Outlook& outlook, int view, int place) {
  return notarizes(state, view, place) + outlook.notarizable >= kHonestInQuorum;
}

Outlook outlook_of(const State& state, int view) {
  Outlook outlook{};
  int nullified = 0;
  int nullifiable = 0;
  int not_nullified = 0;
  for (int node = 0; node < kNodes; ++node) {
    const auto at = State::index(node);
    const auto& slot = state.slot(node, view);
    outlook.views[at] = view_of(state, node);
    outlook.beyond[at] = outlook.views[at] > view && anything_above(state, node, view);
    const bool may_vote = outlook.views[at] <= view;
    if (may_vote && !slot.cast_any()) ++outlook.notarizable;
    if (may_vote && may_nullify(state, node, view)) ++nullifiable;
    nullified += slot.nullified;
    if (slot.nullified == 0) ++not_nullified;
  }
  outlook.notarization_possible = outlook.notarizable >= kHonestInQuorum;
  for (int place = 1; place <= kBlocksMax; ++place) {
    if (state.kind(view, place) == Kind::absent) continue;
    if (block_possible(state, outlook, view, place)) outlook.notarization_possible = true;
  }
  outlook.nullification_possible = nullified + nullifiable >= kHonestInQuorum;
  outlook.finalization_possible = outlook.notarization_possible && not_nullified >= kHonestInQuorum;
  return outlook;
}

// A block that cannot be notarized: nobody will ever look at its parent.
void forget_block(State& state, int view, int place) {
  auto& block = state.block(view, place);
  block.parent_view = 0;
  block.parent_place = 0;
  block.kind = static_cast<unsigned>(Kind::plain) & 3U;
}

void drop_in(State& state, int view) {
  const auto outlook = outlook_of(state, view);
  for (int place = 1; place <= kBlocksMax; ++place) {
    if (state.kind(view, place) == Kind::absent) continue;
    if (block_possible(state, outlook, view, place)) continue;
    forget_block(state, view, place);
    for (int node = 0; node < kNodes; ++node) {
      auto& slot = state.slot(node, view);
      if (!outlook.beyond[State::index(node)]) continue;
      slot.notarized = static_cast<std::uint16_t>(slot.notarized & ~(1U << (place - 1))) & 7U;
    }
    if (notarizes(state, view, place) == 0) state.block(view, place) = Block{};
  }
  for (int node = 0; node < kNodes; ++node) {
    auto& slot = state.slot(node, view);
    if (!outlook.beyond[State::index(node)]) continue;
    if (!outlook.finalization_possible) slot.finalized = 0;
    if (!outlook.nullification_possible && !outlook.finalization_possible) slot.nullified = 0;
  }
}

int notarized_place(const State& state, int view) {
  for (int place = 1; place <= kBlocksMax; ++place) {
    if (notarizes(state, view, place) >= kHonestInQuorum) return place;
  }
  return 0;
}

void settle_in(State& state, int view) {
  const auto outlook = outlook_of(state, view);
  const int notarized = notarized_place(state, view);
  const bool nullified = nullifies(state, view) >= kHonestInQuorum;
  const bool finalized = notarized != 0 && finalizes(state, view, notarized) >= kHonestInQuorum;
  for (int node = 0; node < kNodes; ++node) {
    auto& slot = state.slot(node, view);
    if (!outlook.beyond[State::index(node)]) continue;
    if (notarized != 0) slot.notarized = static_cast<std::uint16_t>(1U << (notarized - 1)) & 7U;
    if (nullified) {
      slot.nullified = 1;
      slot.finalized = 0;
    }
    if (finalized) {
      slot.nullified = 0;
      slot.finalized = notarized & 3;
    }
  }
  for (int place = 1; place <= kBlocksMax; ++place) {
    if (notarizes(state, view, place) == 0) state.block(view, place) = Block{};
  }
}

}  // namespace

State without_dead_votes(const Rules& rules, const State& state) {
  State result = state;
  for (int view = 1; view <= rules.views; ++view) drop_in(result, view);
  return result;
}

State with_settled_votes(const Rules& rules, const State& state) {
  State result = state;
  for (int view = 1; view <= rules.views; ++view) settle_in(result, view);
  return without_dead_votes(rules, result);
}

}  // namespace fenrun::model
