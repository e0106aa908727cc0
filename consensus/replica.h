// One validator's, or observer's, view of one epoch of the protocol in docs/spec/consensus.md.
// Start here.
//
// Deterministic: equal inputs in equal order give equal outputs.  Not thread-safe.  The driver's
// duties are listed in io.h; safety rests on them.
//
// Invariants:
//   * finalized().view < view(); neither ever falls.
//   * Every vote of ours is in SafetyRecord, and its Persist stands before its Send (I8).
//   * A vote's Persist stands with or behind those of the certificates and proposals it rests on
//     (§5).
//   * No block is verified, voted for or built on before its parent is ready and notarized, or is
//     the tip.  So all between a ready block and the tip are.
//   * Nothing is cast before the log is found to hold our votes, nor after the epoch ended.
//   * A block is looked at again only when something changed that it waits for (touch()): a step
//     costs the same however many blocks lie above the tip.
//
// The rule numbers in the sources are those of docs/spec/consensus.md §4.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "consensus/certificate.h"
#include "consensus/io.h"
#include "consensus/pacemaker.h"
#include "consensus/proposals.h"
#include "consensus/safety.h"
#include "consensus/signatures.h"
#include "consensus/validator_set.h"
#include "consensus/votes.h"

namespace fenrun {

// Answers to one peer's questions between two statuses.  An honest peer asks about once a view or
// retry.
inline constexpr std::uint32_t kAnswersMax = 64;

// The log is taken for sound after this time even if too few peers could be asked.
inline constexpr std::uint64_t kLogCheckMs = 10'000;

// Verifications that one peer's wrong signatures may cost between two statuses.  What must be
// verified is ignored of it from then on: an honest peer sends nothing that it has not verified.
inline constexpr std::uint64_t kWastedVerificationsMax = 64;

// After this many nullified views in a row the leader's budget is halved no further: the block is
// empty.
inline constexpr std::uint64_t kBudgetHalvingsMax = 3;

// Whether the vote log is compared with what peers know of our votes before we vote (§5).
enum class LogCheck : std::uint8_t {
  ask,     // The first replica that uses the log since the process started.
  passed,  // Another replica of this process has (Replica::log_check()).
  never,   // Nor later: who is to misbehave in a simulation has votes elsewhere, and votes on.
};

struct ReplicaConfig {
  Digest chain_id;
  Epoch epoch;
  Digest epoch_first_block;  // The id of the block the epoch began with; seeds the leaders' order.
  Timing timing;
  LogCheck log_check = LogCheck::ask;
};

// Where a replica stands, for `status --why` and metrics.
struct ReplicaStatus {
  View view;
  ValidatorIndex leader;
  FinalizedTip finalized;
  View notarized_view;                       // The highest known, the finalized one included.
  bool proposal_held = false;                // The leader's proposal of this view.
  bool proposal_ready = false;               // And it is executed and durable.
  std::vector<ValidatorIndex> notarized_by;  // Votes of this view.
  std::vector<ValidatorIndex> nullified_by;
  std::vector<ValidatorIndex> finalized_by;  // Votes of notarized_view.
  std::vector<ValidatorIndex> missing;       // Validators of whom we hold no vote of this view.
  std::uint32_t nullified_in_row = 0;
  SpanMs delta;
  SpanMs execution;
  SpanMs leader_timeout;
  SpanMs advance_timeout;
  bool catching_up = false;  // A finalization is held whose blocks are not.
};

class Replica {
 public:
  // REQUIRES: `self` and `key` are both given or both not (an observer), and the key is that of
  // `self`; the tip is of the configured epoch; `recovered` holds every record of the vote log, in
  // log order.  The key must outlive the replica.
  //
  // Records of earlier epochs are passed over, and of one that the tip ends.  With records of a
  // later epoch those of this one may be gone: it casts nothing, and follows until it ends.
  Replica(const ReplicaConfig& config, ValidatorSet validators, std::optional<ValidatorIndex> self,
          const SigningKey* key, FinalizedTip tip, const std::vector<LogRecord>& recovered,
          TimeMs now);

  // What is to be done because of the input, in the order in which it is to be done.
  std::vector<Output> step(const Input& input);

  // Everything that must survive when the driver rewrites the vote log into a new file; the same as
  // if the present log were kept.  REQUIRES: all outputs so far have been carried out.
  std::vector<LogRecord> log_snapshot() const;

  View view() const { return view_; }
  const FinalizedTip& finalized() const { return finalized_; }
  ValidatorIndex leader() const { return leader_of(view_); }
  ReplicaStatus status() const;
  // The epoch's last block is committed: the replica casts and asks nothing more, but answers.
  bool ended() const { return finalized_.ends_epoch; }
  // For the next replica of the process that uses the same log.  Of a log that is ahead of this
  // epoch peers could not tell what it lacks: they are asked again when it is reached.
  LogCheck log_check() const {
    if (config_.log_check == LogCheck::never) return LogCheck::never;
    const bool is_sound = self_ && log_state_ == LogState::sound && log_epoch_ <= config_.epoch;
    return is_sound ? LogCheck::passed : LogCheck::ask;
  }
  // An unfinalized or lately finalized block, to answer GetBlock with; or null.
  const Propose* proposal(const Digest& block_id) const { return proposals_.find_by_id(block_id); }
  const ValidatorSet& validators() const { return validators_; }

 private:
  struct Parent {
    View view;
    Digest id;
    Height height;
    bool ends_epoch = false;
  };
  // What is known of the vote log; nothing is cast unless it is sound.
  enum class LogState : std::uint8_t {
    unknown,  // Peers are asked which votes of ours they saw.
    sound,
    stale,  // A vote of our key is not in it.
  };

  // Recovery (replica.cc).
  void recover(const LogRecord& record);
  void resume();

  // Inputs (replica_inputs.cc).
  void on(const Tick& input);
  void on(const Received& input);
  void on(const Connected& input);
  void on(const Built& input);
  void on(const Verified& input);
  void on(const BodyDurable& input);
  void on(const Synced& input);
  void on(const WorkPending& input);
  void on(const EarliestKept& input);

  // Messages (replica_messages.cc).  Each has been decoded, nothing of it has been checked.
  bool is_of_this_epoch(const Subject& subject) const;
  void receive(ValidatorIndex from, const Propose& message);
  void receive(ValidatorIndex from, const Vote& message);
  void receive(ValidatorIndex from, const Certificate& message);
  void receive(ValidatorIndex from, const PeerStatus& message);
  void receive(ValidatorIndex from, const Echo& message);
  void receive(ValidatorIndex from, const GetCertificates& message);
  void receive(ValidatorIndex from, const GetBlock& message);
  void receive(ValidatorIndex from, const BlockAnswer& message);
  void receive(ValidatorIndex from, const GetRange& message);
  void receive(ValidatorIndex from, const Evidence& message);
  void receive(ValidatorIndex from, const GetLastVote& message);
  void receive(ValidatorIndex from, const LastVote& message);
  bool take_justification(ValidatorIndex from, const Propose& message);
  template <class Signed>
  Status check_signed(ValidatorIndex from, const Signed& message);
  Status check_certificate(ValidatorIndex from, const Certificate& certificate);
  void count(const Vote& vote, std::optional<ValidatorIndex> from);
  void report(const Evidence& evidence);

  // The check of the vote log (replica_log_check.cc).
  void note_vote(const Vote& vote);
  void note_votes(const Certificate& certificate);
  void ask_for_last_vote(std::optional<ValidatorIndex> peer);
  void conclude_log_check();
  void know_logged(const LogRecord& record);
  bool accounts_for(const Subject& subject) const;
  bool accounts_for_later(const Subject& subject) const;
  void compare_with_log(const Vote& own);

  // Progress: repeated until nothing changes (replica.cc).
  void settle();
  void accept(const Certificate& certificate, std::optional<ValidatorIndex> from);
  void enter(const Certificate& entry);
  bool commit_finalized();
  void finalize_chain(const Certificate& finalization, const std::vector<const Proposal*>& chain);
  void adopt_tip(FinalizedTip tip);
  void catch_up();
  std::optional<std::vector<const Proposal*>> chain_to(View view) const;

  // Blocks and votes (replica_blocks.cc).
  void touch(View view);
  void touch_all();
  Proposal& hold(const Propose& propose, ValidatorIndex source);
  void let_go(View view);
  bool consider_touched();
  bool consider(View view, Proposal& proposal);
  const Proposal* parent_of(const Proposal& proposal) const;
  bool parent_ready(const Proposal& proposal) const;
  bool justified(const Proposal& proposal) const;
  bool drop_if_impossible(View view, const Proposal& proposal);
  bool start_verifying(View view, Proposal& proposal, bool wanted);
  void give_out(Proposal& proposal, bool wanted);
  void reject(View view, Proposal& proposal);
  void refuse_early(View view, Proposal& proposal);
  void refuse_crowded(View view, Proposal& proposal);
  bool vote_on(View view, Proposal& proposal);
  void place(const Propose& copy, std::optional<ValidatorIndex> source);
  void want_blocks();
  View certificates_wanted_above() const;
  void fetch(View view);
  std::optional<ValidatorIndex> next_holder(View view);
  void retry_blocks();
  void lead();
  void give_up(View view);
  void cast(const Subject& subject);
  void propose(const Parent& parent, const Payload& payload, bool ends_epoch);
  std::optional<Parent> parent_to_build_on() const;

  // What a vote rests on is logged ahead of it, once (replica_blocks.cc).
  void log_certificate(VoteKind kind, View view);
  void log_entry();
  void log_chain(View view);

  // Timers (replica_timers.cc).
  void check_timers();
  void repeat_ourselves();
  void ask_for_gaps(std::optional<ValidatorIndex> first);
  std::optional<ValidatorIndex> next_peer();
  bool idle() const;
  bool crowded() const;
  Pace pace() const { return crowded() ? Pace::crowded : idle() ? Pace::idle : Pace::busy; }

  ValidatorIndex leader_of(View view) const {
    return validators_.leader(config_.epoch_first_block, view);
  }
  bool leading() const { return self_ && *self_ == leader_of(view_); }
  bool may_cast() const { return self_ && log_state_ == LogState::sound && !ended(); }
  View votes_floor() const;
  PeerStatus own_status() const;
  void send(std::optional<ValidatorIndex> to, Message message);
  void emit(Output output) { outputs_.push_back(std::move(output)); }

  ReplicaConfig config_;
  ValidatorSet validators_;
  std::optional<ValidatorIndex> self_;
  const SigningKey* key_;

  FinalizedTip finalized_;
  View view_;
  std::optional<Certificate> entry_;  // By which we entered the view; none at the epoch's start.

  SignatureChecker signatures_;
  CertificateStore certificates_;
  VoteTally votes_;
  SafetyRecord safety_;
  ProposalStore proposals_;
  Pacemaker pacemaker_;

  LogState log_state_ = LogState::sound;
  TimeMs log_checked_by_;  // When to vote although too few peers answered.
  std::uint64_t log_check_nonce_ = 0;
  std::set<ValidatorIndex> log_check_answers_;
  std::vector<LogRecord> later_records_;       // Of the log, of later epochs.
  View log_forgotten_;                         // As the log says.
  std::vector<Subject> logged_;                // Of its votes, until it is taken for sound.
  Epoch log_epoch_;                            // The highest of which the log had records.
  bool epoch_logged_ = false;                  // EpochOpened is in the log.
  std::map<ValidatorIndex, Vote> last_votes_;  // The newest seen of each signer.

  bool resumed_ = false;
  bool work_pending_ = false;
  Height earliest_kept_;
  View build_asked_;        // The last view we asked the driver to build in,
  Parent build_parent_;     // and on what.
  std::set<View> tainted_;  // Views whose leader signed two blocks: never notarize in them.
  std::set<View> touched_;  // Views whose block may be able to go a step further.
  std::set<View> missing_;  // Notarized views whose block is not here,
  std::set<View> wanted_;   // and those whose block was asked for.
  std::optional<TimeMs> catch_up_at_;  // When to ask the driver for a range next; none: no need.
  std::uint64_t rotation_ = 0;         // Whose turn it is to be asked.
  std::set<ValidatorIndex> reported_;  // Of whom evidence was reported, once.
  std::map<ValidatorIndex, std::uint32_t> answers_;  // Given to each peer in this status interval.
  std::map<ValidatorIndex, std::uint64_t> wasted_;   // Verifications of what it sent, likewise.
  std::vector<Output> outputs_;
};

}  // namespace fenrun
