// When to give a view up, to repeat oneself, and to propose.  docs/spec/consensus.md §4, timers.
//
// Liveness only: whatever it answers, no rule of safety.h is broken.  Integer arithmetic
// throughout; the percentile of a ring of n samples is the ceil(0.99 n)-th smallest, so with fewer
// than 100 samples the largest.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "consensus/messages.h"
#include "consensus/validator_set.h"

namespace fenrun {

// Milliseconds between two moments.
using SpanMs = Strong<struct SpanMsTag>;

// Block pacing is a parameter of the network (genesis, governance), not of a node.
struct Timing {
  // A view opens no sooner than this after the last one opened, or than this from its entry where
  // the last one had not opened yet.
  SpanMs block_interval{0};
  SpanMs idle_interval{
      10'000};                // With nothing to do, an empty block each half of it; 0: no idling.
  SpanMs delta_initial{200};  // Round trip assumed of a peer not measured yet.
  SpanMs delta_min{20};       // Scheduling noise of a busy host: less is never assumed.
  SpanMs timeout_max{8'000};  // No timer is longer, whatever the back-off.
  SpanMs status_interval{1'000};  // How often peers are told where we are.
};

// How soon the next block is wanted.
enum class Pace : std::uint8_t {
  busy,     // At once.
  crowded,  // Too many blocks wait for their finalization: at intervals as long as a timer may be.
  idle,     // There is nothing to do: at idle intervals.
};

// The last samples of a duration.
class SampleRing {
 public:
  static constexpr std::size_t kSamplesMax = 128;

  void add(SpanMs sample);
  bool empty() const { return count_ == 0; }
  SpanMs p99() const { return p99_; }  // 0 if empty.

 private:
  std::array<SpanMs, kSamplesMax> samples_{};
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  SpanMs p99_{0};  // Of the samples: asked for far more often than one is added.
};

class Pacemaker {
 public:
  // `self` is none for an observer.
  Pacemaker(const Timing& timing, const ValidatorSet& validators,
            std::optional<ValidatorIndex> self, TimeMs now);

  TimeMs now() const { return now_; }
  void tick(TimeMs now);  // A step back is ignored.

  // A view begins now, after a nullified one or not.
  void enter_view(bool after_nullification);
  // The timers of this view start again from now: work came after idling, or an idle view's
  // proposal.
  void restart_timers() { timers_from_ = now_; }
  // A block was finalized: the back-off ends.
  void reset_backoff() { nullified_in_row_ = 0; }

  void observe_round_trip(ValidatorIndex peer, SpanMs round_trip);
  void observe_build(SpanMs cost) { build_.add(cost); }
  void observe_verify(SpanMs cost) { verify_.add(cost); }

  // Δ: twice the p99 of the one-way delay, taken as half the round trip, towards the q-th fastest
  // validator, ourselves being the fastest: f liars cannot raise it.
  SpanMs delta() const;
  SpanMs execution() const;  // E: twice the p99 of building plus that of verifying.
  SpanMs leader_timeout() const { return backed_off(2); }   // 2Δ+E, backed off and capped.
  SpanMs advance_timeout() const { return backed_off(3); }  // 3Δ+E
  std::uint32_t nullified_in_row() const { return nullified_in_row_; }

  // Whether the moment has come in this view.
  bool leader_late(Pace pace) const { return passed(leader_timeout(), pace); }
  bool advance_late() const { return passed(advance_timeout(), Pace::busy); }
  // Half the leader timeout after it may propose: a leader that still cannot build gives up, for
  // others to go on.
  bool preparation_late(Pace pace) const;
  // Proposing: the block interval has passed; Δ more, for a tip that ought to be final by now; half
  // the interval of the pace.
  bool may_propose() const { return now_ >= opened_; }
  bool should_flush() const;
  bool should_beat(Pace pace) const;

  // True once each retry period of the view.
  bool take_retry();
  // True every 2Δ, whatever the view: time to ask anew for blocks that did not come.
  bool take_block_retry();
  // True once each status interval.
  bool take_status();

 private:
  SpanMs backed_off(std::uint64_t deltas) const;
  bool passed(SpanMs timeout, Pace pace) const;
  SpanMs interval(Pace pace) const;

  Timing timing_;
  std::size_t quorum_;
  std::optional<ValidatorIndex> self_;
  TimeMs now_;
  TimeMs
      opened_;  // When the present view might be proposed in: entry, or the block interval's end.
  TimeMs timers_from_;  // What the leader and advance timers count from.
  TimeMs retry_at_;
  TimeMs block_retry_at_;
  TimeMs status_at_;
  std::uint32_t nullified_in_row_ = 0;
  SampleRing build_;
  SampleRing verify_;
  std::vector<SampleRing> round_trips_;  // By validator.
};

}  // namespace fenrun
