// A chain that nothing makes final, because one validator is away and another one keeps its
// finalize votes: docs/spec/ledger.md §6, docs/spec/consensus.md §4 (crowded).
#include <gtest/gtest.h>

#include "core/codec.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

constexpr std::uint64_t kBytesMax = 16 * 1024;
constexpr std::uint64_t kViewsFast = 128;  // Above the tip's, before blocks come slowly.
constexpr std::size_t kMiser = 1;
constexpr std::size_t kAway = 3;

class Unfinalized : public testing::Test {
 protected:
  struct Proposal {
    std::uint64_t bytes;  // Not final at its leader, with it.
    bool is_empty;
  };

  Unfinalized() {
    cluster_.set_tamper([this](std::size_t from, std::size_t to, net::Payload bytes) {
      return look_at(from, to, std::move(bytes));
    });
  }

  net::Payload look_at(std::size_t from, std::size_t to, net::Payload bytes) {
    const auto message = *decode<NodeMessage>(*bytes);
    const auto* consensus = std::get_if<Message>(&message);
    if (consensus == nullptr) return bytes;
    if (const auto* propose = std::get_if<Propose>(consensus); propose && to == (from + 1) % 3) {
      proposals_.push_back(
          {cluster_.journal(from).unfinalized_bytes(), propose->payload.batches.empty()});
    }
    const auto* vote = std::get_if<Vote>(consensus);
    const auto* certificate = std::get_if<Certificate>(consensus);
    const bool finalizes =
        (vote != nullptr && vote->subject.kind == VoteKind::finalize) ||
        (certificate != nullptr && certificate->subject.kind == VoteKind::finalize);
    // Nor does it hear any: what it holds it would show in its proposals.
    if (!finalizes || (from != kMiser && to != kMiser)) return bytes;
    return std::make_shared<const Bytes>(encode(NodeMessage(Message(Echo{}))));
  }

  void submit() {
    const auto sequence = static_cast<std::uint32_t>(submitted_.size());
    const auto id = cluster_.submit(
        0, cluster_.transaction("brand", sequence, OpenCampaign{CampaignId(sequence + 1), {}}));
    ASSERT_TRUE(id) << id.error().to_string();
    submitted_.push_back(*id);
  }

  std::size_t waiting() const { return cluster_.journal(0).unfinalized_count(); }
  View view() { return cluster_.node(0).status().view; }

  NodeCluster cluster_{kFourNames, 1, {}, {.unfinalized_bytes = kBytesMax}};
  std::vector<Proposal> proposals_;
  std::vector<Digest> submitted_;
};

TEST_F(Unfinalized, IsBoundedInBytesGrowsSlowlyAndBecomesFinalAtOnce) {
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.height(0) > Height(0); }));
  cluster_.partition({kAway});
  const Height tip = cluster_.height(0);
  const View first = view();
  for (int i = 0; view().value() <= first.value() + kViewsFast && i < 1'000; ++i) {
    if (i < 40) submit();
    cluster_.run_ms(1'000);
  }
  ASSERT_GT(view().value(), first.value() + kViewsFast);
  EXPECT_LE(cluster_.height(0).value(), tip.value() + 1) << "what was on its way";

  std::size_t full = 0;
  std::uint64_t largest = 0;
  for (const auto& proposal : proposals_) {
    if (!proposal.is_empty) ++full;
    if (!proposal.is_empty) largest = std::max(largest, proposal.bytes);
  }
  EXPECT_GT(full, 3u);
  EXPECT_LT(largest, 2 * kBytesMax);
  EXPECT_TRUE(proposals_.back().is_empty) << "although there is work";
  EXPECT_GT(proposals_.back().bytes, kBytesMax);

  const auto before = waiting();
  cluster_.run_ms(60'000);
  EXPECT_GT(waiting(), before + 3) << "each is a chance for who comes back";
  EXPECT_LE(waiting(), before + 60'000 / 4'000);

  const auto diagnosis = cluster_.node(0).status().diagnosis;
  EXPECT_EQ(diagnosis.cause, StallCause::finalization) << diagnosis.text();
  std::set<std::string> named;
  for (const auto& validator : diagnosis.missing) named.insert(validator.name);
  EXPECT_EQ(named, (std::set{cluster_.name_of(kMiser), cluster_.name_of(kAway)}));

  // A restart finds it as it was.
  const auto all = waiting();
  cluster_.crash(0);
  cluster_.start(0);
  EXPECT_TRUE(cluster_.run_until([&] { return waiting() >= all; }, 60'000));

  cluster_.heal();
  const auto is_done = [&] {
    return std::ranges::all_of(
        submitted_, [&](const auto& id) { return cluster_.is_committed_everywhere(id); });
  };
  EXPECT_TRUE(cluster_.run_until(is_done, 60'000));
  EXPECT_TRUE(cluster_.agree());
  EXPECT_GT(cluster_.height(kAway).value(), tip.value() + kViewsFast / 2);
}

}  // namespace
}  // namespace fenrun
