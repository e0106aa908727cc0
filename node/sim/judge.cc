#include "node/sim/judge.h"

#include <algorithm>

#include "contracts/claims.h"
#include "contracts/records.h"
#include "core/overloaded.h"
#include "ledger/merkle/tree.h"
#include "ledger/proof/entry.h"
#include "node/storage/append_log.h"
#include "node/storage/guard_file.h"
#include "node/storage/vote_log.h"

namespace fenrun::sim {
namespace {

Digest root_over(std::uint64_t size, const LedgerStore& store) {
  return merkle_root(size,
                     [&](unsigned level, std::uint64_t index) { return store.node(level, index); });
}

constexpr std::size_t kVotesRemembered = 4'096;
constexpr std::size_t kVerdictsRemembered = 4'096;
constexpr std::size_t kLatelyVotedMax = 256;
constexpr unsigned kLogSample = 8;  // Of so many votes one is looked up in its log.

VotedView view_of(const Subject& subject) { return {subject.epoch.value(), subject.view.value()}; }

}  // namespace

Judge::Judge(Story& story, std::set<std::uint16_t> byzantine, const Genesis& genesis)
    : story_(&story),
      checker_(byzantine),
      byzantine_(std::move(byzantine)),
      chain_id_(chain_id(genesis)) {
  open(Epoch(0), genesis.validators);
}

void Judge::open(Epoch epoch, const ValidatorList& validators) {
  checker_.opened(epoch, validators.size());
  auto& keys = members_[epoch.value()];
  keys.clear();
  for (const auto& validator : validators) keys.push_back(validator.consensus_key);
  std::ranges::sort(keys);
}

void Judge::object(const std::string& text) {
  story_->tell("judge", "OBJECTS", text);
  violations_.push_back(text);
}

void Judge::collect() {
  const auto& found = checker_.violations();
  for (; collected_ < found.size(); ++collected_) object(found[collected_]);
}

void Judge::owns(const PublicKey& consensus_key, std::uint16_t identity) {
  owners_.emplace(consensus_key, identity);
}

void Judge::excuse(std::uint16_t identity, const PublicKey& consensus_key) {
  excused_.insert(identity);
  doubtful_.insert(consensus_key);
  checker_.excuse(identity);
}

void Judge::trust(std::uint16_t identity) {
  if (excused_.erase(identity) > 0) checker_.trust(identity);
}

void Judge::note_block(const Payload& payload) {
  const auto entry = decode_entry(payload.header);
  const auto* header = entry ? std::get_if<Header>(&*entry) : nullptr;
  if (header != nullptr) note_header(block_id_of(payload), *header);
}

void Judge::note_header(const Digest& id, const Header& header) {
  checker_.made(id, header.ends_epoch());
  checker_.placed(id, header.epoch, header.view, header.parent_view);
}

// Votes, proposals and certificates; the rest would drown them.
void Judge::tell(const Machine& machine, const Outgoing& outgoing, const Message& message) {
  const auto say = [&](const char* form, const Subject& subject) {
    std::string line = form + std::string(name_of(subject.kind)) + " " +
                       std::to_string(subject.epoch.value()) + "/" +
                       std::to_string(subject.view.value());
    if (subject.kind != VoteKind::nullify) {
      line +=
          " b:" + brief(subject.block_id) + " on " + std::to_string(subject.parent_view.value());
    }
    if (outgoing.to) line += " to " + std::to_string(outgoing.to->value());
    story_->tell(machine.name(), "sends", line);
  };
  std::visit(overloaded{
                 [&](const Vote& vote) { say("", vote.subject); },
                 [&](const Propose& propose) { say("proposal, ", propose.subject()); },
                 [&](const Certificate& certificate) { say("certificate: ", certificate.subject); },
                 [](const auto&) {},
             },
             message);
}

void Judge::judged(const Machine& machine, const Propose& propose, Verdict verdict) {
  const bool is_right = verdict == Verdict::valid || verdict == Verdict::early;
  // No verdict on the proposal: it was altered, or something is missing here.
  if (!is_honest(machine) || (!is_right && verdict != Verdict::invalid)) return;
  const auto subject = propose.subject();
  const Question question{view_of(subject), subject.parent_view.value(), subject.block_id,
                          propose.parent_id};
  const auto [first, fresh] = verdicts_.emplace(question, FirstVerdict{is_right, machine.name()});
  if (first->second.is_right != is_right) {
    const auto right = is_right ? machine.name() : first->second.by;
    const auto wrong = is_right ? first->second.by : machine.name();
    object(right + " finds block " + brief(subject.block_id) + " of view " +
           std::to_string(subject.view.value()) + " right, and " + wrong + " does not");
  }
  if (verdicts_.size() > kVerdictsRemembered) verdicts_.erase(verdicts_.begin());
}

void Judge::overheard(const Machine& machine, const std::vector<Outgoing>& sent) {
  for (const auto& outgoing : sent) {
    const auto message = decode<NodeMessage>(*outgoing.payload);
    const auto* inner = message ? std::get_if<Message>(&*message) : nullptr;
    if (inner == nullptr) continue;
    tell(machine, outgoing, *inner);
    if (const auto* propose = std::get_if<Propose>(inner)) note_block(propose->payload);
  }
  collect();
}

// Votes of an epoch that ended within the event were cast before it ended.
void Judge::sent(Machine& machine, const std::vector<Outgoing>& sent) {
  std::vector<Vote> later;
  const auto epoch = Epoch(checker_.ended_epochs(machine.number().value()));
  for (const auto& outgoing : sent) {
    const auto message = decode<NodeMessage>(*outgoing.payload);
    if (!message) {
      object(machine.name() + " sent what is no message");
      continue;
    }
    if (const auto* signatures = std::get_if<CheckpointSignatures>(&*message)) {
      if (is_honest(machine)) check_cosignature(machine, *signatures);
    }
    const auto* inner = std::get_if<Message>(&*message);
    if (inner == nullptr) continue;
    tell(machine, outgoing, *inner);
    const auto take = [&](const Vote& vote) {
      if (vote.subject.epoch != epoch) return later.push_back(vote);
      check_vote(machine, vote);
    };
    std::visit(overloaded{
                   [&](const Vote& vote) { take(vote); },
                   [&](const Propose& propose) {
                     note_block(propose.payload);
                     if (expects_order_ && is_honest(machine)) {
                       proposed_.emplace(view_of(propose.subject()), machine.name());
                     }
                     // It executed what it proposes; an epoch's last block is judged by nobody.
                     if (block_id_of(propose.payload) != propose.parent_id) {
                       judged(machine, propose, Verdict::valid);
                     }
                     take({propose.subject(), ValidatorIndex(0), propose.signature});
                   },
                   [&](const Certificate& certificate) {
                     if (is_honest(machine)) check_certificate(machine, certificate);
                   },
                   [](const auto&) {},
               },
               *inner);
  }
  take_commits(machine);
  for (const auto& vote : later) check_vote(machine, vote);
  collect();
}

// A notarize that was cast ahead of this nullify, and would be sent behind it: whoever dies
// half-way through sending repeats both, in any order.  The log knows the order in which they were
// cast.
void Judge::take_earlier_notarize(Machine& machine, const Vote& nullify) {
  const auto visit = [&](std::uint64_t, const AppendLog::Record& record) -> Status {
    if (record.type != kConsensusLogRecord) return {};
    FENRUN_TRY(const auto content, decode<LogRecord>(record.payload));
    const auto* vote = std::get_if<Vote>(&content);
    if (vote == nullptr || vote->subject.epoch != nullify.subject.epoch ||
        vote->subject.view != nullify.subject.view) {
      return {};
    }
    if (vote->signature == nullify.signature) return Errc::stale;  // What follows came later.
    if (vote->subject.kind == VoteKind::notarize) {
      checker_.sent(machine.number().value(), {vote->subject, ValidatorIndex(0), vote->signature});
    }
    return {};
  };
  static_cast<void>(AppendLog::read_records(machine.disk(), machine.vote_log_path(), visit));
}

// Whether the log says durably that nothing is cast any more in the view of this vote, which was
// final by the time it left.
bool Judge::has_forgotten(Machine& machine, const Vote& vote) {
  bool forgotten = false;
  const auto visit = [&](std::uint64_t, const AppendLog::Record& record) -> Status {
    if (record.type != kConsensusLogRecord) return {};
    FENRUN_TRY(const auto content, decode<LogRecord>(record.payload));
    const auto* opened = std::get_if<EpochOpened>(&content);
    if (opened == nullptr) return {};
    const auto& subject = vote.subject;
    const bool covers =
        std::pair(opened->epoch, opened->forgotten) >= std::pair(subject.epoch, subject.view);
    forgotten =
        forgotten || (covers && machine.disk().is_durable(machine.vote_log_path(), record.payload));
    return {};
  };
  static_cast<void>(AppendLog::read_records(machine.disk(), machine.vote_log_path(), visit));
  return forgotten;
}

// Ahead of the vote stand its block with all batches, and of a finalize the notarization.
void Judge::check_block_is_logged(Machine& machine, const Vote& vote) {
  const auto& subject = vote.subject;
  std::set<Digest> batches;
  bool has_vote = false;
  bool has_block = false;
  bool has_notarization = false;
  const auto visit = [&](std::uint64_t, const AppendLog::Record& record) -> Status {
    if (record.type == kBatchLogRecord) batches.insert(TxBatch::digest_of(record.payload));
    if (record.type != kConsensusLogRecord || has_vote) return {};
    FENRUN_TRY(const auto content, decode<LogRecord>(record.payload));
    if (const auto* own = std::get_if<Vote>(&content)) {
      has_vote = own->signature == vote.signature;
    } else if (const auto* propose = std::get_if<Propose>(&content)) {
      const auto& payload = propose->payload;
      has_block = has_block || (block_id_of(payload) == subject.block_id &&
                                std::ranges::all_of(payload.batches, [&](const Digest& digest) {
                                  return batches.contains(digest);
                                }));
    } else if (const auto* held = std::get_if<Certificate>(&content)) {
      has_notarization = has_notarization || (held->subject.kind == VoteKind::notarize &&
                                              held->subject.view == subject.view);
    }
    return {};
  };
  static_cast<void>(AppendLog::read_records(machine.disk(), machine.vote_log_path(), visit));
  if (!has_vote) return;  // Forgotten by now.
  const bool is_whole = has_block && (has_notarization || subject.kind != VoteKind::finalize);
  if (!is_whole) {
    object(machine.name() + " sent a vote of view " + std::to_string(subject.view.value()) +
           " without what it rests on in its log");
  }
}

void Judge::check_vote(Machine& machine, const Vote& vote) {
  if (!is_honest(machine) || excused_.contains(machine.number().value())) return;
  const bool is_new = !durable_votes_.contains(sha256(encode(vote.signature)));
  if (is_new && vote.subject.kind == VoteKind::nullify) take_earlier_notarize(machine, vote);
  // Its index may belong to the epoch that ended within the event.
  checker_.sent(machine.number().value(), {vote.subject, ValidatorIndex(0), vote.signature});
  if (!is_new) return;
  auto& lately = lately_voted_[machine.number().value()];
  lately.emplace_back(machine.now().steady, view_of(vote.subject));
  if (lately.size() > kLatelyVotedMax) lately.pop_front();
  if (vote.subject.kind == VoteKind::nullify) check_patience(machine, vote.subject);
  const auto bytes = encode(vote.signature);
  if (!machine.disk().is_durable(machine.vote_log_path(), bytes) && !has_forgotten(machine, vote)) {
    object("I8: " + machine.name() + " sent a vote of view " +
           std::to_string(vote.subject.view.value()) + " that is not durable");
  }
  const bool is_sampled = vote.signature.bytes[0] % kLogSample == 0;
  if (is_sampled && vote.subject.kind != VoteKind::nullify) check_block_is_logged(machine, vote);
  if (durable_votes_.size() > kVotesRemembered) durable_votes_.clear();
  durable_votes_.insert(sha256(bytes));
}

void Judge::check_patience(const Machine& machine, const Subject& nullify) {
  const auto leader = proposed_.find(view_of(nullify));
  if (!expects_order_ || leader == proposed_.end()) return;
  object(machine.name() + " gave up view " + std::to_string(nullify.view.value()) + ", in which " +
         leader->second + " had proposed");
}

VotedView Judge::last_vote(const Machine& machine, TimeMs until) const {
  VotedView last;
  const auto lately = lately_voted_.find(machine.number().value());
  if (lately == lately_voted_.end()) return last;
  for (const auto& [at, view] : lately->second) {
    if (at <= until) last = std::max(last, view);
  }
  return last;
}

bool Judge::has_voted_since(const Machine& machine, TimeMs time) const {
  const auto lately = lately_voted_.find(machine.number().value());
  return lately != lately_voted_.end() && !lately->second.empty() &&
         lately->second.back().first >= time;
}

void Judge::check_certificate(const Machine& machine, const Certificate& certificate) {
  if (!checker_.has_quorum(certificate)) {
    object(machine.name() + " passes on a certificate without a quorum");
  }
  checker_.sent(certificate);
}

void Judge::check_cosignature(Machine& machine, const CheckpointSignatures& signatures) {
  const auto [known, fresh] = cosigned_.emplace(signatures.size, signatures.root);
  if (known->second != signatures.root) {
    object(machine.name() + " cosigned another root of size " + std::to_string(signatures.size));
  }
  if (!machine.is_up()) return;
  const auto& journal = machine.journal();
  if (signatures.size <= journal.tip().position.value() + 1 &&
      signatures.root != root_over(signatures.size, journal.store())) {
    object(machine.name() + " cosigned another root of size " + std::to_string(signatures.size) +
           " than its journal has");
  }
  const auto guard = decode_guard(machine.disk().durable_bytes(machine.guard_path()));
  if (!guard || guard->size < signatures.size) {
    object(machine.name() + " cosigned size " + std::to_string(signatures.size) +
           " before its guard was durable");
  }
}

void Judge::started(Machine& machine) {
  const std::uint64_t tip = machine.journal().tip().height.value();
  if (is_honest(machine) && tip < heights_[machine.place()]) {
    object("I10: " + machine.name() + " started at height " + std::to_string(tip) +
           ", had committed " + std::to_string(heights_[machine.place()]));
  }
  take_commits(machine);
  check_log_stands(machine);
  collect();
}

// Nobody gives up a log that was never exchanged.
void Judge::check_log_stands(Machine& machine) {
  if (!is_honest(machine) || excused_.contains(machine.number().value())) return;
  bool is_retired = false;
  const auto visit = [&](std::uint64_t, const AppendLog::Record& record) -> Status {
    is_retired = is_retired || record.type == VoteLog::kRetired;
    return {};
  };
  static_cast<void>(AppendLog::read_records(machine.disk(), machine.vote_log_path(), visit));
  if (is_retired) object(machine.name() + " has its log and gave it up");
}

void Judge::set_back(const Machine& machine) {
  heights_[machine.place()] = 0;
  checker_.rolled_back(machine.number().value(), Height(0), 0);
}

// Everything that the journal holds above what was seen of it.
void Judge::take_commits(Machine& machine) {
  if (!machine.is_up() || !is_honest(machine)) return;
  const auto& journal = machine.journal();
  const auto identity = machine.number().value();
  auto& seen = heights_[machine.place()];
  for (; seen < journal.tip().height.value(); ++seen) {
    const auto header = journal.header(Height(seen + 1));
    if (!header) {  // It began anew with a snapshot.
      ++snapshots_;
      if (!checker_.may_be_committed(journal.tip().height, journal.tip_id())) {
        object("I7: " + machine.name() + " began anew with another block than is final");
      }
      seen = journal.tip().height.value();
      checker_.rolled_back(identity, journal.tip().height, journal.tip().epoch_of_child().value());
      return;
    }
    const Digest id = block_id(*header);
    if (header->journal_root != root_over(header->position.value(), journal.store())) {
      object(machine.name() + " committed a Header that names another root than its journal has");
    }
    note_header(id, *header);
    checker_.committed(identity, header->epoch, header->height, id, header->parent);
    if (header->ends_epoch() && header->height == journal.tip().height) {
      open(header->epoch.next(), validators(journal.state()));
    }
    check_finalization(machine, *header, id);
    take_transactions(machine, *header);
  }
}

// Of each run of blocks the last has a certificate of its own, by a quorum of its epoch's
// validators.
void Judge::check_finalization(const Machine& machine, const Header& header, const Digest& id) {
  const auto& store = machine.journal().store();
  const auto bytes = store.certificate(header.height);
  const bool is_tip = header.height == machine.journal().tip().height;
  if (!bytes || bytes->empty()) {
    if (is_tip) object(machine.name() + " committed a block that nobody finalized");
    return;
  }
  if (finalizations_.contains(sha256(*bytes))) return;
  const auto certificate = decode<Certificate>(*bytes);
  const auto members = members_.find(header.epoch.value());
  if (members == members_.end()) return;
  bool is_right = certificate && checker_.has_quorum(*certificate);
  if (is_right) {
    const auto& subject = certificate->subject;
    is_right = subject.kind == VoteKind::finalize && subject.epoch == header.epoch &&
               subject.block_id == id && checker_.is_in_place(subject);
    const auto& keys = members->second;
    std::size_t next = 0;
    for (std::size_t i = 0; i < 64 && is_right; ++i) {
      if ((certificate->signers >> i & 1U) == 0) continue;
      is_right = i < keys.size() &&
                 verify(keys[i], Domain::consensus_vote, signed_bytes(chain_id_, subject),
                        certificate->signatures[next++]);
    }
  }
  if (!is_right) {
    return object(machine.name() + " committed height " + std::to_string(header.height.value()) +
                  " without a finalization by its validators");
  }
  finalizations_.insert(sha256(*bytes));
}

// The first who commits a height tells what is in it.
void Judge::take_transactions(const Machine& machine, const Header& header) {
  if (header.height.value() <= transactions_until_) return;
  transactions_until_ = header.height.value();
  std::size_t count = 0;
  for (const auto entries : header.counts) count += entries;
  const Position first(header.position.value() - count);
  const auto entries = machine.journal().store().entries(first, count);
  if (!entries) return object(machine.name() + " cannot read a block it has committed");
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto entry = decode_entry((*entries)[i]);
    if (!entry) return object(machine.name() + " committed what is no entry");
    if (const auto* posting = std::get_if<Posting>(&*entry)) take_posting(*posting);
    if (const auto* operation = std::get_if<OperationEntry>(&*entry)) take_claim(*operation);
    const auto* transaction = std::get_if<TransactionEntry>(&*entry);
    if (transaction == nullptr) continue;
    const Position position(first.value() + i);
    const Digest id = transaction->body.id();
    if (!transactions_.emplace(id, position).second) {
      object("transaction " + brief(id) + " is journaled twice");
    }
  }
  story_->tell(machine.name(), "commits",
               "height " + std::to_string(header.height.value()) + ", block " +
                   brief(block_id(header)) + ", " + std::to_string(count) + " entries");
}

// Simulations have one asset.
void Judge::take_posting(const Posting& posting) {
  const std::int64_t amount = posting.amount.units();
  const PartyId& payee =
      posting.kind == PostingKind::earning ? posting.destination.party : posting.source.party;
  switch (posting.kind) {
    case PostingKind::budget:
      return;
    case PostingKind::earning:
      earned_[payee] += amount;
      return;
    case PostingKind::instruct:
      earned_[payee] -= amount;
      promised_[payee] += amount;
      if (earned_[payee] < 0) object("more is instructed than its payee earned");
      return;
    case PostingKind::settle:
      promised_[payee] -= amount;
      ++payments_;
      if (promised_[payee] < 0) object("more is paid than was instructed");
      return;
    case PostingKind::fail:
      promised_[payee] -= amount;
      earned_[payee] += amount;
      if (promised_[payee] < 0) object("more has failed than was instructed");
      return;
    case PostingKind::reversal:
      earned_[payee] -= amount;
      if (earned_[payee] < 0) object("more is taken back than its payee earned");
      return;
  }
}

void Judge::take_claim(const OperationEntry& operation) {
  if (codes_ == nullptr || operation.outcome != Errc::ok) return;
  const auto decoded = decode_operation(operation.payload);
  const auto* claimed = decoded ? std::get_if<ClaimCode>(&*decoded) : nullptr;
  if (claimed == nullptr) return;
  const auto& claim = claimed->claim;
  if (!used_.insert(claim.index).second) {
    object("code " + std::to_string(claim.index) + " is used twice");
  }
  if (claim.claimant != codes_->holder(claim.index)) {
    object("code " + std::to_string(claim.index) + " is used by somebody who does not hold it");
  }
}

// What a node answers of each code.
void Judge::check_codes(const Machine& machine) {
  if (codes_ == nullptr) return;
  const auto& state = machine.journal().state();
  const bool is_level = machine.journal().tip().height.value() == transactions_until_;
  for (std::uint32_t i = 0; i < CodeBook::kCount; ++i) {
    const auto record = find_claim(state, codes_->batch(), i);
    const bool agrees = is_used(state, codes_->batch(), i) == record.has_value() &&
                        (!is_level || used_.contains(i) == record.has_value()) &&
                        (!record || record->claim.claimant == codes_->holder(i));
    if (!agrees) object(machine.name() + " has another story of code " + std::to_string(i));
  }
}

void Judge::refused_to_start(const Machine& machine, const Error& error) {
  if (is_honest(machine)) object(machine.name() + " does not start: " + error.to_string());
}

void Judge::stopped(const Machine& machine, const std::string& why) {
  if (is_honest(machine)) object(machine.name() + " stopped: " + why);
}

void Judge::found(const Machine& machine, const RecordEvidence& evidence) {
  convicted_.insert(evidence.accused);
  const auto it = owners_.find(evidence.accused);
  story_->tell(machine.name(), "convicts",
               "the key of " + (it == owners_.end() ? "nobody" : std::to_string(it->second)));
  if (it == owners_.end() ||
      (!byzantine_.contains(it->second) && !doubtful_.contains(evidence.accused))) {
    object(machine.name() + " convicts an honest validator");
  }
}

void Judge::answered(const Machine& machine, const Digest& id, const TransactionStatus& status) {
  if (!is_honest(machine)) return;
  if (status.state == TransactionState::expired) expired_.insert(id);
  if (status.state != TransactionState::committed) return;
  const auto [known, fresh] = committed_.emplace(id, *status.position);
  if (known->second != *status.position) {
    object("transaction " + brief(id) + " is at two places");
  }
}

void Judge::finish(const std::vector<Machine*>& machines) {
  checker_.finish();
  collect();
  for (const auto& [id, position] : committed_) {
    const auto journaled = transactions_.find(id);
    if (journaled != transactions_.end() && journaled->second == position) continue;
    object("transaction " + brief(id) + " was told to be committed, and no block has it there");
  }
  for (auto* machine : machines) {
    if (!is_honest(*machine)) continue;
    check_log_stands(*machine);
    check_codes(*machine);
    const auto base = machine->journal().store().base();
    const auto first = base ? machine->journal().store().header_position(*base) : std::nullopt;
    const Position tip = machine->journal().tip().position;
    for (const auto& [id, position] : committed_) {
      if (position > tip) continue;               // It is on its way.
      if (first && position <= *first) continue;  // It began with a snapshot above.
      if (machine->node().transaction_status(id).position == position) continue;
      object(machine->name() + " lost transaction " + brief(id) + ", which was committed");
    }
  }
  for (const auto& id : expired_) {
    if (transactions_.contains(id)) object("transaction " + brief(id) + " expired and took effect");
  }
}

}  // namespace fenrun::sim
