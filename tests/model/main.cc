// Explores every state of the model up to a number of views: fenrun_model --help.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/model/recovery.h"
#include "tests/model/reduce.h"
#include "tests/model/rules.h"

namespace fenrun::model {
namespace {

// Open addressing, in shards that grow one at a time, so that growing needs little room.
class Seen {
 public:
  Seen() : shards_(kShards) {}

  // True if it was not there.
  bool insert(const Fingerprint& key) {
    auto& shard = shards_[key.high % kShards];
    if (shard.used * 4 >= shard.slots.size() * 3) grow(shard);
    return put(shard, key);
  }
  bool contains(const Fingerprint& key) const {
    const auto& shard = shards_[key.high % kShards];
    if (shard.slots.empty()) return false;
    for (auto at = key.low % shard.slots.size();; at = (at + 1) % shard.slots.size()) {
      if (shard.slots[at] == Fingerprint{}) return false;
      if (shard.slots[at] == key) return true;
    }
  }
  bool equals(const Seen& other) const {
    if (size() != other.size()) return false;
    for (const auto& shard : shards_) {
      for (const auto& key : shard.slots) {
        if (key != Fingerprint{} && !other.contains(key)) return false;
      }
    }
    return true;
  }
  std::size_t size() const {
    std::size_t total = 0;
    for (const auto& shard : shards_) total += shard.used;
    return total;
  }

 private:
  static constexpr std::size_t kShards = 256;
  struct Shard {
    std::vector<Fingerprint> slots;
    std::size_t used = 0;
  };

  static bool put(Shard& shard, const Fingerprint& key) {
    auto at = key.low % shard.slots.size();
    while (shard.slots[at] != Fingerprint{}) {
      if (shard.slots[at] == key) return false;
      at = (at + 1) % shard.slots.size();
    }
    shard.slots[at] = key;
    ++shard.used;
    return true;
  }
  static void grow(Shard& shard) {
    Shard larger;
    larger.slots.resize(shard.slots.empty() ? 64 : shard.slots.size() * 3 / 2);
    for (const auto& key : shard.slots) {
      if (key != Fingerprint{}) put(larger, key);
    }
    shard = std::move(larger);
  }

  std::vector<Shard> shards_;
};

enum class Seek { violations, agreement, stuck, everything };

// Which states are told apart: all, those of validators that have just restarted (and what one of
// them may hold besides), or votes only.
enum class Detail { all, logged, votes };

struct Options {
  Rules rules;
  Detail detail = Detail::all;
  bool reduce = false;   // Explore states once that differ in dead votes only.
  bool compare = false;  // See compare() below.
  bool trace = false;    // Breadth first, with the shortest way to what is found.
  Seek seek = Seek::everything;
  std::size_t states_max = 150'000'000;
};

struct Reached {
  State state;
  std::size_t parent;
  Step step;
};

class Explorer {
 public:
  explicit Explorer(const Options& options) : options_(options) {}

  // Empty if nothing was found.
  std::string run() {
    add(initial_state(), 0, Step{});
    while (!frontier_.empty() && found_.empty()) {
      const auto next = take();
      const auto visit = [&](const State& state, const Step& step) {
        ++transitions_;
        if (found_.empty()) add(state, next.parent, step);
      };
      switch (options_.detail) {
        case Detail::all:
          steps(options_.rules, next.state, visit);
          break;
        case Detail::logged:
          logged_steps(options_.rules, next.state, visit);
          break;
        case Detail::votes:
          vote_steps(options_.rules, next.state, visit);
          break;
      }
    }
    return found_;
  }

  const Seen& seen() const { return seen_; }
  const Seen& coarse() const { return coarse_; }
  std::size_t transitions() const { return transitions_; }

 private:
  struct Waiting {
    State state;
    std::size_t parent;  // Of those it leads to: its own number, where the way is kept.
  };

  Waiting take() {
    if (options_.trace) {
      auto next = frontier_.front();
      frontier_.pop_front();
      return next;
    }
    auto next = frontier_.back();
    frontier_.pop_back();
    return next;
  }

  void add(const State& reached, std::size_t parent, const Step& step) {
    const auto state = canonical(reduced(reached));
    if (!seen_.insert(fingerprint(state))) return;
    if (options_.compare) coarse_.insert(fingerprint(coarse(state)));
    std::size_t number = 0;
    if (options_.trace) {
      number = way_.size();
      way_.push_back({reached, parent, step});
    }
    if (auto hindrance = judge(reached)) {
      found_ = *hindrance + "\n" + way_to(number, reached);
      return;
    }
    if (seen_.size() > options_.states_max) {
      std::fprintf(stderr, "more than %zu states\n", options_.states_max);
      std::exit(2);
    }
    frontier_.push_back({state, number});
  }

  State reduced(const State& state) const {
    if (!options_.reduce) return state;
    return options_.detail == Detail::votes ? with_settled_votes(options_.rules, state)
                                            : without_dead_votes(options_.rules, state);
  }

  // Its votes, reduced until reducing changes nothing.
  State coarse(const State& state) const {
    State now = canonical(votes_of(state));
    for (;;) {
      const auto next = canonical(with_settled_votes(options_.rules, now));
      if (next == now) return now;
      now = next;
    }
  }

  std::optional<std::string> judge(const State& state) {
    const auto seek = options_.seek;
    if (seek != Seek::stuck) {
      const auto which = seek == Seek::agreement ? Judge::agreement_only : Judge::all_invariants;
      if (auto found = broken(state, which)) return found;
    }
    if (options_.detail == Detail::votes || seek == Seek::violations || seek == Seek::agreement) {
      return std::nullopt;
    }
    if (options_.detail == Detail::all) return hindered(state);
    std::optional<std::string> found;
    for (int node = 0; node < kNodes && !found; ++node) {
      each_held(options_.rules, state, node, [&](const State& held) {
        if (!found) found = hindered(held);
      });
    }
    return found;
  }

  // Many states are the same once the validators have heard one another: each is judged once.
  std::optional<std::string> hindered(const State& state) {
    const auto heard = after_exchange(options_.rules, state);
    if (!heard_.insert(fingerprint(heard))) return std::nullopt;
    return stuck(options_.rules, heard);
  }

  // The names of validators and blocks change on the way, for only representatives are followed:
  // each line is told by the names of the state before it.
  std::string way_to(std::size_t number, const State& last) const {
    if (!options_.trace) return describe(last);
    std::string text;
    for (auto at = number; at != 0; at = way_[at].parent) {
      text = "  " + describe(way_[at].step) + "\n" + describe(canonical(way_[at].state)) + text;
    }
    return text;
  }

  const Options options_;
  Seen seen_;
  Seen coarse_;
  Seen heard_;
  std::deque<Waiting> frontier_;
  std::vector<Reached> way_;
  std::string found_;
  std::size_t transitions_ = 0;
};

struct RuleName {
  std::string_view name;
  Rule rule;
};
constexpr RuleName kRuleNames[] = {
    {"notarize_once", Rule::notarize_once},
    {"no_finalize_after_nullify", Rule::no_finalize_after_nullify},
    {"no_skip_without_nullification", Rule::no_skip_without_nullification},
    {"log_entry", Rule::log_entry},
    {"log_chain", Rule::log_chain},
    {"count_own_votes_again", Rule::count_own_votes_again},
    {"nothing_after_last_block", Rule::nothing_after_last_block},
    {"ask_for_parents", Rule::ask_for_parents},
};

constexpr char kUsage[] =
    "usage: fenrun_model [--views N] [--epochs] [--detail all|logged|votes] [--reduce] "
    "[--compare]\n"
    "                    [--seek violations|agreement|stuck|everything] [--without RULE]...\n"
    "                    [--trace] [--states-max N]\n"
    "Explores every state, prints their number, and exits 1 if it finds what it seeks.\n"
    "Rules: notarize_once no_finalize_after_nullify no_skip_without_nullification log_entry\n"
    "log_chain count_own_votes_again nothing_after_last_block ask_for_parents\n";

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

void take_out(Rules& rules, std::string_view name) {
  for (const auto& entry : kRuleNames) {
    if (entry.name != name) continue;
    rules.without |= static_cast<std::uint32_t>(entry.rule);
    return;
  }
  usage();
}

Seek seek_of(std::string_view name) {
  if (name == "violations") return Seek::violations;
  if (name == "agreement") return Seek::agreement;
  if (name == "stuck") return Seek::stuck;
  if (name == "everything") return Seek::everything;
  usage();
}

Detail detail_of(std::string_view name) {
  if (name == "all") return Detail::all;
  if (name == "logged") return Detail::logged;
  if (name == "votes") return Detail::votes;
  usage();
}

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const auto value = [&]() -> const char* { return ++i < count ? words[i] : (usage(), ""); };
    if (word == "--views") {
      options.rules.views = std::atoi(value());
    } else if (word == "--epochs") {
      options.rules.epochs = true;
    } else if (word == "--detail") {
      options.detail = detail_of(value());
    } else if (word == "--reduce") {
      options.reduce = true;
    } else if (word == "--compare") {
      options.compare = true;
    } else if (word == "--trace") {
      options.trace = true;
    } else if (word == "--seek") {
      options.seek = seek_of(value());
    } else if (word == "--without") {
      take_out(options.rules, value());
    } else if (word == "--states-max") {
      options.states_max = std::strtoull(value(), nullptr, 10);
    } else {
      usage();
    }
  }
  // The check for stuck states looks two views further than the exploration.
  if (options.rules.views < 1 || options.rules.views > kViewsMax - 2) usage();
  return options;
}

// That nothing is lost by telling fewer states apart: the votes of all states, made coarse, are
// those that the coarsest exploration reaches.
std::string compare(const Options& options, const Explorer& explorer) {
  Options coarsest = options;
  coarsest.detail = Detail::votes;
  coarsest.reduce = true;
  Explorer other(coarsest);
  auto found = other.run();
  std::printf("coarse     %zu\n", other.coarse().size());
  if (found.empty() && !explorer.coarse().equals(other.coarse())) {
    found = "coarse states differ: " + std::to_string(explorer.coarse().size()) + " and " +
            std::to_string(other.coarse().size());
  }
  return found;
}

int run(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  Explorer explorer(options);
  auto found = explorer.run();
  if (found.empty() && options.compare) found = compare(options, explorer);
  const auto spent = std::chrono::steady_clock::now() - begin;
  std::printf(
      "states     %zu\nsteps      %zu\nseconds    %lld\nfound      %s\n", explorer.seen().size(),
      explorer.transitions(),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(spent).count()),
      found.empty() ? "nothing" : found.c_str());
  return found.empty() ? 0 : 1;
}

}  // namespace
}  // namespace fenrun::model

int main(int count, char** words) { return fenrun::model::run(fenrun::model::parse(count, words)); }
