#include "ledger/proof/verify.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/proof_story.h"

namespace fenrun {
namespace {

using test::key_number;
using test::ProofJournal;
using test::ProofStory;

const ProofStory& story() {
  static const ProofStory kStory;
  return kStory;
}

const Proof& proof_named(const std::string& name) {
  static const auto kProofs = story().proofs();
  for (const auto& [known, proof] : kProofs) {
    if (known == name) return proof;
  }
  ADD_FAILURE() << name;
  return kProofs.front().second;
}

Errc code_of(const Proof& proof, const TrustPolicy& policy, const VerifyOptions& options = {}) {
  const auto verdict = verify(proof, policy, options);
  return verdict ? Errc::ok : verdict.error().code;
}
Errc code_of(const Proof& proof) { return code_of(proof, story().journal.policy()); }

template <class T>
T facts_of(const std::string& name) {
  const auto verdict = verify(proof_named(name), story().journal.policy(), {});
  EXPECT_TRUE(verdict) << name;
  return std::get<T>(verdict.value().facts);
}

Proof altered(const std::string& name, const std::function<void(Proof&)>& alter) {
  auto proof = proof_named(name);
  alter(proof);
  return proof;
}

Proof with_note(const std::string& name, const std::function<void(SignedNote&)>& alter) {
  return altered(name, [&](Proof& proof) {
    auto note = parse_note(proof.checkpoint.value).value();
    alter(note);
    proof.checkpoint.value = print(note);
  });
}

TEST(Verify, TrueProofsOfEveryKindHold) {
  for (const auto& [name, proof] : story().proofs()) {
    const auto verdict = verify(proof, story().journal.policy(), {});
    ASSERT_TRUE(verdict) << name << ": " << verdict.error().to_string();
    EXPECT_EQ(verdict->checkpoint, story().journal.checkpoint());
    EXPECT_EQ(verdict->header.position.value() + 1, verdict->checkpoint.size);
    EXPECT_EQ(verdict->cosigners.size(), 4u);
    EXPECT_EQ(decode_proof(encode_proof(proof)).value(), proof);
  }
}

TEST(Verify, HandsBackWhatIsProven) {
  const auto whole = facts_of<TransactionFacts>("transaction, whole");
  EXPECT_EQ(whole.operations.size(), 3u);
  EXPECT_EQ(whole.id, whole.transaction.entry.body.id());
  const auto operation = facts_of<OperationFacts>("operation");
  EXPECT_EQ(operation.operation.entry.payload[0], 0xa1);
  const auto posting = facts_of<PostingFacts>("posting, policy");
  EXPECT_EQ(posting.posting.entry.amount, Amount::minor(250));
  EXPECT_EQ(posting.policy_record->entry.key, story().policy_key);
  EXPECT_EQ(facts_of<PostingFacts>("posting, system").cause.index(), 0u);
  EXPECT_EQ(facts_of<RecordFacts>("record").record.entry.value->front(), 0x03);
  EXPECT_FALSE(facts_of<RecordFacts>("removed record").record.entry.value);
  EXPECT_TRUE(facts_of<AbsenceFacts>("absence, first").next);
  EXPECT_FALSE(facts_of<AbsenceFacts>("absence, last").next);

  const auto history = facts_of<HistoryFacts>("history");
  EXPECT_EQ(history.records.size(), 2u);
  EXPECT_EQ(history.absences.size(), 2u);
  EXPECT_EQ(history.operations.size(), 3u);

  const auto account = facts_of<AccountFacts>("account of the store");
  ASSERT_EQ(account.statements.size(), 2u);
  EXPECT_EQ(account.statements[0].id.account.book, Book::payable);
  EXPECT_EQ(account.statements[0].totals.credits, Amount::minor(450));
  EXPECT_EQ(account.statements[0].totals.debits, Amount::minor(300));
  EXPECT_EQ(account.statements[0].postings.size(), 4u);
  EXPECT_EQ(account.statements[1].postings.size(), 1u);
}

// ---- The checkpoint ----------------------------------------------------------------------------

TEST(Verify, ThreeOfFourSufficeTwoDoNot) {
  const auto signed_by = [](const std::vector<std::uint8_t>& validators) {
    return code_of(altered("record", [&](Proof& proof) {
      proof.checkpoint.value = print(story().journal.note(validators));
    }));
  };
  EXPECT_EQ(signed_by({0, 1, 2, 3}), Errc::ok);
  EXPECT_EQ(signed_by({0, 1, 2}), Errc::ok);
  EXPECT_EQ(signed_by({1, 2, 3}), Errc::ok);
  EXPECT_EQ(signed_by({0, 3}), Errc::quorum_short);
  EXPECT_EQ(signed_by({2}), Errc::quorum_short);
}

TEST(Verify, SignaturesAreJudgedStrictly) {
  const auto body = story().journal.checkpoint();
  const auto stranger = key_number(50);
  EXPECT_EQ(code_of(with_note("record",
                              [](SignedNote& n) { n.signatures.push_back(n.signatures.back()); })),
            Errc::cosigner_repeated);
  EXPECT_EQ(code_of(with_note("record",
                              [&](SignedNote& n) {
                                // The same key once more, at another time.
                                n.signatures.push_back(cosignature_line(
                                    key_number(0), n.body.origin + "/v0", n.body, 5));
                                sort_signatures(n);
                              })),
            Errc::cosigner_repeated);
  EXPECT_EQ(code_of(with_note("record", [](SignedNote& n) { std::ranges::reverse(n.signatures); })),
            Errc::proof_not_canonical);
  EXPECT_EQ(
      code_of(with_note("record",
                        [&](SignedNote& n) {
                          n.signatures.push_back(cosignature_line(stranger, "z/stranger", body, 5));
                          sort_signatures(n);
                        })),
      Errc::cosigner_unknown);
  EXPECT_EQ(code_of(with_note("record",
                              [&](SignedNote& n) {
                                // Under a known name, by a key that is not the name's.
                                n.signatures.push_back(
                                    cosignature_line(stranger, body.origin + "/v0", body, 5));
                                sort_signatures(n);
                              })),
            Errc::cosigner_unknown);
  EXPECT_EQ(
      code_of(with_note("record", [](SignedNote& n) { n.signatures.back().bytes.back() ^= 1; })),
      Errc::cosignature_invalid);
  EXPECT_EQ(code_of(with_note("record", [](SignedNote& n) { n.signatures.back().bytes[7] ^= 1; })),
            Errc::cosignature_invalid);
  // One bad line spoils the note, even where the rest is a quorum.
  EXPECT_EQ(code_of(with_note("record",
                              [](SignedNote& n) {
                                std::erase_if(n.signatures, [&](const NoteSignature& s) {
                                  return s.name == n.body.origin;
                                });
                              })),
            Errc::quorum_short);
}

TEST(Verify, ClientsMayAskForFurtherWitnesses) {
  const VerifierKey outside{"witness.example/w", NoteKeyType::cosignature,
                            key_number(60).public_key()};
  auto text = story().journal.policy_text();
  text.erase(text.rfind("quorum"));
  text += "witness w " + print(outside) + "\ngroup both all validators w\nquorum both\n";
  const auto policy = TrustPolicy::parse(text).value();
  EXPECT_EQ(code_of(proof_named("record"), policy), Errc::quorum_short);
  const auto witnessed = with_note("record", [&](SignedNote& n) {
    n.signatures.push_back(cosignature_line(key_number(60), outside.name, n.body, 9));
    sort_signatures(n);
  });
  EXPECT_EQ(code_of(witnessed, policy), Errc::ok);
}

TEST(Verify, AnotherNetworkIsRefused) {
  auto signers = story().journal.policy().validators();
  const auto origin = log_origin("other", story().journal.chain_id());
  const auto other = TrustPolicy::parse(canonical_trust_policy(origin, signers, 3)).value();
  EXPECT_EQ(code_of(proof_named("record"), other), Errc::origin_unknown);
}

TEST(Verify, AnotherQuorumOrValidatorSetIsRefused) {
  const auto& origin = story().journal.origin();
  auto signers = story().journal.policy().validators();
  const auto lax = TrustPolicy::parse(canonical_trust_policy(origin, signers, 2)).value();
  EXPECT_EQ(code_of(proof_named("record"), lax), Errc::validators_mismatch);
  signers.push_back({"v4", key_number(4).public_key()});
  const auto grown = TrustPolicy::parse(canonical_trust_policy(origin, signers, 3)).value();
  EXPECT_EQ(code_of(proof_named("record"), grown), Errc::validators_mismatch);
}

TEST(Verify, AgeIsThatOfAQuorumNotOfTheNewestCosignature) {
  // v3 cosigned much later than the others; alone it makes nothing fresh.
  auto note = story().journal.note({0, 1, 2}, 1'000);
  const auto late = story().journal.note({3}, 9'000);
  note.signatures.insert(note.signatures.end(), late.signatures.begin(), late.signatures.end());
  sort_signatures(note);
  const auto proof = altered("record", [&](Proof& p) { p.checkpoint.value = print(note); });
  const auto policy = story().journal.policy();
  EXPECT_EQ(verify(proof, policy, {})->cosigned_s, 1'001u);
  EXPECT_EQ(code_of(proof, policy, {.age_s_max = 60, .now_s = 1'061}), Errc::ok);
  EXPECT_EQ(code_of(proof, policy, {.age_s_max = 60, .now_s = 1'062}), Errc::stale);
  EXPECT_EQ(code_of(proof, policy, {.age_s_max = std::nullopt, .now_s = 1'062}), Errc::ok);
  EXPECT_EQ(code_of(proof, policy, {.age_s_max = 0, .now_s = 0}), Errc::ok);
}

// ---- The header --------------------------------------------------------------------------------

// A proof of the changed key's record, in a journal that ends as told.
Errc code_with_ending(const std::function<void(ProofStory&)>& end) {
  ProofStory altered_story(10);
  end(altered_story);
  return code_of(altered_story.journal.record_proof(altered_story.changed_key),
                 altered_story.journal.policy());
}

TEST(Verify, TheLastLeafMustBeAHeaderThatFits) {
  const auto with_header = [](auto alter) {
    return code_with_ending([&](ProofStory& s) {
      auto header = s.journal.next_header();
      alter(header);
      s.journal.seal(header);
    });
  };
  EXPECT_EQ(with_header([](Header&) {}), Errc::ok);
  EXPECT_EQ(with_header([](Header& h) { h.position = Position(h.position.value() - 1); }),
            Errc::header_mismatch);
  EXPECT_EQ(with_header([](Header& h) { h.journal_root.bytes[0] ^= 1; }), Errc::header_mismatch);
  EXPECT_EQ(with_header([](Header& h) { h.chain_id.bytes[0] ^= 1; }), Errc::header_mismatch);
  EXPECT_EQ(with_header([](Header& h) { h.version = 2; }), Errc::proof_version);
  EXPECT_EQ(with_header([](Header& h) { h.trust_policy.bytes[0] ^= 1; }),
            Errc::validators_mismatch);
  EXPECT_EQ(with_header([](Header& h) { h.active_root.bytes[0] ^= 1; }), Errc::root_mismatch);
  EXPECT_EQ(code_with_ending([](ProofStory& s) { s.journal.add(SystemEntry{}); }),
            Errc::header_mismatch);
  // An old header once more, as the last leaf of a fresh checkpoint.
  EXPECT_EQ(code_with_ending([](ProofStory& s) { s.journal.seal(s.old_header); }),
            Errc::header_mismatch);
}

TEST(Verify, AnEmptyPathProvesATreeOfOneOnly) {
  EXPECT_EQ(code_of(altered("record", [](Proof& p) { p.header.path.clear(); })),
            Errc::path_length_wrong);
  EXPECT_EQ(code_of(altered("record", [](Proof& p) { p.entries[0].path.clear(); })),
            Errc::path_length_wrong);
  EXPECT_EQ(code_of(altered("record", [](Proof& p) { p.chunks[0].path.clear(); })),
            Errc::path_length_wrong);
}

// ---- Current and superseded --------------------------------------------------------------------

TEST(Verify, ASupersededRecordIsNotCurrent) {
  const auto& s = story();
  const auto plain =
      s.journal.proof(RecordClaim{s.changed_key}, {s.first_change}, {s.first_change});
  EXPECT_EQ(code_of(plain), Errc::not_current);

  // Dressed up with the bits of the time when it was.
  auto old_bits = plain;
  old_bits.chunks[0].bits[s.first_change.value() / 8] |=
      static_cast<std::uint8_t>(1u << (s.first_change.value() % 8));
  EXPECT_EQ(code_of(old_bits), Errc::root_mismatch);

  // Together with the old header, which is a true leaf of the journal.
  auto old_header = old_bits;
  const auto leaf = s.journal.prove(s.old_header.position);
  old_header.header = {leaf.entry, leaf.path};
  const auto code = code_of(old_header);
  EXPECT_TRUE(code == Errc::root_mismatch || code == Errc::path_length_wrong) << name_of(code);
}

TEST(Verify, RecordsNeedTheirOwnChunk) {
  EXPECT_EQ(code_of(altered("record", [](Proof& p) { p.chunks.clear(); })), Errc::claim_mismatch);
  EXPECT_EQ(code_of(altered("record", [](Proof& p) { p.chunks[0] = story().journal.chunk(0); })),
            Errc::claim_mismatch);
  EXPECT_EQ(code_of(altered("record", [](Proof& p) { p.chunks[0].index = 3; })),
            Errc::index_out_of_range);
}

// ---- Nothing missing, nothing added ------------------------------------------------------------

TEST(Verify, NothingMayBeMissing) {
  for (const auto& [name, proof] : story().proofs()) {
    for (std::size_t i = 0; i < proof.entries.size(); ++i) {
      auto less = proof;
      less.entries.erase(less.entries.begin() + static_cast<std::ptrdiff_t>(i));
      const auto code = code_of(less);
      EXPECT_TRUE(code == Errc::claim_mismatch || code == Errc::statement_incomplete)
          << name << " without entry " << i << ": " << name_of(code);
    }
    for (std::size_t i = 0; i < proof.chunks.size(); ++i) {
      auto less = proof;
      less.chunks.erase(less.chunks.begin() + static_cast<std::ptrdiff_t>(i));
      const auto code = code_of(less);
      EXPECT_TRUE(code == Errc::claim_mismatch || code == Errc::statement_incomplete)
          << name << " without chunk " << i << ": " << name_of(code);
    }
  }
}

TEST(Verify, NothingMayBeAdded) {
  const auto& journal = story().journal;
  for (const auto& [name, proof] : story().proofs()) {
    for (std::uint64_t chunk = 0; chunk < 3; ++chunk) {
      auto more = proof;
      more.chunks.push_back(journal.chunk(chunk));
      std::ranges::sort(more.chunks, {}, &ProofChunk::index);
      EXPECT_EQ(code_of(more), Errc::proof_not_canonical) << name << " and chunk " << chunk;
    }
    for (const auto position : {Position(0), Position(1'000), Position(journal.size() - 2)}) {
      auto more = proof;
      more.entries.push_back(journal.prove(position));
      std::ranges::sort(more.entries, {}, &ProofEntry::position);
      const auto code = code_of(more);
      EXPECT_TRUE(code == Errc::proof_not_canonical || code == Errc::claim_mismatch)
          << name << " and entry " << position.value() << ": " << name_of(code);
    }
    auto header_again = proof;
    header_again.entries.push_back(journal.prove(Position(journal.size() - 1)));
    EXPECT_EQ(code_of(header_again), Errc::index_out_of_range) << name;
    if (proof.entries.size() < 2) continue;
    auto reversed = proof;
    std::ranges::reverse(reversed.entries);
    EXPECT_EQ(code_of(reversed), Errc::proof_not_canonical) << name;
  }
}

// ---- Claims ------------------------------------------------------------------------------------

TEST(Verify, AClaimOfAnotherKindIsRefused) {
  const auto& s = story();
  EXPECT_EQ(code_of(s.journal.proof(TransactionClaim{s.transaction[1], false}, {s.transaction[1]})),
            Errc::claim_mismatch);
  EXPECT_EQ(code_of(s.journal.proof(OperationClaim{s.transaction[0], {}}, {s.transaction[0]})),
            Errc::claim_mismatch);
  EXPECT_EQ(code_of(s.journal.proof(PostingClaim{s.system, {}, {}}, {s.system})),
            Errc::claim_mismatch);
  EXPECT_EQ(code_of(s.journal.proof(RecordClaim{s.policy_key}, {s.system}, {Position(0)})),
            Errc::claim_mismatch);
}

TEST(Verify, AnOperationIsTheOneSigned) {
  EXPECT_EQ(code_of(altered("operation",
                            [](Proof& p) {
                              std::get<OperationClaim>(p.claim).operation_path =
                                  story().operation_path(0);
                            })),
            Errc::root_mismatch);
  EXPECT_EQ(code_of(altered(
                "posting, system",
                [](Proof& p) { std::get<PostingClaim>(p.claim).operation_path.push_back({}); })),
            Errc::proof_not_canonical);
}

TEST(Verify, JournaledNonsenseIsNoProof) {
  // What validators should never have written does not verify either.
  const auto code_of_transaction = [](auto alter) {
    ProofStory s(10);
    auto entry = decode_entry(s.journal.entry(s.transaction[0])).value();
    auto& transaction = std::get<TransactionEntry>(entry);
    alter(transaction);
    const auto position = s.journal.add(transaction);
    s.journal.seal();
    return code_of(s.journal.proof(TransactionClaim{position, false}, {position}),
                   s.journal.policy());
  };
  EXPECT_EQ(code_of_transaction([](TransactionEntry&) {}), Errc::ok);
  EXPECT_EQ(code_of_transaction([](TransactionEntry& t) { t.signature.bytes[0] ^= 1; }),
            Errc::claim_mismatch);
  EXPECT_EQ(code_of_transaction([](TransactionEntry& t) { t.body.chain_id.bytes[0] ^= 1; }),
            Errc::claim_mismatch);
  EXPECT_EQ(code_of_transaction([](TransactionEntry& t) { t.body.version = 2; }),
            Errc::claim_mismatch);
  EXPECT_EQ(code_of_transaction([](TransactionEntry& t) { t.body.lane = Lane(3); }),
            Errc::claim_mismatch);
}

TEST(Verify, APolicyIsTheOneOfThePostingsTime) {
  const auto& s = story();
  EXPECT_EQ(facts_of<PostingFacts>("posting, policy of the time").policy_record->position,
            s.first_policy);
  const auto judged = [&](std::size_t posting, const PolicyInProof& policy,
                          const std::vector<Position>& current = {}) {
    std::vector<Position> positions{policy.record, s.postings[posting]};
    if (policy.successor) positions.push_back(*policy.successor);
    if (posting == 1) {
      positions.insert(positions.end(), {s.transaction[0], s.transaction[2]});
      return code_of(s.journal.proof(PostingClaim{s.postings[1], s.operation_path(1), policy},
                                     positions, current));
    }
    positions.push_back(s.system);
    return code_of(
        s.journal.proof(PostingClaim{s.postings[posting], {}, policy}, positions, current));
  };
  const auto later = s.journal.record(s.rewritten_policy_key);
  const auto other = s.journal.record(s.changed_key);
  EXPECT_EQ(judged(1, {s.first_policy, later}), Errc::ok);
  EXPECT_EQ(judged(1, {s.first_policy, {}}, {s.first_policy}), Errc::not_current);
  EXPECT_EQ(judged(1, {s.first_policy, other}), Errc::claim_mismatch);
  EXPECT_EQ(judged(1, {s.first_change, later}), Errc::claim_mismatch);
  EXPECT_EQ(judged(1, {later, {}}, {later}), Errc::claim_mismatch);  // Younger than the posting.
  EXPECT_EQ(judged(4, {s.first_policy, later}), Errc::ok);
}

TEST(Verify, ASupersededPolicyCoversNoLaterPosting) {
  ProofJournal journal;
  const auto key = KeyWriter(24).take();
  const auto old = journal.put(key, Bytes(1, 1));
  const auto young = journal.put(key, Bytes(1, 2));
  const auto system = journal.add(SystemEntry{});
  const auto party = test::party_number(1);
  const auto posting = journal.post({PostingKind::budget, ProofStory::of(party, Book::external),
                                     ProofStory::of(party, Book::fund), 1},
                                    system);
  journal.seal();
  const auto proof = journal.proof(PostingClaim{posting, {}, PolicyInProof{old, young}},
                                   {old, young, system, posting});
  EXPECT_EQ(code_of(proof, journal.policy()), Errc::not_current);
}

TEST(Verify, AbsenceHoldsInOrderedFamiliesOnly) {
  const auto& s = story();
  const auto present =
      statement_key({ProofStory::of(s.store, Book::payable), ProofJournal::kPeriod});
  const auto claim = [&](const RecordKey& key, const RecordKey& before) {
    const auto at = s.journal.record(before);
    return code_of(s.journal.proof(AbsenceClaim{key}, {at}, {at}));
  };
  const auto scope = statement_scope(s.store);
  EXPECT_EQ(claim(present, scope), Errc::claim_mismatch);    // It is the next one.
  EXPECT_EQ(claim(present, present), Errc::claim_mismatch);  // It is the record itself.
  const auto later = statement_key({ProofStory::of(s.store, Book::instructed), PeriodId(1)});
  EXPECT_EQ(claim(later, scope), Errc::claim_mismatch);  // Not the nearest before it.
  EXPECT_EQ(claim(later, statement_scope(s.brand)), Errc::claim_mismatch);  // Another scope.
  EXPECT_EQ(claim(scope, scope), Errc::claim_mismatch);                     // No key of the scope.
  const auto other = KeyWriter(17).number(std::uint32_t{9}).take();
  EXPECT_EQ(claim(other, s.changed_key), Errc::claim_mismatch);  // Not ordered.
  EXPECT_EQ(claim({}, s.changed_key), Errc::claim_mismatch);
}

TEST(Verify, FurtherOrderedFamiliesAreTheCallersToName) {
  ProofJournal journal;
  const auto scope = KeyWriter(40).take();
  const auto key = [](std::uint16_t number) { return KeyWriter(40).number(number).take(); };
  journal.put(scope, encode(Linked<bool>{key(5), std::nullopt}));
  journal.put(key(5), encode(Linked<bool>{std::nullopt, true}));
  journal.seal();
  const auto at = journal.record(scope);
  const auto proof = journal.proof(AbsenceClaim{key(3)}, {at}, {at});
  EXPECT_EQ(code_of(proof, journal.policy()), Errc::claim_mismatch);
  VerifyOptions options;
  options.ordered_families.push_back({40, 1});
  EXPECT_EQ(code_of(proof, journal.policy(), options), Errc::ok);
}

// ---- Histories ---------------------------------------------------------------------------------

Errc code_of_history(const std::function<void(HistoryClaim&)>& alter) {
  return code_of(
      altered("history", [&](Proof& proof) { alter(std::get<HistoryClaim>(proof.claim)); }));
}

TEST(Verify, AHistoryListsEachOnceInOrder) {
  EXPECT_EQ(code_of_history([](HistoryClaim&) {}), Errc::ok);
  const auto spoil = [](auto& list) { std::swap(list.front(), list.back()); };
  const auto repeat = [](auto& list) { list.push_back(list.back()); };
  EXPECT_EQ(code_of_history([&](auto& claim) { spoil(claim.records); }), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_history([&](auto& claim) { spoil(claim.absent); }), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_history([&](auto& claim) { spoil(claim.operations); }),
            Errc::proof_not_canonical);
  EXPECT_EQ(code_of_history([&](auto& claim) { repeat(claim.records); }),
            Errc::proof_not_canonical);
  EXPECT_EQ(code_of_history([&](auto& claim) { repeat(claim.absent); }), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_history([&](auto& claim) { repeat(claim.operations); }),
            Errc::proof_not_canonical);
}

TEST(Verify, AHistoryNeedsAllThatItLists) {
  const auto& s = story();
  const auto clear = [](auto& list) { list.clear(); };
  EXPECT_EQ(code_of_history([&](auto& claim) { clear(claim.records); }), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_history([&](auto& claim) { clear(claim.absent); }), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_history([&](auto& claim) { clear(claim.operations); }),
            Errc::proof_not_canonical);
  // Superseded, present, of no ordered family, of a scope of which nothing is shown.
  EXPECT_EQ(code_of(s.journal.proof(HistoryClaim{{}, {s.changed_key}, {}, {}}, {s.first_change},
                                    {s.first_change})),
            Errc::not_current);
  const auto absent = [&](const RecordKey& key) {
    return code_of_history([&](HistoryClaim& claim) { claim.absent = {key}; });
  };
  const auto present =
      statement_key({ProofStory::of(s.store, Book::payable), ProofJournal::kPeriod});
  EXPECT_EQ(absent(present), Errc::claim_mismatch);
  EXPECT_EQ(absent(KeyWriter(17).number(std::uint32_t{9}).take()), Errc::claim_mismatch);
  EXPECT_EQ(absent(statement_key(
                {ProofStory::of(test::party_number(0), Book::fund), ProofJournal::kPeriod})),
            Errc::claim_mismatch);
}

// ---- Accounts ----------------------------------------------------------------------------------

// The store's account in a ledger whose statements were told wrongly.
Errc code_of_account(const std::function<void(ProofStory&, Statement&)>& alter) {
  ProofStory s(10);
  const StatementId id{ProofStory::of(s.store, Book::payable), ProofJournal::kPeriod};
  alter(s, s.journal.statement(id));
  s.journal.put_statements(s.store);
  s.journal.seal();
  return code_of(s.journal.account_proof(s.store), s.journal.policy());
}

TEST(Verify, AStatementThatDoesNotAddUpIsRefused) {
  EXPECT_EQ(code_of_account([](ProofStory&, Statement&) {}), Errc::ok);
  EXPECT_EQ(code_of_account([](ProofStory&, Statement& s) { s.head.bytes[0] ^= 1; }),
            Errc::statement_incomplete);
  EXPECT_EQ(code_of_account([](ProofStory&, Statement& s) { s.credits = Amount::minor(1); }),
            Errc::statement_incomplete);
  EXPECT_EQ(code_of_account([](ProofStory&, Statement& s) { s.debits = Amount::minor(1); }),
            Errc::statement_incomplete);
  EXPECT_EQ(code_of_account([](ProofStory&, Statement& s) { s.count += 1; }),
            Errc::statement_incomplete);
  EXPECT_EQ(code_of_account([](ProofStory&, Statement& s) { s.count -= 1; }),
            Errc::statement_incomplete);
  EXPECT_EQ(code_of_account([](ProofStory&, Statement& s) { s.count = ~std::uint64_t{0}; }),
            Errc::statement_incomplete);
  EXPECT_EQ(code_of_account([](ProofStory& y, Statement& s) { s.last = y.postings[0]; }),
            Errc::statement_incomplete);
  EXPECT_EQ(code_of_account([](ProofStory& y, Statement&) {
              y.journal.put(statement_scope(y.store), std::nullopt);
            }),
            Errc::ok);  // Rewritten afterwards: the run is whole again.
}

TEST(Verify, PostingsAreNumberedWithoutAGap) {
  EXPECT_EQ(code_of_account([](ProofStory& y, Statement& s) {
              s.count += 3;
              y.journal.post({PostingKind::earning, ProofStory::of(y.brand, Book::fund),
                              ProofStory::of(y.store, Book::payable), 1},
                             y.system);
              s.count -= 3;
            }),
            Errc::statement_incomplete);
}

TEST(Verify, ARunOfStatementsStaysInItsScopeAndEnds) {
  const auto with_sentinel = [](const Linked<Statement>& sentinel) {
    ProofStory s(10);
    s.journal.put(statement_scope(s.store), encode(sentinel));
    s.journal.seal();
    return code_of(s.journal.account_proof(s.store), s.journal.policy());
  };
  const auto store_key =
      statement_key({ProofStory::of(test::party_number(2), Book::payable), ProofJournal::kPeriod});
  const auto other_key =
      statement_key({ProofStory::of(test::party_number(3), Book::payable), ProofJournal::kPeriod});
  EXPECT_EQ(with_sentinel({store_key, std::nullopt}), Errc::ok);
  EXPECT_EQ(with_sentinel({other_key, std::nullopt}), Errc::claim_mismatch);
  EXPECT_EQ(with_sentinel({store_key, Statement{}}), Errc::claim_mismatch);
  EXPECT_EQ(with_sentinel({statement_scope(test::party_number(2)), std::nullopt}),
            Errc::claim_mismatch);                                                    // A loop.
  EXPECT_EQ(with_sentinel({std::nullopt, std::nullopt}), Errc::proof_not_canonical);  // Cut short.

  ProofStory s(10);
  s.journal.put(statement_scope(s.store), std::nullopt);
  s.journal.seal();
  EXPECT_EQ(code_of(s.journal.account_proof(s.store), s.journal.policy()),
            Errc::statement_incomplete);
}

TEST(Verify, AnEmptyAccountIsProvable) {
  ProofJournal journal;
  const auto party = test::party_number(9);
  journal.put_statements(party);
  journal.seal();
  const auto verdict = verify(journal.account_proof(party), journal.policy(), {});
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(std::get<AccountFacts>(verdict->facts).statements.empty());
}

TEST(Verify, UnknownVersionsAreNotGuessedAt) {
  for (const auto version : std::to_array<std::uint16_t>({0, 1, 3})) {
    auto proof = proof_named("record");
    proof.version = version;
    EXPECT_EQ(code_of(proof), Errc::proof_version);
    EXPECT_EQ(decode_proof(encode_proof(proof)).error().code, Errc::proof_version);
  }
}

}  // namespace
}  // namespace fenrun
