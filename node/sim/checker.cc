#include "node/sim/checker.h"

#include <bit>

namespace fenrun::sim {

namespace {

std::string at(const std::pair<std::uint64_t, std::uint64_t>& view) {
  return " in view " + std::to_string(view.first) + "/" + std::to_string(view.second);
}

}  // namespace

std::size_t Checker::quorum(Epoch epoch) const {
  const auto it = validators_.find(epoch.value());
  if (it == validators_.end()) return 0;
  // The smallest number of which any two share an honest one: 2 q - n > f, f the most with 3 f < n.
  std::size_t faulty = 0;
  while (3 * (faulty + 1) < it->second) ++faulty;
  return it->second - faulty;
}

void Checker::sent(std::uint16_t identity, const Vote& vote) {
  if (byzantine_.contains(identity)) return;
  const ViewKey view(vote.subject.epoch.value(), vote.subject.view.value());
  const auto who = "validator " + std::to_string(identity);
  auto& cast = votes_[{identity, view}];
  const auto bytes = encode(vote);
  const auto kind = vote.subject.kind;
  check_order_of_epochs(identity, vote);
  if (const auto it = cast.find(kind); it != cast.end()) {
    if (it->second != bytes) fail("I1/I9: " + who + " cast two votes of a kind" + at(view));
    return;
  }
  if (kind == VoteKind::notarize && cast.contains(VoteKind::nullify)) {
    fail("I3: " + who + " notarized after nullify" + at(view));
  }
  if ((kind == VoteKind::finalize && cast.contains(VoteKind::nullify)) ||
      (kind == VoteKind::nullify && cast.contains(VoteKind::finalize))) {
    fail("I2: " + who + " nullified and finalized" + at(view));
  }
  if (!is_in_place(vote.subject)) {
    fail(who + " voted for a block whose header names another view" + at(view));
  }
  cast[kind] = bytes;
}

// A vote belongs to the epoch behind the last one whose end its signer has committed.
void Checker::check_order_of_epochs(std::uint16_t identity, const Vote& vote) {
  const auto present = ended_epochs(identity);
  if (vote.subject.epoch.value() == present) return;
  fail("validator " + std::to_string(identity) + ", which is in epoch " + std::to_string(present) +
       ", voted in epoch " + std::to_string(vote.subject.epoch.value()));
}

bool Checker::has_quorum(const Certificate& certificate) const {
  const auto wanted = quorum(certificate.subject.epoch);
  return certificate.signatures.size() == wanted &&
         static_cast<std::size_t>(std::popcount(certificate.signers)) == wanted;
}

void Checker::sent(const Certificate& certificate) {
  const auto& subject = certificate.subject;
  const ViewKey view(subject.epoch.value(), subject.view.value());
  if (!has_quorum(certificate)) return;  // Byzantine: for those who receive it to refuse.
  if (!is_in_place(subject)) {
    fail("a block whose header names another view is certified" + at(view));
  }
  switch (subject.kind) {
    case VoteKind::nullify:
      if (finalized_.contains(view)) fail("I5: finalized view nullified" + at(view));
      nullified_.insert(view);
      return;
    case VoteKind::finalize:
      if (nullified_.contains(view)) fail("I5: nullified view finalized" + at(view));
      finalized_.insert(view);
      [[fallthrough]];
    case VoteKind::notarize:
      const Notarized block{subject.block_id, subject.parent_view.value()};
      const auto [it, fresh] = notarized_.emplace(view, block);
      if (!fresh && (it->second.id != block.id || it->second.parent_view != block.parent_view)) {
        fail("I4: two blocks notarized" + at(view));
      }
      return;
  }
}

void Checker::made(const Digest& block_id, bool ends_epoch) {
  blocks_.emplace(block_id, ends_epoch);
}

void Checker::placed(const Digest& block_id, Epoch epoch, View view, View parent_view) {
  places_.emplace(block_id, HeaderViews{{epoch.value(), view.value()}, parent_view.value()});
}

bool Checker::is_in_place(const Subject& subject) const {
  const auto place = places_.find(subject.block_id);
  if (subject.kind == VoteKind::nullify || place == places_.end()) return true;
  const ViewKey view(subject.epoch.value(), subject.view.value());
  const auto& named = place->second;
  if (view == named.view) return subject.parent_view.value() == named.parent_view;
  // An epoch's last block is repeated in later views.
  return blocks_.at(place->first) && view.first == named.view.first && view > named.view;
}

void Checker::committed(std::uint16_t identity, Epoch epoch, Height height, const Digest& block_id,
                        const Digest& parent) {
  const auto number = height.value();
  const auto who = "validator " + std::to_string(identity);
  if (number != heights_[identity] + 1) {
    fail("I10: " + who + " committed height " + std::to_string(number) + " on " +
         std::to_string(heights_[identity]));
  }
  heights_[identity] = number;
  const auto [it, fresh] = chain_.emplace(number, Committed{block_id, parent, epoch.value()});
  const auto& first = it->second;
  if (first.id != block_id || first.parent != parent || first.epoch != epoch.value()) {
    fail("I7: " + who + " committed another block at height " + std::to_string(number));
  }
  const auto below = chain_.find(number - 1);
  if (below != chain_.end() && below->second.id != parent) {
    fail("I7: the block at height " + std::to_string(number) + " does not extend the chain");
  }
  if (epoch.value() != epochs_[identity]) {
    fail(who + " committed height " + std::to_string(number) + " in the wrong epoch");
  }
  if (blocks_.at(block_id)) ++epochs_[identity];
}

bool Checker::may_be_committed(Height height, const Digest& block_id) const {
  const auto known = chain_.find(height.value());
  return known == chain_.end() || known->second.id == block_id;
}

void Checker::started(std::uint16_t identity, Height tip) {
  if (tip.value() != heights_[identity]) {
    fail("I10: validator " + std::to_string(identity) + " started at height " +
         std::to_string(tip.value()) + ", had committed " + std::to_string(heights_[identity]));
  }
}

void Checker::rolled_back(std::uint16_t identity, Height tip, std::uint64_t epochs) {
  heights_[identity] = tip.value();
  epochs_[identity] = epochs;
}

void Checker::convicted(std::uint16_t identity) {
  if (byzantine_.contains(identity)) return;
  fail("validator " + std::to_string(identity) + " is honest and was convicted");
}

void Checker::gave_up(std::uint16_t identity) {
  if (byzantine_.contains(identity)) return;
  fail("validator " + std::to_string(identity) + " has its log and gave it up");
}

std::uint64_t Checker::ended_epochs(std::uint16_t identity) const {
  const auto it = epochs_.find(identity);
  return it == epochs_.end() ? 0 : it->second;
}

std::size_t Checker::repetitions() const {
  std::size_t count = 0;
  for (const auto& [view, block] : notarized_) {
    const auto parent = notarized_.find({view.first, block.parent_view});
    if (parent != notarized_.end() && parent->second.id == block.id) ++count;
  }
  return count;
}

void Checker::check_parent(const ViewKey& view, const Notarized& block) {
  const ViewKey above(view.first, block.parent_view);
  for (auto skipped = block.parent_view + 1; skipped < view.second; ++skipped) {
    if (!nullified_.contains({view.first, skipped})) {
      fail("I6: skips a view without nullification" + at(view));
    }
  }
  if (block.parent_view == 0) return;
  const auto parent = notarized_.find(above);
  if (parent == notarized_.end()) return fail("I6: parent not notarized" + at(view));
  const auto known = blocks_.find(parent->second.id);
  if (known == blocks_.end()) return fail("a block that nobody made is notarized" + at(above));
  const bool repeats = parent->second.id == block.id;
  if (known->second && !repeats) fail("extends the last block of its epoch" + at(view));
  if (!known->second && repeats) fail("repeats a block that ends no epoch" + at(view));
}

void Checker::finish() {
  for (const auto& [view, block] : notarized_) check_parent(view, block);
}

}  // namespace fenrun::sim
