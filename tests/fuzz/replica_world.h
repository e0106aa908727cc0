// One replica, validator 0 of four, and a world around it that the input rules: time, the order in
// which things happen, crashes, what validators 1 and 2 do within the rules, and what validator 3
// does, which keeps none.  Whatever happens, the replica keeps its invariants.
//
// The rules of docs/spec/consensus.md §4 are stated here once more, from votes cast alone, for
// those of 1 and 2.  What 0 does is judged by node/sim/checker.h.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "consensus/replica.h"
#include "node/sim/checker.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/consensus/support.h"

namespace fenrun::fuzz {

class ReplicaWorld {
 public:
  ReplicaWorld();

  // Does one thing that the input chooses.
  void act(Choices& choices);
  // Judges all that happened.
  void finish();

 private:
  static constexpr std::uint16_t kSelf = 0;
  static constexpr std::uint16_t kFaulty = 3;

  struct Block {
    Propose propose;
    bool is_good = false;  // What executing it would find.
  };

  // The world.
  void start(const std::vector<LogRecord>& records);
  void step(const Input& input);
  void hear(std::uint16_t from, const Message& message);
  void carry_out(const Output& output);
  void take_sent(const Message& message);
  void commit(const Commit& output);
  void check_sent(const Vote& vote);
  void crash(Choices& choices);

  // What the others do.
  void propose(Choices& choices);
  void vote_by_rules(Choices& choices);
  void vote_against_rules(Choices& choices);
  void certify(Choices& choices);
  void forge_certificate(Choices& choices);
  void answer_build(Choices& choices);
  void answer_verify(Choices& choices);
  void answer_catch_up();
  void ask(Choices& choices);
  void accuse(Choices& choices);

  // The rules.
  bool is_certifiable(const Subject& subject) const;
  bool is_nullifiable(View view) const;
  bool may_cast(std::uint16_t signer, const Subject& subject) const;
  bool is_justified(const Propose& propose) const;
  void cast(std::uint16_t signer, const Subject& subject);
  Certificate certificate(const Subject& subject, bool with_faulty) const;

  View near_view(Choices& choices) const;
  Subject some_subject(Choices& choices) const;
  const Block* some_block(Choices& choices) const;
  Propose make_block(View view, const Block* parent, std::uint8_t salt);
  bool judge(const Propose& propose) const;
  std::uint16_t leader_of(View view) const { return members_.set().leader(Digest{}, view).value(); }

  const consensus_testing::Members members_{4};
  sim::Checker checker_{{kFaulty}};
  std::uint64_t now_ = 0;
  std::unique_ptr<Replica> replica_;
  View view_;  // Never falls while the replica lives.
  FinalizedTip tip_;

  std::vector<LogRecord> log_;
  std::size_t synced_ = 0;  // So many records of the log survive a crash.

  std::map<Digest, Block> blocks_;
  std::vector<Digest> block_ids_;  // In the order in which they were made.
  std::map<std::pair<std::uint16_t, View>, Digest> proposed_;           // By 1 and 2.
  std::map<Subject, std::set<std::uint16_t>> cast_;                     // By 0, 1 and 2.
  std::map<std::pair<std::uint16_t, View>, std::set<VoteKind>> kinds_;  // That each has cast.
  std::vector<Build> builds_;
  std::vector<Verify> verifies_;
  std::optional<CatchUp> catch_up_;
  std::set<Digest> durable_;  // Bodies that were reported durable since the start.
};

}  // namespace fenrun::fuzz
