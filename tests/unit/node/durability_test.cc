// What leaves a node, against what its disk holds at that moment.  docs/spec/consensus.md §5;
// docs/spec/checkpoints.md, §6.
#include <gtest/gtest.h>

#include "node/storage/guard_file.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

// The vote log of a validator, as a restart would find it.
struct Log {
  std::vector<LogRecord> records;
  std::set<Digest> batches;

  template <class T>
  bool any(const std::function<bool(const T&)>& fits) const {
    return std::ranges::any_of(records, [&](const LogRecord& record) {
      const auto* wanted = std::get_if<T>(&record);
      return wanted != nullptr && fits(*wanted);
    });
  }
};

class Durability : public testing::Test {
 protected:
  Durability() {
    cluster_.set_tamper([this](std::size_t from, std::size_t, net::Payload bytes) {
      // Each message once, though it goes to three.
      if (seen_.emplace(from, sha256(*bytes)).second) {
        const auto message = decode<NodeMessage>(*bytes);
        EXPECT_TRUE(message.has_value());
        if (message) look(from, *message);
      }
      return bytes;
    });
  }

  void look(std::size_t from, const NodeMessage& message) {
    if (const auto* signatures = std::get_if<CheckpointSignatures>(&message)) {
      return look_at_guard(from, *signatures);
    }
    const auto* said = std::get_if<Message>(&message);
    if (said == nullptr) return;
    // The places of the cluster are the indices of its validators.
    const ValidatorIndex self(static_cast<std::uint16_t>(from));
    if (const auto* vote = std::get_if<Vote>(said); vote != nullptr && vote->signer == self) {
      look_at_log(from, *vote);
    } else if (const auto* propose = std::get_if<Propose>(said)) {
      look_at_log(from, {propose->subject(), self, propose->signature});
    }
  }

  void look_at_log(std::size_t from, const Vote& vote) {
    ++votes_;
    const auto& subject = vote.subject;
    const auto log = log_of(from);
    const auto what = "validator " + std::to_string(from) + ", " +
                      std::string(name_of(subject.kind)) + " of view " +
                      std::to_string(subject.view.value());
    EXPECT_TRUE(log.any<Vote>([&](const Vote& own) { return own == vote; })) << what;
    if (subject.kind == VoteKind::nullify) return;
    // A block whose finalization was committed before it was voted for is in the journal.
    EXPECT_TRUE(log.any<Propose>([&](const Propose& propose) {
      return block_id_of(propose.payload) == subject.block_id &&
             std::ranges::all_of(propose.payload.batches,
                                 [&](const Digest& d) { return log.batches.contains(d); });
    })) << what
        << ": its block";
    if (subject.kind == VoteKind::finalize) {
      EXPECT_TRUE(log.any<Certificate>([&](const Certificate& held) {
        return held.subject.kind == VoteKind::notarize && held.subject.view == subject.view;
      })) << what
          << ": its notarization";
    }
  }

  void look_at_guard(std::size_t from, const CheckpointSignatures& signatures) {
    ++cosignatures_;
    const auto guard = load_guard_file(cluster_.files(from), "/guard.0");
    ASSERT_TRUE(guard.has_value());
    EXPECT_GE(guard->size, signatures.size) << "validator " << from;
    if (guard->size == signatures.size) {
      EXPECT_EQ(guard->root, signatures.root);
    }
  }

  Log log_of(std::size_t i) {
    Log log;
    const auto read =
        AppendLog::read_records(cluster_.files(i), "/votes.0",
                                [&](std::uint64_t, const AppendLog::Record& record) -> Status {
                                  if (record.type == kBatchLogRecord) {
                                    FENRUN_TRY(const auto batch, decode<TxBatch>(record.payload));
                                    log.batches.insert(batch.digest());
                                  } else if (record.type == kConsensusLogRecord) {
                                    FENRUN_TRY(auto value, decode<LogRecord>(record.payload));
                                    log.records.push_back(std::move(value));
                                  }
                                  return {};
                                });
    EXPECT_TRUE(read.has_value());
    return log;
  }

  void commit(std::size_t via) {
    const OpenCampaign operation{CampaignId(next_ + 1), {}};
    const auto id = cluster_.submit(via, cluster_.transaction("brand", next_, operation));
    ++next_;
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster_.run_until([&] { return cluster_.is_committed_everywhere(*id); }));
  }

  NodeCluster cluster_{kFourNames};
  std::set<std::pair<std::size_t, Digest>> seen_;
  std::uint32_t next_ = 0;
  std::size_t votes_ = 0;
  std::size_t cosignatures_ = 0;
};

TEST_F(Durability, NothingLeavesBeforeWhatItPromisesIsOnTheDisk) {
  for (std::size_t via = 0; via < cluster_.size(); ++via) commit(via);
  // A leader that is gone makes the others nullify.
  cluster_.crash(1);
  for (const std::size_t via : {0u, 2u, 3u, 0u}) commit(via);
  cluster_.start(1);
  for (std::size_t via = 0; via < cluster_.size(); ++via) commit(via);
  cluster_.run_ms(2'000);
  EXPECT_GT(votes_, 50u);
  EXPECT_GT(cosignatures_, 4u);
}

// Else a log that must keep more than that would be rewritten, and synced, at every turn.
TEST(VoteLogSize, ALogIsRewrittenWhenItHasDoubledNotAtEveryTurn) {
  NodeCluster cluster(kFourNames, 1, {}, {.vote_log_bytes = 1});
  ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) > Height(0); }));
  cluster.crash(2);
  cluster.crash(3);
  cluster.run_ms(10'000);  // Nothing becomes final: what is voted for stays.
  const auto syncs = cluster.files(0).syncs();
  cluster.run_ms(1'000);
  EXPECT_LT(cluster.files(0).syncs() - syncs, 20u) << "of 200 turns and more";
}

}  // namespace
}  // namespace fenrun
