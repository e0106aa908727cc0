// Bounds of what operations and Records may hold.  docs/spec/contracts.md, "Bounds".
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/limits.h"

namespace fenrun {

inline constexpr std::size_t kPartyKeysMax = 8;       // Kept in a party's Record.
inline constexpr std::size_t kRegisteredKeysMax = 4;  // Given at registration.
inline constexpr std::size_t kChannelDepthMax = 8;    // Ancestors of a party.
// A recovery by governance waits a day at least, whatever the delay of others.
inline constexpr std::uint64_t kGovernedRecoveryMsMin = 24 * 60 * 60 * 1'000;
inline constexpr std::size_t kCountersignersMax = 8;    // Of one policy.
inline constexpr std::size_t kPolicyFundersMax = 8;     // Of one policy.
inline constexpr std::size_t kPolicyRulesMax = 16;      // Of one policy.
inline constexpr std::size_t kPolicyBytesMax = 3'584;   // BCS of one policy.
inline constexpr std::size_t kSelectorItemsMax = 64;    // In each list of a selector.
inline constexpr std::size_t kBrandPoliciesMax = 64;    // In force for one brand's goods.
inline constexpr std::size_t kCampaignFundersMax = 16;  // Of one campaign and asset.
inline constexpr std::size_t kEventUnitsMax = 1'000;    // Of one event.
inline constexpr std::size_t kEventRangesMax = 64;      // Of one event.
inline constexpr std::size_t kEventEarningsMax = 64;    // Rules that one event meets.
inline constexpr std::size_t kActivityLinesMax = 128;
inline constexpr std::size_t kActivityEvidenceMax = 16;
inline constexpr std::uint32_t kCodesMax = 10'000'000;  // Items of one code batch.
inline constexpr std::size_t kCodePathMax = 24;         // Of a code: 2^24 > kCodesMax.
inline constexpr std::size_t kCodeRangesMax = 64;       // Commissioned, and voided, of one level.
inline constexpr std::uint32_t kUnitBits = 1'024;       // Units in one Record of bits.
inline constexpr std::size_t kLotBytesMax = 20;
inline constexpr std::uint64_t kSsccBlock = 1'000;        // SSCCs that one Record gives to a batch.
inline constexpr std::uint32_t kLogisticMax = 1'000'000;  // Logistic units of one code batch.
inline constexpr std::size_t kUnitEarningsMax = 64;       // Rules under which one unit earned.
inline constexpr std::size_t kEpcBytesMax = 48;
inline constexpr std::size_t kGtinBytes = 14;
inline constexpr std::size_t kNameBytesMax = 63;
inline constexpr std::size_t kGenesisPartiesMax = 128;
inline constexpr std::size_t kMembersMax = 256;  // At one time.
// A validator's keys are replaced once in so many heights: each time begins an epoch.
inline constexpr std::uint64_t kSetChangeHeightsMin = 100;
// And so often in so long, by the time of blocks: 30 days.  Who needs more asks a quorum.
inline constexpr std::size_t kKeyReplacementsMax = 4;
inline constexpr std::uint64_t kKeyReplacementsMs = 30ull * 24 * 60 * 60 * 1'000;
// How long after an epoch's last block, by the time of blocks, evidence of it is taken: 30 days.
inline constexpr std::uint64_t kEvidenceMs = 30ull * 24 * 60 * 60 * 1'000;
// How old a report of readiness may be when the validator is added.
inline constexpr std::uint64_t kReadyHeightsMax = 100'000;
inline constexpr std::size_t kGenesisBytesMax = 30'000;  // BCS; it is the payload of one entry.

// What the transactions of one block may write in all.  A transaction that would go beyond waits
// for the next block; those behind it are tried, until so many have gone beyond.
inline constexpr std::size_t kBlockEntryBytesMax = 32 * 1024 * 1024;  // Without Records.
inline constexpr std::size_t kBlockWritesMax = 262'144;
inline constexpr std::size_t kBlockWriteBytesMax = 128 * 1024 * 1024;
inline constexpr std::size_t kBlockMisfitsMax = 4;
// And one transaction: half of it, so that there is a block for each.
inline constexpr std::size_t kTransactionEntryBytesMax = kBlockEntryBytesMax / 2;
inline constexpr std::size_t kTransactionWritesMax = kBlockWritesMax / 2;
inline constexpr std::size_t kTransactionWriteBytesMax = kBlockWriteBytesMax / 2;

// Each unit: its Record, and its identifier or its place among what the container holds.
static_assert(2 * kEventUnitsMax + 16 <= kOperationRecordsMax,
              "an event may name units to the full");
static_assert((1ull << kCodePathMax) > kCodesMax);
static_assert(kMembersMax >= kValidatorsMax, "a validator is a member");
static_assert(kGenesisBytesMax < kOperationBytesMax);
static_assert(kCampaignFundersMax <= kOperationPostingsMax, "a settlement touches every funder");

}  // namespace fenrun
