// What JSON calls the values of enums and the alternatives of variants.
//
// Names are stable: clients compare them.  A new value gets a new name here.
#pragma once

#include <array>
#include <string_view>

#include "contracts/operations.h"
#include "contracts/records.h"
#include "contracts/system_work.h"
#include "ledger/proof/account.h"
#include "ledger/proof/entry.h"

namespace fenrun::json {

template <class E>
inline constexpr std::array<std::string_view, 0> kEnumNames{};

// In the order of their numbers.
#define FENRUN_ENUM_NAMES(E, ...)                                                       \
  template <>                                                                           \
  inline constexpr auto kEnumNames<E> = std::to_array<std::string_view>({__VA_ARGS__}); \
  static_assert(kEnumNames<E>.size() == kEnumCount<E>)

FENRUN_ENUM_NAMES(Book, "external", "fund", "payable", "instructed");
FENRUN_ENUM_NAMES(PostingKind, "budget", "earning", "instruct", "settle", "fail", "reversal");
FENRUN_ENUM_NAMES(TransactionMode, "atomic", "independent");
FENRUN_ENUM_NAMES(Role, "brand", "distributor", "subdistributor", "store", "organizer", "auditor",
                  "gateway", "device", "custodian");
FENRUN_ENUM_NAMES(Channel, "unspecified", "offline", "ecommerce", "group_buy");
FENRUN_ENUM_NAMES(KeyPurpose, "transactions", "consensus", "checkpoint", "transport");
FENRUN_ENUM_NAMES(EventKind, "commissioning", "receiving", "retail_selling", "packing", "unpacking",
                  "opening", "shipping", "void_shipping", "returning", "destroying", "releasing",
                  "observed", "claiming");
FENRUN_ENUM_NAMES(ActivityKind, "restock_order", "ecommerce_order", "group_buy_order", "sale",
                  "share", "display");
FENRUN_ENUM_NAMES(EventStanding, "asserted", "erroneous");
FENRUN_ENUM_NAMES(EventStatus, "recorded", "diverted", "reversed", "disputed");
FENRUN_ENUM_NAMES(UnitLevel, "item", "case", "logistic", "box");
FENRUN_ENUM_NAMES(Hold, "none", "diverted");
FENRUN_ENUM_NAMES(ClaimPath, "none", "bearer", "gateway");
FENRUN_ENUM_NAMES(ClaimGate, "commissioned", "received");
FENRUN_ENUM_NAMES(ClaimSight, "unknown", "here", "elsewhere", "held");
FENRUN_ENUM_NAMES(VoidReason, "leaked", "damaged", "recalled");
FENRUN_ENUM_NAMES(PeriodKind, "per_event", "calendar", "manual");
FENRUN_ENUM_NAMES(Rail, "wechat", "alipay", "bank", "credit_note");
FENRUN_ENUM_NAMES(PayoutResult, "paid", "failed");
FENRUN_ENUM_NAMES(Payee, "place", "place_parent", "event_signer");
FENRUN_ENUM_NAMES(Basis, "per_event", "per_unit");
FENRUN_ENUM_NAMES(ProposalState, "open", "applied");
FENRUN_ENUM_NAMES(PolicyStage, "published", "countersigned");
FENRUN_ENUM_NAMES(UnitState, "commissioned", "received", "sold", "shipped", "returned",
                  "destroyed");
FENRUN_ENUM_NAMES(EarningOutcome, "earned", "budget_exhausted", "no_payee", "reversed",
                  "owed_back");
FENRUN_ENUM_NAMES(PayoutState, "instructed", "paid", "failed");
FENRUN_ENUM_NAMES(AccusedVoteKind, "notarize", "nullify", "finalize");
FENRUN_ENUM_NAMES(RecoveryLoss, "none", "votes", "everything");
#undef FENRUN_ENUM_NAMES

template <class V>
inline constexpr std::array<std::string_view, 0> kAlternativeNames{};

// In the order of the alternatives: the member "type".
#define FENRUN_ALTERNATIVE_NAMES(V, ...)                                                       \
  template <>                                                                                  \
  inline constexpr auto kAlternativeNames<V> = std::to_array<std::string_view>({__VA_ARGS__}); \
  static_assert(kAlternativeNames<V>.size() == std::variant_size_v<V>)

FENRUN_ALTERNATIVE_NAMES(Entry, "system", "transaction", "operation", "posting", "record",
                         "header");
FENRUN_ALTERNATIVE_NAMES(Signer, "party");
FENRUN_ALTERNATIVE_NAMES(Change, "set_parameters", "admit_party", "admit_member", "remove_member",
                         "add_validator", "remove_validator", "recover_party");
FENRUN_ALTERNATIVE_NAMES(Policy, "v1");
FENRUN_ALTERNATIVE_NAMES(Earning, "flat_per_event");
FENRUN_ALTERNATIVE_NAMES(SystemWork, "genesis", "period_opened", "period_closed", "recovery_ended",
                         "network_recovered");
FENRUN_ALTERNATIVE_NAMES(Operation, "register_party", "rotate_key", "propose_recovery",
                         "approve_recovery", "object_to_recovery", "open_lane", "propose_change",
                         "approve_change", "open_campaign", "publish_policy", "countersign_policy",
                         "open_period", "declare_budget", "attest_backing", "open_unit_batch",
                         "record_event", "instruct_payout", "settle_payout", "acknowledge_payout",
                         "replace_validator_keys", "report_ready", "record_evidence",
                         "register_codes", "void_codes", "claim_code", "attest_claim",
                         "erase_subject", "record_activity", "withdraw_activity");
#undef FENRUN_ALTERNATIVE_NAMES

}  // namespace fenrun::json
