// Accounts, postings and statements: money as the journal records it.  docs/spec/ledger.md, §4.
//
// Every posting moves a positive amount of one asset of one campaign from a source to a
// destination.  Each side numbers it and chains it into its statement, so that a statement that
// lacks a posting is recognised by whoever holds the statement's Record.
#pragma once

#include <optional>

#include "core/amount.h"
#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/limits.h"
#include "core/types.h"

namespace fenrun {

// The sides on which a party can stand to a campaign's money.  One party may fund a campaign and
// earn in it as well; the book keeps the two apart.  Do not renumber.
enum class Book : std::uint8_t {
  external = 0,    // The world outside: what a funder promised (negative) and has paid (positive).
  fund = 1,        // A funder's budget that is not yet earned by anyone.
  payable = 2,     // Earned by the party and not yet instructed.
  instructed = 3,  // Instructed to a payment rail and not yet settled.
};
template <>
inline constexpr std::uint8_t kEnumCount<Book> = 4;

struct Account {
  PartyId party;
  Book book{};
  CampaignId campaign;
  AssetId asset;

  FENRUN_FIELDS(party, book, campaign, asset)
  friend auto operator<=>(const Account&, const Account&) = default;
};

// The postings of one account in one period form one statement.
struct StatementId {
  Account account;
  PeriodId period;

  FENRUN_FIELDS(account, period)
  friend auto operator<=>(const StatementId&, const StatementId&) = default;
};

// Why money moved.  Do not renumber.
enum class PostingKind : std::uint8_t {
  budget = 0,    // external -> fund: a funder sets money aside.
  earning = 1,   // fund -> payable: an event earned it under a rule.
  instruct = 2,  // payable -> instructed: the brand told a rail to pay.
  settle = 3,    // instructed -> external: the rail reported it paid.
  fail = 4,      // instructed -> payable: the rail reported that it was not paid.
  reversal = 5,  // payable -> fund: the event that earned it was taken back.
};
template <>
inline constexpr std::uint8_t kEnumCount<PostingKind> = 6;

// One side's place in its statement.
struct PostingSide {
  PartyId party;
  Book book{};
  std::uint64_t number = 0;          // Of this posting within the side's statement, from 1.
  std::optional<Position> previous;  // The statement's posting before this one; none for number 1.

  FENRUN_FIELDS(party, book, number, previous)
  friend bool operator==(const PostingSide&, const PostingSide&) = default;
};

struct Posting {
  PostingKind kind{};
  CampaignId campaign;
  AssetId asset;
  PeriodId period;
  PostingSide source;
  PostingSide destination;
  Amount amount;                     // > 0.
  Position cause;                    // The Operation or System entry that made it.
  PolicyId policy;                   // 0 where no policy computed the amount.
  std::uint32_t policy_version = 0;  // From 1; 0 where policy is.
  std::uint16_t rule = 0;            // Index of the rule in the policy.
  Digest inputs;                     // hash(inputs, BCS of what the rule looked at); zero if none.
  std::optional<Position> reverses;  // The posting that this one takes back.

  StatementId source_statement() const {
    return {{source.party, source.book, campaign, asset}, period};
  }
  StatementId destination_statement() const {
    return {{destination.party, destination.book, campaign, asset}, period};
  }

  FENRUN_FIELDS(kind, campaign, asset, period, source, destination, amount, cause, policy,
                policy_version, rule, inputs, reverses)
  friend bool operator==(const Posting&, const Posting&) = default;
};

// The Record of a statement.  Its balance is credits - debits.
struct Statement {
  std::uint64_t count = 0;  // Postings so far.
  Digest head;              // The statement chain after the last of them.
  Position last;            // Where the last one is; meaningless while count is 0.
  Amount debits;            // Sum of what left.
  Amount credits;           // Sum of what came.

  FENRUN_FIELDS(count, head, last, debits, credits)
  friend bool operator==(const Statement&, const Statement&) = default;
};

// h0 = hash(statement_open, chain id ‖ BCS(id)); h(n) = hash(statement_next, h(n-1) ‖ leaf hash).
Digest statement_chain_open(const Digest& chain_id, const StatementId& id);
Digest statement_chain_next(const Digest& head, const Digest& posting_leaf_hash);

}  // namespace fenrun
