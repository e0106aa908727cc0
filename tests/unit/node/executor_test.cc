// Whether a block is right: docs/spec/ledger.md §6.
#include "node/executor.h"

#include <gtest/gtest.h>

#include "tests/support/journaled_network.h"

namespace fenrun {
namespace {

constexpr net::PeerIndex kSelf(0);
constexpr ValidatorIndex kLeader(0);

// A validator's part that executes, from genesis on.
class Validator : public test::JournaledNetwork {
 public:
  explicit Validator(std::uint64_t unfinalized_bytes_max = kUnfinalizedBytesMax)
      : executor_(*journal, batches_, meter_, unfinalized_bytes_max) {
    meter_.now = [] { return Moment{}; };
  }
  void TestBody() override {}
  using JournaledNetwork::journal;

  void hold(const std::shared_ptr<const EncodedBatch>& batch) {
    batches_.restore(batch, kSelf);
    batches_.acknowledge(batch->digest(), kLeader);
  }

  // The next block on this parent, of all batches that are pending.
  Propose build(View view, View parent_view, const Digest& parent) {
    const Build request{view, parent_view, parent, journal->point(parent)->height};
    auto payload = executor_.build(request, kLeader, 1, clock());
    return {journal->tip().epoch_of_child(),
            view,
            parent_view,
            parent,
            request.parent_height.next(),
            std::move(payload),
            {},
            {}};
  }
  // As a node does.
  Verdict verify(const Propose& propose, bool wanted = false) {
    if (const auto verdict = executor_.prejudge(propose, kLeader, wanted)) return *verdict;
    return executor_.verify(propose, kLeader, clock());
  }

  std::optional<Verdict> prejudge(const Propose& propose, ValidatorIndex leader = kLeader) const {
    return executor_.prejudge(propose, leader, false);
  }

  void finalize(const Digest& id) {
    const auto batches = executor_.batches_of(id);
    ASSERT_TRUE(journal->commit(std::span(&id, 1), bytes_of("certificate")));
    batches_.on_committed(batches);
    executor_.prune();
  }

  std::shared_ptr<const EncodedBatch> batch_of(const Operation& operation) const {
    TransactionBody body;
    body.chain_id = chain_id(genesis);
    body.signer = PartySigner{test::party_named("brand"), test::key_named("brand").public_key()};
    body.valid_until = Height(100);
    TxBatch batch;
    batch.transactions.push_back(
        sign_transaction(body, {*encode_operation(operation)}, test::key_named("brand")));
    return std::make_shared<const EncodedBatch>(std::move(batch));
  }

  // Of operations that mean nothing, as large as they may be.
  std::shared_ptr<const EncodedBatch> large_batch(std::size_t number) const {
    TransactionBody body;
    body.chain_id = chain_id(genesis);
    body.signer = PartySigner{test::party_named("brand"), test::key_named("brand").public_key()};
    body.sequence = Sequence(number);
    body.valid_until = Height(100);
    List<OperationBytes, kTransactionOperationsMax> operations;
    for (int i = 0; i < 7; ++i) operations.push_back(Bytes(kOperationBytesMax, 0xff));
    TxBatch batch;
    batch.transactions.push_back(sign_transaction(body, operations, test::key_named("brand")));
    return std::make_shared<const EncodedBatch>(std::move(batch));
  }

  TimeMs clock() const { return TimeMs(genesis.time.value() + 1'000); }
  const Digest& tip() const { return journal->tip_id(); }

 private:
  StageMeter meter_;
  BatchStore batches_;
  Executor executor_;
};

Digest id_of(const Propose& propose) { return block_id_of(propose.payload); }

// A leader might say that a block which was given up, and which some have executed, is the next one
// on another.
TEST(Executor, ABlockIsNotProposedAgainInAnotherPlace) {
  Validator validator;
  const Digest genesis = validator.tip();
  const auto given_up = validator.build(View(1), View(0), genesis);
  EXPECT_EQ(validator.verify(given_up), Verdict::valid);
  EXPECT_EQ(validator.verify(given_up), Verdict::valid) << "as often as it is asked";

  auto later = given_up;
  later.view = View(2);
  EXPECT_EQ(validator.verify(later), Verdict::invalid) << "its header names another view";

  const auto other = validator.build(View(2), View(0), genesis);
  ASSERT_NE(id_of(other), id_of(given_up));
  auto on_other = given_up;
  on_other.view = View(3);
  on_other.parent_view = View(2);
  on_other.parent_id = id_of(other);
  on_other.height = other.height.next();
  EXPECT_EQ(validator.verify(on_other), Verdict::mismatch) << "its header names another parent";

  auto renamed = given_up;
  renamed.payload.batches.push_back(Digest{});
  EXPECT_EQ(validator.verify(renamed), Verdict::mismatch) << "nor is its list believed";
}

// So that nobody waits for the batches of what is no block of this view.
TEST(Executor, AHeaderOfAnotherPlaceIsSeenBeforeItsBatchesAreHere) {
  Validator leader;
  leader.hold(leader.batch_of(OpenCampaign{CampaignId(1), {}}));
  const auto first = leader.build(View(1), View(0), leader.tip());
  const Validator follower;
  ASSERT_EQ(follower.prejudge(first), std::nullopt) << "its batch is not here";
  auto later = first;
  later.view = View(2);
  EXPECT_EQ(follower.prejudge(later), Verdict::invalid);
  auto of_epoch = first;
  of_epoch.epoch = Epoch(1);
  EXPECT_EQ(follower.prejudge(of_epoch), Verdict::invalid);
  EXPECT_EQ(follower.prejudge(first, ValidatorIndex(3)), Verdict::invalid) << "not its leader's";
}

// What falls due some time after a block must have a time.
TEST(Executor, NoBlockIsDatedBeyondTheYear9999) {
  Validator validator;
  auto propose = validator.build(View(1), View(0), validator.tip());
  for (const auto time : {kBlockTimeMax, kBlockTimeMax + 1, ~std::uint64_t{0}}) {
    auto header = std::get<Header>(*decode_entry(propose.payload.header));
    header.time = TimeMs(time);
    propose.payload.header = encode_entry(header);
    const bool is_possible = time == kBlockTimeMax;
    EXPECT_EQ(validator.prejudge(propose),
              is_possible ? std::nullopt : std::optional(Verdict::invalid))
        << time;
  }
}

// A leader might name again and again what no block has room for.
TEST(Executor, NoMoreIsNamedThanABlockMayTake) {
  Validator validator;
  const auto parent = validator.tip();
  const auto limit = parameters(validator.journal->state()).block_bytes_max;
  std::size_t bytes = 0;
  BatchList named;
  while (bytes <= limit) {
    const auto batch = validator.large_batch(named.size());
    validator.hold(batch);
    bytes += batch->bytes().size();
    named.push_back(batch->digest());
  }
  const auto fitting = validator.build(View(1), View(0), parent);
  ASSERT_EQ(fitting.payload.batches.size() + 1, named.size());
  EXPECT_EQ(validator.verify(fitting), Verdict::valid);

  auto header = std::get<Header>(*decode_entry(fitting.payload.header));
  header.view = View(2);
  header.batch_list = batch_list_digest(named);
  auto too_much = fitting;
  too_much.view = View(2);
  too_much.payload = {encode_entry(header), named};
  EXPECT_EQ(validator.verify(too_much), Verdict::invalid);
}

// If some have committed the parent and others have not, they must agree all the same.
TEST(Executor, ABatchThatComesAgainIsJudgedAlikeWhateverIsFinal) {
  Validator ahead;
  Validator behind;
  const auto batch = ahead.batch_of(OpenCampaign{CampaignId(1), {}});
  ahead.hold(batch);
  behind.hold(batch);
  const auto first = ahead.build(View(1), View(0), ahead.tip());
  ASSERT_EQ(first.payload.batches, BatchList{batch->digest()});
  ahead.finalize(id_of(first));
  ahead.hold(batch);
  const auto again = ahead.build(View(2), View(1), id_of(first));
  ASSERT_EQ(again.payload.batches, BatchList{batch->digest()});

  ASSERT_EQ(behind.verify(first), Verdict::valid);
  EXPECT_EQ(behind.verify(again), Verdict::valid) << "nothing is final yet";
  auto twice = again;
  twice.payload.batches.push_back(batch->digest());
  EXPECT_NE(behind.verify(twice), Verdict::valid);

  behind.finalize(id_of(first));
  behind.finalize(id_of(again));
  ahead.finalize(id_of(again));
  EXPECT_EQ(ahead.journal->root(), behind.journal->root());
  const auto sequence = next_sequence(ahead.journal->state(), test::party_named("brand"), Lane(0));
  EXPECT_EQ(sequence, Sequence(1)) << "it takes effect once";
}

TEST(Executor, ALeaderWithTooMuchThatIsNotFinalBuildsEmptyBlocks) {
  Validator leader(/*unfinalized_bytes_max=*/1);
  leader.hold(leader.batch_of(OpenCampaign{CampaignId(1), {}}));
  const auto first = leader.build(View(1), View(0), leader.tip());
  ASSERT_EQ(first.payload.batches.size(), 1u);
  EXPECT_GT(leader.journal->unfinalized_bytes(), 1u);

  leader.hold(leader.batch_of(OpenCampaign{CampaignId(2), {}}));
  EXPECT_TRUE(leader.build(View(2), View(1), id_of(first)).payload.batches.empty());
  EXPECT_TRUE(leader.build(View(3), View(0), leader.tip()).payload.batches.empty())
      << "a branch that will lose takes its room until it has lost";
  leader.finalize(id_of(first));
  EXPECT_EQ(leader.journal->unfinalized_count(), 1u) << "the one on it";
  leader.finalize(id_of(leader.build(View(2), View(1), id_of(first))));
  EXPECT_EQ(leader.journal->unfinalized_bytes(), 0u);
  EXPECT_EQ(leader.build(View(3), View(2), leader.tip()).payload.batches.size(), 1u);
}

// Else whoever passes it on could have the batches of another list asked for, and held.
TEST(Executor, AnAlteredListIsSeenBeforeItsBatchesAreHere) {
  Validator leader;
  leader.hold(leader.batch_of(OpenCampaign{CampaignId(1), {}}));
  auto altered = leader.build(View(1), View(0), leader.tip());
  altered.payload.batches.push_back(sha256(bytes_of("nobody has it")));
  Validator follower;
  for (const bool wanted : {false, true}) {
    EXPECT_EQ(follower.verify(altered, wanted), Verdict::mismatch);
  }
}

// Else whoever leads now and then could make the others execute and keep any number of blocks.
TEST(Executor, WithFarTooMuchThatIsNotFinalOnlyEmptyAndWantedBlocksAreExecuted) {
  Validator leader;
  const auto first_batch = leader.batch_of(OpenCampaign{CampaignId(1), {}});
  const auto second_batch = leader.batch_of(OpenCampaign{CampaignId(2), {}});
  leader.hold(first_batch);
  const auto first = leader.build(View(1), View(0), leader.tip());
  const auto bytes = leader.journal->unfinalized_bytes();
  const auto empty = leader.build(View(2), View(1), id_of(first));
  ASSERT_TRUE(empty.payload.batches.empty());
  leader.hold(second_batch);
  const auto second = leader.build(View(3), View(1), id_of(first));
  const auto third = leader.build(View(4), View(1), id_of(first));
  ASSERT_FALSE(second.payload.batches.empty());
  ASSERT_FALSE(third.payload.batches.empty());

  for (const bool is_too_much : {false, true}) {
    Validator follower((bytes + 1) / 2 - (is_too_much ? 1 : 0));
    follower.hold(first_batch);
    follower.hold(second_batch);
    EXPECT_EQ(follower.verify(first), Verdict::valid);
    EXPECT_EQ(follower.verify(second), is_too_much ? Verdict::crowded : Verdict::valid);
    EXPECT_EQ(follower.journal->find(id_of(second)) == nullptr, is_too_much);
    EXPECT_EQ(follower.verify(second, /*wanted=*/true), Verdict::valid) << "a quorum has it";
    EXPECT_EQ(follower.verify(second), Verdict::valid) << "it is here already";
    EXPECT_EQ(follower.verify(third), Verdict::crowded);
    EXPECT_EQ(follower.verify(empty), Verdict::valid);
    follower.finalize(id_of(first));
    follower.finalize(id_of(second));
    EXPECT_EQ(follower.journal->unfinalized_bytes(), 0u);
  }
}

}  // namespace
}  // namespace fenrun
