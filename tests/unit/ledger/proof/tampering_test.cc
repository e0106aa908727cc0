// Whatever anyone does to a proof, it is refused, and with a code of proofs.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "ledger/proof/verify.h"
#include "tests/support/proof_story.h"

namespace fenrun {
namespace {

struct Known {
  std::string name;
  Proof proof;
  Bytes bytes;
};

const std::vector<Known>& known_proofs() {
  static const auto kKnown = [] {
    std::vector<Known> out;
    for (auto& [name, proof] : test::ProofStory().proofs()) {
      out.push_back({name, proof, encode_proof(proof)});
    }
    return out;
  }();
  return kKnown;
}

const TrustPolicy& policy() {
  static const auto kPolicy = test::ProofJournal().policy();
  return kPolicy;
}

bool is_code_of_proofs(Errc code) {
  const auto number = static_cast<std::uint16_t>(code);
  return number >= 400 && number <= 422;
}

// Absence of one key is shown by the same records as absence of its neighbours: the proof of
// another true claim is no forgery.
bool is_another_true_claim(const ProofVerdict& verdict, const Known& known) {
  // Of what the history is, is for contracts to judge; and absences are as below.
  const auto* const history = std::get_if<HistoryFacts>(&verdict.facts);
  const auto* const claimed = std::get_if<HistoryClaim>(&known.proof.claim);
  if (history && claimed) {
    return history->subject != claimed->subject ||
           !std::ranges::equal(history->absences, claimed->absent, {}, &AbsenceFacts::key);
  }
  const auto* facts = std::get_if<AbsenceFacts>(&verdict.facts);
  const auto* claim = std::get_if<AbsenceClaim>(&known.proof.claim);
  return facts && claim && facts->key != claim->key && facts->before.entry.key < facts->key &&
         (!facts->next || facts->key < *facts->next);
}

// Why the proof is refused; nothing if it is believed.
std::optional<Errc> refusal_of(const Proof& proof, const Known& known) {
  const auto verdict = verify(proof, policy(), {});
  if (!verdict) return verdict.error().code;
  if (is_another_true_claim(*verdict, known)) return Errc::claim_mismatch;
  return std::nullopt;
}

std::optional<Errc> refusal_of(ByteView bytes, const Known& known) {
  const auto proof = decode_proof(bytes);
  if (!proof) return proof.error().code;
  return refusal_of(*proof, known);
}

void expect_refused(std::optional<Errc> refusal, const std::string& what) {
  ASSERT_TRUE(refusal) << what << " is believed";
  EXPECT_TRUE(is_code_of_proofs(*refusal)) << what << ": " << name_of(*refusal);
}

TEST(Tampering, UntouchedProofsAreBelieved) {
  for (const auto& known : known_proofs()) {
    EXPECT_FALSE(refusal_of(known.bytes, known)) << known.name;
  }
}

TEST(Tampering, AFlippedBitAnywhereIsRefused) {
  std::set<Errc> seen;
  for (const auto& known : known_proofs()) {
    const std::size_t step = 1 + known.bytes.size() / 400;
    for (std::size_t at = 0; at < known.bytes.size(); at += step) {
      auto bytes = known.bytes;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << (at % 8)));
      const auto refusal = refusal_of(bytes, known);
      expect_refused(refusal, known.name + ", byte " + std::to_string(at));
      if (HasFatalFailure()) return;
      seen.insert(*refusal);
    }
  }
  // The flips reached every part of the files.
  for (const auto code : {Errc::proof_malformed, Errc::proof_version, Errc::checkpoint_malformed,
                          Errc::origin_unknown, Errc::cosigner_unknown, Errc::cosignature_invalid,
                          Errc::root_mismatch, Errc::claim_mismatch}) {
    EXPECT_TRUE(seen.contains(code)) << name_of(code);
  }
}

TEST(Tampering, AFileCutShortOrContinuedIsRefused) {
  for (const auto& known : known_proofs()) {
    const std::size_t step = 1 + known.bytes.size() / 150;
    for (std::size_t size = 0; size < known.bytes.size(); size += step) {
      expect_refused(refusal_of(ByteView(known.bytes).first(size), known),
                     known.name + ", first " + std::to_string(size));
    }
    for (const auto byte : Bytes{0x00, 0x01, 0xff}) {
      auto bytes = known.bytes;
      bytes.push_back(byte);
      expect_refused(refusal_of(bytes, known), known.name + " and a byte");
    }
  }
}

// Every sequence of bytes of a proof, shortened, lengthened and altered in place.
template <class Sequence>
void expect_fixed(const Known& known, const std::string& what, Proof& proof, Sequence& sequence) {
  const auto original = sequence;
  const auto check = [&](const std::string& change) {
    expect_refused(refusal_of(proof, known), known.name + ", " + what + " " + change);
    sequence = original;
  };
  using Item = typename Sequence::value_type;
  if (!original.empty()) {
    sequence.pop_back();
    check("without its end");
    sequence.erase(sequence.begin());
    check("without its start");
    sequence.clear();
    check("emptied");
    sequence.push_back(sequence.back());
    check("with its end twice");
  }
  sequence.push_back(Item{});
  check("continued");
  sequence.insert(sequence.begin(), Item{});
  check("with something before it");
  if (original.size() > 1 && original.front() != original.back()) {
    std::swap(sequence.front(), sequence.back());
    check("with its ends swapped");
  }
}

TEST(Tampering, EveryPartHasItsLength) {
  for (const auto& known : known_proofs()) {
    auto proof = known.proof;
    expect_fixed(known, "checkpoint", proof, proof.checkpoint.value);
    expect_fixed(known, "header", proof, proof.header.entry);
    expect_fixed(known, "header path", proof, proof.header.path);
    for (auto& entry : proof.entries) {
      expect_fixed(known, "entry", proof, entry.entry);
      expect_fixed(known, "path", proof, entry.path);
    }
    for (auto& chunk : proof.chunks) expect_fixed(known, "chunk path", proof, chunk.path);
    expect_fixed(known, "entries", proof, proof.entries);
    expect_fixed(known, "chunks", proof, proof.chunks);
  }
}

TEST(Tampering, PartsOfAnotherLedgerDoNotFit) {
  // A ledger of the same validators that differs in one filler entry.
  const auto others = test::ProofStory(4'201).proofs();
  for (std::size_t i = 0; i < known_proofs().size(); ++i) {
    const auto& known = known_proofs()[i];
    const auto& other = others[i].second;
    auto proof = known.proof;
    proof.checkpoint = other.checkpoint;
    expect_refused(refusal_of(proof, known), known.name + " under another checkpoint");
    proof.header = other.header;
    expect_refused(refusal_of(proof, known), known.name + " under another header");
    proof = known.proof;
    proof.entries = other.entries;
    expect_refused(refusal_of(proof, known), known.name + " with other entries");
  }
}

TEST(Tampering, EveryClaimNeedsItsOwnEvidence) {
  for (const auto& known : known_proofs()) {
    for (const auto& other : known_proofs()) {
      if (known.proof.claim == other.proof.claim) continue;
      auto proof = known.proof;
      proof.claim = other.proof.claim;
      expect_refused(refusal_of(proof, known), known.name + " as " + other.name);
    }
  }
}

RC_GTEST_PROP(TamperingProperty, AlteredRangesAreRefused, ()) {
  const auto& known = known_proofs()[*rc::gen::inRange<std::size_t>(0, known_proofs().size())];
  auto bytes = known.bytes;
  const auto begin = *rc::gen::inRange<std::size_t>(0, bytes.size());
  const auto length = *rc::gen::inRange<std::size_t>(1, 70);
  const auto end = std::min(bytes.size(), begin + length);
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = bytes.begin() + static_cast<std::ptrdiff_t>(end);
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      bytes.erase(first, last);
      break;
    case 1:
      std::fill(first, last, *rc::gen::arbitrary<std::uint8_t>());
      break;
    case 2:
      std::reverse(first, last);
      break;
    default:
      bytes.insert(first, *rc::gen::arbitrary<std::uint8_t>());
  }
  RC_PRE(bytes != known.bytes);
  const auto refusal = refusal_of(bytes, known);
  RC_ASSERT(refusal.has_value());
  RC_ASSERT(is_code_of_proofs(*refusal));
}

RC_GTEST_PROP(TamperingProperty, ArbitraryBytesAreNoProof, ()) {
  const auto bytes = *rc::gen::arbitrary<Bytes>();
  const auto proof = decode_proof(bytes);
  RC_ASSERT(!proof.has_value());
  RC_ASSERT(is_code_of_proofs(proof.error().code));
}

}  // namespace
}  // namespace fenrun
