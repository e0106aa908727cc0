// What nodes say to one another, consensus included.  docs/spec/network.md, §9.
//
// Consensus messages, acknowledgements and cosignatures travel on the consensus channel, batches
// and ranges of blocks on the bulk channel.
#pragma once

#include <variant>

#include "consensus/messages.h"
#include "core/codec.h"
#include "core/limits.h"
#include "ledger/proof/proof.h"
#include "ledger/snapshot.h"
#include "ledger/store.h"
#include "ledger/transaction.h"

namespace fenrun {

// "I hold these batches, and their signatures are right."
struct BatchAck {
  BatchList digests;

  FENRUN_FIELDS(digests)
};

// Asks for batches by digest; each that is held comes as a TxBatch.
struct GetBatches {
  BatchList digests;

  FENRUN_FIELDS(digests)
};

inline constexpr std::size_t kRangeBlocksMax = 512;

// A finalized block as it can be executed again: its header, and its transactions as journaled.
struct FinalizedBlock {
  Blob<kHeaderBytesMax> header;  // The Header entry's bytes.
  List<SignedTransaction, kBlockOperationsMax> transactions;

  FENRUN_FIELDS(header, transactions)
};

inline constexpr std::size_t kRangeDescendantsMax = 4'096;

// Answer to GetRange: consecutive blocks from the height asked for, and a finalization of the last
// or, where blocks that were finalized together are too many for one answer, of a descendant; the
// headers between make the chain.  Empty, without certificate, where nothing is held.
struct RangeAnswer {
  List<FinalizedBlock, kRangeBlocksMax> blocks;
  List<Blob<kHeaderBytesMax>, kRangeDescendantsMax> descendants;  // The last is the one certified.
  std::optional<Certificate> finalization;

  FENRUN_FIELDS(blocks, descendants, finalization)
};

// A validator's two signatures over the checkpoint of `size` (docs/spec/checkpoints.md).
struct CheckpointSignatures {
  std::uint64_t size = 0;
  Digest root;
  Signature log_signature;
  std::uint64_t time = 0;  // Seconds since 1970, signed by the cosignature.
  Signature cosignature;

  FENRUN_FIELDS(size, root, log_signature, time, cosignature)
};

// Asks for the handover of an epoch that is over.  Answered by Handover; not at all where none is
// held.
struct GetHandover {
  Epoch epoch;

  FENRUN_FIELDS(epoch)
};

// The checkpoint of an epoch's last block with a quorum of that epoch's cosignatures.
struct Handover {
  Epoch epoch;
  Text<kNoteBytesMax> checkpoint;  // A note.

  FENRUN_FIELDS(epoch, checkpoint)
};

// Asks for a snapshot above a height: the one at `begun`, of which some is here, or else the
// newest. Answered by SnapshotOffer.
struct GetSnapshot {
  Height above;
  std::optional<Height> begun;

  FENRUN_FIELDS(above, begun)
};

// None where there is none.
struct SnapshotOffer {
  std::optional<SnapshotManifest> manifest;

  FENRUN_FIELDS(manifest)
};

// Asks for pieces of a section, from `first_piece` on, as many as make a part.
struct GetSnapshotPart {
  Height height;
  std::uint32_t section = 0;
  std::uint8_t first_piece = 0;

  FENRUN_FIELDS(height, section, first_piece)
  friend bool operator==(const GetSnapshotPart&, const GetSnapshotPart&) = default;
};

// No part where that snapshot is not kept any more.
struct SnapshotPartAnswer {
  GetSnapshotPart request;
  std::optional<SnapshotPart> part;

  FENRUN_FIELDS(request, part)
};

inline constexpr std::size_t kEpochLinksMax = 16;

// From the validators of one epoch to those of the next, for who has not executed its blocks: what
// the epoch left behind, and the path that binds its last block's Header to the checkpoint.
struct EpochLink {
  ProofHandover handover;
  Blob<kSnapshotCertificateBytesMax> certificate;  // BCS of a Certificate: finalizes the block.
  Blob<kValidatorSetBytesMax> next_validators;     // BCS of a ValidatorList.

  FENRUN_FIELDS(handover, certificate, next_validators)
};

// Asks for the links from the end of an epoch on.  Answered by EpochLinks.
struct GetEpochLinks {
  Epoch from;

  FENRUN_FIELDS(from)
};

// Those of consecutive epochs from `from` on, as many as fit; none where no more are over.
struct EpochLinks {
  Epoch from;
  List<EpochLink, kEpochLinksMax> links;

  FENRUN_FIELDS(from, links)
};

// DO NOT CHANGE THE ORDER: the index is the message's tag on the wire.  Append only.
using NodeMessage =
    std::variant<Message, TxBatch, BatchAck, GetBatches, RangeAnswer, CheckpointSignatures,
                 GetHandover, Handover, GetSnapshot, SnapshotOffer, GetSnapshotPart,
                 SnapshotPartAnswer, GetEpochLinks, EpochLinks>;

// Whether the bytes of a message begin as a batch and are too many for one: they need not be
// decoded to be refused.
inline bool is_oversized_batch(ByteView message) {
  constexpr std::uint8_t kTag = 1;  // TxBatch's place in NodeMessage.
  static_assert(std::is_same_v<std::variant_alternative_t<kTag, NodeMessage>, TxBatch>);
  return message.size() > 1 + kTxBatchBytesMax && message.front() == kTag;
}

}  // namespace fenrun
