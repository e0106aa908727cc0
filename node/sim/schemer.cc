#include "node/sim/schemer.h"

#include <algorithm>

#include "ledger/proof/entry.h"
#include "ledger/transaction.h"

namespace fenrun::sim {
namespace {

constexpr std::uint64_t kBeginMs = 5'000;   // By then everybody has led, and codes and lanes exist.
constexpr std::uint64_t kGiveUpMs = 1'500;  // A plan that is not carried out by then has failed.
constexpr std::uint64_t kHoldMs = 300;      // How long messages are kept back behind it.

bool finalizes(const Certificate& certificate) {
  return certificate.subject.kind == VoteKind::finalize;
}

// The vote or certificate that tells of a block in a view; none for a nullification.
const Subject* subject_of(const Message& message) {
  const Subject* subject = nullptr;
  if (const auto* vote = std::get_if<Vote>(&message)) subject = &vote->subject;
  if (const auto* held = std::get_if<Certificate>(&message)) subject = &held->subject;
  return subject == nullptr || subject->kind == VoteKind::nullify ? nullptr : subject;
}

void sign_again(const Machine& machine, const Digest& chain_id, Propose& propose) {
  propose.signature = machine.consensus_key().sign(Domain::consensus_vote,
                                                   signed_bytes(chain_id, propose.subject()));
}

}  // namespace

Schemer::Schemer(Setup setup) : setup_(std::move(setup)) {
  Random random(setup_.seed);
  plan_ = static_cast<Plan>(random.below(kPlanCount));
  victim_ = setup_.peers[random.below(setup_.peers.size())];
}

// Two views that are still to come, with the leaders that the plan needs.
void Schemer::choose(std::uint64_t now_ms, net::PeerIndex leader, View view) {
  if (is_mute_ || now_ms < kBeginMs || (view_ && now_ms < chosen_ms_ + kGiveUpMs)) return;
  const auto leader_in = [&](std::uint64_t views) {
    return (leader.value() + views) % (setup_.peers.size() + 1);
  };
  const bool victim_leads = leader_in(2) == victim_.value();
  const bool suits = plan_ == Plan::gaps ? !victim_leads && leader_in(3) != victim_.value()
                                         : leader_in(3) == setup_.self.value() &&
                                               (plan_ == Plan::twice || !victim_leads);
  view_.reset();
  proposed_.reset();
  notarization_.reset();
  if (!suits) return;
  view_ = View(view.value() + 2);
  chosen_ms_ = now_ms;
}

bool Schemer::stops(const Passing& passing) {
  if (is_mute_ && !mute_since_ms_) mute_since_ms_ = passing.now_ms;
  if (mute_since_ms_ && passing.now_ms > *mute_since_ms_ + kHoldMs) return false;
  const auto decoded = decode<NodeMessage>(*passing.payload);
  const auto* message = decoded ? std::get_if<Message>(&*decoded) : nullptr;
  if (message == nullptr) return false;
  if (const auto* propose = std::get_if<Propose>(message)) {
    choose(passing.now_ms, passing.from, propose->view);
    if (propose->view == view_) proposed_ = *propose;
  }
  return view_ && passing.to == victim_ && keeps_from_victim(*message);
}

bool Schemer::keeps_from_victim(const Message& message) const {
  const auto* subject = subject_of(message);
  const auto* propose = std::get_if<Propose>(&message);
  const auto* parent = propose != nullptr && propose->justification.parent
                           ? &*propose->justification.parent
                           : nullptr;
  switch (plan_) {
    case Plan::gaps:
      return (subject != nullptr && subject->view == view_) ||
             (propose != nullptr && propose->view == view_) ||
             (parent != nullptr && parent->subject.view == view_);
    case Plan::again:
      return propose != nullptr && propose->view == view_;
    case Plan::twice:
      return (subject != nullptr && subject->kind == VoteKind::finalize &&
              subject->view >= *view_) ||
             (parent != nullptr && finalizes(*parent) && parent->subject.view >= *view_);
  }
  return false;
}

// It gives up the view as those do who have seen no block in it.
bool Schemer::lets_in(const NodeMessage& message) const {
  const auto* inner = std::get_if<Message>(&message);
  const auto* propose = inner == nullptr ? nullptr : std::get_if<Propose>(inner);
  return plan_ != Plan::again || is_mute_ || propose == nullptr || propose->view != view_;
}

std::vector<Outgoing> Schemer::replace(const Machine& machine, const std::vector<Outgoing>& sent) {
  std::vector<Outgoing> out;
  for (const auto& outgoing : sent) {
    if (is_mute_) break;
    auto decoded = decode<NodeMessage>(*outgoing.payload);
    auto* message = decoded ? std::get_if<Message>(&*decoded) : nullptr;
    if (message == nullptr || !view_) {
      out.push_back(outgoing);
      continue;
    }
    if (keeps_to_itself(*message)) continue;
    const auto* held = std::get_if<Certificate>(message);
    if (held != nullptr && held->subject.kind == VoteKind::notarize &&
        held->subject.view == view_) {
      notarization_ = *held;
    }
    is_mute_ = carry_out(machine, *message);
    if (!is_mute_) {
      out.push_back(outgoing);
      continue;
    }
    out.push_back({outgoing.to, outgoing.channel,
                   std::make_shared<const Bytes>(encode(NodeMessage(std::move(*message))))});
  }
  return out;
}

bool Schemer::keeps_to_itself(const Message& message) const {
  const auto* subject = subject_of(message);
  return plan_ == Plan::gaps && subject != nullptr && subject->kind == VoteKind::finalize &&
         subject->view >= *view_;
}

// True when this is the last message that it sends.
bool Schemer::carry_out(const Machine& machine, Message& message) const {
  if (plan_ == Plan::gaps) return carries_out_gaps(message);
  auto* propose = std::get_if<Propose>(&message);
  if (propose == nullptr || propose->view != view_->next() || !proposed_) return false;
  const bool is_done =
      plan_ == Plan::again ? carry_out_again(*propose) : carry_out_twice(machine, *propose);
  if (is_done) sign_again(machine, setup_.chain_id, *propose);
  return is_done;
}

// The second view is notarized, on the first.
bool Schemer::carries_out_gaps(const Message& message) const {
  const auto* held = std::get_if<Certificate>(&message);
  return held != nullptr && held->subject.kind == VoteKind::notarize &&
         held->subject.view == view_->next() && held->subject.parent_view == view_;
}

bool Schemer::carry_out_again(Propose& propose) const {
  if (propose.parent_id != proposed_->parent_id || propose.height != proposed_->height)
    return false;
  propose.payload = proposed_->payload;
  return true;
}

// Executed it is the same block: what was journaled of the batch is passed over.
bool Schemer::carry_out_twice(const Machine& machine, Propose& propose) const {
  auto& batches = propose.payload.batches;
  const auto again = std::ranges::find_if(proposed_->payload.batches, [&](const Digest& digest) {
    return std::ranges::find(batches, digest) == batches.end();
  });
  auto entry = decode_entry(propose.payload.header);
  auto* header = entry ? std::get_if<Header>(&*entry) : nullptr;
  const bool is_final = machine.journal().tip().height.next() >= propose.height;
  if (propose.parent_view != view_ || again == proposed_->payload.batches.end() || !is_final ||
      !notarization_ || header == nullptr || batches.size() == kBlockBatchesMax) {
    return false;
  }
  batches.push_back(*again);
  header->batch_list = batch_list_digest(batches);
  propose.payload.header = encode_entry(*entry);
  propose.justification.parent = notarization_;  // Not the finalization: the victim has none.
  return true;
}

}  // namespace fenrun::sim
