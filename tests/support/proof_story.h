// The ledger that most tests of proofs start from: a brand funds a campaign, a store earns under a
// policy and is paid; long enough for three chunks of active bits.
#pragma once

#include "tests/support/proof_journal.h"

namespace fenrun::test {

struct ProofStory {
  static constexpr CampaignId kCampaign = CampaignId(5);

  PartyId brand = party_number(1);
  PartyId store = party_number(2);
  RecordKey policy_key = KeyWriter(16).number(std::uint32_t{7}).number(std::uint32_t{1}).take();
  RecordKey rewritten_policy_key =
      KeyWriter(16).number(std::uint32_t{7}).number(std::uint32_t{0}).take();
  RecordKey changed_key = KeyWriter(17).number(std::uint32_t{1}).take();
  RecordKey removed_key = KeyWriter(17).number(std::uint32_t{2}).take();

  ProofJournal journal;
  std::vector<Position> transaction;  // Of three operations.
  std::vector<Position> single;       // Of one.
  Position system;
  std::vector<Position> postings;
  Position first_policy;  // The superseded Record of rewritten_policy_key.
  Position first_change;  // The superseded Record of changed_key.
  Header old_header;      // In whose time it was current.

  explicit ProofStory(std::size_t fillers = 4'200) {
    first_policy = journal.put(rewritten_policy_key, Bytes(40, 0x10));
    journal.put(policy_key, Bytes(40, 0x11));
    first_change = journal.put(changed_key, Bytes(8, 0x01));
    journal.put(removed_key, Bytes(8, 0x02));
    old_header = journal.next_header();
    journal.seal();

    transaction = journal.transact({Bytes(20, 0xa0), Bytes(30, 0xa1), Bytes(10, 0xa2)});
    postings.push_back(journal.post(
        {PostingKind::budget, of(brand, Book::external), of(brand, Book::fund), 10'000},
        transaction[1]));
    postings.push_back(
        journal.post({PostingKind::earning, of(brand, Book::fund), of(store, Book::payable), 250},
                     transaction[2]));
    postings.push_back(
        journal.post({PostingKind::earning, of(brand, Book::fund), of(store, Book::payable), 125},
                     transaction[3]));
    journal.put_statements(brand);
    journal.put_statements(store);
    journal.seal();

    for (std::size_t i = 0; i < fillers; ++i) journal.add(SystemEntry{Bytes(4, 0x33)});
    system = journal.add(SystemEntry{Bytes(9, 0x44)});
    single = journal.transact({Bytes(25, 0xb0)});
    postings.push_back(journal.post(
        {PostingKind::instruct, of(store, Book::payable), of(store, Book::instructed), 300},
        single[1]));
    postings.push_back(journal.post(
        {PostingKind::earning, of(brand, Book::fund), of(store, Book::payable), 75}, system));
    journal.put(rewritten_policy_key, Bytes(40, 0x12));
    journal.put(changed_key, Bytes(8, 0x03));
    journal.put(removed_key, std::nullopt);
    journal.put_statements(brand);
    journal.put_statements(store);
    journal.seal();
  }

  static Account of(const PartyId& party, Book book) {
    return {party, book, kCampaign, AssetId(0)};
  }

  MerklePath operation_path(std::size_t index) const {
    std::vector<Digest> leaves;
    for (std::size_t i = 1; i < transaction.size(); ++i) {
      const auto entry = decode_entry(journal.entry(transaction[i])).value();
      leaves.push_back(operation_leaf(std::get<OperationEntry>(entry).payload));
    }
    return naive::path(index, leaves);
  }

  // One true proof of each kind, and of each shape within a kind.
  std::vector<std::pair<std::string, Proof>> proofs() const {
    const auto policy = journal.record(policy_key);
    const auto later_policy = journal.record(rewritten_policy_key);
    const auto store_scope = statement_scope(store);
    const auto brand_scope = statement_scope(brand);
    const auto gap = statement_key({of(store, Book::fund), ProofJournal::kPeriod});
    const auto end = statement_key({of(store, Book::instructed), PeriodId(999'999)});
    const auto last = statement_key({of(store, Book::instructed), ProofJournal::kPeriod});
    const auto at = [&](const RecordKey& key) {
      return std::vector<Position>{journal.record(key)};
    };
    return {
        {"transaction", journal.proof(TransactionClaim{transaction[0], false}, {transaction[0]})},
        {"transaction, whole", journal.proof(TransactionClaim{transaction[0], true}, transaction)},
        {"operation", journal.proof(OperationClaim{transaction[2], operation_path(1)},
                                    {transaction[0], transaction[2]})},
        {"only operation", journal.proof(OperationClaim{single[1], {}}, single)},
        {"posting", journal.proof(PostingClaim{postings[1], operation_path(1), {}},
                                  {transaction[0], transaction[2], postings[1]})},
        {"posting, policy",
         journal.proof(PostingClaim{postings[1], operation_path(1), PolicyInProof{policy, {}}},
                       {policy, transaction[0], transaction[2], postings[1]}, {policy})},
        {"posting, policy of the time",
         journal.proof(PostingClaim{postings[1], operation_path(1),
                                    PolicyInProof{first_policy, later_policy}},
                       {first_policy, transaction[0], transaction[2], postings[1], later_policy})},
        {"posting, system",
         journal.proof(PostingClaim{postings[4], {}, {}}, {system, postings[4]})},
        {"record", journal.record_proof(changed_key)},
        {"removed record", journal.record_proof(removed_key)},
        {"absence, first", journal.proof(AbsenceClaim{gap}, at(store_scope), at(store_scope))},
        {"absence, last", journal.proof(AbsenceClaim{end}, at(last), at(last))},
        {"history", journal.proof(HistoryClaim{{policy_key},
                                               {policy_key, changed_key},
                                               {gap, end},
                                               {{transaction[1], operation_path(0)},
                                                {transaction[3], operation_path(2)},
                                                {single[1], {}}}},
                                  {policy, journal.record(changed_key), journal.record(store_scope),
                                   journal.record(last), transaction[0], transaction[1],
                                   transaction[3], single[0], single[1]},
                                  {policy, journal.record(changed_key), journal.record(store_scope),
                                   journal.record(last)})},
        {"account of the store", journal.account_proof(store)},
        {"account of the brand", journal.account_proof(brand)},
    };
  }
};

}  // namespace fenrun::test
