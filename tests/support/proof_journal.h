// A small ledger for tests of proofs: a plain list of entries, naive trees, four validators.
//
// It writes what it is told, true or not: whether a verifier notices is what the tests ask.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/check.h"
#include "ledger/proof/entry.h"
#include "ledger/proof/keys.h"
#include "ledger/proof/proof.h"
#include "ledger/proof/trust_policy.h"
#include "tests/support/naive_merkle.h"

namespace fenrun::test {

inline SigningKey key_number(std::uint8_t number) {
  Seed seed;
  seed.mutable_view()[0] = number;
  return SigningKey::from_seed(seed);
}

inline PartyId party_number(std::uint8_t number) {
  PartyId party;
  party.bytes[0] = number;
  return party;
}

struct Posted {
  PostingKind kind{};
  Account source;
  Account destination;
  std::int64_t amount = 0;
};

class ProofJournal {
 public:
  static constexpr std::size_t kQuorum = 3;  // Of the first validators.
  static constexpr std::uint64_t kTime = 1'700'000'000;

  ProofJournal() {
    chain_id_.bytes.fill(0x5a);
    origin_ = log_origin("test", chain_id_);
    signers_ = signers_numbered({0, 1, 2, 3});
  }

  const std::string& origin() const { return origin_; }
  const Digest& chain_id() const { return chain_id_; }
  // Of the present validators.
  std::string policy_text() const { return policy_text(signers_); }
  TrustPolicy policy() const { return TrustPolicy::parse(policy_text()).value(); }

  // ---- Writing ---------------------------------------------------------------------------------

  Position add(const Entry& entry) {
    entries_.push_back(encode_entry(entry));
    leaves_.push_back(leaf_hash(entries_.back()));
    active_.push_back(false);
    return Position(entries_.size() - 1);
  }

  Position put(const RecordKey& key, std::optional<Bytes> value) {
    RecordEntry record{key, 0, std::nullopt, std::nullopt};
    if (value) record.value = Blob<kRecordValueBytesMax>(*value);
    if (const auto it = records_.find(key); it != records_.end()) {
      record.version = it->second.version + 1;
      record.previous = it->second.position;
      active_[it->second.position.value()] = false;
    }
    const auto position = add(record);
    active_[position.value()] = true;
    records_[key] = {position, record.version};
    return position;
  }

  // A Transaction and its Operations; gives their positions, the Transaction's first.
  std::vector<Position> transact(const std::vector<Bytes>& operations) {
    const auto signer = key_number(100);
    std::vector<Digest> leaves;
    for (const auto& payload : operations) leaves.push_back(operation_leaf(payload));
    TransactionEntry entry;
    entry.body.chain_id = chain_id_;
    entry.body.signer = PartySigner{party_number(1), signer.public_key()};
    entry.body.sequence = Sequence(entries_.size());
    entry.body.operation_count = static_cast<std::uint32_t>(operations.size());
    entry.body.operations_root = naive::root(leaves);
    entry.signature = signer.sign(Domain::transaction, encode(entry.body));
    std::vector<Position> out{add(entry)};
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
      out.push_back(add(OperationEntry{out[0], i, operations[i], Errc::ok}));
    }
    return out;
  }

  Position post(const Posted& posted, Position cause) {
    Posting posting;
    posting.kind = posted.kind;
    posting.campaign = posted.source.campaign;
    posting.asset = posted.source.asset;
    posting.period = kPeriod;
    posting.amount = Amount::minor(posted.amount);
    posting.cause = cause;
    posting.policy = PolicyId(7);
    posting.policy_version = 1;
    posting.source = side_of(posted.source);
    posting.destination = side_of(posted.destination);
    const auto position = add(posting);
    for (const auto& account : {posted.source, posted.destination}) {
      auto& statement = statements_[{account, kPeriod}];
      ++statement.count;
      statement.head = statement_chain_next(statement.head, leaves_[position.value()]);
      statement.last = position;
      auto& sum = account == posted.source ? statement.debits : statement.credits;
      sum = fenrun::add(sum, posting.amount).value();
    }
    return position;
  }

  // Writes the run of a party's statements: sentinel, then each, linked.
  void put_statements(const PartyId& party) {
    const auto scope = statement_scope(party);
    std::vector<std::pair<RecordKey, std::optional<Statement>>> run{{scope, std::nullopt}};
    for (const auto& [id, statement] : statements_) {
      if (id.account.party == party) run.emplace_back(statement_key(id), statement);
    }
    for (std::size_t i = 0; i < run.size(); ++i) {
      Linked<Statement> linked{std::nullopt, run[i].second};
      if (i + 1 < run.size()) linked.next = run[i + 1].first;
      put(run[i].first, encode(linked));
    }
  }

  Statement& statement(const StatementId& id) { return statements_.at(id); }

  Header next_header() const {
    Header header;
    header.chain_id = chain_id_;
    header.height = Height(headers_);
    header.time = TimeMs(kTime * 1000 + headers_);
    header.position = Position(entries_.size());
    header.journal_root = naive::root(leaves_);
    header.active_root = naive::root(chunk_leaves(entries_.size()));
    header.active_count = static_cast<std::uint64_t>(std::ranges::count(active_, true));
    header.epoch = epoch_;
    header.trust_policy = hash(Domain::trust_policy, bytes_of(policy_text()));
    header.next_trust_policy = header.trust_policy;
    header.validators = hash(Domain::validator_set, bytes_of(policy_text()));
    header.next_validators = header.validators;
    return header;
  }

  // Seals the epoch's last block, which these validators sign, and goes on with the next ones.
  void end_epoch(const std::vector<std::uint8_t>& next, const std::vector<std::uint8_t>& signing) {
    const auto text = policy_text(signers_numbered(next));
    auto header = next_header();
    header.next_trust_policy = hash(Domain::trust_policy, bytes_of(text));
    header.next_validators = hash(Domain::validator_set, bytes_of(text));
    seal(header);
    const auto last = prove(Position(size() - 1));
    handovers_.push_back({{print(note(signing))}, {last.entry, last.path}, {text}});
    signers_ = signers_numbered(next);
    epoch_ = epoch_.next();
  }
  const std::vector<ProofHandover>& handovers() const { return handovers_; }

  void seal() { seal(next_header()); }
  void seal(const Header& header) {
    add(header);
    ++headers_;
  }

  // ---- Proving, at the last entry --------------------------------------------------------------

  std::uint64_t size() const { return entries_.size(); }
  const Bytes& entry(Position position) const { return entries_[position.value()]; }
  Position record(const RecordKey& key) const { return records_.at(key).position; }
  CheckpointBody checkpoint() const { return {origin_, size(), naive::root(leaves_)}; }

  // Each of these validators signs as log and as cosigner.
  SignedNote note(const std::vector<std::uint8_t>& validators = {0, 1, 2, 3},
                  std::uint64_t time_s = kTime) const {
    SignedNote out{checkpoint(), {}};
    for (const auto i : validators) {
      const auto key = key_number(i);
      out.signatures.push_back(log_signature_line(key, out.body));
      out.signatures.push_back(cosignature_line(
          key, cosigner_name(origin_, "v" + std::to_string(i)), out.body, time_s + i));
    }
    sort_signatures(out);
    return out;
  }

  ProofEntry prove(Position position) const {
    return {position, entries_[position.value()], naive::path(position.value(), leaves_)};
  }

  ProofChunk chunk(std::uint64_t index) const {
    const auto leaves = chunk_leaves(size() - 1);
    return {index, bits_of(index), naive::path(index, leaves)};
  }

  // A proof with these entries, and the chunks of those among them that must be current.
  Proof proof(const ProofClaim& claim, std::vector<Position> positions,
              const std::vector<Position>& current = {}) const {
    Proof out;
    out.claim = claim;
    out.checkpoint.value = print(note());
    const auto last = prove(Position(size() - 1));
    out.header = {last.entry, last.path};
    std::ranges::sort(positions);
    for (const auto position : positions) out.entries.push_back(prove(position));
    std::map<std::uint64_t, bool> chunks;
    for (const auto position : current) chunks[position.value() / kActiveChunkBits] = true;
    for (const auto& [index, needed] : chunks) out.chunks.push_back(chunk(index));
    for (const auto& handover : handovers_) out.handovers.push_back(handover);
    return out;
  }

  Proof record_proof(const RecordKey& key) const {
    return proof(RecordClaim{key}, {record(key)}, {record(key)});
  }

  Proof account_proof(const PartyId& party) const {
    const auto scope = statement_scope(party);
    std::vector<Position> records;
    for (const auto& [key, known] : records_) {
      if (std::ranges::equal(ByteView(key).first(std::min(key.size(), scope.size())), scope)) {
        records.push_back(known.position);
      }
    }
    auto positions = records;
    for (std::uint64_t i = 0; i < size(); ++i) {
      const auto decoded = decode_entry(entries_[i]).value();
      const auto* posting = std::get_if<Posting>(&decoded);
      if (posting && (posting->source.party == party || posting->destination.party == party)) {
        positions.push_back(Position(i));
      }
    }
    return proof(AccountClaim{party}, positions, records);
  }

  static constexpr PeriodId kPeriod = PeriodId(202'611);

 private:
  static std::vector<CheckpointSigner> signers_numbered(const std::vector<std::uint8_t>& numbers) {
    std::vector<CheckpointSigner> signers;
    for (const auto i : numbers) {
      signers.push_back({"v" + std::to_string(i), key_number(i).public_key()});
    }
    return signers;
  }
  std::string policy_text(const std::vector<CheckpointSigner>& signers) const {
    return canonical_trust_policy(origin_, signers, signers.size() - (signers.size() - 1) / 3);
  }

  struct Known {
    Position position;
    std::uint64_t version = 0;
  };

  PostingSide side_of(const Account& account) {
    const StatementId id{account, kPeriod};
    const auto [it, is_new] = statements_.try_emplace(id);
    if (is_new) it->second.head = statement_chain_open(chain_id_, id);
    PostingSide side{account.party, account.book, it->second.count + 1, std::nullopt};
    if (it->second.count > 0) side.previous = it->second.last;
    return side;
  }

  ChunkBits bits_of(std::uint64_t index) const {
    ChunkBits bits{};
    for (std::uint64_t i = 0; i < kActiveChunkBits; ++i) {
      const auto position = index * kActiveChunkBits + i;
      if (position < active_.size() && active_[position]) {
        bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (1u << (i % 8)));
      }
    }
    return bits;
  }

  std::vector<Digest> chunk_leaves(std::uint64_t positions) const {
    std::vector<Digest> leaves;
    for (std::uint64_t i = 0; i * kActiveChunkBits < positions; ++i) {
      leaves.push_back(active_chunk_leaf(i, bits_of(i)));
    }
    return leaves;
  }

  Digest chain_id_;
  std::string origin_;
  std::vector<CheckpointSigner> signers_;
  std::vector<Bytes> entries_;
  std::vector<Digest> leaves_;
  std::vector<bool> active_;
  std::map<RecordKey, Known> records_;
  std::map<StatementId, Statement> statements_;
  std::uint64_t headers_ = 0;
  Epoch epoch_;
  std::vector<ProofHandover> handovers_;
};

}  // namespace fenrun::test
