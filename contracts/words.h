// The words that operations, Records and genesis share: roles, keys, goods, policies, parameters.
// docs/spec/contracts.md.
#pragma once

#include <optional>
#include <variant>

#include "contracts/limits.h"
#include "core/amount.h"
#include "core/check.h"
#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/types.h"

namespace fenrun {

// A consumer, to the ledger: random, issued off it.
using SubjectId = FixedBytes<struct SubjectIdTag, 16>;
using PayoutId = FixedBytes<struct PayoutIdTag, 16>;               // Chosen by the brand; random.
using UnitBatchId = Strong<struct UnitBatchIdTag, std::uint32_t>;  // A code batch.
using RegionCode = Strong<struct RegionCodeTag, std::uint32_t>;    // City level; 0: not stated.
using GtinText = Text<kGtinBytes>;
using EpcText = Text<kEpcBytesMax>;
using NameText = Text<kNameBytesMax>;
// Of a member: given once and never again, in the order of admission; genesis's validators are
// 0..n-1.
using MemberNumber = Strong<struct MemberNumberTag, std::uint16_t>;

// Do not renumber any of the enums: their values are journaled.

enum class Role : std::uint8_t {
  brand = 0,
  distributor = 1,
  subdistributor = 2,
  store = 3,
  organizer = 4,  // Leader of group purchases.
  auditor = 5,
  gateway = 6,
  device = 7,
  custodian = 8,
};
template <>
inline constexpr std::uint8_t kEnumCount<Role> = 9;

enum class Channel : std::uint8_t { unspecified = 0, offline = 1, ecommerce = 2, group_buy = 3 };
template <>
inline constexpr std::uint8_t kEnumCount<Channel> = 4;

// What a key is for.  Only `transactions` keys sign transactions.
enum class KeyPurpose : std::uint8_t {
  transactions = 0,
  consensus = 1,
  checkpoint = 2,
  transport = 3,
};
template <>
inline constexpr std::uint8_t kEnumCount<KeyPurpose> = 4;

struct PartyAttributes {
  Channel channel{};
  RegionCode region;
  std::uint8_t grade = 0;

  FENRUN_FIELDS(channel, region, grade)
  friend bool operator==(const PartyAttributes&, const PartyAttributes&) = default;
};

struct RegisteredKey {
  KeyPurpose purpose{};
  PublicKey key;
  Signature possession;  // By the key: contracts/key_owners.h.

  FENRUN_FIELDS(purpose, key, possession)
  friend bool operator==(const RegisteredKey&, const RegisteredKey&) = default;
};

// Steps in the life of goods.
enum class EventKind : std::uint8_t {
  commissioning = 0,
  receiving = 1,
  retail_selling = 2,
  packing = 3,
  unpacking = 4,
  opening = 5,  // Unpacking at a store.  Never submitted: contracts tell it from unpacking.
  shipping = 6,
  void_shipping = 7,
  returning = 8,
  destroying = 9,
  releasing = 10,  // The brand lets go of goods that are held as diverted.
  observed = 11,   // Recorded only: any other step.
  claiming = 12,   // A code was used.  Never submitted: it is what ClaimCode and AttestClaim are.
};
template <>
inline constexpr std::uint8_t kEnumCount<EventKind> = 13;

// What people did that no step of goods shows.  contracts/activities.h.
enum class ActivityKind : std::uint8_t {
  restock_order = 0,    // A store, or a distributor, orders goods from who supplies it.
  ecommerce_order = 1,  // A consumer orders on the net.
  group_buy_order = 2,  // An organizer orders for a group.
  sale = 3,             // Goods were sold that are counted, and not told apart by codes.
  share = 4,            // A consumer passed on what was offered.
  display = 5,          // Goods are shown as agreed.
};
template <>
inline constexpr std::uint8_t kEnumCount<ActivityKind> = 6;

// What a document says of an event: that it happened, or that it was recorded in error.
enum class EventStanding : std::uint8_t { asserted = 0, erroneous = 1 };
template <>
inline constexpr std::uint8_t kEnumCount<EventStanding> = 2;

// In order of size: item, box, case, logistic.  See rank_of().
enum class UnitLevel : std::uint8_t { item = 0, case_ = 1, logistic = 2, box = 3 };
template <>
inline constexpr std::uint8_t kEnumCount<UnitLevel> = 4;

// The smaller fits into the greater.
constexpr std::uint8_t rank_of(UnitLevel level) {
  switch (level) {
    case UnitLevel::item:
      return 0;
    case UnitLevel::box:
      return 1;
    case UnitLevel::case_:
      return 2;
    case UnitLevel::logistic:
      return 3;
  }
  UNREACHABLE();
}

struct UnitId {
  UnitBatchId batch;
  UnitLevel level{};
  std::uint32_t index = 0;  // In the order of commissioning within batch and level.

  FENRUN_FIELDS(batch, level, index)
  friend auto operator<=>(const UnitId&, const UnitId&) = default;
};

// Units of one batch and level, with neighbouring indices.
struct UnitRange {
  UnitBatchId batch;
  UnitLevel level{};
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  FENRUN_FIELDS(batch, level, first, count)
  friend bool operator==(const UnitRange&, const UnitRange&) = default;
};

// One level of a code batch, as printed.
struct CodeLevel {
  UnitLevel level{};
  GtinText gtin;            // Empty for logistic units, which carry SSCCs.
  std::uint32_t count = 0;  // Units 0..count-1.
  std::uint32_t per_parent =
      0;  // Unit i lies in unit i / per_parent of the next level; 0: in none.

  FENRUN_FIELDS(level, gtin, count, per_parent)
  friend bool operator==(const CodeLevel&, const CodeLevel&) = default;
};

// Who can use a batch's codes.
enum class ClaimPath : std::uint8_t {
  none = 0,     // Nobody: the codes only name units.
  bearer = 1,   // Who holds the code's secret: claims are signed by the code's own key.
  gateway = 2,  // The batch's gateway, which attests what was scanned.
};
template <>
inline constexpr std::uint8_t kEnumCount<ClaimPath> = 3;

// From when on a code can be used.
enum class ClaimGate : std::uint8_t { commissioned = 0, received = 1 };  // received: by a store.
template <>
inline constexpr std::uint8_t kEnumCount<ClaimGate> = 2;

enum class VoidReason : std::uint8_t { leaked = 0, damaged = 1, recalled = 2 };
template <>
inline constexpr std::uint8_t kEnumCount<VoidReason> = 3;

// An event is named by the document that tells it, its place in it, and, where one operation does
// not hold all its units, the part.
struct EventId {
  Digest document;  // SHA-256 of the exact bytes submitted to the intake.
  std::uint32_t index = 0;
  std::uint32_t part = 0;

  FENRUN_FIELDS(document, index, part)
  friend auto operator<=>(const EventId&, const EventId&) = default;
};

// An activity is named by whose it is, its kind, and what they call it: SHA-256 of an order's
// number, for one.
struct ActivityId {
  PartyId place;
  ActivityKind kind{};
  Digest reference;  // Not zero.

  FENRUN_FIELDS(place, kind, reference)
  friend auto operator<=>(const ActivityId&, const ActivityId&) = default;
};

// So many pieces of a product.
struct ActivityLine {
  GtinText product;
  std::uint32_t quantity = 0;  // > 0.

  FENRUN_FIELDS(product, quantity)
  friend bool operator==(const ActivityLine&, const ActivityLine&) = default;
};

struct ActivityValue {
  AssetId asset;
  Amount amount;  // > 0.

  FENRUN_FIELDS(asset, amount)
  friend bool operator==(const ActivityValue&, const ActivityValue&) = default;
};

// Where units are counted: by batch, region of the place, and month of the block in UTC+8.
struct CounterId {
  UnitBatchId batch;
  RegionCode region;
  std::uint16_t month = 0;  // Since January 1970.

  FENRUN_FIELDS(batch, region, month)
  friend auto operator<=>(const CounterId&, const CounterId&) = default;
};

// Where a policy asks for it, also by store.
struct StoreCounterId {
  std::uint16_t month = 0;  // As above.
  PartyId store;            // A store or organizer.
  UnitBatchId batch;

  FENRUN_FIELDS(month, store, batch)
  friend auto operator<=>(const StoreCounterId&, const StoreCounterId&) = default;
};

enum class PeriodKind : std::uint8_t { per_event = 0, calendar = 1, manual = 2 };
template <>
inline constexpr std::uint8_t kEnumCount<PeriodKind> = 3;

enum class Rail : std::uint8_t { wechat = 0, alipay = 1, bank = 2, credit_note = 3 };
template <>
inline constexpr std::uint8_t kEnumCount<Rail> = 4;

enum class PayoutResult : std::uint8_t { paid = 0, failed = 1 };
template <>
inline constexpr std::uint8_t kEnumCount<PayoutResult> = 2;

// Which events a rule looks at.  An empty list means any.
struct Selector {
  List<GtinText, kSelectorItemsMax> products;   // The unit's own GTIN; of a pallet, its batch's.
  List<Channel, kSelectorItemsMax> channels;    // Of the place.
  List<RegionCode, kSelectorItemsMax> regions;  // Of the place.
  List<Role, kSelectorItemsMax> place_roles;
  bool only_at_holder = false;  // Of claims: at the store that has the goods or sold them.

  FENRUN_FIELDS(products, channels, regions, place_roles, only_at_holder)
  friend bool operator==(const Selector&, const Selector&) = default;
};

enum class Payee : std::uint8_t { place = 0, place_parent = 1, event_signer = 2 };
template <>
inline constexpr std::uint8_t kEnumCount<Payee> = 3;

enum class Basis : std::uint8_t { per_event = 0, per_unit = 1 };
template <>
inline constexpr std::uint8_t kEnumCount<Basis> = 2;

// A fixed amount for each event, or for each unit of it.
struct FlatPerEvent {
  Amount amount;  // > 0.
  Basis basis{};

  FENRUN_FIELDS(amount, basis)
  friend bool operator==(const FlatPerEvent&, const FlatPerEvent&) = default;
};

// How an amount is computed.  Further ways are further alternatives.
using Earning = std::variant<FlatPerEvent>;

struct Rule {
  EventKind trigger{};
  Selector selector;
  Payee payee{};
  Earning earning;

  FENRUN_FIELDS(trigger, selector, payee, earning)
  friend bool operator==(const Rule&, const Rule&) = default;
};

struct FunderShare {
  PartyId funder;
  std::uint32_t ppm = 0;  // > 0; all shares of a policy sum to 1,000,000.

  FENRUN_FIELDS(funder, ppm)
  friend bool operator==(const FunderShare&, const FunderShare&) = default;
};

// A promise: who earns how much for which event, from whose money.
struct PolicyV1 {
  PolicyId policy;            // > 0.
  std::uint32_t version = 0;  // From 1.  A rule keeps its index in every version.
  CampaignId campaign;
  TimeMs effective_from;                             // For events at or after.
  TimeMs effective_until;                            // For events before.
  List<PartyId, kCountersignersMax> countersigners;  // At least one; not the publisher.
  List<FunderShare, kPolicyFundersMax> funding;      // Each the publisher or a countersigner.
  AssetId asset;
  List<Rule, kPolicyRulesMax> rules;
  bool counts_by_store = false;  // Of each store too it is counted what happens there.
  Digest text;                   // SHA-256 of the policy as people read it.

  FENRUN_FIELDS(policy, version, campaign, effective_from, effective_until, countersigners, funding,
                asset, rules, counts_by_store, text)
  friend bool operator==(const PolicyV1&, const PolicyV1&) = default;
};
using Policy = std::variant<PolicyV1>;

// hash(policy, BCS of the Policy): what countersigners approve.
Digest policy_digest(const Policy& policy);

// What the network has agreed on about itself.
struct Parameters {
  std::uint32_t block_interval_ms = 0;
  std::uint32_t idle_interval_ms = 0;  // Between blocks without transactions.
  std::uint64_t recovery_delay_ms = 0;
  std::uint32_t block_bytes_max = 0;       // Sum of the BCS of a block's transactions.
  std::uint32_t block_operations_max = 0;  // Sum of their operations.
  std::uint32_t event_skew_ms = 0;         // How far an event may lie behind the block's time.

  FENRUN_FIELDS(block_interval_ms, idle_interval_ms, recovery_delay_ms, block_bytes_max,
                block_operations_max, event_skew_ms)
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

// Errc::parameter_invalid, naming the field and its range.
Status check_parameters(const Parameters& parameters);

// A name that may stand in key names and origins: 1..63 of a-z 0-9 . and -
bool is_plain_name(std::string_view name);
// A plain name that means nothing else in a trust file: neither "none" nor "validators".
bool is_member_name(std::string_view name);

}  // namespace fenrun
