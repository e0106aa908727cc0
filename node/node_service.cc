// What the node offers to its faces.
#include <algorithm>

#include "contracts/apply.h"
#include "contracts/records.h"
#include "node/node.h"

namespace fenrun {
namespace {

// Nothing became final for this long although there is work: worth an explanation.
constexpr std::uint64_t kStalledMs = 5'000;
constexpr std::uint64_t kBehindHeights = 2;

}  // namespace

void Node::submit(SignedTransaction transaction, std::function<void(Result<Digest>)> callback) {
  auto batch = std::make_shared<TxBatch>();
  batch->transactions.push_back(std::move(transaction));
  verifier_->check(batch, [this, batch, callback = std::move(callback)](bool valid) {
    auto& given = batch->transactions.front();
    const Digest id = given.id();
    if (failed_) return callback(Error{Errc::not_ready, "the node has stopped"});
    if (!valid) return callback(Errc::signature_invalid);
    if (journal_->store().transaction_position(id)) return callback(id);
    if (const auto status = check_form(given, journal_->tip().chain_id); !status) {
      return callback(status.error());
    }
    const auto status =
        pool_.add(std::move(given), journal_->state(), journal_->tip().height.next());
    if (!status) return callback(status.error());
    report_work();
    seal_if_due();
    wake();
    callback(id);
  });
}

TransactionStatus Node::transaction_status(const Digest& id) const {
  if (const auto position = journal_->store().transaction_position(id)) {
    return {TransactionState::committed, std::nullopt, position};
  }
  if (pool_.holds(id)) return {TransactionState::pending, std::nullopt, std::nullopt};
  if (auto reason = pool_.rejection(id)) {
    const auto state =
        reason->code == Errc::expired ? TransactionState::expired : TransactionState::rejected;
    return {state, std::move(reason), std::nullopt};
  }
  return {};
}

Result<Sequence> Node::next_sequence(const PartyId& party, Lane lane) const {
  const auto expected = fenrun::next_sequence(journal_->state(), party, lane);
  if (!expected) {
    return find_party(journal_->state(), party) ? Errc::lane_unknown : Errc::party_unknown;
  }
  return std::max(*expected, pool_.tail(party, lane).value_or(Sequence(0)));
}

NodeStatus Node::status() const {
  const auto replica = replica_->status();
  const auto& tip = journal_->tip();
  NodeStatus status;
  status.name = options_.name;
  status.network = options_.genesis.network.value;
  status.chain_id = tip.chain_id;
  status.height = tip.height;
  status.entries = tip.position.value() + 1;
  status.tip_time = tip.time;
  status.epoch = tip.epoch;
  status.view = replica.view;
  status.leader = members_.name_of(replica.leader);
  status.catching_up = catch_up_.has_value() || replica.catching_up;
  status.mempool_transactions = pool_.count();
  status.mempool_bytes = pool_.bytes();
  const TimeMs time = now().steady;
  status.uptime_ms = time.value() - started_at_.value();
  status.ms_since_commit = time.value() - committed_at_.value();

  std::size_t connected = self_ ? 1 : 0;
  std::vector<std::string> absent;
  for (std::uint16_t i = 0; i < members_.validator_count(); ++i) {
    const ValidatorIndex index(i);
    const auto number = members_.all()[i].number;
    const bool is_self = number == options_.self;
    ValidatorStatus validator;
    validator.name = members_.name_of(index);
    validator.connected = is_self || peers_.at(number).connected;
    validator.finalized_height = is_self ? tip.height : peers_.at(number).finalized_height;
    validator.voted = std::ranges::find(replica.missing, index) == replica.missing.end();
    if (!is_self && validator.connected) ++connected;
    if (!validator.connected) absent.push_back(validator.name);
    if (validator.connected && !is_self &&
        validator.finalized_height.value() > tip.height.value() + kBehindHeights) {
      status.catching_up = true;
    }
    status.validators.push_back(std::move(validator));
  }
  status.ready = connected >= quorum() && !status.catching_up;

  std::string names;
  for (const auto& name : absent) names += (names.empty() ? "" : ", ") + name;
  if (connected < quorum()) {
    status.why = "only " + std::to_string(connected) + " of " +
                 std::to_string(members_.validator_count()) + " validators are connected and " +
                 std::to_string(quorum()) + " are needed: start or reach " + names;
  } else if (status.catching_up) {
    status.why = "this node is behind and fetches blocks: wait";
  } else if (work_reported_ && status.ms_since_commit > kStalledMs) {
    names.clear();
    for (const auto index : replica.missing) {
      names += (names.empty() ? "" : ", ") + members_.name_of(index);
    }
    status.why = "nothing became final for " + std::to_string(status.ms_since_commit / 1'000) +
                 " s; no vote in view " + std::to_string(replica.view.value()) + " from " +
                 (names.empty() ? "nobody" : names) + ": look at their logs";
  } else if (!is_voting()) {
    status.why =
        "this node observes only, its vote log being lost or stale: replace its consensus key";
  }
  return status;
}

std::vector<Metric> Node::metrics() const {
  using Kind = Metric::Kind;
  const auto replica = replica_->status();
  const auto& tip = journal_->tip();
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  std::vector<Metric> metrics{
      {"height", "Height of the newest final block", Kind::gauge, {}, number(tip.height.value())},
      {"entries", "Entries of the journal", Kind::gauge, {}, number(tip.position.value() + 1)},
      {"active_records", "Current records", Kind::gauge, {}, number(tip.active_count)},
      {"view", "View of consensus", Kind::gauge, {}, number(replica.view.value())},
      {"unfinalized_blocks",
       "Executed blocks that are not final",
       Kind::gauge,
       {},
       number(journal_->unfinalized_count())},
      {"committed_transactions_total",
       "Transactions committed since the start",
       Kind::counter,
       {},
       number(committed_transactions_)},
      {"evidence_total",
       "Proofs of misbehaviour seen since the start",
       Kind::counter,
       {},
       number(evidence_count_)},
      {"mempool_transactions",
       "Transactions of clients that are not final",
       Kind::gauge,
       {},
       number(pool_.count())},
      {"mempool_bytes", "Their bytes", Kind::gauge, {}, number(pool_.bytes())},
      {"pending_batch_bytes",
       "Bytes of batches that are not final",
       Kind::gauge,
       {},
       number(batches_.pending_bytes())},
      {"seconds_since_commit",
       "Since the newest block became final here",
       Kind::gauge,
       {},
       number(now().steady.value() - committed_at_.value()) / 1'000.0},
      {"leader_timeout_seconds",
       "How long a silent leader is waited for",
       Kind::gauge,
       {},
       number(replica.leader_timeout.value()) / 1'000.0},
  };
  if (const auto& newest = checkpointer_.cosigned()) {
    metrics.push_back({"checkpoint_height",
                       "Height of the newest checkpoint with a quorum",
                       Kind::gauge,
                       {},
                       number(newest->height.value())});
  }
  for (const auto& peer : transport_->metrics().peers) {
    const std::vector<std::pair<std::string, std::string>> labels{
        {"peer", members_.name_of(peer.peer)}};
    metrics.push_back({"peer_connected", "1 while the link is up", Kind::gauge, labels,
                       peer.connected ? 1.0 : 0.0});
    metrics.push_back({"peer_sent_bytes_total", "Bytes sent", Kind::counter, labels,
                       number(peer.counters.bytes_sent)});
    metrics.push_back({"peer_received_bytes_total", "Bytes received", Kind::counter, labels,
                       number(peer.counters.bytes_received)});
    metrics.push_back({"peer_dropped_messages_total", "Messages a full queue refused or dropped",
                       Kind::counter, labels,
                       number(peer.counters.consensus_dropped + peer.counters.bulk_refused)});
  }
  return metrics;
}

std::function<void()> Node::on_commit(std::function<void(Height)> callback) {
  const std::uint64_t number = next_subscriber_++;
  subscribers_.emplace(number, std::move(callback));
  return [this, number] { subscribers_.erase(number); };
}

}  // namespace fenrun
