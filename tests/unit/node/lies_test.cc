// What whole nodes make of peers that lie about what blocks hold.
#include <gtest/gtest.h>

#include "ledger/proof/entry.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

class Lies : public testing::Test {
 protected:
  void commit(std::size_t via) {
    const OpenCampaign operation{CampaignId(next_ + 1), {}};
    const auto id = cluster_.submit(via, cluster_.transaction("brand", next_, operation));
    ++next_;
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster_.run_until([&] { return cluster_.is_committed(via, *id); }));
  }

  // The proposal with another root of the journal, signed by its leader.
  net::Payload with_another_root(std::size_t leader, const Propose& propose) {
    auto entry = decode_entry(propose.payload.header);
    auto& header = std::get<Header>(*entry);
    header.journal_root.bytes[0] ^= 1;
    Propose lie = propose;
    lie.payload.header = encode_entry(header);
    lie.signature = cluster_.consensus_key(leader).sign(
        Domain::consensus_vote, signed_bytes(chain_id(cluster_.genesis()), lie.subject()));
    lie_ = lie.subject().block_id;
    return std::make_shared<const Bytes>(encode(NodeMessage(Message(lie))));
  }

  NodeCluster cluster_{kFourNames};
  std::uint32_t next_ = 0;
  std::optional<Digest> lie_;
};

// docs/spec/consensus.md §4, rule 4.
TEST_F(Lies, ALeaderThatLiesAboutWhatABlockComesToGetsNoVote) {
  commit(0);
  std::optional<View> lied_in;
  std::size_t votes = 0;
  cluster_.set_tamper([&](std::size_t from, std::size_t, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    const auto* said = message ? std::get_if<Message>(&*message) : nullptr;
    if (said == nullptr) return bytes;
    if (const auto* vote = std::get_if<Vote>(said)) {
      if (vote->subject.block_id == lie_) ++votes;
    } else if (const auto* propose = std::get_if<Propose>(said)) {
      if (!lied_in) lied_in = propose->view;
      if (propose->view == *lied_in) return with_another_root(from, *propose);
    }
    return bytes;
  });
  for (std::size_t via = 0; via < cluster_.size(); ++via) commit(via);
  EXPECT_TRUE(lie_.has_value());
  EXPECT_EQ(votes, 0u);
  EXPECT_TRUE(cluster_.agree());
}

// docs/spec/network.md, §9.
TEST_F(Lies, ABatchAboveItsLimitIsNotHeld) {
  const auto large = [&](std::uint64_t sequence) {
    constexpr std::size_t kOperations = 6;
    auto body = cluster_.transaction("brand", sequence, OpenCampaign{CampaignId(1), {}}).body;
    List<OperationBytes, kTransactionOperationsMax> operations;
    for (std::size_t i = 0; i < kOperations; ++i) {
      operations.push_back(Bytes(kOperationBytesMax, 0xff));
    }
    return sign_transaction(body, operations, test_key("brand operator"));
  };
  const auto push = [&](std::uint64_t count) {
    TxBatch batch;
    for (std::uint64_t i = 0; i < count; ++i) batch.transactions.push_back(large(i));
    for (std::size_t to = 1; to < cluster_.size(); ++to) cluster_.inject(0, to, batch);
    cluster_.run_ms(1'000);
    return next_sequence(cluster_.journal(1).state(), test_party("brand"), Lane(0))->value();
  };
  EXPECT_EQ(push(3), 0u);  // 576 KiB.
  EXPECT_EQ(push(2), 2u);
  EXPECT_TRUE(cluster_.agree());
}

// docs/spec/network.md, §10: the headers are vouched for, what a peer says of their transactions is
// not.
TEST_F(Lies, BlocksWithoutTheirTransactionsAreFetchedElsewhere) {
  cluster_.crash(3);
  for (int round = 0; round < 20; ++round) commit(0);
  bool has_lied = false;
  cluster_.set_tamper([&](std::size_t, std::size_t, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    auto* answer = message ? std::get_if<RangeAnswer>(&*message) : nullptr;
    if (answer == nullptr || has_lied) return bytes;
    for (auto& block : answer->blocks) {
      has_lied = has_lied || !block.transactions.empty();
      block.transactions = {};
    }
    return std::make_shared<const Bytes>(encode(*message));
  });
  cluster_.start(3);
  EXPECT_TRUE(cluster_.run_until([&] { return cluster_.height(3) >= cluster_.height(0); }));
  EXPECT_TRUE(has_lied);
  for (std::uint32_t number = 1; number <= next_; ++number) {
    EXPECT_TRUE(find_campaign(cluster_.journal(3).state(), CampaignId(number))) << number;
  }
  EXPECT_TRUE(cluster_.agree());
}

// Which batches a block names stands beside the header, and only the header is signed.
TEST_F(Lies, NobodyIsAskedForTheBatchesOfAForgedList) {
  const Digest invented = sha256(bytes_of("nobody has it"));
  std::size_t forged = 0;
  std::size_t asked = 0;
  cluster_.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    if (!message) return bytes;
    if (const auto* wanted = std::get_if<GetBatches>(&*message)) {
      asked +=
          from == 3 ? static_cast<std::size_t>(std::ranges::count(wanted->digests, invented)) : 0;
    }
    auto* said = std::get_if<Message>(&*message);
    auto* propose = said == nullptr ? nullptr : std::get_if<Propose>(said);
    if (propose == nullptr || to != 3) return bytes;
    propose->payload.batches.push_back(invented);
    ++forged;
    return std::make_shared<const Bytes>(encode(*message));
  });
  for (int round = 0; round < 10; ++round) commit(0);
  EXPECT_TRUE(cluster_.run_until([&] { return cluster_.height(3) >= cluster_.height(0); }));
  EXPECT_GT(forged, 5u);
  EXPECT_EQ(asked, 0u);
  EXPECT_TRUE(cluster_.agree());
}

// A leader proposes once more the block of the view before, which a quorum notarized and which
// waits here for its batch: the question what that block comes to must not get lost.
TEST_F(Lies, ABlockThatWaitsForItsBatchIsExecutedThoughItsHeaderComesAgain) {
  constexpr std::size_t kSlow = 3;
  commit(0);
  bool is_batch_away = true;
  std::optional<Propose> waiting;  // At the slow one.
  bool came_again = false;
  bool is_finalized = false;  // By a vote of the slow one.
  const auto nothing = std::make_shared<const Bytes>(encode(NodeMessage(Message(Echo{}))));
  const auto again = [&](std::size_t leader) {
    Certificate nullification{Subject::nullify(waiting->epoch, waiting->view), 0, {}};
    for (std::size_t i = 0; i < kSlow; ++i) {
      nullification.signers |= 1U << i;
      nullification.signatures.push_back(cluster_.consensus_key(i).sign(
          Domain::consensus_vote,
          signed_bytes(chain_id(cluster_.genesis()), nullification.subject)));
    }
    Propose lie = *waiting;
    lie.view = waiting->view.next();
    lie.justification.nullifications.push_back(nullification);
    lie.signature = cluster_.consensus_key(leader).sign(
        Domain::consensus_vote, signed_bytes(chain_id(cluster_.genesis()), lie.subject()));
    return std::make_shared<const Bytes>(encode(NodeMessage(Message(lie))));
  };
  cluster_.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) -> net::Payload {
    const auto message = *decode<NodeMessage>(*bytes);
    const auto* said = std::get_if<Message>(&message);
    const auto* vote = said == nullptr ? nullptr : std::get_if<Vote>(said);
    if (from == kSlow && vote != nullptr && vote->subject.kind == VoteKind::finalize) {
      is_finalized = is_finalized || (waiting && vote->subject.view == waiting->view);
    }
    if (to != kSlow) return bytes;
    if (std::holds_alternative<TxBatch>(message)) return is_batch_away ? nothing : bytes;
    // The others need not wait for it, and what they finalize would bring it here as well.
    if (std::holds_alternative<RangeAnswer>(message)) return nothing;
    if (said == nullptr) return bytes;
    if (vote != nullptr && vote->subject.kind == VoteKind::finalize) return nothing;
    const auto* certificate = std::get_if<Certificate>(said);
    if (certificate != nullptr && certificate->subject.kind == VoteKind::finalize) return nothing;
    const auto* propose = std::get_if<Propose>(said);
    if (propose == nullptr) return bytes;
    if (!waiting && !propose->payload.batches.empty()) waiting = *propose;
    if (!waiting || came_again || propose->view != waiting->view.next()) return bytes;
    came_again = true;
    return again(from);
  });
  ASSERT_TRUE(cluster_.submit(
      0, cluster_.transaction("brand", next_, OpenCampaign{CampaignId(next_ + 1), {}})));
  ASSERT_TRUE(cluster_.run_until([&] { return came_again; }));
  cluster_.run_ms(20);
  EXPECT_FALSE(is_finalized);
  is_batch_away = false;
  EXPECT_TRUE(cluster_.run_until([&] { return is_finalized; }, 10'000));
}

// Its sender knows already that a block named it and had no use for it.
TEST_F(Lies, ABatchThatComesAgainIsKeptForWhatIsLeftOfIt) {
  const auto first = cluster_.transaction("auditor", 0, OpenLane{Lane(1)});
  const auto second = cluster_.transaction("auditor", 1, OpenLane{Lane(2)});
  const TxBatch batch{std::vector{second}};
  for (int time = 0; time < 2; ++time) {
    for (std::size_t to = 0; to < cluster_.size(); ++to) {
      cluster_.inject((to + 1) % cluster_.size(), to, batch);
    }
    cluster_.run_ms(4);
  }
  ASSERT_TRUE(cluster_.submit(0, first));  // Behind it in the block.
  EXPECT_TRUE(cluster_.run_until([&] { return cluster_.is_committed_everywhere(second.id()); }));
}

// A question of some bytes is answered with megabytes: not as often as somebody likes to ask.
TEST_F(Lies, WhoAsksAgainAndAgainGetsFewAnswers) {
  for (int round = 0; round < 10; ++round) commit(0);
  std::size_t answers = 0;
  std::size_t batches = 0;
  cluster_.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    if (from != 1 || to != 3 || !message) return bytes;
    if (std::holds_alternative<RangeAnswer>(*message)) ++answers;
    if (std::holds_alternative<TxBatch>(*message)) ++batches;
    return bytes;
  });
  const auto transaction = cluster_.transaction("brand", next_, OpenCampaign{CampaignId(99), {}});
  const TxBatch batch{std::vector{transaction}};
  cluster_.inject(0, 1, batch);
  cluster_.run_ms(20);
  constexpr std::size_t kSeconds = 1;
  for (std::size_t ms = 0; ms < 1'000 * kSeconds; ++ms) {
    for (int i = 0; i < 5; ++i) {
      cluster_.inject(3, 1, Message(GetRange{Height(1), Height(1'000)}));
    }
    cluster_.run_ms(1);
  }
  EXPECT_GT(answers, 0u);
  EXPECT_LE(answers, 1'000 * kSeconds / 4) << "a part of the time only";

  GetBatches wanted;
  for (int i = 0; i < 200; ++i) wanted.digests.push_back(batch.digest());
  cluster_.inject(3, 1, wanted);
  cluster_.run_ms(50);
  EXPECT_EQ(batches, 1u) << "however often it is named";
  EXPECT_TRUE(cluster_.agree());
}

// Whatever a peer sends, the log stays readable and the disk has room for the journal.
TEST_F(Lies, WhatAPeerCausesToBeLoggedIsBounded) {
  commit(0);
  const auto caused = [&] {
    return std::ranges::count_if(cluster_.lines(1), [](const std::string& line) {
      return line.find("sent no message") != std::string::npos ||
             line.find("checkpoint signatures") != std::string::npos;
    });
  };
  CheckpointSignatures forged;
  forged.size = 1'000'000;
  forged.time = 1;
  for (int i = 0; i < 1'000; ++i) {
    cluster_.inject_bytes(3, 1, Bytes{0xff, 0xff, 0xff});
    cluster_.inject(2, 1, forged);
    if (i % 100 == 0) cluster_.run_ms(100);
  }
  cluster_.run_ms(100);
  EXPECT_GE(caused(), 2);
  EXPECT_LE(caused(), 2 * 2 * 5) << "five of a peer in ten seconds, which may end meanwhile";
  // What is no message at all ends the link, each sixteenth time where it is not ended.
  const auto& drops = cluster_.drops();
  EXPECT_EQ(drops.size(), 1'000u / 16);
  EXPECT_EQ(drops.front(), (std::pair<std::size_t, std::size_t>(1, 3)));
  commit(1);
  EXPECT_TRUE(cluster_.agree());
}

TEST_F(Lies, ABatchIsSentOnceForAWhileToWhomAsksAgainAndAgain) {
  const auto transaction = cluster_.transaction("brand", next_, OpenCampaign{CampaignId(99), {}});
  const TxBatch batch{std::vector{transaction}};
  cluster_.inject(0, 1, batch);
  cluster_.run_ms(20);
  std::size_t batches = 0;
  cluster_.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    if (from == 1 && to == 3 && message && std::holds_alternative<TxBatch>(*message)) ++batches;
    return bytes;
  });
  for (int i = 0; i < 1'000; ++i) {
    cluster_.inject(3, 1, GetBatches{{batch.digest()}});
    cluster_.run_ms(1);
  }
  EXPECT_GE(batches, 2u) << "it is sent again, if late";
  EXPECT_LE(batches, 4u);
}

}  // namespace
}  // namespace fenrun
