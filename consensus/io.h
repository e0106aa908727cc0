// What a replica is told and what it asks for.  docs/spec/consensus.md §5.
//
// A replica performs nothing itself: it is given an Input and answers with Outputs, which its
// driver carries out.  The driver's duties, on which safety rests:
//
//   1. Carry out the outputs of one step in their order, and before the next step.
//   2. Append each Persist to the vote log, and make the log (and every body reported durable)
//      reach the disk before the first Send that follows it.  One sync may cover several Persists;
//      a Persist that no Send follows may wait for the next sync.
//   3. On a write or sync error stop for good.
//   4. Report a body durable (Built, BodyDurable) only when the sync of duty 2 covers it: every
//      batch that the block names, and its header.
//   5. Carry out Commit synchronously, when each Persist before it is durable: once it is done, the
//      blocks and the certificate survive a crash.  Only then may the log be rewritten with
//      Replica::log_snapshot().
//   6. Construct a replica, after a restart as for a new epoch, from the committed tip and every
//      record of the key's log, those of other epochs included.
//   7. Deliver Received with the number of the peer whose authenticated link the message came over:
//      its index in the replica's epoch, or, for whoever is no validator there, any number from
//      kValidatorsMax on that stays with the peer.
//   8. When Replica::ended(), go on to the next epoch with a new replica and give the old one up.
//      Until then give it what comes, so that it answers.
//   9. Answer PeerStatus and GetCertificates of an epoch that is over with the finalization of its
//      last block.  The replica answers those of its own.
//  10. On StaleLog record durably that the key votes no more; then and after each restart construct
//      replicas without it.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "consensus/messages.h"
#include "core/types.h"

namespace fenrun {

// The highest block that is committed here.
struct FinalizedTip {
  Epoch epoch;
  View view;  // Of the finalization; 0: the block the epoch began with (genesis in epoch 0).
  Height height;
  Digest block_id;
  std::optional<Certificate> certificate;  // Its finalization; none at view 0.
  bool ends_epoch = false;                 // The epoch's last block: nothing of the epoch follows.

  friend bool operator==(const FinalizedTip&, const FinalizedTip&) = default;
};

// ------------------------------------------------------------------------------ the vote log

// The first record of an epoch.  Written again when the log is rewritten.
struct EpochOpened {
  Epoch epoch;
  Digest first_block;  // The id of the block the epoch began with.
  View forgotten;      // Records of views up to this one are dropped: nothing is cast in them.

  FENRUN_FIELDS(epoch, first_block, forgotten)
  friend bool operator==(const EpochOpened&, const EpochOpened&) = default;
};

// A payload of the vote log; framing is the driver's.  Vote: one of our own.  Propose: a block that
// a vote of ours rests on; our own proposals whole, those of others without their justification,
// whose certificates have records of their own. DO NOT CHANGE THE ORDER: the index is stored.
// Append only.
using LogRecord = std::variant<EpochOpened, Vote, Certificate, Propose>;

// ------------------------------------------------------------------------------------ inputs

// Time has passed.  Send one at least every 10 ms or so; steps between ticks reuse the last time.
struct Tick {
  TimeMs now;  // Monotonic milliseconds from any origin; a step back is read as no time passing.
};

struct Received {
  ValidatorIndex from;  // Duty 7.
  Message message;
};

// A link to the peer is up: it is told our status.
struct Connected {
  ValidatorIndex peer;
};

// The answer to Build: executed, and its body durable in the sense of duty 4.
struct Built {
  View view;
  Payload payload;
  std::uint64_t cost_ms = 0;  // What building and executing took; feeds the timers.
  bool ends_epoch = false;    // As in Verified.
};

enum class Verdict : std::uint8_t {
  valid,  // Executed; the result equals the header byte for byte.
  early,  // Valid, but dated too far ahead of this validator's clock for its notarize vote.
  // Not executed: it brings transactions although too much waits here to become final.
  crowded,
  invalid,   // The header, or executing it on its parent, is faulty: blame lies with its signer.
  mismatch,  // The batch list does not hash to what the header says: somebody altered the message.
  unavailable,  // A batch could not be got now; the replica will ask again, naming another peer.
};

// The answer to Verify.
struct Verified {
  View view;
  Digest block_id;
  Verdict verdict = Verdict::valid;
  std::uint64_t cost_ms = 0;  // What executing took, without waiting for batches.
  // Valid or early, and another set of validators follows it: no block extends it.
  bool ends_epoch = false;
};

// The body of a block verified as valid is durable in the sense of duty 4.  It may come in the same
// turn as Verified, before or after it.
struct BodyDurable {
  Digest block_id;
};

// The driver has fetched, checked and committed blocks up to a certified one by itself (CatchUp),
// none of them behind the epoch's last.
struct Synced {
  FinalizedTip tip;
};

// Whether there are transactions to order.  Sent when it changes; false at the start.
struct WorkPending {
  bool pending = false;
};

// The lowest height whose block the driver still serves; reported to peers.  0 at the start.
struct EarliestKept {
  Height height;
};

using Input = std::variant<Tick, Received, Connected, Built, Verified, BodyDurable, Synced,
                           WorkPending, EarliestKept>;

// ----------------------------------------------------------------------------------- outputs

// Append to the vote log (duty 2).
struct Persist {
  LogRecord record;
};

// To one peer (duty 7), or to every other validator and observer.  Losing it is allowed.
struct Send {
  std::optional<ValidatorIndex> to;
  Message message;
};

// Build a block on the parent, execute it, make its body durable, answer Built.  The parent is the
// tip or a block verified as valid.  No answer is owed once a higher view is entered.
struct Build {
  View view;
  View parent_view;
  Digest parent_id;
  Height parent_height;
  std::uint32_t budget_halvings = 0;  // Divide the usual limits of a block by 2 to this power.
  bool empty_only = false;            // No transactions at all.
};

// Get the batches that the proposal names (asking `from` first), execute it on its parent, compare
// with the header, answer Verified; if valid, make the body durable and report BodyDurable.  The
// parent is the tip or a block verified as valid.  The header must name this view, height and
// parent id, else the verdict is invalid.  After a restart the blocks of the log are given out
// again, parents first.  An epoch's last block proposed once more is not given out once more.  One
// that has not been answered may be given out again, as wanted.
struct Verify {
  Digest block_id;
  Propose propose;
  ValidatorIndex from;
  bool wanted = false;  // A quorum notarized it, or we did: to be executed whatever waits.
};

// Send GetBlock to the peer; hand over the BlockAnswer as Received.
struct Fetch {
  Digest block_id;
  ValidatorIndex from;
};

struct CommittedBlock {
  View view;  // The first in which it was notarized: its own.
  Height height;
  Digest block_id;
};

// Commit the blocks in this order (duty 5).  All were verified as valid.  The certificate finalizes
// the last.
struct Commit {
  std::vector<CommittedBlock> blocks;
  Certificate finalization;
};

// A valid finalization whose block, or an ancestor of it, is not here: fetch the range from `from`
// and others, check it by hash chain from the certificate, commit it, report Synced.  Repeated,
// with other peers, until the block is committed in one way or the other.
struct CatchUp {
  Certificate finalization;
  ValidatorIndex from;
};

// Proof of misbehaviour, checked.  For the operator; peers have been told.
struct EvidenceFound {
  Evidence evidence;
};

// The vote, signed with our key, is not in our log: the log is older than the votes of its key, or
// another node has the key.  Nothing is cast any more (duty 10).
struct StaleLog {
  Vote vote;
};

// For logs and metrics.
struct EnteredView {
  View view;
  ValidatorIndex leader;
  VoteKind by = VoteKind::notarize;  // The kind of certificate that admitted us.
};

using Output = std::variant<Persist, Send, Build, Verify, Fetch, Commit, CatchUp, EvidenceFound,
                            StaleLog, EnteredView>;

}  // namespace fenrun
