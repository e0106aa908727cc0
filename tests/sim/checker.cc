#include "tests/sim/checker.h"

#include <bit>

namespace fenrun::sim {

namespace {

std::string at(std::uint64_t view) { return " in view " + std::to_string(view); }

}  // namespace

std::size_t Checker::quorum() const {
  // The smallest number of which any two share an honest one: 2 q - n > f, f the most with 3 f < n.
  std::size_t faulty = 0;
  while (3 * (faulty + 1) < validators_) ++faulty;
  return validators_ - faulty;
}

void Checker::sent(std::uint16_t signer, const Vote& vote) {
  if (byzantine_.contains(signer) || vote.signer.value() != signer) return;
  const auto view = vote.subject.view.value();
  const auto who = "validator " + std::to_string(signer);
  auto& cast = votes_[{signer, view}];
  const auto bytes = encode(vote);
  const auto kind = vote.subject.kind;
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
  cast[kind] = bytes;
}

void Checker::sent(const Certificate& certificate) {
  const auto& subject = certificate.subject;
  const auto view = subject.view.value();
  if (certificate.signatures.size() != quorum() ||
      static_cast<std::size_t>(std::popcount(certificate.signers)) != quorum()) {
    return;  // Byzantine: for those who receive it to refuse.
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
      const auto [it, fresh] = notarized_.emplace(view, subject.block_id);
      if (!fresh && it->second != subject.block_id) fail("I4: two blocks notarized" + at(view));
      parents_[view] = subject.parent_view.value();
      return;
  }
}

void Checker::committed(std::uint16_t validator, const CommittedBlock& block,
                        const Digest& parent) {
  const auto height = block.height.value();
  const auto who = "validator " + std::to_string(validator);
  if (height != heights_[validator] + 1) {
    fail("I10: " + who + " committed height " + std::to_string(height) + " on " +
         std::to_string(heights_[validator]));
  }
  heights_[validator] = height;
  const auto [it, fresh] = chain_.emplace(height, std::pair{block.block_id, parent});
  if (!fresh && it->second != std::pair{block.block_id, parent}) {
    fail("I7: " + who + " committed another block at height " + std::to_string(height));
  }
  const auto below = chain_.find(height - 1);
  if (below != chain_.end() && below->second.first != parent) {
    fail("I7: the block at height " + std::to_string(height) + " does not extend the chain");
  }
}

void Checker::started(std::uint16_t validator, Height tip) {
  if (tip.value() != heights_[validator]) {
    fail("I10: validator " + std::to_string(validator) + " started at height " +
         std::to_string(tip.value()) + ", had committed " + std::to_string(heights_[validator]));
  }
}

void Checker::convicted(std::uint16_t validator) {
  if (byzantine_.contains(validator)) return;
  fail("validator " + std::to_string(validator) + " is honest and was convicted");
}

void Checker::finish() {
  for (const auto& [view, parent] : parents_) {
    if (parent != 0 && !notarized_.contains(parent)) fail("I6: parent not notarized" + at(view));
    for (auto skipped = parent + 1; skipped < view; ++skipped) {
      if (!nullified_.contains(skipped)) fail("I6: skips a view without nullification" + at(view));
    }
  }
}

}  // namespace fenrun::sim
