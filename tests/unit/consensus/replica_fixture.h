// One replica, validator 0 of four, and what the others say to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "consensus/replica.h"
#include "tests/unit/consensus/support.h"

namespace fenrun::consensus_testing {

class ReplicaTest : public testing::Test {
 protected:
  ReplicaTest() { restart({}); }

  static FinalizedTip genesis() { return {Epoch(0), View(0), Height(0), Digest{}, {}}; }

  void restart(const std::vector<LogRecord>& records) { restart(genesis(), records); }
  void restart(const FinalizedTip& tip, const std::vector<LogRecord>& records,
               LogCheck check = LogCheck::passed) {
    const ReplicaConfig config{kChain, tip.epoch, Digest{}, {.idle_interval = SpanMs(0)}, check};
    replica_ = std::make_unique<Replica>(config, members_.set(), ValidatorIndex(0),
                                         &members_.key(0), tip, records, TimeMs(now_));
  }

  std::vector<Output> step(const Input& input) {
    auto outputs = replica_->step(input);
    for (const auto& output : outputs) {
      if (const auto* persist = std::get_if<Persist>(&output)) log_.push_back(persist->record);
    }
    return outputs;
  }
  std::vector<Output> hear(std::uint16_t from, const Message& message) {
    return step(Received{ValidatorIndex(from), message});
  }
  std::vector<Output> wait(std::uint64_t ms) { return step(Tick{TimeMs(now_ += ms)}); }

  Propose proposal(std::uint64_t view, std::uint64_t parent, const Digest& parent_id,
                   std::uint64_t height, std::uint8_t content) const {
    Propose propose;
    propose.view = View(view);
    propose.parent_view = View(parent);
    propose.parent_id = parent_id;
    propose.height = Height(height);
    propose.payload.header = {content};
    propose.signature =
        members_.vote(propose.subject(), static_cast<std::uint16_t>(view % 4)).signature;
    return propose;
  }
  Propose first() const { return proposal(1, 0, Digest{}, 1, 'a'); }

  // The driver's part for a good block.
  std::vector<Output> execute(const Propose& propose, bool ends_epoch = false) {
    const auto id = block_id_of(propose.payload);
    step(BodyDurable{id});
    return step(Verified{propose.view, id, Verdict::valid, 1, ends_epoch});
  }

  template <class T>
  static std::vector<T> all(const std::vector<Output>& outputs) {
    std::vector<T> found;
    for (const auto& output : outputs) {
      if (const auto* wanted = std::get_if<T>(&output)) found.push_back(*wanted);
    }
    return found;
  }
  static std::vector<Vote> votes(const std::vector<Output>& outputs) {
    std::vector<Vote> found;
    for (const auto& sent : all<Send>(outputs)) {
      if (const auto* vote = std::get_if<Vote>(&sent.message)) found.push_back(*vote);
    }
    return found;
  }

  const Members members_{4};
  std::uint64_t now_ = 0;
  std::vector<LogRecord> log_;
  std::unique_ptr<Replica> replica_;
};

}  // namespace fenrun::consensus_testing
