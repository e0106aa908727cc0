// Catching up by blocks, however many and in whatever runs they were finalized.
// FENRUN_BLOCKS_BEHIND=N lets a node be another number of blocks behind.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

constexpr std::size_t kLate = 3;

// A chain that the cluster's validators finalized while nobody watched: every `run_length` blocks
// one certificate, by a quorum's keys.
struct Chain {
  explicit Chain(NodeCluster& owner) : cluster(&owner) {
    for (std::size_t i = 0; i < owner.size(); ++i) owner.crash(i);
  }

  Certificate certify(const Header& header, const Digest& id) const {
    Certificate certificate;
    certificate.subject = {VoteKind::finalize, header.epoch, header.view, header.parent_view, id};
    const auto bytes = signed_bytes(header.chain_id, certificate.subject);
    for (std::size_t i = 0; i < 3; ++i) {
      certificate.signers |= std::uint64_t{1} << i;
      certificate.signatures.push_back(
          cluster->consensus_key(i).sign(Domain::consensus_vote, bytes));
    }
    return certificate;
  }

  // As if its votes up to this view had been cast, and dropped from its log since.
  void forget_votes(std::size_t i, View view) {
    auto log = VoteLog::open(cluster->files(i), "/votes.0", cluster->consensus_key(i).public_key());
    CHECK(log.has_value());
    const LogRecord record = EpochOpened{Epoch(0), Digest{}, view};
    log->log.append(kConsensusLogRecord, encode(record));
    CHECK(log->log.sync().has_value());
  }

  // `operations` of 32,000 bytes in each block.
  SignedTransaction filler(std::size_t operations) {
    const auto key = test_key("brand operator");
    TransactionBody body;
    body.chain_id = chain_id(cluster->genesis());
    body.signer = PartySigner{test_party("brand"), key.public_key()};
    body.sequence = Sequence(sequence++);
    body.valid_until = Height(10'000);
    List<OperationBytes, kTransactionOperationsMax> payloads;
    for (std::size_t i = 0; i < operations; ++i) payloads.push_back(Bytes(32'000, 255));
    return sign_transaction(body, payloads, key);
  }

  // Appends to all stores but the late one's.
  void extend(std::size_t blocks, std::size_t run_length, std::size_t operations = 0) {
    auto journal = *Journal::open(cluster->store(0));
    std::vector<Digest> run;
    for (std::size_t i = 1; i <= blocks; ++i) {
      const auto parent = *journal->point(run.empty() ? journal->tip_id() : run.back());
      const BlockContext context{.epoch = Epoch(0),
                                 .height = parent.height.next(),
                                 .view = parent.view.next(),
                                 .parent_view = parent.view,
                                 .time = parent.time.next(),
                                 .proposer = ValidatorIndex(0),
                                 .batch_list = batch_list_digest({})};
      std::vector<SignedTransaction> transactions;
      if (operations > 0) transactions.push_back(filler(operations));
      std::vector<const SignedTransaction*> pointers;
      for (const auto& transaction : transactions) pointers.push_back(&transaction);
      auto block = std::make_unique<ExecutedBlock>(execute_block(parent, context, pointers));
      const Header header = block->header;
      run.push_back(block->id);
      journal->add(std::move(block));
      if (run.size() < run_length && i < blocks) continue;
      CHECK(journal->commit(run, encode(certify(header, run.back()))).has_value());
      run.clear();
    }
    for (std::size_t i = 0; i < cluster->size(); ++i) forget_votes(i, journal->tip().view);
    journal.reset();
    for (std::size_t i = 1; i < cluster->size(); ++i) {
      if (i != kLate) cluster->store(i) = cluster->store(0);
    }
    cluster->run_ms(blocks + 1'000);  // The clock stands behind the last block.
    for (std::size_t i = 0; i < cluster->size(); ++i) cluster->start(i);
  }

  NodeCluster* cluster;
  std::uint64_t sequence = 0;
};

// Valid for long, at whatever height.
SignedTransaction campaign(const NodeCluster& cluster, std::uint64_t sequence,
                           std::uint32_t number) {
  auto transaction = cluster.transaction("brand", sequence, OpenCampaign{CampaignId(number), {}});
  transaction.body.valid_until = Height(cluster.height(0).value() + 50'000);
  return sign_transaction(transaction.body, transaction.operations, test_key("brand operator"));
}

bool is_caught_up(NodeCluster& cluster) {
  return cluster.height(kLate) >= cluster.height(0) && !cluster.node(kLate).status().catching_up;
}

// The others commit on the way.
void catch_up_while_others_commit(NodeCluster& cluster, std::uint64_t sequence,
                                  std::uint64_t span_max) {
  std::optional<Digest> last;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto id = cluster.submit(0, campaign(cluster, sequence + i, i + 1));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(0, *id); }));
    last = *id;
  }
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster); }, span_max))
      << "at height " << cluster.height(kLate).value();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(kLate, *last); }));
  EXPECT_TRUE(cluster.agree());
  // And it votes: without it there is no quorum.
  cluster.crash(1);
  const auto id = cluster.submit(kLate, campaign(cluster, sequence + 3, 9));
  ASSERT_TRUE(id) << id.error().to_string();
  EXPECT_TRUE(cluster.run_until([&] { return cluster.is_committed(kLate, *id); }));
}

std::size_t blocks_behind() {
  const char* text = std::getenv("FENRUN_BLOCKS_BEHIND");
  return text == nullptr ? 10'000 : std::stoull(text);
}

TEST(CatchUp, ManyThousandBlocks) {
  NodeCluster cluster(kFourNames);
  Chain chain(cluster);
  chain.extend(blocks_behind(), 8);
  const auto begin = std::chrono::steady_clock::now();
  catch_up_while_others_commit(cluster, 0, 60'000);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << blocks_behind() << " blocks behind: caught up and voting after " << took.count()
            << " s of computing, all four nodes on one thread\n";
}

// More than an answer holds by number, and by bytes.
TEST(CatchUp, OneRunLongerThanAnAnswer) {
  NodeCluster cluster(kFourNames);
  Chain chain(cluster);
  chain.extend(3 * kRangeBlocksMax + 7, 3 * kRangeBlocksMax);
  catch_up_while_others_commit(cluster, 0, 20'000);
}

TEST(CatchUp, OneRunLargerThanAFrame) {
  NodeCluster cluster(kFourNames);
  Chain chain(cluster);
  chain.extend(80, 40, 7);  // Some 9 MB a run.
  catch_up_while_others_commit(cluster, chain.sequence, 20'000);
}

// A crash in the middle of a run begins it again.
TEST(CatchUp, KilledInTheMiddleOfARun) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    NodeCluster cluster(kFourNames, seed);
    Chain chain(cluster);
    chain.extend(3 * kRangeBlocksMax, 3 * kRangeBlocksMax);
    for (int life = 0; life < 4; ++life) {
      cluster.run_ms(3 + seed);
      cluster.crash(kLate);
      EXPECT_TRUE(cluster.height(0) > Height(0));
      cluster.start(kLate);
    }
    ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster); }, 20'000));
    EXPECT_TRUE(cluster.agree());
  }
}

// Nobody signs checkpoints of old heights: what proofs at these would need does not pile up.
TEST(CatchUp, HoldsTheActiveBitsOfFewHeights) {
  NodeCluster cluster(kFourNames);
  Chain chain(cluster);
  chain.extend(3'000, 8);
  std::size_t most = 0;
  ASSERT_TRUE(cluster.run_until([&] {
    most = std::max(most, cluster.journal(kLate).history_count());
    return is_caught_up(cluster);
  }));
  EXPECT_GT(most, 500U);
  EXPECT_LE(most, ActiveHistoryLimits{}.blocks);
}

// What a source makes of its answers: the first block alone, and headers up to a certified one.
NodeCluster::Tamper first_block_only(NodeCluster& cluster, const std::set<std::size_t>& liars,
                                     std::uint64_t headers) {
  return [&cluster, liars, headers](std::size_t from, std::size_t to, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    auto* answer = message ? std::get_if<RangeAnswer>(&*message) : nullptr;
    if (answer == nullptr || to != kLate || !liars.contains(from) || answer->blocks.empty()) {
      return bytes;
    }
    answer->blocks.resize(1);
    answer->descendants = {};
    const auto first = std::get<Header>(*decode_entry(answer->blocks[0].header)).height;
    const auto& store = cluster.store(from);
    const Height last(std::min(cluster.height(from).value(), first.value() + headers));
    for (Height height = first.next(); height <= last; height = height.next()) {
      answer->descendants.push_back(*store.entry(*store.header_position(height)));
    }
    answer->finalization = *decode<Certificate>(*store.certificate(last));
    return net::Payload(std::make_shared<const Bytes>(encode(*message)));
  };
}

// Each block is certified; whoever is asked shows the certificate of the next one only.
TEST(CatchUp, ACertificateThatWasShownEarlyCountsWhenItsBlockIsThere) {
  NodeCluster cluster(kFourNames);
  Chain chain(cluster);
  cluster.set_tamper(first_block_only(cluster, {0, 1, 2}, 1));
  chain.extend(60, 1, 1);
  std::size_t most = 0;
  ASSERT_TRUE(cluster.run_until([&] {
    most = std::max(most, cluster.journal(kLate).unfinalized_count());
    return cluster.height(kLate).value() >= 60;
  })) << cluster.height(kLate).value();
  EXPECT_LE(most, 4U);
  EXPECT_TRUE(cluster.agree());
}

// One that shows far certificates only is given up for others when the room is taken.
TEST(CatchUp, WhoKeepsCertificatesBackFillsNoMemory) {
  constexpr std::uint64_t kRoom = 64 * 1024;
  NodeCluster cluster(kFourNames, 1, {}, {.unfinalized_bytes = kRoom});
  Chain chain(cluster);
  cluster.set_tamper(first_block_only(cluster, {0}, 1'000));
  cluster.partition({0, kLate});
  chain.extend(60, 1, 2);  // 64 KB a block.
  std::uint64_t most = 0;
  const auto watch = [&](bool is_done) {
    most = std::max(most, cluster.journal(kLate).unfinalized_bytes());
    return is_done;
  };
  EXPECT_FALSE(cluster.run_until([&] { return watch(cluster.height(kLate) > Height(0)); }, 3'000));
  EXPECT_GT(most, 2 * kRoom);
  EXPECT_LT(most, 8 * kRoom);
  cluster.heal();
  ASSERT_TRUE(cluster.run_until([&] { return watch(cluster.height(kLate).value() >= 60); }))
      << cluster.height(kLate).value();
  EXPECT_LT(most, 16 * kRoom) << "blocks that are final wait for nothing";
  EXPECT_TRUE(cluster.agree());
}

double metric(const Node& node, const std::string& name) {
  for (const auto& sample : node.metrics()) {
    if (sample.name == name) return sample.value;
  }
  return -1;
}

// It hears the batches but not what is decided of them.
TEST(CatchUp, BatchesOfBlocksThatWereFetchedWaitNoLonger) {
  NodeCluster cluster(kFourNames);
  bool is_deaf = true;
  cluster.set_tamper([&](std::size_t, std::size_t to, net::Payload bytes) {
    const bool is_consensus = bytes->at(0) == 0;  // The first alternative of NodeMessage.
    if (to != kLate || !is_deaf || !is_consensus) return bytes;
    return net::Payload(std::make_shared<const Bytes>());
  });
  for (std::uint32_t i = 0; i < 30; ++i) {
    const auto id =
        cluster.submit(0, cluster.transaction("brand", i, OpenCampaign{CampaignId(i + 1), {}}));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(0, *id); }));
  }
  EXPECT_GT(metric(cluster.node(kLate), "pending_batch_bytes"), 0);
  is_deaf = false;
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster); }));
  EXPECT_TRUE(cluster.run_until(
      [&] { return metric(cluster.node(kLate), "pending_batch_bytes") == 0; }, 5'000));
}

}  // namespace
}  // namespace fenrun
