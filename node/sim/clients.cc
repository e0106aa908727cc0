#include "node/sim/clients.h"

#include <algorithm>

#include "core/check.h"
#include "ledger/proof/entry.h"
#include "node/sim/cast.h"

namespace fenrun::sim {
namespace {

constexpr std::uint64_t kStepMs = 20;
constexpr std::uint64_t kAskMs = 100;
constexpr std::uint64_t kUnknownMs = 1'500;  // After this a transaction is submitted once more.
constexpr std::uint64_t kValidHeights = 400;

// What a journal says of a transaction's first operation.
Errc outcome_of(const Machine& machine, Position transaction) {
  const auto bytes = machine.journal().store().entry(transaction.next());
  if (!bytes) return bytes.error().code;
  const auto entry = decode_entry(*bytes);
  const auto* operation = entry ? std::get_if<OperationEntry>(&*entry) : nullptr;
  return operation == nullptr ? Errc::corruption : operation->outcome;
}

}  // namespace

Clients::Clients(const Genesis& genesis, Surroundings surroundings, std::uint64_t seed)
    : genesis_(&genesis),
      chain_id_(chain_id(genesis)),
      with_(std::move(surroundings)),
      random_(seed),
      commerce_(genesis, with_.codes, random_.next()) {
  for (const auto& validator : genesis.validators) {
    const auto party = std::ranges::find(genesis.parties, validator.party, &GenesisParty::party);
    organisations_.push_back(
        std::make_unique<Organisation>(Organisation{validator.name.value,
                                                    validator.party,
                                                    named_key(validator.name.value + " operator"),
                                                    party->role,
                                                    0,
                                                    0,
                                                    0,
                                                    {},
                                                    {},
                                                    0}));
  }
  with_.agenda->in(1, [this] { step(); });
}

void Clients::enqueue(const std::string& organisation, Maker maker, Done done) {
  const auto it =
      std::ranges::find(organisations_, organisation, [](const auto& item) { return item->name; });
  CHECK(it != organisations_.end());
  (*it)->queue.emplace_back(std::move(maker), std::move(done));
}

void Clients::expect_each(std::uint64_t transactions) {
  for (auto& item : organisations_) item->expected = item->committed + transactions;
}

bool Clients::expectation_met() const {
  return std::ranges::all_of(organisations_,
                             [](const auto& item) { return item->committed >= item->expected; });
}

void Clients::step() {
  for (auto& organisation : organisations_) step(*organisation);
  with_.agenda->in(kStepMs, [this] { step(); });
}

void Clients::step(Organisation& organisation) {
  const std::uint64_t now = with_.agenda->now();
  if (now < organisation.rests_until) return;
  auto* machine = with_.choose();
  if (machine == nullptr) return;
  if (organisation.pending) return follow_up(organisation, *machine);
  if (organisation.queue.empty() && pause_ms_ == 0) return;
  begin(organisation, *machine);
}

void Clients::begin(Organisation& organisation, Machine& machine) {
  Pending pending;
  std::vector<Operation> operations;
  if (organisation.queue.empty()) {
    operations = commerce_.next(organisation.party, organisation.role, machine.journal());
  } else {
    auto [maker, done] = std::move(organisation.queue.front());
    organisation.queue.pop_front();
    operations.push_back(maker());
    pending.done = std::move(done);
  }
  TransactionBody body;
  body.chain_id = chain_id_;
  body.signer = PartySigner{organisation.party, organisation.key.public_key()};
  body.sequence = Sequence(organisation.next);
  body.mode = TransactionMode::independent;
  body.valid_until = Height(machine.journal().tip().height.value() + kValidHeights);
  List<OperationBytes, kTransactionOperationsMax> encoded;
  for (const auto& operation : operations) encoded.push_back(*encode_operation(operation));
  pending.transaction = sign_transaction(body, encoded, organisation.key);
  pending.id = pending.transaction.id();
  pending.since = with_.agenda->now();
  with_.story->tell(organisation.name, "wants",
                    std::string(name_of(operations.front())) + " as " + brief(pending.id));
  organisation.pending = std::move(pending);
  submit(organisation, machine);
}

void Clients::submit(Organisation& organisation, Machine& machine) {
  organisation.pending->asked = with_.agenda->now();
  machine.act([&machine, transaction = organisation.pending->transaction] {
    machine.node().submit(transaction, [](const Result<Digest>&) {});
  });
}

// Whether it is taken matters less than what becomes of it: any node is asked.
void Clients::follow_up(Organisation& organisation, Machine& machine) {
  organisation.rests_until = with_.agenda->now() + kAskMs;
  const auto status = machine.node().transaction_status(organisation.pending->id);
  with_.judge->answered(machine, organisation.pending->id, status);
  switch (status.state) {
    case TransactionState::committed:
    case TransactionState::expired:
    case TransactionState::rejected:
      return conclude(organisation, machine, status);
    case TransactionState::unknown:
      // It may have come too late for its lane's turn, which this node cannot tell.
      if (machine.journal().tip().height > organisation.pending->transaction.body.valid_until) {
        return conclude(organisation, machine, {TransactionState::expired, {}, {}});
      }
      if (with_.agenda->now() - organisation.pending->asked >= kUnknownMs) {
        submit(organisation, machine);
      }
      return;
    case TransactionState::pending:
      if (with_.agenda->now() - organisation.pending->asked >= 4 * kUnknownMs) {
        submit(organisation, machine);
      }
      return;
  }
}

void Clients::conclude(Organisation& organisation, const Machine& machine,
                       const TransactionStatus& status) {
  if (status.state == TransactionState::committed) {
    ++committed_;
    ++organisation.committed;
    latency_ms_ += with_.agenda->now() - organisation.pending->since;
    ++organisation.next;
    return settle(organisation, outcome_of(machine, *status.position));
  }
  // One that is dead leaves its sequence to the next one.
  with_.story->tell(organisation.name, "gives up",
                    brief(organisation.pending->id) + ": " +
                        (status.reason ? status.reason->to_string() : "expired"));
  if (status.state == TransactionState::expired) return settle(organisation, Errc::timeout);
  // Refused by one node only; another may have journaled it: whoever knows is asked until then.
  organisation.pending->asked = 0;
}

void Clients::settle(Organisation& organisation, Errc outcome) {
  const auto done = std::move(organisation.pending->done);
  with_.story->tell(organisation.name, "learns",
                    brief(organisation.pending->id) + ": " + std::string(name_of(outcome)));
  organisation.pending.reset();
  organisation.rests_until = with_.agenda->now() + random_.below(2 * pause_ms_ + 1);
  if (done) done(outcome);
}

}  // namespace fenrun::sim
