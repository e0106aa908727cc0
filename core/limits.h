// Every bound of the system that more than one folder relies on, in one place.
//
// A bound is part of the protocol: changing one changes docs/spec in the same commit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fenrun {

// Transactions and blocks.
inline constexpr std::size_t kOperationBytesMax = 32 * 1024;
inline constexpr std::size_t kTransactionOperationsMax = 1'000;
inline constexpr std::size_t kTransactionBytesMax = 256 * 1024;
inline constexpr std::size_t kTxBatchBytesMax = 512 * 1024;
inline constexpr std::size_t kTxBatchTransactionsMax = 4'096;
inline constexpr std::size_t kBlockBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kBlockOperationsMax = 65'536;
inline constexpr std::size_t kBlockBatchesMax = 256;
inline constexpr std::size_t kPartyLanesMax = 16;
inline constexpr std::uint64_t kValidityHeightsMax = 100'000;  // valid_until - height, at most.
// Milliseconds since 1970: a block's time ends with the year 9999, so that what is added to it
// cannot overflow.
inline constexpr std::uint64_t kBlockTimeMax = 253'402'300'799'999;

// Journal.
inline constexpr std::size_t kEntryBytesMax = 65'535;  // An entry bundle prefixes a u16 length.
inline constexpr std::size_t kRecordKeyBytesMax = 255;
inline constexpr std::size_t kRecordValueBytesMax = 4 * 1024;
inline constexpr std::size_t kOperationPostingsMax = 64;
inline constexpr std::size_t kOperationRecordsMax = 2'048;
inline constexpr std::size_t kSystemWorkPerBlockMax = 256;
inline constexpr std::size_t kTileWidth = 256;
inline constexpr std::size_t kActiveChunkBits = 2'048;

// Consensus.
inline constexpr std::size_t kValidatorsMax = 64;
inline constexpr std::uint64_t kViewLookahead = 8;
inline constexpr std::size_t kJustificationNullificationsMax = 64;
inline constexpr std::size_t kHeaderBytesMax = 1'024;

// Peer links.
inline constexpr std::size_t kFrameBytesMax = 6 * 1024 * 1024;

// Proof files.
inline constexpr std::size_t kMerklePathMax = 63;
inline constexpr std::size_t kProofEntriesMax = 100'000;
inline constexpr std::size_t kProofFileBytesMax = 64 * 1024 * 1024;

static_assert(kTransactionBytesMax * 8 <= kBlockBytesMax,
              "a block holds several full transactions");
static_assert(kTransactionBytesMax <= kTxBatchBytesMax, "a batch holds any transaction");
static_assert(kTxBatchBytesMax < kFrameBytesMax && kBlockBytesMax < kFrameBytesMax,
              "a frame holds any batch and any block");
static_assert(kOperationBytesMax < kEntryBytesMax && kRecordValueBytesMax < kEntryBytesMax,
              "an operation or a value is one entry");
static_assert(kBlockOperationsMax >= kTransactionOperationsMax);

}  // namespace fenrun
