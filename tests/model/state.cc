#include "tests/model/state.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fenrun::model {

namespace {

using Order = std::array<int, kNodes>;

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30U;
  x *= 0xbf58476d1ce4e5b9U;
  x ^= x >> 27U;
  x *= 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

// Says the same of a node whatever the nodes and the blocks are called.
std::uint64_t shape(const State& state, int node) {
  std::uint64_t key = state.node(node).tip_view;
  for (int view = 1; view <= kViewsMax; ++view) {
    const auto& slot = state.slot(node, view);
    std::uint64_t word = static_cast<std::uint64_t>(std::bit_cast<std::uint16_t>(slot)) >> 8U;
    word = word << 1U | slot.nullified;
    word = word << 1U | (slot.finalized != 0 ? 1U : 0U);
    word = word << 1U | (slot.notarization != 0 ? 1U : 0U);
    for (int place = 1; place <= kBlocksMax; ++place) {
      if ((slot.notarized >> (place - 1) & 1) == 0) continue;
      const auto& block = state.block(view, place);
      const auto voters = static_cast<std::uint64_t>(notarizes(state, view, place));
      word += (voters << 12U | std::uint64_t{block.parent_view} << 8U | block.kind) << 16U;
    }
    key = mix(key + word + 0x9e3779b97f4a7c15U);
  }
  return key;
}

// Renames the blocks of each view by the first of the nodes, in this order, that voted for them.
State renamed(const State& state, const Order& order) {
  State result = initial_state();
  std::array<std::array<std::uint8_t, kBlocksMax + 1>, kViewsMax + 1> name{};
  for (int view = 1; view <= kViewsMax; ++view) {
    std::uint8_t next = 1;
    auto& names = name[State::index(view)];
    for (const int node : order) {
      const auto notarized = state.slot(node, view).notarized;
      for (int place = 1; place <= kBlocksMax; ++place) {
        auto& given = names[State::index(place)];
        if ((notarized >> (place - 1) & 1) == 0 || given != 0) continue;
        given = next++;
        auto block = state.block(view, place);
        block.parent_place = name[block.parent_view][block.parent_place] & 3U;
        result.block(view, given) = block;
      }
    }
    for (int i = 0; i < kNodes; ++i) {
      auto slot = state.slot(order[State::index(i)], view);
      std::uint16_t notarized = 0;
      for (int place = 1; place <= kBlocksMax; ++place) {
        if ((slot.notarized >> (place - 1) & 1) == 0) continue;
        notarized = static_cast<std::uint16_t>(notarized | 1U << (names[State::index(place)] - 1U));
      }
      slot.notarized = notarized & 7U;
      slot.finalized = names[slot.finalized] & 3U;
      slot.notarization = names[slot.notarization] & 3U;
      result.slot(i, view) = slot;
    }
  }
  for (int i = 0; i < kNodes; ++i) {
    auto node = state.node(order[State::index(i)]);
    node.tip_place = name[node.tip_view][node.tip_place] & 15U;
    result.node(i) = node;
  }
  return result;
}

bool less(const State& left, const State& right) {
  return std::memcmp(&left, &right, sizeof(State)) < 0;
}

}  // namespace

State initial_state() {
  State state;
  std::memset(&state, 0, sizeof state);
  return state;
}

State canonical(const State& state) {
  std::array<std::uint64_t, kNodes> keys{};
  for (int node = 0; node < kNodes; ++node) keys[State::index(node)] = shape(state, node);
  const auto key = [&](int node) { return keys[State::index(node)]; };
  Order order{0, 1, 2};
  std::ranges::sort(order, {}, key);
  State best = renamed(state, order);
  // Nodes of one shape may still differ in what they voted for: try them in each order.
  Order other{0, 1, 2};
  do {
    if (other == order || !std::ranges::is_sorted(other, {}, key)) continue;
    const auto candidate = renamed(state, other);
    if (less(candidate, best)) best = candidate;
  } while (std::ranges::next_permutation(other).found);
  return best;
}

Fingerprint fingerprint(const State& state) {
  std::array<std::uint64_t, (sizeof(State) + 7) / 8> words{};
  std::memcpy(words.data(), &state, sizeof state);
  Fingerprint result{0x243f6a8885a308d3U, 0x13198a2e03707344U};
  for (const auto word : words) {
    result.high = mix(result.high + word + 0x9e3779b97f4a7c15U);
    result.low = mix((result.low ^ word) * 0x9fb21c651e98df25U + 1);
  }
  return result;
}

int notarizes(const State& state, int view, int place) {
  int count = 0;
  for (int node = 0; node < kNodes; ++node) {
    count += state.slot(node, view).notarized >> (place - 1) & 1;
  }
  return count;
}

int nullifies(const State& state, int view) {
  int count = 0;
  for (int node = 0; node < kNodes; ++node) count += state.slot(node, view).nullified;
  return count;
}

int finalizes(const State& state, int view, int place) {
  int count = 0;
  for (int node = 0; node < kNodes; ++node) {
    count += state.slot(node, view).finalized == place ? 1 : 0;
  }
  return count;
}

State votes_of(const State& state) {
  State votes = state;
  for (int node = 0; node < kNodes; ++node) {
    votes.node(node) = Node{0, 0};
    for (int view = 1; view <= kViewsMax; ++view) {
      auto& slot = votes.slot(node, view);
      slot = Slot{slot.notarized, slot.nullified, slot.finalized, 0, 0, 0, 0, 0, 0, 0, 0};
    }
  }
  return votes;
}

std::string describe(const State& state) {
  const auto name = [](int view, int place) {
    return place == 0 ? std::string("the first block")
                      : std::to_string(view) + static_cast<char>('a' + place - 1);
  };
  std::string text;
  for (int view = 1; view <= kViewsMax; ++view) {
    for (int place = 1; place <= kBlocksMax; ++place) {
      const auto& block = state.block(view, place);
      const auto kind = state.kind(view, place);
      if (kind == Kind::absent) continue;
      text +=
          "    block " + name(view, place) + " on " + name(block.parent_view, block.parent_place);
      if (kind == Kind::ending) text += ", ends the epoch";
      if (kind == Kind::again) text += ", the same block again";
      text += "\n";
    }
  }
  for (int node = 0; node < kNodes; ++node) {
    text += "    validator " + std::to_string(node) + ":";
    if (state.node(node).tip_view != 0) {
      text += " committed " + name(state.node(node).tip_view, state.node(node).tip_place) + ";";
    }
    for (int view = 1; view <= kViewsMax; ++view) {
      const auto& slot = state.slot(node, view);
      for (int place = 1; place <= kBlocksMax; ++place) {
        if ((slot.notarized >> (place - 1) & 1) != 0) text += " notarize " + name(view, place);
      }
      if (slot.nullified != 0) text += " nullify " + std::to_string(view);
      if (slot.finalized != 0) text += " finalize " + name(view, slot.finalized);
      if (slot.notarization != 0) {
        text += std::string(slot.log_notarized != 0 ? " [" : " (") + "notarization of " +
                name(view, slot.notarization) + (slot.log_notarized != 0 ? "]" : ")");
      }
      if (slot.nullification != 0) {
        text += std::string(slot.log_nullified != 0 ? " [" : " (") + "nullification of " +
                std::to_string(view) + (slot.log_nullified != 0 ? "]" : ")");
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace fenrun::model
