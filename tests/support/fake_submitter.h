// A Submitter that submits when the test says so: as "gateway", to a FakeNode, which makes a block
// of it.
#pragma once

#include <deque>

#include "node/intake/submitter.h"
#include "tests/support/fake_node.h"
#include "tests/support/scanned_batch.h"

namespace fenrun::test {

class FakeSubmitter final : public Submitter {
 public:
  explicit FakeSubmitter(FakeNode& node) : node_(&node) {}

  void submit(std::vector<OperationBytes> operations, TransactionMode mode, Done done) override {
    EXPECT_EQ(mode, TransactionMode::independent);
    waiting_.push_back({std::move(operations), std::move(done)});
  }

  std::size_t waiting() const { return waiting_.size(); }
  // How many operations the oldest has.
  std::size_t operations() const { return waiting_.front().operations.size(); }

  // Makes the oldest final.
  void deliver() {
    auto call = take();
    std::vector<Operation> operations;
    for (const auto& bytes : call.operations) operations.push_back(*decode_operation(bytes));
    const auto outcomes = run("gateway", operations);
    call.done(outcomes);
  }
  // Answers the oldest with this, and does nothing.
  void fail(Errc code) { take().done(code); }

  // A transaction of the party in a block of its own.
  std::vector<IntakeOutcome> run(const std::string& party,
                                 const std::vector<Operation>& operations) {
    Digest id;
    node_->submit(node_->sign(party, operations), [&](const Result<Digest>& submitted) {
      CHECK(submitted.has_value());
      id = *submitted;
    });
    node_->commit_block();
    const auto& store = node_->journal().store();
    std::vector<IntakeOutcome> outcomes;
    const auto first = *node_->transaction_status(id).position;
    for (Position at = first.next(); outcomes.size() < operations.size(); at = at.next()) {
      const auto entry = *decode_entry(*store.entry(at));
      const auto* operation = std::get_if<OperationEntry>(&entry);
      if (operation) outcomes.push_back({id, at, operation->outcome});
    }
    return outcomes;
  }
  // The same, where all must do well.
  void must(const std::string& party, const std::vector<Operation>& operations) {
    for (const auto& it : run(party, operations)) {
      EXPECT_EQ(name_of(it.outcome), name_of(Errc::ok)) << "by " << party;
    }
  }

 private:
  struct Call {
    std::vector<OperationBytes> operations;
    Done done;
  };

  Call take() {
    CHECK(!waiting_.empty());
    auto call = std::move(waiting_.front());
    waiting_.pop_front();
    return call;
  }

  FakeNode* node_;
  std::deque<Call> waiting_;
};

// Registers "gateway", and the store "shop" in region 440100; has the codes printed, and the first
// ten of the twelve made.
inline void print_codes(FakeSubmitter& submitter, const ScannedBatch& codes, TimeMs time,
                        ClaimPath path = ClaimPath::bearer,
                        ClaimGate gate = ClaimGate::commissioned) {
  PartyAttributes attributes;
  attributes.region = RegionCode(440'100);
  submitter.must("brand", {registration("gateway", Role::gateway, "brand")});
  submitter.must("east", {registration("shop", Role::store, "east", attributes)});
  submitter.must("brand", {codes.registration(path, gate)});
  submitter.must("brand", {codes.commissioning(10, time)});
}

}  // namespace fenrun::test
