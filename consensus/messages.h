// What validators say to one another, and its encoding.  docs/spec/consensus.md §2, §3.
//
// Every message is BCS and every list bounded, so that decoding a stranger's bytes allocates no
// more than the frame they came in allows.  Decoding checks form only; who signed what is checked
// where the validators are known (certificate.h, votes.h).
//
// A block is opaque here: its id is the RFC 6962 leaf hash of the header's bytes.  The id of a
// proposal is always computed from the header received, never carried beside it.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/limits.h"
#include "core/types.h"

namespace fenrun {

// DO NOT CHANGE THE ORDER: the numbers are signed and stored.
enum class VoteKind : std::uint8_t {
  notarize,  // I executed this block in this view, it is durable here, and I vote for no other.
  nullify,   // I give this view up: I shall neither notarize nor finalize in it.
  finalize,  // I hold the notarization and the whole chain to the block durably; I did not nullify.
};
template <>
inline constexpr std::uint8_t kEnumCount<VoteKind> = 3;

std::string_view name_of(VoteKind kind);

// What a vote and a certificate are about.  For nullify, parent view and block id are zero.
struct Subject {
  VoteKind kind = VoteKind::notarize;
  Epoch epoch;
  View view;
  View parent_view;
  Digest block_id;

  static Subject nullify(Epoch epoch, View view) {
    return {VoteKind::nullify, epoch, view, View(0), Digest{}};
  }

  FENRUN_FIELDS(kind, epoch, view, parent_view, block_id)
  // Views start at 1, a parent is of a lower view, a nullify names no block.
  Status validate() const;
  friend auto operator<=>(const Subject&, const Subject&) = default;
};

// The bytes that are signed under Domain::consensus_vote: BCS of {kind, chain id, epoch, view,
// parent view, block id}.
Bytes signed_bytes(const Digest& chain_id, const Subject& subject);

struct Vote {
  Subject subject;
  ValidatorIndex signer;
  Signature signature;

  FENRUN_FIELDS(subject, signer, signature)
  friend bool operator==(const Vote&, const Vote&) = default;
};

// A quorum's votes on one subject.  Which quorum is an accident of timing: two nodes may hold
// different certificates of the same subject, hence no block may depend on a certificate's bytes.
struct Certificate {
  Subject subject;
  std::uint64_t signers = 0;                   // Bit i: validator i signed.
  List<Signature, kValidatorsMax> signatures;  // In index order.

  bool signed_by(ValidatorIndex index) const { return ((signers >> index.value()) & 1U) != 0; }
  // The vote of a signer.  REQUIRES: signed_by(index) and a valid form.
  Vote vote_of(ValidatorIndex index) const;

  FENRUN_FIELDS(subject, signers, signatures)
  // As many signatures as bits.  How many there must be is checked with the validator set.
  Status validate() const;
  friend bool operator==(const Certificate&, const Certificate&) = default;
};

// The content of a block as consensus sees it.  The transactions travel apart, as batches.
struct Payload {
  Blob<kHeaderBytesMax> header;
  List<Digest, kBlockBatchesMax> batches;  // The header holds the digest of this list.

  FENRUN_FIELDS(header, batches)
  friend bool operator==(const Payload&, const Payload&) = default;
};

Digest block_id_of(const Payload& payload);

// Why a leader may build on the parent it names.
struct Justification {
  // Notarization or finalization of the parent; none when the parent is the block the epoch began
  // with (parent view 0).
  std::optional<Certificate> parent;
  // Of the views strictly between the parent's and the proposal's, ascending, the newest of them
  // where there are more than fit.
  List<Certificate, kJustificationNullificationsMax> nullifications;

  FENRUN_FIELDS(parent, nullifications)
  friend bool operator==(const Justification&, const Justification&) = default;
};

// A leader's proposal, which is also its vote.  The signature covers view, parent view and header;
// the rest (parent id, height, batches, justification) could be forged by whoever passes it on, so
// it counts as a proposal only on the leader's own link.
struct Propose {
  Epoch epoch;
  View view;
  View parent_view;
  Digest parent_id;
  Height height;
  Payload payload;
  Justification justification;
  Signature signature;

  // The subject of the leader's notarize vote, with the id of the header as it stands.
  Subject subject() const;

  FENRUN_FIELDS(epoch, view, parent_view, parent_id, height, payload, justification, signature)
  friend bool operator==(const Propose&, const Propose&) = default;
};

// How far the sender is.  Sent on connect and each second; it tells whom to ask, and nothing else.
struct PeerStatus {
  Epoch epoch;
  View view;
  Height finalized_height;
  View finalized_view;
  Height earliest_height;  // The lowest height whose block the sender can still serve.
  TimeMs stamp;            // The sender's monotonic clock, to be echoed.

  FENRUN_FIELDS(epoch, view, finalized_height, finalized_view, earliest_height, stamp)
  friend bool operator==(const PeerStatus&, const PeerStatus&) = default;
};

// Answer to PeerStatus: its stamp, by which the sender of the status measures the round trip.
struct Echo {
  TimeMs stamp;

  FENRUN_FIELDS(stamp)
  friend bool operator==(const Echo&, const Echo&) = default;
};

// Asks for the certificates of the views from..to.  The answer is at most kCertificatesPerAnswer
// views of single Certificate messages, and ahead of them the sender's newest finalization and the
// certificate by which it entered its view.
struct GetCertificates {
  Epoch epoch;
  View from;
  View to;

  FENRUN_FIELDS(epoch, from, to)
  friend bool operator==(const GetCertificates&, const GetCertificates&) = default;
};

inline constexpr std::uint64_t kCertificatesPerAnswer = 64;

// Asks for an unfinalized block whose certificate the sender holds.  Answered by BlockAnswer.
struct GetBlock {
  Digest block_id;

  FENRUN_FIELDS(block_id)
  friend bool operator==(const GetBlock&, const GetBlock&) = default;
};

// The proposal of a block that was asked for.  Its justification may be empty and is not looked at.
struct BlockAnswer {
  Propose propose;

  FENRUN_FIELDS(propose)
  friend bool operator==(const BlockAnswer&, const BlockAnswer&) = default;
};

// Asks for finalized blocks, both heights included.  Answered by the node, which owns the journal.
struct GetRange {
  Height from;
  Height to;

  FENRUN_FIELDS(from, to)
  friend bool operator==(const GetRange&, const GetRange&) = default;
};

// Two votes of one signer that no honest validator casts both.
struct Evidence {
  Vote first;
  Vote second;

  FENRUN_FIELDS(first, second)
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

// Asks for the vote of the highest view that the receiver has seen of the sender: before it votes,
// a node that starts learns so whether its vote log is older than its votes (§5).
struct GetLastVote {
  std::uint64_t nonce = 0;

  FENRUN_FIELDS(nonce)
  friend bool operator==(const GetLastVote&, const GetLastVote&) = default;
};

struct LastVote {
  std::uint64_t nonce = 0;   // Of the question.
  std::optional<Vote> vote;  // None: none was seen in the answerer's epoch.

  FENRUN_FIELDS(nonce, vote)
  friend bool operator==(const LastVote&, const LastVote&) = default;
};

// DO NOT CHANGE THE ORDER: the index is the message's tag on the wire.  Append only.
using Message = std::variant<Propose, Vote, Certificate, PeerStatus, Echo, GetCertificates,
                             GetBlock, BlockAnswer, GetRange, Evidence, GetLastVote, LastVote>;

}  // namespace fenrun
