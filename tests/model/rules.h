// What an honest validator may do, and what must hold in every state.  docs/spec/consensus.md §4,
// §5, §7, §8.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tests/model/state.h"

namespace fenrun::model {

// A quorum is three of four; the Byzantine validator signs whatever it is asked to, so two honest
// votes make a certificate.
inline constexpr int kQuorum = 3;
inline constexpr int kHonestInQuorum = 2;

// The rules that can be taken out, to see what they are for.  A bit each.
enum class Rule : std::uint32_t {
  notarize_once = 1,                  // I1; also: a vote is durable before it is sent.
  no_finalize_after_nullify = 2,      // I2.
  no_skip_without_nullification = 4,  // I6.
  log_entry = 8,                      // The certificate of entry is logged with a vote.
  log_chain = 16,                     // And so are those of the blocks it rests on.
  count_own_votes_again = 32,         // After a restart.
  nothing_after_last_block = 64,      // Of an epoch, but that block itself.
  ask_for_parents = 128,              // For the notarizations of a block's ancestors.
};

struct Rules {
  std::uint32_t without = 0;
  bool epochs = false;  // Blocks may end the epoch.
  int views = 3;

  bool has(Rule rule) const { return (without & static_cast<std::uint32_t>(rule)) == 0; }
};

enum class What : std::uint8_t {
  take_notarization,
  take_nullification,
  commit,
  notarize,
  nullify,
  finalize,
  restart,
};

struct Step {
  What what;
  std::uint8_t node;
  std::uint8_t view;
  Place place;
};
std::string describe(const Step& step);

using Visit = std::function<void(const State&, const Step&)>;

// The present view of an honest validator: from what it holds, its votes and its tip.
int view_of(const State& state, int node);
// Whether it is done with the epoch: it has committed the block that ends it.
bool done(const State& state, int node);
// Whether every block from the tip to this one is known to be notarized there.
bool chain_held(const State& state, int node, int view, int place);
// Where a leader's walk ends: (view, place), the tip's if it reaches it; none if it is incomplete.
struct Parent {
  int view;
  int place;
};
std::optional<Parent> walk(const State& state, int node, int from);
// What a new block on this parent may be, and what it may not: `again` on a last block, only.
bool fits(const Rules& rules, const State& state, const Parent& parent, Kind kind);

// Every state that one step of one honest validator leads to.  A restart loses what is not logged.
void steps(const Rules& rules, const State& state, const Visit& visit);

// The same, for states in which only what is logged is held: with each vote the validator takes any
// of the certificates there can be, votes, and restarts.  Leads to all votes and logs that steps()
// leads to.
void logged_steps(const Rules& rules, const State& state, const Visit& visit);

// The states in which the node holds also any part of the certificates there can be.
void each_held(const Rules& rules, const State& state, int node,
               const std::function<void(const State&)>& visit);

// The same, for states in which nothing is held: with each vote the validator takes whatever
// certificates it needs from those there can be.  docs/spec/model.md says why this is enough for
// agreement.
void vote_steps(const Rules& rules, const State& state, const Visit& visit);

// The votes themselves, logged as the rules say.  REQUIRES: allowed.
void cast_notarize(const Rules& rules, State& state, int node, int view, int place);
void cast_nullify(State& state, int node, int view);
void cast_finalize(const Rules& rules, State& state, int node, int view);
bool may_nullify(const State& state, int node, int view);
bool may_finalize(const Rules& rules, const State& state, int node, int view);

// The first invariant that the state breaks.  Agreement is judged first, by itself: two finalized
// blocks of which neither is an ancestor of the other, or one above the last block of the epoch.
enum class Judge { agreement_only, all_invariants };
std::optional<std::string> broken(const State& state, Judge judge);

}  // namespace fenrun::model
