// One validator's replica through whole views: the leader's proposal, everybody's votes and the
// certificates that everybody passes on.  And one that lost its journal: it takes all blocks of its
// vote log up again, one after the other.
#include <benchmark/benchmark.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "consensus/replica.h"
#include "core/check.h"
#include "node/sim/random.h"
#include "tests/bench/micro/work.h"
#include "tests/unit/consensus/support.h"

namespace fenrun::micro {
namespace {

using consensus_testing::Members;

constexpr ValidatorIndex kSelf(0);
constexpr std::size_t kHeaderBytes = 400;
constexpr std::size_t kBatches = 4;
constexpr TimeMs kBegin(10'000);

ReplicaConfig config() {
  return {consensus_testing::kChain, Epoch(0), Digest{}, {}, LogCheck::passed};
}

FinalizedTip genesis() { return {Epoch(0), View(0), Height(0), Digest{}, {}, false}; }

Payload payload(View view) {
  Payload out;
  const auto number = std::to_string(view.value());
  out.header.assign(number.begin(), number.end());
  out.header.resize(kHeaderBytes);
  for (std::size_t i = 0; i < kBatches; ++i) out.batches.push_back(sha256(Bytes{1}));
  return out;
}

// A replica at the beginning of an epoch, which has known its peers for some minutes: its timers
// follow from the round trips to all of them.
Replica new_replica(const Members& members) {
  Replica replica(config(), members.set(), kSelf, &members.key(kSelf.value()), genesis(), {},
                  kBegin);
  sim::Random random(1);
  for (std::size_t i = 0; i < SampleRing::kSamplesMax; ++i) {
    for (std::uint16_t peer = 1; peer < members.set().size(); ++peer) {
      const TimeMs sent(kBegin.value() - random.between(5, 50));
      replica.step(Received{ValidatorIndex(peer), Echo{sent}});
    }
  }
  return replica;
}

// Runs a replica through views in which all goes well, as its driver and as all the others, and
// writes down what it was told: another replica that is told the same does the same.
class Recording {
 public:
  Recording(const Members& members, const Replica& begin) : members_(members), replica_(begin) {
    tell(WorkPending{true});
  }

  void run_view() {
    const View view = replica_.view();
    while (replica_.leader() == kSelf && !own_) tell_time();
    const auto leader = replica_.leader();
    const Propose propose = own_ ? *std::exchange(own_, std::nullopt) : proposal(view, leader);
    if (leader != kSelf) tell(Received{leader, propose});
    Subject subject = propose.subject();
    hear_votes(subject, leader);
    subject.kind = VoteKind::finalize;
    hear_votes(subject, kSelf);
    CHECK(replica_.finalized().view == view);
    CHECK(replica_.view() == view.next());
    tell_time();
  }

  std::vector<Input> take() { return std::move(told_); }

 private:
  void tell(const Input& input) {
    told_.push_back(input);
    for (const auto& output : replica_.step(input)) answer(output);
  }
  void tell_time() {
    now_ += 10;
    CHECK(now_ < 1'000'000);  // Else the replica does not lead.
    tell(Tick{TimeMs(now_)});
  }

  void answer(const Output& output) {
    if (const auto* build = std::get_if<Build>(&output)) {
      tell(Built{build->view, payload(build->view), 1, false});
    } else if (const auto* order = std::get_if<Verify>(&output)) {
      tell(BodyDurable{order->block_id});
      tell(Verified{order->propose.view, order->block_id, Verdict::valid, 1, false});
    } else if (const auto* send = std::get_if<Send>(&output)) {
      if (const auto* propose = std::get_if<Propose>(&send->message)) own_ = *propose;
    }
  }

  Propose proposal(View view, ValidatorIndex leader) const {
    const auto& tip = replica_.finalized();
    Propose out;
    out.view = view;
    out.parent_view = tip.view;
    out.parent_id = tip.block_id;
    out.height = tip.height.next();
    out.payload = payload(view);
    out.justification.parent = tip.certificate;
    out.signature = members_.vote(out.subject(), leader.value()).signature;
    return out;
  }

  // Of all others but the one whose vote is known; then each passes the certificate on.
  void hear_votes(const Subject& subject, ValidatorIndex known) {
    std::vector<std::uint16_t> quorum;
    for (std::uint16_t i = 0; i < members_.set().size(); ++i) {
      if (quorum.size() < members_.set().quorum()) quorum.push_back(i);
      if (ValidatorIndex(i) == kSelf || ValidatorIndex(i) == known) continue;
      tell(Received{ValidatorIndex(i), members_.vote(subject, i)});
    }
    const auto certificate = members_.certificate(subject, quorum);
    for (std::uint16_t i = 1; i < members_.set().size(); ++i) {
      tell(Received{ValidatorIndex(i), certificate});
    }
  }

  const Members& members_;
  Replica replica_;
  std::vector<Input> told_;
  std::optional<Propose> own_;  // The replica's proposal of this view.
  std::uint64_t now_ = kBegin.value();
};

Work step_through(std::size_t validators, std::size_t views) {
  // A function can be copied, keys cannot: the copies share them.
  const auto members = std::make_shared<const Members>(validators);
  const auto begin = new_replica(*members);
  Recording recording(*members, begin);
  for (std::size_t i = 0; i < views; ++i) recording.run_view();
  auto inputs = recording.take();
  const auto steps = inputs.size();
  return {steps, [members, begin, inputs = std::move(inputs)] {
            auto replica = begin;
            for (const auto& input : inputs) benchmark::DoNotOptimize(replica.step(input));
          }};
}

// The log of a validator that notarized a block in each view, and a finalization of the last.
struct Backlog {
  std::vector<LogRecord> records;
  Certificate finalization;
};

Backlog backlog(const Members& members, std::size_t views) {
  Backlog out{{EpochOpened{}}, {}};
  Propose propose;
  for (std::size_t i = 1; i <= views; ++i) {
    propose.parent_view = propose.view;
    propose.parent_id = i == 1 ? Digest{} : block_id_of(propose.payload);
    propose.view = View(i);
    propose.height = propose.height.next();
    propose.payload = payload(propose.view);
    auto subject = propose.subject();
    out.records.emplace_back(propose);
    out.records.emplace_back(members.vote(subject, kSelf.value()));
    out.records.emplace_back(members.certificate(subject, {0, 1, 2}));
    subject.kind = VoteKind::finalize;
    if (i == views) out.finalization = members.certificate(subject, {1, 2, 3});
  }
  return out;
}

Work take_up_log(std::size_t views) {
  const auto members = std::make_shared<const Members>(4);
  return {views, [members, views, log = backlog(*members, views)] {
            Replica replica(config(), members->set(), kSelf, &members->key(0), genesis(),
                            log.records, kBegin);
            std::size_t verified = 0;
            std::size_t committed = 0;
            std::deque<Input> inputs{Tick{kBegin}};
            for (; !inputs.empty(); inputs.pop_front()) {
              for (const auto& output : replica.step(inputs.front())) {
                if (const auto* commit = std::get_if<Commit>(&output)) {
                  committed += commit->blocks.size();
                }
                const auto* order = std::get_if<Verify>(&output);
                if (order == nullptr) continue;
                inputs.emplace_back(BodyDurable{order->block_id});
                inputs.emplace_back(
                    Verified{order->propose.view, order->block_id, Verdict::valid, 1, false});
                if (++verified == views) {
                  inputs.emplace_back(Received{ValidatorIndex(1), log.finalization});
                }
              }
            }
            CHECK(verified == views && committed == views);
          }};
}

}  // namespace

std::vector<NamedWork> replica_step_work() {
  return {
      {"replica_step_4", [] { return step_through(4, 64); }},
      {"replica_step_64", [] { return step_through(64, 4); }},
      {"replica_log_64", [] { return take_up_log(64); }},
      {"replica_log_4k", [] { return take_up_log(4096); }},
  };
}

}  // namespace fenrun::micro
