#include "node/claims/claims_intake.h"

#include <gtest/gtest.h>

#include "node/claims/code_status.h"
#include "tests/support/fake_submitter.h"
#include "tests/support/scanned_batch.h"

namespace fenrun {
namespace {

using test::FakeNode;
using test::FakeSubmitter;
using test::ScannedBatch;

class ClaimsIntakeTest : public testing::Test {
 protected:
  void SetUp() override {
    print_codes(submitter_, codes_, now());
    open();
  }

  void open(Submitter* submitter) {
    options_.paths = [this](UnitBatchId batch, std::uint32_t index, const Digest& leaf) {
      ++paths_asked_;
      return codes_.path(batch, index, leaf);
    };
    options_.clock = [this] { return now(); };
    options_.gather = std::chrono::milliseconds(1);
    intake_ = std::make_unique<ClaimsIntake>(io_, node_, submitter, options_);
  }
  void open() { open(&submitter_); }

  TimeMs now() const { return node_.journal().tip().time; }

  SignedClaim claim(std::uint32_t index, const std::string& claimant = "somebody") const {
    return codes_.sign(codes_.claim(index, now(), claimant));
  }

  // What the claim came to is kept at `answers[n]`, n being the number of claims before it.
  std::size_t send(const SignedClaim& signed_claim) {
    const std::size_t at = answers_.size();
    answers_.emplace_back();
    intake_->submit(signed_claim, [this, at](const Result<ClaimRecord>& result) {
      ASSERT_FALSE(answers_[at]) << "answered twice";
      answers_[at] = result ? Errc::ok : result.error().code;
    });
    return at;
  }
  std::optional<Errc> answer(std::size_t at) const { return answers_[at]; }
  Errc refusal(const SignedClaim& signed_claim) { return *answer(send(signed_claim)); }

  // Lets the time of gathering pass.
  void gather() {
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_;
  FakeNode node_;
  ScannedBatch codes_{node_.journal().tip().chain_id};
  FakeSubmitter submitter_{node_};
  ClaimsIntakeOptions options_;
  std::unique_ptr<ClaimsIntake> intake_;
  std::vector<std::optional<Errc>> answers_;
  int paths_asked_ = 0;
};

TEST_F(ClaimsIntakeTest, GathersClaimsIntoOneTransactionAndTellsEachWhatItCameTo) {
  const auto third = claim(2);
  send(claim(0));
  send(claim(1));
  send(third);
  EXPECT_EQ(submitter_.waiting(), 0u);
  gather();
  ASSERT_EQ(submitter_.waiting(), 1u);
  EXPECT_EQ(submitter_.operations(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(answer(i));
  submitter_.deliver();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(answer(i), Errc::ok);
  const auto record = find_claim(node_.journal().state(), ScannedBatch::kPrinted, 2);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->submitter, test::party_named("gateway"));
  EXPECT_EQ(record->claim, third.claim);
}

TEST_F(ClaimsIntakeTest, AFullTransactionDoesNotWait) {
  options_.transaction_claims = 2;
  open();
  send(claim(0));
  send(claim(1));
  EXPECT_EQ(submitter_.waiting(), 1u);
}

TEST_F(ClaimsIntakeTest, WhatIsSentTwiceIsClaimedOnceAndAnsweredTwice) {
  const auto mine = claim(0);
  send(mine);
  send(mine);
  gather();
  EXPECT_EQ(submitter_.operations(), 1u);
  send(mine);  // Also while it is on its way.
  submitter_.deliver();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(answer(i), Errc::ok);
  // And whenever it comes again.
  EXPECT_EQ(refusal(mine), Errc::ok);
  EXPECT_EQ(submitter_.waiting(), 0u);
}

TEST_F(ClaimsIntakeTest, OfTwoWhoHoldOneCodeTheFirstHasIt) {
  const auto first = send(claim(0, "first"));
  const auto second = send(claim(0, "second"));
  gather();
  submitter_.deliver();
  EXPECT_EQ(answer(first), Errc::ok);
  EXPECT_EQ(answer(second), Errc::code_used);
  EXPECT_EQ(refusal(claim(0, "third")), Errc::code_used);
}

TEST_F(ClaimsIntakeTest, WhatCannotSucceedIsRefusedAtOnceWithTheLedgersReason) {
  submitter_.must(
      "brand", {VoidCodes{{ScannedBatch::kPrinted, UnitLevel::item, 10, 1}, VoidReason::leaked}});
  submitter_.must(
      "brand", {VoidCodes{{ScannedBatch::kPrinted, UnitLevel::item, 5, 1}, VoidReason::recalled}});
  EXPECT_EQ(refusal(claim(10)), Errc::code_void);
  EXPECT_EQ(refusal(claim(5)), Errc::code_recalled);
  EXPECT_EQ(refusal(claim(11)), Errc::code_inactive);

  auto other = codes_.claim(0, now());
  other.batch = UnitBatchId(8);
  EXPECT_EQ(refusal(codes_.sign(other, 0)), Errc::batch_unknown);
  other = codes_.claim(0, now());
  other.index = ScannedBatch::kCount;
  EXPECT_EQ(refusal(codes_.sign(other, 0)), Errc::code_unknown);

  auto early = codes_.claim(0, TimeMs(now().value() + 60'001));
  EXPECT_EQ(refusal(codes_.sign(early)), Errc::event_in_future);
  auto elsewhere = codes_.claim(1, now());
  elsewhere.store = test::party_named("nobody");
  EXPECT_EQ(refusal(codes_.sign(elsewhere)), Errc::party_unknown);
  elsewhere.store = test::party_named("east");
  EXPECT_EQ(refusal(codes_.sign(elsewhere)), Errc::role_not_allowed);
  EXPECT_EQ(submitter_.waiting(), 0u);
  EXPECT_EQ(paths_asked_, 0);
}

TEST_F(ClaimsIntakeTest, AnAlteredClaimIsNotItsCodes) {
  const auto genuine = claim(0);
  auto altered = genuine;
  altered.claim.region = RegionCode(1);
  EXPECT_EQ(refusal(altered), Errc::signature_invalid);
  altered = genuine;
  altered.signature.bytes[0] ^= 1;
  EXPECT_EQ(refusal(altered), Errc::signature_invalid);
  EXPECT_EQ(paths_asked_, 0) << "signatures come before the disk";
  // Signed well, by another code: whoever holds a bottle does not hold all of them.
  EXPECT_EQ(refusal(codes_.sign(codes_.claim(0, now()), 1)), Errc::code_unknown);
  // Nor does it help to come while the genuine one is on its way.
  send(genuine);
  EXPECT_EQ(refusal(codes_.sign(genuine.claim, 1)), Errc::code_unknown);
}

TEST_F(ClaimsIntakeTest, CodesThatAGatewayUsesNeedNoBearer) {
  FakeNode node;
  FakeSubmitter submitter(node);
  print_codes(submitter, codes_, node.journal().tip().time, ClaimPath::gateway);
  options_.clock = [] { return TimeMs(0); };
  ClaimsIntake intake(io_, node, &submitter, options_);
  std::optional<Errc> answer;
  intake.submit(codes_.sign(codes_.claim(0, TimeMs(0))),
                [&](const Result<ClaimRecord>& result) { answer = result.error().code; });
  EXPECT_EQ(answer, Errc::claim_path_wrong);
}

TEST_F(ClaimsIntakeTest, WhereTheBatchWantsItAStoreMustHaveReceivedTheGoods) {
  FakeNode node;
  FakeSubmitter submitter(node);
  const auto time = [&] { return node.journal().tip().time; };
  print_codes(submitter, codes_, time(), ClaimPath::bearer, ClaimGate::received);
  options_.clock = time;
  ClaimsIntake intake(io_, node, &submitter, options_);
  std::optional<Errc> answer;
  const auto send = [&] {
    intake.submit(codes_.sign(codes_.claim(4, time())), [&](const Result<ClaimRecord>& result) {
      answer = result ? Errc::ok : result.error().code;
    });
  };
  send();
  EXPECT_EQ(answer, Errc::unit_not_received);

  RecordEvent receipt;
  receipt.kind = EventKind::receiving;
  receipt.time = time();
  receipt.place = test::party_named("shop");
  receipt.id.document = test::digest_named("the shop's receipt");
  receipt.ranges = {{ScannedBatch::kPrinted, UnitLevel::item, 4, 1}};
  submitter.must("shop", {receipt});
  answer.reset();
  send();
  gather();
  submitter.deliver();
  EXPECT_EQ(answer, Errc::ok);
}

TEST_F(ClaimsIntakeTest, TooManyAreTurnedAwayAndAdmittedLater) {
  options_.claims_max = 2;
  options_.askers_max = 2;
  open();
  send(claim(0));
  send(claim(1));
  EXPECT_EQ(refusal(claim(2)), Errc::mempool_full);
  const auto joined = send(claim(0));
  EXPECT_EQ(refusal(claim(0)), Errc::mempool_full);
  gather();
  submitter_.deliver();
  EXPECT_EQ(answer(joined), Errc::ok);
  const auto later = send(claim(2));
  gather();
  submitter_.deliver();
  EXPECT_EQ(answer(later), Errc::ok);
}

TEST_F(ClaimsIntakeTest, WhatComesWhileEnoughIsOnItsWayGoesTogetherAfterIt) {
  options_.transactions_max = 1;
  open();
  send(claim(0));
  gather();
  for (std::uint32_t i = 1; i < 6; ++i) {
    send(claim(i));
    gather();
  }
  EXPECT_EQ(submitter_.waiting(), 1u);
  submitter_.deliver();
  ASSERT_EQ(submitter_.waiting(), 1u);
  EXPECT_EQ(submitter_.operations(), 5u);
  submitter_.deliver();
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(answer(i), Errc::ok) << i;
}

TEST_F(ClaimsIntakeTest, WhatCouldNotBeSubmittedIsToldAndCanBeSentAgain) {
  const auto mine = claim(0);
  const auto failed = send(mine);
  gather();
  submitter_.fail(Errc::mempool_full);
  EXPECT_EQ(answer(failed), Errc::mempool_full);
  const auto again = send(mine);
  gather();
  submitter_.deliver();
  EXPECT_EQ(answer(again), Errc::ok);
}

TEST_F(ClaimsIntakeTest, AClaimThatReachedTheLedgerByAnotherWayIsTheSameClaim) {
  const auto mine = claim(0);
  const auto sent = send(mine);
  gather();
  ClaimCode operation{mine.claim, mine.key, mine.signature, {}};
  const UnitId unit{ScannedBatch::kPrinted, UnitLevel::item, 0};
  operation.path = *codes_.path(ScannedBatch::kPrinted, 0, leaf_hash(code_leaf(unit, mine.key)));
  submitter_.must("east", {operation});
  submitter_.deliver();  // The ledger answers code_used: by this very claim.
  EXPECT_EQ(answer(sent), Errc::ok);
}

TEST_F(ClaimsIntakeTest, WithoutAKeyOrATreeItIsNotReady) {
  open(nullptr);
  EXPECT_EQ(refusal(claim(0)), Errc::not_ready);
  open();
  options_.paths = [](UnitBatchId, std::uint32_t, const Digest&) { return Errc::not_ready; };
  intake_ = std::make_unique<ClaimsIntake>(io_, node_, &submitter_, options_);
  EXPECT_EQ(refusal(claim(0)), Errc::not_ready);
}

TEST_F(ClaimsIntakeTest, TellsWhatBecameOfAClaimByItsId) {
  const auto mine = claim(0);
  const auto id = claim_id(node_.journal().tip().chain_id, mine.claim);
  const auto ask = [&](const Digest& of) {
    const auto found = intake_->find(ScannedBatch::kPrinted, 0, of);
    return found ? Errc::ok : found.error().code;
  };
  EXPECT_EQ(ask(id), Errc::not_found);
  send(mine);
  EXPECT_EQ(ask(id), Errc::not_ready);
  gather();
  EXPECT_EQ(ask(id), Errc::not_ready);
  submitter_.deliver();
  EXPECT_EQ(ask(id), Errc::ok);
  EXPECT_EQ(ask(sha256(bytes_of("another"))), Errc::code_used);
}

TEST_F(ClaimsIntakeTest, OfAnErasedSubjectNobodyHearsThatAClaimWasTheirs) {
  const auto mine = claim(0);
  send(mine);
  gather();
  submitter_.deliver();
  submitter_.must("gateway", {EraseSubject{mine.claim.claimant}});
  EXPECT_EQ(refusal(mine), Errc::code_used);
}

TEST_F(ClaimsIntakeTest, AnIntakeThatIsGoneAnswersNobody) {
  send(claim(0));
  gather();
  send(claim(1));
  intake_.reset();
  gather();
  submitter_.deliver();
  EXPECT_FALSE(answer(0));
}

TEST_F(ClaimsIntakeTest, ASerialNamesAnItemOfItsProductOnly) {
  const auto& state = node_.journal().state();
  const auto gtin = test::kItemProduct.value;
  const auto found = find_printed_item(state, gtin, codes_.serial(3));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->batch, ScannedBatch::kPrinted);
  EXPECT_EQ(found->index, 3u);
  const auto unknown = [&](const std::string& product, const std::string& serial) {
    const auto item = find_printed_item(state, product, serial);
    return item ? Errc::ok : item.error().code;
  };
  EXPECT_EQ(unknown("06901234567885", codes_.serial(3)), Errc::code_unknown);
  EXPECT_EQ(unknown(gtin, codes_.serial(ScannedBatch::kCount)), Errc::code_unknown);
  EXPECT_EQ(unknown(gtin, serial_of({UnitBatchId(99), 0})), Errc::code_unknown);
  EXPECT_EQ(unknown(gtin, "B1"), Errc::code_unknown);
}

}  // namespace
}  // namespace fenrun
