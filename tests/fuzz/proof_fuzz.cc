// The stand-alone verifier: what it believes is in the ledger, whatever was done to the file.
#include <algorithm>
#include <optional>

#include "core/overloaded.h"
#include "ledger/proof/verify.h"
#include "node/json/proof_json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/proof_story.h"

namespace fenrun::fuzz {
namespace {

// Small, so that a proof is a few hundred bytes; all kinds of claims are in it.
const test::ProofStory& story() {
  static const test::ProofStory kStory(40);
  return kStory;
}
const std::vector<std::pair<std::string, Proof>>& known_proofs() {
  static const auto kProofs = story().proofs();
  return kProofs;
}
const TrustPolicy& policy() {
  static const auto kPolicy = story().journal.policy();
  return kPolicy;
}

bool is_code_of_proofs(Errc code) {
  const auto number = static_cast<std::uint16_t>(code);
  return number >= 400 && number <= 422;
}

std::vector<Bytes> proof_seeds() {
  std::vector<Bytes> seeds;
  for (const auto& [name, proof] : known_proofs()) seeds.push_back(encode_proof(proof));
  return seeds;
}
std::vector<Bytes> proof_text_seeds() {
  std::vector<Bytes> seeds;
  for (const auto& [name, proof] : known_proofs()) seeds.push_back(seed_of(print_proof(proof)));
  return seeds;
}

// ---- What is true of the story -----------------------------------------------------------------

template <class T>
void expect_in_journal(const Proven<T>& proven) {
  const auto& journal = story().journal;
  EXPECT_FUZZ(proven.position.value() < journal.size(), "a position that does not exist");
  EXPECT_FUZZ(journal.entry(proven.position) == encode_entry(Entry(proven.entry)),
              "an entry that is not in the ledger");
}

void expect_true(const OperationFacts& facts) {
  expect_in_journal(facts.transaction);
  expect_in_journal(facts.operation);
  EXPECT_FUZZ(facts.operation.entry.transaction == facts.transaction.position,
              "an operation of another transaction");
}

bool is_newest(const RecordEntry& record, Position position) {
  return story().journal.record(record.key) == position;
}

// Each posting of the party stands in exactly one of its statements.
void expect_complete(const AccountFacts& facts) {
  std::size_t shown = 0;
  for (const auto& statement : facts.statements) {
    EXPECT_FUZZ(statement.postings.size() == statement.totals.count, "a statement cut short");
    for (const auto& posting : statement.postings) expect_in_journal(posting);
    shown += statement.postings.size();
  }
  std::size_t sides = 0;
  for (std::uint64_t i = 0; i < story().journal.size(); ++i) {
    const auto entry = decode_entry(story().journal.entry(Position(i))).value();
    const auto* posting = std::get_if<Posting>(&entry);
    if (posting == nullptr) continue;
    sides += posting->source.party == facts.party ? 1 : 0;
    sides += posting->destination.party == facts.party ? 1 : 0;
  }
  EXPECT_FUZZ(shown == sides, "an account without all of its postings");
}

void expect_current(const Proven<RecordEntry>& record) {
  expect_in_journal(record);
  EXPECT_FUZZ(is_newest(record.entry, record.position), "a record that is not current");
}

void expect_absent(const AbsenceFacts& fact) {
  expect_current(fact.before);
  const RecordKey before(fact.before.entry.key);
  EXPECT_FUZZ(before < fact.key && (!fact.next || fact.key < *fact.next),
              "absence of a key that is there");
}

void expect_true(const ProofFacts& facts) {
  std::visit(overloaded{
                 [](const TransactionFacts& fact) {
                   expect_in_journal(fact.transaction);
                   for (const auto& operation : fact.operations) expect_in_journal(operation);
                 },
                 [](const OperationFacts& fact) { expect_true(fact); },
                 [](const PostingFacts& fact) {
                   expect_in_journal(fact.posting);
                   if (fact.policy_record) expect_in_journal(*fact.policy_record);
                   if (const auto* cause = std::get_if<OperationFacts>(&fact.cause)) {
                     expect_true(*cause);
                   } else {
                     expect_in_journal(std::get<Proven<SystemEntry>>(fact.cause));
                   }
                 },
                 [](const RecordFacts& fact) { expect_current(fact.record); },
                 [](const AbsenceFacts& fact) { expect_absent(fact); },
                 [](const AccountFacts& fact) { expect_complete(fact); },
                 [](const HistoryFacts& fact) {
                   for (const auto& record : fact.records) expect_current(record);
                   for (const auto& absence : fact.absences) expect_absent(absence);
                   for (const auto& operation : fact.operations) expect_true(operation);
                 },
             },
             facts);
}

// Whether it is believed; what is believed must be true.
bool judge(const Proof& proof) {
  const auto verdict = verify(proof, policy(), {});
  if (!verdict) {
    EXPECT_FUZZ(is_code_of_proofs(verdict.error().code), verdict.error().to_string());
    return false;
  }
  EXPECT_FUZZ(verdict->checkpoint == story().journal.checkpoint(), "another checkpoint");
  expect_true(verdict->facts);
  return true;
}

// ---- Mutations ---------------------------------------------------------------------------------

// Edits of the bytes, as the input has them.
void edit(Bytes& bytes, Choices& choices) {
  const auto at = choices.below(bytes.size() + 1);
  const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  const auto count = std::min<std::size_t>(choices.below(64), bytes.size() - at);
  switch (choices.below(5)) {
    case 0: {
      const auto fresh = choices.bytes(count);
      std::copy(fresh.begin(), fresh.end(), place);
      return;
    }
    case 1: {
      const auto fresh = choices.bytes(count);
      bytes.insert(place, fresh.begin(), fresh.end());
      return;
    }
    case 2:
      bytes.erase(place, place + static_cast<std::ptrdiff_t>(count));
      return;
    case 3:
      if (at < bytes.size()) *place = static_cast<std::uint8_t>(*place ^ (1U << choices.below(8)));
      return;
    default: {
      const Bytes copy(place, place + static_cast<std::ptrdiff_t>(count));
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(choices.below(bytes.size() + 1)),
                   copy.begin(), copy.end());
    }
  }
}

// One item out, twice, or of another proof.
template <class List>
void rearrange(List& list, const List& other, Choices& choices) {
  if (list.empty()) {
    list = other;
    return;
  }
  const auto at = list.begin() + static_cast<std::ptrdiff_t>(choices.below(list.size()));
  switch (choices.below(4)) {
    case 0:
      list.erase(at);
      return;
    case 1:
      if (list.size() < List::kMax) list.insert(at, typename List::value_type(*at));
      return;
    case 2:
      if (!other.empty()) *at = other[choices.below(other.size())];
      return;
    default:
      std::iter_swap(at, list.begin());
  }
}

// The validator whose key was stolen signs whatever the file says, and so does a stranger.
void sign_by_few(Proof& proof, Choices& choices) {
  auto note = parse_note(proof.checkpoint.value);
  if (!note) return;
  note->body.root.bytes[choices.below(32)] ^= choices.byte();
  note->body.size += choices.below(3);
  const auto thief = static_cast<std::uint8_t>(choices.below(5));
  const auto name = cosigner_name(note->body.origin, "v" + std::to_string(thief));
  const auto line = cosignature_line(test::key_number(thief), name, note->body, 1'700'000'009);
  std::erase_if(note->signatures, [&](const auto& signature) { return signature.name == name; });
  note->signatures.push_back(line);
  sort_signatures(*note);
  proof.checkpoint.value = print(*note);
}

void mutate(Proof& proof, Choices& choices) {
  const auto& other = known_proofs()[choices.below(known_proofs().size())].second;
  switch (choices.below(9)) {
    case 0:
      proof.claim = other.claim;
      return;
    case 1:
      rearrange(proof.entries, other.entries, choices);
      return;
    case 2:
      rearrange(proof.chunks, other.chunks, choices);
      return;
    case 3:
      if (!proof.entries.empty()) {
        auto& entry = proof.entries[choices.below(proof.entries.size())];
        rearrange(entry.path, other.header.path, choices);
      }
      return;
    case 4:
      if (!proof.entries.empty()) {
        auto& entry = proof.entries[choices.below(proof.entries.size())];
        entry.position = Position(choices.below(story().journal.size() + 2));
      }
      return;
    case 5:
      if (!proof.chunks.empty()) proof.chunks[0].bits[choices.below(256)] ^= choices.byte();
      return;
    case 6:
      proof.header = other.header;
      return;
    case 7:
      sign_by_few(proof, choices);
      return;
    default: {
      auto bytes = encode_proof(proof);
      edit(bytes, choices);
      if (auto changed = decode_proof(bytes)) proof = *changed;
    }
  }
}

std::vector<Bytes> mutation_seeds() {
  std::vector<Bytes> seeds;
  for (std::uint8_t i = 0; i < known_proofs().size(); ++i) {
    for (std::uint8_t kind = 0; kind < 9; ++kind) {
      seeds.push_back({i, static_cast<std::uint8_t>(i + kind), kind, 0, 1, 3, 7});
    }
  }
  return seeds;
}

}  // namespace

FENRUN_FUZZ(proof, proof_seeds) {
  const auto proof = decode_proof(input);
  if (!proof) {
    EXPECT_FUZZ(is_code_of_proofs(proof.error().code) || proof.error().code == Errc::limit_exceeded,
                proof.error().to_string());
    return;
  }
  EXPECT_FUZZ(std::ranges::equal(encode_proof(*proof), input), "a proof has two encodings");
  judge(*proof);
}

FENRUN_FUZZ(proof_text, proof_text_seeds) {
  const auto proof = parse_proof(text_of(input));
  if (!proof) {
    EXPECT_FUZZ(is_code_of_proofs(proof.error().code) || proof.error().code == Errc::limit_exceeded,
                proof.error().to_string());
    return;
  }
  EXPECT_FUZZ(print_proof(*proof) == text_of(input), "a proof file has two spellings");
  judge(*proof);
}

FENRUN_FUZZ(proof_mutated, mutation_seeds) {
  Choices choices(input);
  const auto& [name, original] = known_proofs()[choices.below(known_proofs().size())];
  auto proof = original;
  for (int i = 0; i < 8 && !choices.empty(); ++i) mutate(proof, choices);
  const bool is_believed = judge(proof);
  EXPECT_FUZZ(is_believed || proof != original, "a true proof is refused: " + name);
  const auto again = parse_proof(print_proof(proof));
  EXPECT_FUZZ(!is_believed || (again && *again == proof), "a believed proof has no file");
}

FENRUN_FUZZ(proof_edited, mutation_seeds) {
  Choices choices(input);
  const auto& original = known_proofs()[choices.below(known_proofs().size())].second;
  auto bytes = encode_proof(original);
  const auto untouched = bytes;
  while (!choices.empty()) edit(bytes, choices);
  const auto proof = decode_proof(bytes);
  if (proof && judge(*proof)) {
    // Another claim may be as true; the same claim may lack a signature that it does not need.
    EXPECT_FUZZ(bytes == untouched || proof->claim != original.claim ||
                    proof->checkpoint != original.checkpoint,
                "the same claim is believed of another file");
  }
}

}  // namespace fenrun::fuzz
