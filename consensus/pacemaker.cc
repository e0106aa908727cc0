#include "consensus/pacemaker.h"

#include <algorithm>

#include "core/check.h"

namespace fenrun {

namespace {

TimeMs after(TimeMs moment, SpanMs span) { return TimeMs(moment.value() + span.value()); }

}  // namespace

void SampleRing::add(SpanMs sample) {
  samples_[next_] = sample;
  next_ = (next_ + 1) % kSamplesMax;
  count_ = std::min(count_ + 1, kSamplesMax);
  auto sorted = samples_;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto rank = (count_ * 99 + 99) / 100 - 1;
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), nth, end);
  p99_ = *nth;
}

Pacemaker::Pacemaker(const Timing& timing, const ValidatorSet& validators,
                     std::optional<ValidatorIndex> self, TimeMs now)
    : timing_(timing),
      quorum_(validators.quorum()),
      self_(self),
      now_(now),
      opened_(now),
      timers_from_(now),
      block_retry_at_(now),
      status_at_(now),
      round_trips_(validators.size()) {
  retry_at_ = after(now, advance_timeout());
}

void Pacemaker::tick(TimeMs now) { now_ = std::max(now_, now); }

void Pacemaker::enter_view(bool after_nullification) {
  if (after_nullification) ++nullified_in_row_;
  // However many views pass at once, the next is at most one interval away.
  opened_ = std::max(now_, after(std::min(opened_, now_), timing_.block_interval));
  timers_from_ = opened_;
  retry_at_ = after(opened_, advance_timeout());
}

void Pacemaker::observe_round_trip(ValidatorIndex peer, SpanMs round_trip) {
  CHECK(peer.value() < round_trips_.size());
  round_trips_[peer.value()].add(std::min(round_trip, timing_.timeout_max));
}

SpanMs Pacemaker::delta() const {
  // One validator is ourselves, at no distance: the q-th fastest is the (q-1)-th of the others.
  if (quorum_ == 1) return timing_.delta_min;
  std::vector<SpanMs> distances;
  for (std::size_t i = 0; i < round_trips_.size(); ++i) {
    if (self_ && self_->value() == i) continue;
    distances.push_back(round_trips_[i].empty() ? timing_.delta_initial : round_trips_[i].p99());
  }
  std::ranges::sort(distances);
  return std::max(distances[quorum_ - 2], timing_.delta_min);
}

SpanMs Pacemaker::execution() const {
  const auto cost = 2 * (build_.p99().value() + verify_.p99().value());
  return std::min(SpanMs(cost), timing_.timeout_max);
}

SpanMs Pacemaker::backed_off(std::uint64_t deltas) const {
  std::uint64_t timeout = deltas * delta().value() + execution().value();
  const auto cap = timing_.timeout_max.value();
  for (std::uint32_t i = 0; i < nullified_in_row_ && timeout < cap; ++i) timeout += timeout / 2 + 1;
  return SpanMs(std::min(timeout, cap));
}

SpanMs Pacemaker::interval(Pace pace) const {
  switch (pace) {
    case Pace::busy:
      break;
    case Pace::crowded:
      return timing_.timeout_max;
    case Pace::idle:
      return timing_.idle_interval;
  }
  return SpanMs(0);
}

bool Pacemaker::passed(SpanMs timeout, Pace pace) const {
  return now_ >= after(timers_from_, SpanMs(timeout.value() + interval(pace).value()));
}

bool Pacemaker::preparation_late(Pace pace) const {
  return now_ >=
         after(timers_from_, SpanMs((leader_timeout().value() + interval(pace).value()) / 2));
}

bool Pacemaker::should_flush() const { return now_ >= after(opened_, delta()); }

bool Pacemaker::should_beat(Pace pace) const {
  return now_ >= after(opened_, SpanMs(interval(pace).value() / 2));
}

bool Pacemaker::take_retry() {
  if (now_ < retry_at_) return false;
  retry_at_ = after(now_, advance_timeout());
  return true;
}

bool Pacemaker::take_block_retry() {
  if (now_ < block_retry_at_) return false;
  block_retry_at_ = after(now_, SpanMs(2 * delta().value()));
  return true;
}

bool Pacemaker::take_status() {
  if (now_ < status_at_) return false;
  status_at_ = after(now_, timing_.status_interval);
  return true;
}

}  // namespace fenrun
