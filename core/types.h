// The identifiers and counters that several folders speak of.
#pragma once

#include "core/bytes.h"
#include "core/strong.h"

namespace fenrun {

using Height = Strong<struct HeightTag>;             // Blocks of the chain; genesis is 0.
using View = Strong<struct ViewTag>;                 // Rounds of consensus within an epoch; from 1.
using Epoch = Strong<struct EpochTag>;               // Times of one validator set; from 0.
using Position = Strong<struct PositionTag>;         // Index of an entry, a leaf of the journal.
using TimeMs = Strong<struct TimeMsTag>;             // Milliseconds since 1970-01-01T00:00:00 UTC.
using Sequence = Strong<struct SequenceTag>;         // Transactions of one lane; the first is 0.
using Lane = Strong<struct LaneTag, std::uint16_t>;  // Lanes of one party.
using ValidatorIndex = Strong<struct ValidatorIndexTag, std::uint16_t>;  // In key order.

using CampaignId = Strong<struct CampaignIdTag, std::uint32_t>;  // 0: outside any campaign.
using PolicyId = Strong<struct PolicyIdTag, std::uint32_t>;
using PeriodId = Strong<struct PeriodIdTag, std::uint32_t>;  // Within a campaign; 0: none.
using AssetId = Strong<struct AssetIdTag, std::uint32_t>;    // 0: CNY in fen.

using PartyId = FixedBytes<struct PartyIdTag, 16>;  // A random pseudonym.

}  // namespace fenrun
