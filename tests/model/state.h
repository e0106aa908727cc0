// One state of the model of docs/spec/model.md: what three honest validators of four have cast,
// hold and have logged, and which blocks their votes are for.
//
// The fourth validator is Byzantine and has no state: it has signed every vote there can be and
// hands it, or a certificate with it, to whom it likes.  The network has none either: what was sent
// can be delivered at any time, or never.
//
// Shares no code with consensus/: it is a second statement of the same rules.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace fenrun::model {

inline constexpr int kNodes = 3;      // Honest validators.
inline constexpr int kViewsMax = 7;   // Slots for views 1..7; a run explores fewer.
inline constexpr int kBlocksMax = 3;  // Blocks of a view that honest votes can be for: one each.

// A block of a view: a place 1..3 in `State::blocks`; 0 is no block.
using Place = std::uint8_t;

enum class Kind : std::uint8_t { absent, plain, ending, again };

// `again` is the epoch's last block proposed once more: its id is that of its parent.
struct Block {
  std::uint8_t parent_view : 3;
  std::uint8_t parent_place : 2;  // 0 where the parent is the block the epoch began with.
  std::uint8_t kind : 2;
  std::uint8_t unused : 1;

  friend bool operator==(const Block&, const Block&) = default;
};

// What an honest validator has cast, holds and has logged of one view.
struct Slot {
  std::uint16_t notarized : 3;  // Its notarize votes: a bit a block.  More than one breaks I1.
  std::uint16_t nullified : 1;
  std::uint16_t finalized : 2;      // The place of the block, or 0.
  std::uint16_t notarization : 2;   // Held: the place of the block, or 0.
  std::uint16_t nullification : 1;  // Held.
  std::uint16_t log_notarized : 1;  // The notarization is in the log.
  std::uint16_t log_nullified : 1;  // The nullification is.
  std::uint16_t lost_notarize : 1;  // Own votes that a restart did not count again; only without
  std::uint16_t lost_nullify : 1;   // the rule that it does.
  std::uint16_t lost_finalize : 1;
  std::uint16_t unused : 2;

  bool cast_any() const { return notarized != 0 || nullified != 0 || finalized != 0; }
  friend bool operator==(const Slot&, const Slot&) = default;
};

struct Node {
  std::uint8_t tip_view : 4;   // The finalized view that is committed.
  std::uint8_t tip_place : 4;  // Its block.

  friend bool operator==(const Node&, const Node&) = default;
};

// Views count from 1: use slot() and block().
struct State {
  std::array<std::array<Slot, kViewsMax>, kNodes> slots;
  std::array<std::array<Block, kBlocksMax>, kViewsMax> blocks;
  std::array<Node, kNodes> nodes;

  Slot& slot(int node, int view) { return slots[index(node)][index(view - 1)]; }
  const Slot& slot(int node, int view) const { return slots[index(node)][index(view - 1)]; }
  Block& block(int view, int place) { return blocks[index(view - 1)][index(place - 1)]; }
  const Block& block(int view, int place) const {
    return blocks[index(view - 1)][index(place - 1)];
  }
  Node& node(int node) { return nodes[index(node)]; }
  const Node& node(int node) const { return nodes[index(node)]; }
  Kind kind(int view, int place) const { return static_cast<Kind>(block(view, place).kind); }

  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  friend bool operator==(const State&, const State&) = default;
};
static_assert(sizeof(State) == 66);

// Nothing cast, nothing held.
State initial_state();

// The representative of all states that differ from this one only in the names of honest validators
// and of the blocks of a view.
State canonical(const State& state);

// 128 bits; two states of a run that share them would hide one of them.
struct Fingerprint {
  std::uint64_t high;
  std::uint64_t low;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
Fingerprint fingerprint(const State& state);

// What was sent, as far as it matters: how many honest validators cast it.
int notarizes(const State& state, int view, int place);
int nullifies(const State& state, int view);
int finalizes(const State& state, int view, int place);

// Only the votes and the blocks: nothing held, nothing logged, nothing committed.
State votes_of(const State& state);

// For people.
std::string describe(const State& state);

}  // namespace fenrun::model
