// What the node offers to its faces.
#include <algorithm>
#include <functional>

#include "contracts/apply.h"
#include "contracts/records.h"
#include "core/overloaded.h"
#include "node/node.h"

namespace fenrun {
namespace {

constexpr std::uint64_t kBehindHeights = 2;
// Of transactions submitted together the signatures of so many operations are one piece of work:
// each may hold one.
constexpr std::size_t kCheckedTogether = 16;

// Of pieces of submissions that are being checked; beyond this many a client does better to wait.
constexpr std::size_t kSubmittedPiecesMax = 4'096;

// Whether the key that signs is registered, as the party's.
bool is_known_signer(const StateView& state, const Signer& signer) {
  return std::visit(overloaded{[&](const PartySigner& signs) {
                      const auto owner = find_key_owner(state, signs.key);
                      return owner && owner->party == signs.party;
                    }},
                    signer);
}

}  // namespace

void Node::submit_all(std::vector<SignedTransaction> transactions,
                      std::function<void(const Submitted&)> callback) {
  const auto submission = std::make_shared<Submission>();
  submission->transactions = std::move(transactions);
  submission->refusals.resize(submission->transactions.size());
  submission->callback = std::move(callback);
  const bool congested = is_congested() || checks_.waiting(options_.self) >= kSubmittedPiecesMax;
  std::vector<std::vector<std::size_t>> pieces(1);  // One in any case: the answer comes later.
  std::size_t operations = 0;                       // Of the last piece.
  for (std::size_t i = 0; i < submission->transactions.size(); ++i) {
    const auto& transaction = submission->transactions[i];
    auto& refusal = submission->refusals[i];
    if (congested && !pool_.holds(transaction.id())) {
      refusal = {Errc::mempool_full, "transactions wait too long here: try again in a second"};
    } else if (!is_known_signer(journal_->state(), transaction.body.signer)) {
      // A transaction may hold a thousand signatures.  For a stranger none is checked.
      refusal = {Errc::signer_unknown, "the key is not the party's"};
    } else if (const auto form = check_form(transaction, journal_->tip().chain_id); !form) {
      refusal = form.error();
    } else {
      if (operations > 0 && operations + transaction.operations.size() > kCheckedTogether) {
        pieces.emplace_back();
        operations = 0;
      }
      pieces.back().push_back(i);
      operations += transaction.operations.size();
    }
  }
  submission->checks = pieces.size();
  for (auto& piece : pieces) check_submitted(submission, std::move(piece));
}

// The signatures of these transactions of the submission.
void Node::check_submitted(const std::shared_ptr<Submission>& submission,
                           std::vector<std::size_t> places) {
  const auto batch = std::make_shared<TxBatch>();
  for (const auto place : places) {
    batch->transactions.push_back(std::move(submission->transactions[place]));
  }
  check_signatures(options_.self, batch,
                   [this, submission, batch, places = std::move(places)](bool valid) {
                     for (std::size_t i = 0; i < places.size(); ++i) {
                       submission->transactions[places[i]] = std::move(batch->transactions[i]);
                     }
                     take_checked(submission, places, valid);
                   });
}

void Node::take_checked(const std::shared_ptr<Submission>& submission,
                        const std::vector<std::size_t>& places, bool valid) {
  if (!valid && places.size() > 1) {  // Which?
    submission->checks += places.size() - 1;
    for (const auto place : places) check_submitted(submission, {place});
    return;
  }
  if (!valid) submission->refusals[places.front()] = Error{Errc::signature_invalid, {}};
  if (--submission->checks > 0) return;
  // All are checked, and taken in their order: the later ones of a lane follow the earlier.
  Submitted submitted;
  for (std::size_t i = 0; i < submission->transactions.size(); ++i) {
    auto& refusal = submission->refusals[i];
    submitted.push_back(refusal ? Result<Digest>(*std::move(refusal))
                                : admit(std::move(submission->transactions[i])));
  }
  if (!failed_) {
    report_work();
    seal_if_due();
    wake();
  }
  submission->callback(submitted);
}

// REQUIRES: form and signatures are right.
Result<Digest> Node::admit(SignedTransaction transaction) {
  if (failed_) return Error{Errc::not_ready, "the node has stopped"};
  const Digest id = transaction.id();
  const auto status =
      pool_.add(std::move(transaction), journal_->state(), journal_->tip().height.next());
  // What is journaled already is never admitted again.
  if (!status && !journal_->store().transaction_position(id)) return status.error();
  return id;
}

TransactionStatus Node::transaction_status(const Digest& id) const {
  // What is held is not committed, and the question takes no look at the disk.
  if (pool_.holds(id)) return {TransactionState::pending, std::nullopt, std::nullopt};
  if (const auto position = journal_->store().transaction_position(id)) {
    return {TransactionState::committed, std::nullopt, position};
  }
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
  return pool_.next_sequence(party, lane, *expected);
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
  status.epoch = replica_->finalized().epoch;
  status.view = replica.view;
  status.leader = members_.name_of(replica.leader);
  status.catching_up = catch_up_.has_value() || replica.catching_up;
  describe_snapshots(status);
  status.mempool_transactions = pool_.count();
  status.mempool_bytes = pool_.bytes();
  const TimeMs time = now().steady;
  status.uptime_ms = time.value() - started_at_.value();
  status.ms_since_commit = time.value() - committed_at_.value();

  std::size_t connected = 0;
  std::vector<Height> claimed;  // By peers.
  for (std::uint16_t i = 0; i < members_.validator_count(); ++i) {
    const auto number = members_.all()[i].number;
    const bool is_self = number == options_.self;
    ValidatorStatus validator;
    validator.name = members_.all()[i].name;
    validator.connected = is_self || peers_.at(number).connected;
    validator.finalized_height = is_self ? tip.height : peers_.at(number).finalized_height;
    validator.voted =
        std::ranges::find(replica.missing, ValidatorIndex(i)) == replica.missing.end();
    if (validator.connected) ++connected;
    if (validator.connected && !is_self) claimed.push_back(validator.finalized_height);
    status.validators.push_back(std::move(validator));
  }
  // One more than may lie: at least one of them speaks the truth.
  const std::size_t liars = members_.validator_count() - quorum();
  std::ranges::sort(claimed, std::greater());
  if (claimed.size() > liars && claimed[liars].value() > tip.height.value() + kBehindHeights) {
    status.catching_up = true;
  }
  status.voting = is_voting();
  status.disk_free_bytes = options_.disk_free_bytes();
  status.recovery = pending_recovery();
  status.evidence_seen = evidence_count_;
  status.ready = connected >= quorum() && !status.catching_up;
  auto seen = situation(replica, connected, status.catching_up);
  seen.disk_free_bytes = status.disk_free_bytes;
  status.diagnosis = diagnose(seen);
  return status;
}

std::optional<Recovery> Node::pending_recovery() const {
  const auto& state = journal_->state();
  const auto self = find_member(state, MemberNumber(options_.self.value()));
  return self ? find_recovery(state, self->party) : std::nullopt;
}

AbsentValidator Node::absent(std::size_t validator) const {
  const auto& member = members_.all().at(validator);
  const auto it = peers_.find(member.number);
  if (it == peers_.end()) return {member.name, true, 0};  // This node itself.
  const auto& peer = it->second;
  const TimeMs since = peer.heard_at.value_or(started_at_);
  return {member.name, peer.connected, now().steady.value() - since.value()};
}

Situation Node::situation(const ReplicaStatus& replica, std::size_t linked,
                          bool catching_up) const {
  Situation situation;
  situation.validators = members_.validator_count();
  situation.quorum = quorum();
  situation.linked = linked;
  situation.votes = is_voting();
  situation.catching_up = catching_up;
  situation.ms_since_commit = now().steady.value() - committed_at_.value();
  situation.view = replica.view;
  situation.leader = members_.name_of(replica.leader);
  situation.proposal_held = replica.proposal_held;
  if (replica.notarized_view > replica.finalized.view) {
    situation.notarized_view = replica.notarized_view;
  }
  situation.idle_interval_ms = idle_interval_ms_;
  situation.has_work = work_reported_ || situation.notarized_view > View(0);
  situation.awaits_handover = replica_->ended();
  situation.leader_seen = absent(replica.leader.value());
  for (std::uint16_t i = 0; i < members_.validator_count(); ++i) {
    const auto validator = absent(i);
    if (!validator.linked) situation.unlinked.push_back(validator);
    if (std::ranges::find(replica.missing, ValidatorIndex(i)) != replica.missing.end()) {
      situation.without_vote.push_back(validator);
    }
    if (std::ranges::find(replica.finalized_by, ValidatorIndex(i)) == replica.finalized_by.end()) {
      situation.without_finalize.push_back(validator);
    }
  }
  for (const auto& name : checkpointer_.lacking(journal_->tip().position.value() + 1)) {
    situation.without_cosignature.push_back(absent_by_name(name));
  }
  return situation;
}

// Of any member: who leaves the set cosigns the last block of its epoch.
AbsentValidator Node::absent_by_name(const std::string& name) const {
  const auto it = std::ranges::find(members_.all(), name, &MemberContact::name);
  if (it == members_.all().end()) return {name, false, 0};
  return absent(static_cast<std::size_t>(it - members_.all().begin()));
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
       "Memory of batches that are not final",
       Kind::gauge,
       {},
       number(batches_.pending_memory())},
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
  add_snapshot_metrics(metrics);
  if (const auto bytes = options_.disk_free_bytes()) {
    metrics.push_back({"disk_free_bytes",
                       "What the disk of the journal still takes",
                       Kind::gauge,
                       {},
                       number(*bytes)});
  }
  add_alarm_metrics(metrics);
  add_stage_metrics(metrics);
  add_peer_metrics(metrics);
  return metrics;
}

void Node::add_alarm_metrics(std::vector<Metric>& metrics) const {
  metrics.push_back({"own_recovery_pending",
                     "Another key is to sign for this node's organisation",
                     Metric::Kind::gauge,
                     {},
                     pending_recovery() ? 1.0 : 0.0});
  const auto add = [&metrics](const char* outcome, std::uint64_t count) {
    metrics.push_back({"unpaid_earnings_total",
                       "Promises of rules that nobody got, and earnings not given back",
                       Metric::Kind::counter,
                       {{"outcome", outcome}},
                       static_cast<double>(count)});
  };
  add("budget_exhausted", unpaid_.budget_exhausted());
  add("no_payee", unpaid_.no_payee());
  add("owed_back", unpaid_.owed_back());
}

void Node::add_stage_metrics(std::vector<Metric>& metrics) const {
  meter_.times.add_to(metrics);
  const auto micros = verifier_->cpu_us();
  if (micros == 0) return;
  metrics.push_back({"stage_cpu_seconds_total",
                     "Processor time of the stages",
                     Metric::Kind::counter,
                     {{"stage", "verify"}},
                     static_cast<double>(micros) / 1e6});
}

void Node::add_peer_metrics(std::vector<Metric>& metrics) const {
  using Kind = Metric::Kind;
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
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
}

std::function<void()> Node::on_commit(std::function<void(Height)> callback) {
  const std::uint64_t number = next_subscriber_++;
  subscribers_.emplace(number, std::move(callback));
  return [this, number] { subscribers_.erase(number); };
}

}  // namespace fenrun
