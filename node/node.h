// A node: drives consensus, executes and commits blocks, holds the mempool, catches up.
//
// Everything that happens to a node is an event: a message, a link, a tick, a submission.  An event
// is noted; turn() then works until nothing is left to do, makes the vote log durable, and only
// then sends.  The node knows no socket, thread or clock of its own: it is told the time and given
// what stands for disk and network, so that the simulator drives the very same object.
//
// Any failure of the disk stops the node for good: it answers nothing any more (see `on_fatal`).
// Not thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "consensus/replica.h"
#include "contracts/genesis.h"
#include "ledger/journal.h"
#include "ledger/proof/recovery.h"
#include "net/event_gate.h"
#include "net/transport.h"
#include "node/batch_store.h"
#include "node/check_queue.h"
#include "node/checkpointer.h"
#include "node/epoch_learner.h"
#include "node/executor.h"
#include "node/members.h"
#include "node/messages.h"
#include "node/refusals.h"
#include "node/service.h"
#include "node/snapshot_fetcher.h"
#include "node/stages.h"
#include "node/storage/vote_log.h"
#include "node/tx_pool.h"
#include "node/unpaid_earnings.h"

namespace fenrun {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

// Two times, in milliseconds: one that never falls, one that people read.
struct Now {
  TimeMs steady;
  TimeMs wall;
};

struct NodeOptions {
  std::string name;
  Genesis genesis;
  net::PeerIndex self;  // The member whose node this is.
  // Its key, which outlives the node; null while it only observes, its vote log being lost.
  const SigningKey* consensus_key = nullptr;
  LogCheck log_check = LogCheck::ask;  // Of the vote log, with what peers know.
  TxPoolLimits mempool;
  // More heights than this behind, a node joins by a snapshot if one is offered, and at any
  // distance where nobody serves the blocks; kJoinNever (node/config.h): by none at all.
  std::uint64_t snapshot_behind = 5'000;
  // A vote log of this size is rewritten with what is still wanted of it, and so is one that has
  // doubled since.
  std::uint64_t vote_log_bytes = 32 * 1024 * 1024;
  // Of entries that wait to become final, until blocks are built empty (node/executor.h).
  std::uint64_t unfinalized_bytes = kUnfinalizedBytesMax;

  std::function<Now()> clock;
  // Tells what stages take; without it nothing is measured.
  std::function<Moment()> stopwatch = [] { return Moment{}; };
  // What the disk of the journal still takes; none if that is not known.
  std::function<std::optional<std::uint64_t>()> disk_free_bytes = [] {
    return std::optional<std::uint64_t>{};
  };
  // Asks for turn() to be called soon, not from within the call.
  std::function<void()> request_turn;
  std::function<void(LogLevel, const std::string&)> log;
  // Who may be linked, at the start and whenever it changes.
  std::function<void(const MemberTable&)> on_members;
  // A validator is convicted; to be kept until it is on the ledger.
  std::function<void(const RecordEvidence&)> on_evidence;
  // A proposal is judged; for tests, which compare what several nodes say.
  std::function<void(const Propose&, Verdict)> on_verdict = [](const Propose&, Verdict) {};
  // The node has stopped for good.
  std::function<void(const Error&)> on_fatal;
};

// Kinds of records in the vote log.
inline constexpr std::uint8_t kConsensusLogRecord = 2;  // BCS of LogRecord.
inline constexpr std::uint8_t kBatchLogRecord = 3;      // BCS of TxBatch.

class Node final : public NodeService {
 public:
  // REQUIRES: the journal holds genesis; everything given by reference outlives the node.
  // `vote_log` is none for an observer; `recovered` are its records.
  // Errc::corruption if a record does not decode.
  static Result<std::unique_ptr<Node>> create(NodeOptions options, Journal& journal,
                                              Checkpointer checkpointer,
                                              std::optional<VoteLog> vote_log,
                                              const std::vector<VoteLogRecord>& recovered,
                                              net::Transport& transport, BatchVerifier& verifier);

  // Events.
  void on_message(net::PeerIndex peer, net::Channel channel, const Bytes& bytes);
  void on_connected(net::PeerIndex peer);
  void on_disconnected(net::PeerIndex peer);
  void on_tick();  // Every 5 ms or so.
  void turn();

  bool has_failed() const { return failed_; }
  // Whether it takes part in the present epoch; else it observes.
  bool is_voting() const { return votes_; }

  // NodeService.
  void submit_all(std::vector<SignedTransaction> transactions,
                  std::function<void(const Submitted&)> callback) override;
  TransactionStatus transaction_status(const Digest& id) const override;
  const UnpaidEarnings& unpaid_earnings() const override { return unpaid_; }
  std::string refusal_detail(Position operation) const override {
    return refusals_.detail_of(operation);
  }
  Result<Sequence> next_sequence(const PartyId& party, Lane lane) const override;
  const Genesis& genesis() const override { return options_.genesis; }
  const Journal& journal() const override { return *journal_; }
  std::optional<CosignedCheckpoint> checkpoint() const override { return checkpointer_.cosigned(); }
  std::string trust_policy() const override { return trust_policy_; }
  NodeStatus status() const override;
  std::vector<Metric> metrics() const override;
  std::function<void()> on_commit(std::function<void(Height)> callback) override;

 private:
  // A proposal that waits for batches.
  struct Verification {
    Verify request;
    TimeMs asked_at;
    TimeMs since;
    std::size_t attempts = 0;
  };
  // The way to a finalized block that is not here.
  struct CatchUpState {
    Certificate target;
    net::PeerIndex source;
    TimeMs since;
    TimeMs asked_at;
    std::size_t attempts = 0;
    // The last block that was executed again but waits for the rest of those with which it was
    // finalized.
    Digest executed;
    // The lowest finalization known of a block above the tip, and where that block is.
    std::optional<Certificate> ahead;
    Height ahead_height;
  };
  // A batch of peers whose signatures are being checked.  It is held when all that one of them sent
  // before is held, whichever is first.
  struct Checking {
    std::shared_ptr<const EncodedBatch> batch;
    CheckQueue::Ticket ticket = 0;
    std::optional<bool> right;          // The answer.
    std::set<net::PeerIndex> waits_at;  // In whose queues it stands.
  };
  // In kPeerLogSpanMs: log lines that one peer may cause, and all together.
  static constexpr unsigned kPeerLinesMax = 5;
  static constexpr unsigned kAllPeersLinesMax = 20;

  struct PeerState {
    bool connected = false;
    std::size_t undecodable = 0;  // Messages, since it was linked.
    net::EventGate lines{kPeerLinesMax};
    // Cosignatures that were wrong, in the second that began last.
    std::uint64_t cosignatures_second = 0;
    std::size_t cosignatures_wrong = 0;
    std::map<Digest, TimeMs> served;  // Batches it was sent for a GetBatches lately.
    std::optional<TimeMs> heard_at;
    Height finalized_height;
    Height earliest_height;                          // Of the blocks that it serves.
    std::deque<std::shared_ptr<Checking>> checking;  // In the order of their arrival.
    std::size_t checking_memory = 0;

    bool has_room_for(const EncodedBatch& batch) const;
  };

  // An offer of a snapshot that was asked for and found right.
  struct JudgedOffer {
    SnapshotManifest manifest;
    Header header;
    Digest block_id;
    std::set<net::PeerIndex> peers;  // All who made it.
  };

  // Transactions that were submitted together.
  struct Submission {
    std::vector<SignedTransaction> transactions;
    std::vector<std::optional<Error>> refusals;  // Of each, as far as it is known.
    std::size_t checks = 0;                      // Of signatures, under way.
    std::function<void(const Submitted&)> callback;
  };

  // What costs milliseconds to answer, in turn and for a part of the time only: consensus goes
  // first.
  struct GetEpochEnd {  // What a message of an epoch that is over asks for.
    Epoch epoch;
  };
  using SlowRequest =
      std::variant<GetRange, GetSnapshot, GetSnapshotPart, GetEpochLinks, GetHandover, GetEpochEnd>;

  Node(NodeOptions options, Journal& journal, Checkpointer checkpointer,
       std::optional<VoteLog> vote_log, net::Transport& transport, BatchVerifier& verifier);

  Status recover(const std::vector<VoteLogRecord>& recovered);
  Now now() const { return options_.clock(); }
  void log(LogLevel level, const std::string& line) const { options_.log(level, line); }
  // What a peer causes: so often and no more, since each line is written at once.
  void log_of_peer(net::PeerIndex from, const std::string& text, LogLevel level = LogLevel::warn);
  void fail(const Error& error);
  void wake();
  // Whom to ask: `first` if it is linked, then the others in turn; none if nobody is linked.
  std::optional<net::PeerIndex> linked_peer(net::PeerIndex first, std::size_t attempt) const;
  std::size_t quorum() const { return replica_->validators().quorum(); }

  // Consensus (node.cc).
  void take(net::PeerIndex from, Message message);
  void take_undecodable(net::PeerIndex from, const Error& error);
  void give(Input input);
  void give_first(Input input);
  void carry_out(const Persist& output);
  void carry_out(const Send& output);
  void carry_out(const Build& output);
  void carry_out(const Verify& output);
  void carry_out(const Fetch& output);
  void carry_out(const Commit& output);
  void carry_out(const CatchUp& output);
  void carry_out(const EvidenceFound& output);
  void carry_out(const StaleLog& output);
  void carry_out(const EnteredView& output);
  bool commit(std::span<const Digest> ids, const Certificate& finalization);
  void after_commit();
  bool may_sign_checkpoints() const;
  void sign_checkpoint();
  void take_cosignatures(net::PeerIndex from, const CheckpointSignatures& signatures);
  void count_checkpoints();
  void take_quorum();
  void compact_log_if_large();
  bool sync_vote_log();
  void flush();
  void send(std::optional<net::PeerIndex> to, net::Channel channel, const NodeMessage& message);
  void send(std::optional<net::PeerIndex> to, const std::shared_ptr<const EncodedBatch>& batch);

  // Batches (node_batches.cc).
  void seal_if_due();
  std::uint64_t oldest_batch_ms();
  bool seal();
  void push_batches_again(net::PeerIndex to);
  bool has_use(const TxBatch& batch) const;
  void log_batches(const Payload& payload);
  void take_batch(net::PeerIndex from, TxBatch batch);
  void begin_check(net::PeerIndex from, std::shared_ptr<const EncodedBatch> batch);
  void await_check(net::PeerIndex from, const std::shared_ptr<Checking>& checking);
  void take_answer(const std::shared_ptr<Checking>& checking, bool right);
  void release_checked(net::PeerIndex from);
  void take_right(net::PeerIndex from, const std::shared_ptr<const EncodedBatch>& batch);
  void forget_checks(net::PeerIndex from);
  void hasten(const Verify& request);
  void note_foreign(const TxBatch& batch);
  void sweep_batches();
  void push_unacknowledged();
  bool is_congested();
  void note_ordered(const std::vector<Digest>& batches);
  CheckQueue::Ticket check_signatures(net::PeerIndex sender, std::shared_ptr<const TxBatch> batch,
                                      std::function<void(bool)> done);
  bool is_named(const Digest& digest) const;
  bool is_awaited(const Digest& digest) const;
  bool is_wanted(const Digest& digest) const;
  void hold_again(const std::vector<Digest>& committed);
  void hold_batch(net::PeerIndex origin, std::shared_ptr<const EncodedBatch> batch);
  void acknowledge(const Digest& digest);
  void take_acknowledgements(net::PeerIndex from, const BatchAck& acknowledgements);
  void serve_batches(net::PeerIndex to, const GetBatches& request);
  void drop_spent_batches(std::size_t looks);
  void continue_verifications();
  bool try_verify(const Verification& verification);
  void ask_for_batches(Verification& verification);
  void report_work();

  // Submissions (node_service.cc).
  void check_submitted(const std::shared_ptr<Submission>& submission,
                       std::vector<std::size_t> places);
  void take_checked(const std::shared_ptr<Submission>& submission,
                    const std::vector<std::size_t>& places, bool valid);
  Result<Digest> admit(SignedTransaction transaction);

  // Explanations (node_service.cc).
  Situation situation(const ReplicaStatus& replica, std::size_t linked, bool catching_up) const;
  void warn_of_recovery();
  // Of the party that runs this node.
  std::optional<Recovery> pending_recovery() const;
  AbsentValidator absent(std::size_t validator) const;
  AbsentValidator absent_by_name(const std::string& name) const;

  // Epochs (node_epochs.cc).
  Status open_epoch(const std::vector<LogRecord>& records);
  Result<FinalizedTip> finalized_tip() const;
  Result<Header> last_header_of(Epoch epoch) const;
  Result<Digest> first_block_of(Epoch epoch) const;
  void know_members(const ValidatorList& validators);
  void know_changed_members();
  Status begin_cosigning(Epoch epoch);
  void continue_to_next_epoch();
  void enter_epoch();
  Status keep_handover(const std::string& note);
  void ask_for_handover();
  void serve_handover(net::PeerIndex to, const GetHandover& request);
  void take_handover(net::PeerIndex from, const Handover& answer);
  void tell_epoch_end(net::PeerIndex to, Epoch epoch);

  // Handovers that were lost (node_handovers.cc).
  Result<ValidatorList> validators_of(Epoch epoch) const;
  std::string policy_text(const ValidatorList& validators) const;
  void find_lost_handovers();
  bool is_handover_lost(Epoch epoch) const;
  void restore_handover(net::PeerIndex from, const Handover& answer);
  void restore_handovers(net::PeerIndex from, const EpochLinks& answer);
  Status restore_by_checkpoint(Epoch epoch, const std::string& text);
  Status restore_by_link(Epoch epoch, const EpochLink& link);
  void note_restored(Epoch epoch);

  // Recoveries (node_recovery.cc).
  void keep_anchor();
  void take_recovery(net::PeerIndex from, const Handover& answer);
  Status commit_recovery(const NetworkRecovery& recovery);

  // Catching up (node_catch_up.cc).
  void request_range();
  void serve_range(net::PeerIndex to, const GetRange& request);
  Result<FinalizedBlock> finalized_block(Height height) const;
  void take_range(net::PeerIndex from, const RangeAnswer& answer);
  Status replay_range(const RangeAnswer& answer);
  Status replay_blocks(const RangeAnswer& answer,
                       const std::vector<std::pair<Header, Digest>>& chain);
  void note_ahead(const Certificate& finalization, Height height);
  bool has_room_to_replay() const;
  Status commit_replayed(const Certificate& finalization);
  Status add_descendants(RangeAnswer& answer, Height first) const;
  Height executed_height() const;
  void end_catch_up();
  void check_catch_up();

  // Snapshots (node_snapshot.cc).
  bool is_linked(net::PeerIndex peer) const;
  bool blocks_are_served() const;
  bool nobody_serves_blocks() const;
  std::uint64_t worthwhile_heights() const;
  std::uint64_t views_behind() const;
  bool wants_snapshot() const;
  bool may_join_by(const Header& header) const;
  void drop_unneeded_snapshot();
  void drop_slow_snapshot();
  void continue_snapshot();
  void ask_for_snapshot();
  void let_snapshot_go();
  void ask_for_parts();
  void ask_others_for_blocks();
  Result<Certificate> snapshot_certificate(const SnapshotManifest& manifest) const;
  Status check_snapshot(const Header& header, const Certificate& certificate) const;
  void take_snapshot_offer(net::PeerIndex from, const SnapshotOffer& offer);
  Status judge_offer(net::PeerIndex from, const SnapshotManifest& manifest);
  void choose_snapshot();
  bool is_eligible(const JudgedOffer& offer) const;
  bool is_slow(const JudgedOffer& offer) const;
  void begin_snapshot(const JudgedOffer& offer);
  void take_snapshot_part(net::PeerIndex from, const SnapshotPartAnswer& answer);
  Status begin_with_base();
  void install_snapshot();
  void go_on_from_snapshot(const Certificate& certificate);
  void serve_snapshot(net::PeerIndex to, const GetSnapshot& request);
  void take_slow_request(net::PeerIndex from, const SlowRequest& request);
  void serve_next_slow_request();
  void serve_part(net::PeerIndex to, const GetSnapshotPart& request);
  // Epochs that are learnt instead of executed (node_learning.cc).
  Epoch own_epoch() const { return replica_->finalized().epoch; }
  bool is_ready_to_judge(net::PeerIndex from, Epoch epoch);
  void continue_learning();
  void take_epoch_links(net::PeerIndex from, const EpochLinks& answer);
  void serve_epoch_links(net::PeerIndex to, const GetEpochLinks& request);
  Result<EpochLink> epoch_link(Epoch epoch) const;
  bool is_of_learnt_chain(const SnapshotBuilder& builder) const;

  void describe_snapshots(NodeStatus& status) const;
  void add_snapshot_metrics(std::vector<Metric>& metrics) const;
  void add_alarm_metrics(std::vector<Metric>& metrics) const;
  void add_stage_metrics(std::vector<Metric>& metrics) const;
  void add_peer_metrics(std::vector<Metric>& metrics) const;

  NodeOptions options_;
  Journal* journal_;
  Checkpointer checkpointer_;
  std::optional<VoteLog> vote_log_;
  net::Transport* transport_;
  BatchVerifier* verifier_;
  CheckQueue checks_;

  TxPool pool_;
  Refusals refusals_;
  BatchStore batches_;
  StageMeter meter_;
  Executor executor_;
  std::unique_ptr<Replica> replica_;
  MemberTable members_;
  std::optional<ValidatorIndex> self_;         // Our index, if we are a validator of this epoch.
  std::map<net::PeerIndex, PeerState> peers_;  // Every member but us.
  net::EventGate peer_lines_{kAllPeersLinesMax};

  Digest epoch_first_block_;
  bool votes_ = false;  // In the present epoch, with options_.consensus_key and vote_log_.
  LogCheck log_check_;
  std::optional<Epoch> anchored_;                // The last epoch whose anchor is known to be kept.
  std::string trust_policy_;                     // Of the validators that follow the tip.
  std::optional<TrustPolicy> cosigning_policy_;  // Of those who sign the checkpoint of the tip.
  std::optional<Bytes> network_record_;          // As of know_members().
  FinalizedTip synced_tip_;                      // What catching up has committed last.
  std::deque<Epoch> lost_handovers_;             // Of epochs that are over; asked for in turn.
  bool failed_ = false;
  bool turn_requested_ = false;
  bool log_dirty_ = false;
  std::deque<Input> inbox_;
  struct Outgoing {
    std::optional<net::PeerIndex> to;
    net::Channel channel;
    net::Payload bytes;
  };
  std::vector<Outgoing> outgoing_;  // Wait for the vote log.
  std::set<Digest> logged_batches_;
  std::uint64_t vote_log_bytes_kept_ = 0;  // When it was compacted last.
  // By view too: a block's header may come again in a view where it is none.
  std::map<std::pair<View, Digest>, Verification> verifications_;
  std::optional<CatchUpState> catch_up_;
  std::optional<SnapshotFetcher> snapshot_;      // Only while catching up.
  std::optional<EpochLearner> learner_;          // Only while a later epoch's snapshot is in sight.
  std::set<net::PeerIndex> snapshot_refused_;    // Gave parts that did not fit, or none.
  std::set<net::PeerIndex> snapshot_questions_;  // Asked for an offer, and did not answer yet.
  std::map<Digest, JudgedOffer> snapshot_offers_;  // Since the last choice, by the digest.
  std::map<net::PeerIndex, TimeMs> slow_sources_;  // Of a snapshot that came too slowly, and when.
  std::deque<std::pair<net::PeerIndex, SlowRequest>> slow_requests_;
  TimeMs slow_requests_from_;   // No other is answered before.
  BatchList acknowledgements_;  // To be sent at the end of the turn.
  // Batches whose signatures are being checked, or wait for those that their senders sent before.
  std::map<Digest, std::shared_ptr<Checking>> checking_;
  std::set<Digest>
      named_in_log_;  // Batches that blocks of the log name, when it was read or written.
  std::set<Digest> pushed_again_;  // Pending ones that came once more.

  TimeMs started_at_;
  TimeMs committed_at_;
  TimeMs tip_time_before_;  // Of the tip before the last commit.
  TimeMs sealed_at_;
  struct Sealed {
    TimeMs at;
    std::uint64_t moment_us = 0;
  };
  std::map<Digest, Sealed> sealed_;                        // Own batches that are not final.
  std::deque<std::pair<TimeMs, Digest>> sealed_in_order_;  // These, and some that are final.
  // The size of the oldest own checkpoint without a quorum, and when it was signed.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> cosigning_since_;
  TimeMs acknowledged_at_;
  TimeMs cosignatures_sent_at_;
  TimeMs handover_asked_at_;
  TimeMs snapshot_asked_at_;
  TimeMs snapshot_sourced_at_;  // It had a source.
  TimeMs snapshot_shared_at_;   // It had another number of sources than one.
  TimeMs blocks_served_at_;     // Somebody linked said so, while catching up.
  TimeMs blocks_asked_from_;    // Before, an offer of a snapshot is waited for.
  TimeMs spent_dropped_at_;
  TimeMs pushed_again_at_;
  bool work_reported_ = false;
  std::uint64_t committed_transactions_ = 0;
  UnpaidEarnings unpaid_;
  std::optional<Recovery> told_recovery_;  // Of this organisation.
  std::uint64_t idle_interval_ms_ = 0;     // As the replica of this epoch knows it.
  std::uint64_t evidence_count_ = 0;
  std::map<std::uint64_t, std::function<void(Height)>> subscribers_;
  std::uint64_t next_subscriber_ = 0;
};

}  // namespace fenrun
