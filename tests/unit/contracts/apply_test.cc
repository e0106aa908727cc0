#include "contracts/apply.h"

#include <gtest/gtest.h>

#include "contracts/system_work.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

Errc admission(const World& world, const SignedTransaction& transaction) {
  const auto status = check_admission(world.state(), world.next_height(), transaction);
  return status ? Errc::ok : status.error().code;
}

template <class Edit>
SignedTransaction edited(const World& world, Edit edit) {
  auto transaction = world.sign("east", {OpenLane{Lane(1)}});
  edit(transaction.body);
  return transaction;
}

TEST(Admission, SaysWhy) {
  World world;
  ASSERT_EQ(world.run("east", OpenLane{Lane(3)}), Errc::ok);
  const auto with = [&](auto edit) { return admission(world, edited(world, edit)); };
  EXPECT_EQ(with([](auto&) {}), Errc::ok);
  EXPECT_EQ(with([](auto& b) { b.sequence = Sequence(0); }), Errc::sequence_stale);
  EXPECT_EQ(with([](auto& b) { b.sequence = Sequence(2); }), Errc::sequence_gap);
  EXPECT_EQ(with([](auto& b) { b.lane = Lane(4); }), Errc::lane_unknown);
  EXPECT_EQ(with([](auto& b) {
              b.lane = Lane(3);
              b.sequence = Sequence(0);
            }),
            Errc::ok);
  EXPECT_EQ(with([&](auto& b) { b.valid_until = world.next_height(); }), Errc::ok);
  EXPECT_EQ(with([&](auto& b) { b.valid_until = world.point().height; }), Errc::expired);
  const auto latest = world.next_height().value() + kValidityHeightsMax;
  EXPECT_EQ(with([&](auto& b) { b.valid_until = Height(latest); }), Errc::ok);
  EXPECT_EQ(with([&](auto& b) { b.valid_until = Height(latest + 1); }), Errc::valid_until_too_far);
  EXPECT_EQ(with([](auto& b) { std::get<PartySigner>(b.signer).party = party_named("nobody"); }),
            Errc::signer_unknown);
  EXPECT_EQ(
      with([](auto& b) { std::get<PartySigner>(b.signer).key = key_named("brand").public_key(); }),
      Errc::signer_unknown);
  // A validator's other keys sign no transactions.
  EXPECT_EQ(with([](auto& b) {
              std::get<PartySigner>(b.signer).key = key_named("east consensus").public_key();
            }),
            Errc::signer_unknown);
  const auto stale = edited(world, [](auto& b) { b.sequence = Sequence(0); });
  EXPECT_EQ(check_admission(world.state(), world.next_height(), stale).error().detail, "next is 1");
}

TEST(ExecuteBlock, PassesOverWhatIsNotAdmitted) {
  World world;
  const auto good = world.sign("east", {OpenLane{Lane(1)}});
  const auto second = world.sign("east", {OpenLane{Lane(2)}}, TransactionMode::independent, 1);
  const auto gap = world.sign("east", {OpenLane{Lane(3)}}, TransactionMode::independent, 5);
  auto malformed = world.sign("brand", {OpenLane{Lane(1)}});
  malformed.operations.push_back(malformed.operations[0]);
  const auto block = world.execute({gap, good, malformed, good, second});
  ASSERT_EQ(block.transactions.size(), 2u);
  EXPECT_EQ(block.transactions[0].id, good.id());
  EXPECT_EQ(block.transactions[1].id, second.id());
  world.commit(world.execute({gap, good, malformed, good, second}));
  EXPECT_EQ(next_sequence(world.state(), party_named("east"), Lane(0)), Sequence(2));
  EXPECT_EQ(find_lane(world.state(), party_named("east"), Lane(0))->last, second.id());
  EXPECT_EQ(next_sequence(world.state(), party_named("brand"), Lane(0)), Sequence(0));
}

TEST(ExecuteBlock, IndependentOperationsFailEachForItself) {
  World world;
  const std::vector<Errc> expected{Errc::ok, Errc::lane_exists, Errc::ok};
  EXPECT_EQ(world.run_all("east", {OpenLane{Lane(1)}, OpenLane{Lane(1)}, OpenLane{Lane(2)}}),
            expected);
  EXPECT_TRUE(find_lane(world.state(), party_named("east"), Lane(2)));
  EXPECT_EQ(world.entries_of<TransactionEntry>().at(0).outcome, Errc::ok);
}

TEST(ExecuteBlock, AtomicOperationsStandOrFallTogether) {
  World world;
  ASSERT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
  const DeclareBudget budget{kCampaign, AssetId(0), Amount::minor(5)};
  const std::vector<Errc> failed{Errc::atomic_aborted, Errc::lane_exists, Errc::atomic_aborted};
  EXPECT_EQ(world.run_all("brand", {budget, OpenLane{Lane(0)}, OpenLane{Lane(2)}},
                          TransactionMode::atomic),
            failed);
  EXPECT_EQ(world.entries_of<TransactionEntry>().at(0).outcome, Errc::lane_exists);
  EXPECT_TRUE(world.entries_of<Posting>().empty());
  EXPECT_FALSE(find_fund(world.state(), kCampaign, AssetId(0), party_named("brand")));
  EXPECT_EQ(next_sequence(world.state(), party_named("brand"), Lane(0)), Sequence(2));

  EXPECT_EQ(world.run_all("brand", {budget, OpenLane{Lane(2)}}, TransactionMode::atomic),
            (std::vector<Errc>{Errc::ok, Errc::ok}));
  EXPECT_EQ(world.entries_of<TransactionEntry>().at(0).outcome, Errc::ok);
  EXPECT_EQ(world.entries_of<Posting>().size(), 1u);
}

// Signed by east, whatever its operations are.
SignedTransaction signed_by_east(const World& world,
                                 List<OperationBytes, kTransactionOperationsMax> operations) {
  TransactionBody body;
  body.chain_id = world.point().chain_id;
  body.signer = PartySigner{party_named("east"), key_named("east").public_key()};
  body.valid_until = Height(10);
  body.mode = TransactionMode::independent;
  return sign_transaction(body, std::move(operations), key_named("east"));
}

TEST(ExecuteBlock, UndecodableOperationsAreJournaled) {
  World world;
  world.block({signed_by_east(world, {{0xff}, {}, *encode_operation(OpenLane{Lane(1)})})});
  EXPECT_EQ(world.outcomes(), (std::vector<Errc>{Errc::operation_undecodable,
                                                 Errc::operation_undecodable, Errc::ok}));
}

// The limit is one of transactions, not only of the door at which clients give them.
TEST(ExecuteBlock, PassesOverATransactionAboveItsLimit) {
  World world;
  const auto of = [&](std::size_t bytes) {
    List<OperationBytes, kTransactionOperationsMax> operations;
    for (; bytes > kOperationBytesMax; bytes -= kOperationBytesMax) {
      operations.push_back(Bytes(kOperationBytesMax, 0xff));
    }
    operations.push_back(Bytes(bytes, 0xff));
    return signed_by_east(world, operations);
  };
  const std::size_t around = encode(of(kTransactionBytesMax)).size() - kTransactionBytesMax;
  const auto largest = of(kTransactionBytesMax - around);
  const auto larger = of(kTransactionBytesMax - around + 1);
  ASSERT_EQ(encode(largest).size(), kTransactionBytesMax);
  ASSERT_EQ(encode(larger).size(), kTransactionBytesMax + 1);
  const auto chain = world.point().chain_id;
  EXPECT_EQ(check_form(larger, chain).error().code, Errc::transaction_too_large);
  world.block({larger});
  EXPECT_TRUE(world.entries_of<TransactionEntry>().empty());
  world.block({largest});
  EXPECT_EQ(world.entries_of<TransactionEntry>().size(), 1u);
}

TEST(ExecuteBlock, HasRoomForSoMuch) {
  auto genesis = example_genesis();
  genesis.parameters.block_operations_max = 1'000;
  World world(genesis);
  const std::vector<Operation> six_hundred(600, OpenLane{Lane(1)});
  const std::vector<Operation> four_hundred(400, OpenLane{Lane(1)});
  world.block({world.sign("east", six_hundred), world.sign("brand", six_hundred),
               world.sign("auditor", four_hundred)});
  const auto transactions = world.entries_of<TransactionEntry>();
  ASSERT_EQ(transactions.size(), 2u);
  EXPECT_EQ(std::get<PartySigner>(transactions[1].body.signer).party, party_named("auditor"));
}

TEST(ExecuteBlock, EntriesStandInTheirOrder) {
  World world;
  ASSERT_EQ(world.run("brand", OpenCampaign{kCampaign, {}}), Errc::ok);
  const DeclareBudget budget{kCampaign, AssetId(0), Amount::minor(5)};
  ASSERT_EQ(world.run("brand", OpenPeriod{kCampaign, kPeriod, PeriodKind::per_event,
                                          world.in(2'000), world.in(3'000)}),
            Errc::ok);
  world.run_all("brand", {budget, budget});
  std::string order;
  RecordKey previous;
  for (const auto& entry : world.entries()) {
    order += "STOPRH"[entry.index()];
    if (const auto* record = std::get_if<RecordEntry>(&entry)) {
      EXPECT_TRUE(BytewiseLess{}(previous, record->key));
      previous = record->key;
    }
  }
  EXPECT_TRUE(order.starts_with("STOPOPR")) << order;
  EXPECT_TRUE(order.ends_with("RH")) << order;
  const auto header = world.entries_of<Header>().at(0);
  EXPECT_EQ(header.counts, (std::array<std::uint32_t, 5>{
                               1, 1, 2, 2, static_cast<std::uint32_t>(order.size() - 7)}));
}

TEST(Operations, KeepTheirBytes) {
  // The order of the alternatives is the format.
  EXPECT_EQ(encode(Operation(OpenLane{Lane(0x0102)})), (Bytes{5, 0x02, 0x01}));
  EXPECT_EQ(Operation(RegisterParty{}).index(), 0u);
  EXPECT_EQ(Operation(ApproveChange{}).index(), 7u);
  EXPECT_EQ(Operation(CountersignPolicy{}).index(), 10u);
  EXPECT_EQ(Operation(RecordEvent{}).index(), 15u);
  EXPECT_EQ(Operation(AcknowledgePayout{}).index(), 18u);
  EXPECT_EQ(name_of(Operation(AcknowledgePayout{})), "acknowledge_payout");
  EXPECT_EQ(Operation(ReplaceValidatorKeys{}).index(), 19u);
  EXPECT_EQ(Operation(RecordEvidence{}).index(), 21u);
  EXPECT_EQ(Change(AdmitMember{}).index(), 2u);
  EXPECT_EQ(Change(RemoveValidator{}).index(), 5u);
  EXPECT_EQ(Change(RecoverParty{}).index(), 6u);
  const auto too_far = decode_operation(Bytes{22});
  EXPECT_EQ(too_far.error().code, Errc::operation_undecodable);
}

TEST(Genesis, BeginsTheJournal) {
  World world;
  EXPECT_EQ(world.point().height, Height(0));
  EXPECT_EQ(world.point().chain_id, hash(Domain::genesis, encode(world.genesis())));
  EXPECT_EQ(world.point().validators, validators_digest(world.genesis().validators));
  EXPECT_EQ(world.point().trust_policy, digest_named("trust policy"));
  const auto system = world.entries_of<SystemEntry>();
  ASSERT_EQ(system.size(), 1u);
  const auto work = decode<SystemWork>(system[0].payload);
  EXPECT_EQ(std::get<GenesisWork>(*work).genesis, encode(world.genesis()));
  EXPECT_EQ(validators(world.state()), world.genesis().validators);
  EXPECT_EQ(parameters(world.state()), default_parameters());
  EXPECT_EQ(world.run("east", OpenLane{Lane(1)}), Errc::ok);
}

TEST(Genesis, ErrorsNameTheField) {
  const auto refused = [](auto edit) {
    auto genesis = example_genesis();
    edit(genesis);
    const auto status = check_genesis(genesis);
    return status ? std::string("ok") : status.error().detail;
  };
  EXPECT_EQ(refused([](Genesis&) {}), "ok");
  EXPECT_EQ(refused([](Genesis& g) { g.network.value = "two words"; }),
            "network: 1 to 63 of a-z 0-9 . and -");
  EXPECT_EQ(refused([](Genesis& g) { g.time = TimeMs(0); }), "time: zero");
  EXPECT_EQ(refused([](Genesis& g) { g.parameters.block_interval_ms = 0; }),
            "parameters.block_interval_ms: 1 to 60000");
  EXPECT_EQ(refused([](Genesis& g) { g.validators.clear(); }), "validators: at least one");
  EXPECT_EQ(refused([](Genesis& g) { g.validators.resize(kValidatorsMax + 1); }),
            "validators: at most 64");
  EXPECT_EQ(refused([](Genesis& g) { g.parties.resize(kGenesisPartiesMax + 1); }),
            "parties: at most 128");
  EXPECT_EQ(refused([](Genesis& g) { std::swap(g.validators[0], g.validators[1]); }),
            "validators[1].consensus_key: not in ascending order");
  EXPECT_EQ(refused([](Genesis& g) { g.validators[1].name.value = "A"; }),
            "validators[1].name: 1 to 63 of a-z 0-9 . and -, neither none nor validators");
  // A word of the trust file.
  EXPECT_EQ(refused([](Genesis& g) { g.validators[1].name.value = "none"; }),
            "validators[1].name: 1 to 63 of a-z 0-9 . and -, neither none nor validators");
  EXPECT_EQ(refused([](Genesis& g) { g.validators[2].name = g.validators[0].name; }),
            "validators[2].name: used twice");
  EXPECT_EQ(refused([](Genesis& g) { g.validators[2].party = party_named("x"); }),
            "validators[2].party: not among the parties");
  EXPECT_EQ(refused([](Genesis& g) {
              g.validators[2].party = g.validators[0].party;
              g.validators[2].operator_key = g.validators[0].operator_key;
            }),
            "validators[2].party: runs two validators");
  EXPECT_EQ(
      refused([](Genesis& g) { g.validators[2].operator_key = g.validators[2].consensus_key; }),
      "validators[2].operator_key: not the party's key");
  EXPECT_EQ(
      refused([](Genesis& g) { g.validators[3].transport_key = g.validators[3].operator_key; }),
      "validators[3].transport_key: used twice");
  EXPECT_EQ(refused([](Genesis& g) { g.validators[3].checkpoint_key = {}; }),
            "validators[3].checkpoint_key");
  EXPECT_EQ(refused([](Genesis& g) { std::swap(g.parties[0], g.parties[1]); }),
            "parties[1].party: not in ascending order");
  EXPECT_EQ(refused([](Genesis& g) { g.parties[0].parent = party_named("x"); }),
            "parties[0].parent: not in this genesis");
  EXPECT_EQ(refused([](Genesis& g) {
              for (auto& party : g.parties) {
                if (party.role == Role::brand) party.parent = party.party;
              }
            }).substr(11),
            "parent: a cycle, or too deep");
}

// Besides the outcome there are words, for whoever asks the node that executed it.
TEST(Refusals, AreOfTheirOperationsAndBounded) {
  World world;
  OpenUnitBatch wrong;
  wrong.product = {"06901234567891"};  // The check digit is 2.
  const std::vector<Operation> operations(kTransactionOperationsMax, wrong);
  const auto block =
      world.execute({world.sign("brand", {wrong, wrong}, TransactionMode::atomic),
                     world.sign("brand", operations, TransactionMode::independent, 1),
                     world.sign("brand", operations, TransactionMode::independent, 2)});
  ASSERT_EQ(block.refusals.size(), kBlockRefusalsMax);
  std::optional<Position> last;
  for (const auto& [position, detail] : block.refusals) {
    EXPECT_EQ(detail, "GTIN check digit: 06901234567891");
    EXPECT_LT(last.value_or(Position(0)), position);
    last = position;
    const auto& bytes = block.entries.at(position.value() - block.first_position().value());
    const auto entry = decode_entry(bytes);
    ASSERT_TRUE(entry && std::holds_alternative<OperationEntry>(*entry));
    EXPECT_EQ(std::get<OperationEntry>(*entry).outcome, Errc::value_invalid);
  }
}

}  // namespace
}  // namespace fenrun::test
