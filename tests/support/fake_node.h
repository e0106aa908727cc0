// A NodeService without a network: what is submitted is executed when the test says so, and the
// validators of the example genesis cosign at once.  Begins with a story: a campaign in which a
// store sold goods, earned and was paid.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

#include "contracts/claims.h"
#include "ledger/proof/trust_policy.h"
#include "node/service.h"
#include "tests/support/world.h"

namespace fenrun::test {

class FakeNode final : public NodeService {
 public:
  static constexpr std::uint64_t kTimeS = 1'700'000'000;

  FakeNode() : genesis_(example_genesis()), world_(genesis_, policy_digest()) {
    tell_story();
    store_ = world_.store();
    journal_ = *Journal::open(store_);
    cosign();
  }

  // ---- For tests -------------------------------------------------------------------------------

  // A transaction that the journal would take next.
  SignedTransaction sign(const std::string& name, const std::vector<Operation>& operations) const {
    TransactionBody body;
    body.chain_id = chain_id(genesis_);
    body.signer = PartySigner{party_named(name), key_named(name).public_key()};
    const auto next = fenrun::next_sequence(journal_->state(), party_named(name), Lane(0));
    body.sequence = next.value_or(Sequence(0));
    body.valid_until = Height(journal_->tip().height.value() + 100);
    body.mode = TransactionMode::independent;
    List<OperationBytes, kTransactionOperationsMax> bytes;
    for (const auto& operation : operations) bytes.push_back(*encode_operation(operation));
    return sign_transaction(body, bytes, key_named(name));
  }

  // Makes a block of what is pending final, `ms` after the one before.  Its checkpoint has no
  // quorum before cosign().
  void commit_block(std::uint64_t ms = 1'000) {
    const auto point = *journal_->point(journal_->tip_id());
    const BlockContext context{.epoch = point.epoch,
                               .height = point.height.next(),
                               .view = View(point.view.value() + 1),
                               .parent_view = point.view,
                               .time = TimeMs(point.time.value() + ms),
                               .proposer = ValidatorIndex(0),
                               .batch_list = batch_list_digest({})};
    std::vector<const SignedTransaction*> transactions;
    for (const auto& transaction : pending_) transactions.push_back(&transaction);
    auto block = std::make_unique<ExecutedBlock>(execute_block(point, context, transactions));
    const Digest id = block->id;
    journal_->add(std::move(block));
    CHECK(journal_->commit(std::span(&id, 1), bytes_of("certificate")).has_value());
    for (const auto& transaction : pending_) {
      if (!store_.transaction_position(transaction.id())) rejected_.insert(transaction.id());
    }
    pending_.clear();
    const auto listeners = listeners_;
    for (const auto& [number, listener] : listeners) listener(context.height);
  }

  void cosign() {
    const CheckpointBody body{origin(), journal_->store().size(), journal_->root()};
    SignedNote note{body, {log_signature_line(checkpoint_key("brand"), body)}};
    for (const auto& validator : genesis_.validators) {
      note.signatures.push_back(cosignature_line(checkpoint_key(validator.name.value),
                                                 cosigner_name(origin(), validator.name.value),
                                                 body, kTimeS));
    }
    checkpoint_ = CosignedCheckpoint{journal_->tip().height, body.size, print(note)};
  }
  void forget_checkpoint() { checkpoint_.reset(); }
  void forget_pending() { pending_.clear(); }
  void release_below(Height height) { journal_->release_below(height); }

  std::size_t listeners() const { return listeners_.size(); }
  std::size_t pending() const { return pending_.size(); }
  MemoryStore& store() { return store_; }

  NodeStatus node_status;
  std::optional<Error> refusal;  // Of the next transactions.
  std::map<Position, std::string> refusal_details;
  std::optional<std::string> false_policy;  // Handed out in place of the trust file.
  UnpaidEarnings unpaid;

  // ---- NodeService -----------------------------------------------------------------------------

  void submit_all(std::vector<SignedTransaction> transactions,
                  std::function<void(const Submitted&)> callback) override {
    Submitted submitted;
    for (auto& transaction : transactions) submitted.push_back(take(std::move(transaction)));
    callback(submitted);
  }

  TransactionStatus transaction_status(const Digest& id) const override {
    TransactionStatus status;
    if (const auto position = store_.transaction_position(id)) {
      status = {TransactionState::committed, std::nullopt, position};
    }
    for (const auto& transaction : pending_) {
      if (transaction.id() == id) status.state = TransactionState::pending;
    }
    if (rejected_.contains(id)) {
      status = {TransactionState::rejected, Error{Errc::sequence_stale, {}}, std::nullopt};
    }
    return status;
  }

  std::string refusal_detail(Position operation) const override {
    const auto found = refusal_details.find(operation);
    return found == refusal_details.end() ? std::string() : found->second;
  }

  const UnpaidEarnings& unpaid_earnings() const override { return unpaid; }

  Result<Sequence> next_sequence(const PartyId& party, Lane lane) const override {
    const auto next = fenrun::next_sequence(journal_->state(), party, lane);
    if (!next) return Errc::lane_unknown;
    return Sequence(next->value() + pending_of(party, lane));
  }

  const Genesis& genesis() const override { return genesis_; }
  const Journal& journal() const override { return *journal_; }
  std::optional<CosignedCheckpoint> checkpoint() const override { return checkpoint_; }
  std::string trust_policy() const override {
    if (false_policy) return *false_policy;
    return canonical_trust_policy(origin(), signers(), kQuorum);
  }
  NodeStatus status() const override { return node_status; }
  std::vector<Metric> metrics() const override {
    return {{"height", "Finalized height.", Metric::Kind::gauge, {}, 7},
            {"messages_total", "By kind.", Metric::Kind::counter, {{"kind", "vote"}}, 3},
            {"messages_total", "By kind.", Metric::Kind::counter, {{"kind", "block"}}, 4}};
  }
  std::function<void()> on_commit(std::function<void(Height)> callback) override {
    const auto number = next_listener_++;
    listeners_.emplace(number, std::move(callback));
    return [this, number] { listeners_.erase(number); };
  }

 private:
  static constexpr std::size_t kQuorum = 3;

  Result<Digest> take(SignedTransaction transaction) {
    if (refusal) return *refusal;
    if (!verify_signatures(transaction)) return Errc::signature_invalid;
    const auto admitted =
        check_admission(journal_->state(), journal_->tip().height.next(), transaction);
    const bool is_behind_pending = !admitted && admitted.error().code == Errc::sequence_gap &&
                                   transaction.body.sequence == sequence_behind(transaction.body);
    if (!admitted && !is_behind_pending) return admitted.error();
    const Digest id = transaction.id();
    pending_.push_back(std::move(transaction));
    return id;
  }

  std::uint64_t pending_of(const PartyId& party, Lane lane) const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(pending_, [&](const SignedTransaction& transaction) {
          const auto* signer = std::get_if<PartySigner>(&transaction.body.signer);
          return signer && signer->party == party && transaction.body.lane == lane;
        }));
  }
  Sequence sequence_behind(const TransactionBody& body) const {
    const auto* signer = std::get_if<PartySigner>(&body.signer);
    return signer ? next_sequence(signer->party, body.lane).value() : Sequence(0);
  }

  static SigningKey checkpoint_key(const std::string& name) {
    return key_named(name + " checkpoint");
  }
  std::string origin() const { return log_origin(genesis_.network.value, chain_id(genesis_)); }
  std::vector<CheckpointSigner> signers() const {
    std::vector<CheckpointSigner> out;
    for (const auto& validator : genesis_.validators) {
      out.push_back({validator.name.value, validator.checkpoint_key});
    }
    return out;
  }
  Digest policy_digest() const { return trust_policy_digest(origin(), signers(), kQuorum); }

  void tell_story() {
    CHECK(world_.join("store", Role::store, "east") == Errc::ok);
    start_campaign(world_, selling_policy(world_));
    for (const auto* funder : {"brand", "east"}) {
      CHECK(world_.run(funder, DeclareBudget{kCampaign, AssetId(0), Amount::minor(10'000)}) ==
            Errc::ok);
    }
    commission_items(world_, 4);
    for (int i = 0; i < 2; ++i) {
      CHECK(world_.run("store", event(EventKind::receiving, "store", {item(i)},
                                      "receipt " + std::to_string(i), world_.time())) == Errc::ok);
      CHECK(world_.run("store", event(EventKind::retail_selling, "store", {item(i)},
                                      "sale " + std::to_string(i), world_.time())) == Errc::ok);
    }
    const PayoutId payout = payout_named("first");
    CHECK(world_.run("brand", InstructPayout{payout, party_named("store"), kCampaign, AssetId(0),
                                             kPeriod, Amount::minor(150), Rail::bank}) == Errc::ok);
    CHECK(world_.run("brand", SettlePayout{payout, 1, PayoutResult::paid,
                                           digest_named("bank slip")}) == Errc::ok);
  }

  Genesis genesis_;
  World world_;
  MemoryStore store_;
  std::unique_ptr<Journal> journal_;
  std::optional<CosignedCheckpoint> checkpoint_;
  std::vector<SignedTransaction> pending_;
  std::set<Digest> rejected_;
  std::map<int, std::function<void(Height)>> listeners_;
  int next_listener_ = 0;
};

}  // namespace fenrun::test
