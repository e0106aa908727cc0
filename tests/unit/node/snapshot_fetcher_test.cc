// Fetching the parts of a snapshot over slow links: what is late is kept, who is slow is not given
// up, who gives nothing is.
#include "node/snapshot_fetcher.h"

#include <gtest/gtest.h>

#include "tests/support/snapshot_chain.h"

namespace fenrun {
namespace {

constexpr net::PeerIndex kA(0);
constexpr net::PeerIndex kB(1);
constexpr net::PeerIndex kC(2);
constexpr std::size_t kPartPieces = 16;

// A snapshot of two sections, in five parts of at most 16 pieces.
const SnapshotChain& two_sections() {
  static const SnapshotChain chain = [] {
    SnapshotChain made;
    for (int i = 0; i < 30; ++i) made.extend(2'600, 80, i == 11);
    CHECK(section_count(made.tip_header().position) == 2);
    return made;
  }();
  return chain;
}

// The node's side of it, each millisecond of a virtual clock, and peers that answer after a while.
struct Fetching {
  explicit Fetching(const std::map<net::PeerIndex, std::uint64_t>& peers) : delays(peers) {
    for (const auto& [peer, delay] : peers) fetcher.add_source(peer);
  }

  bool is_complete() const { return fetcher.builder().is_complete(); }

  void answer(const SnapshotFetcher::Request& request) {
    const auto& chain = two_sections();
    SnapshotPartAnswer answer{request.part, std::nullopt};
    answer.part = *make_part(chain.maker.memory(), chain.maker.bits(), request.part.height,
                             {request.part.section, request.part.first_piece});
    auto& content = answer.part->content;
    content.resize(std::min(content.size(), kPartPieces));
    const auto taken = fetcher.take(request.peer, answer, TimeMs(now));
    ASSERT_TRUE(taken) << taken.error().to_string();
  }

  // Whose delay is kNever gives nothing.
  void run_ms(std::uint64_t span) {
    for (const std::uint64_t end = now + span; now < end && !is_complete(); ++now) {
      for (auto it = under_way.begin(); it != under_way.end() && it->first <= now;) {
        answer(it->second);
        it = under_way.erase(it);
      }
      for (const auto& request : fetcher.next_requests(TimeMs(now))) {
        ++requests;
        const auto delay = delays.at(request.peer);
        if (delay != kNever) under_way.emplace(now + delay, request);
      }
    }
  }

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  std::map<net::PeerIndex, std::uint64_t> delays;
  MemoryStore store;
  SnapshotFetcher fetcher{
      *SnapshotBuilder::begin(store, two_sections().manifest(), two_sections().tip_id())};
  std::multimap<std::uint64_t, SnapshotFetcher::Request> under_way;
  std::uint64_t now = 1'000;
  std::size_t requests = 0;
};

TEST(SnapshotFetcher, PartsThatAreFourSecondsOnTheirWayAreAllKept) {
  Fetching fetching({{kA, 4'000}, {kB, 4'000}, {kC, 4'000}});
  fetching.run_ms(20'000);
  EXPECT_TRUE(fetching.is_complete());
  EXPECT_TRUE(fetching.fetcher.given_up().empty());
  EXPECT_EQ(fetching.fetcher.source_count(), 3U);
  EXPECT_LE(fetching.requests, 9U);  // Five parts: patience grew with the first of them.
}

TEST(SnapshotFetcher, AVerySlowLinkIsEnough) {
  Fetching fetching({{kA, 40'000}});
  fetching.run_ms(200'000);
  EXPECT_TRUE(fetching.is_complete());
  EXPECT_TRUE(fetching.fetcher.given_up().empty());
}

// Two requests of it are late at once: that is one timeout.
TEST(SnapshotFetcher, WhoGivesNothingIsGivenUpAfterFiveTimeouts) {
  Fetching fetching({{kA, Fetching::kNever}});
  fetching.run_ms(74'000);
  EXPECT_EQ(fetching.fetcher.only_source(), kA);
  fetching.run_ms(2'000);
  EXPECT_EQ(fetching.fetcher.source_count(), 0U);
  EXPECT_TRUE(fetching.fetcher.given_up().contains(kA));
}

TEST(SnapshotFetcher, AWindowWithoutAMebibyteIsTooSlow) {
  Fetching fetching({{kA, 10}});
  EXPECT_FALSE(fetching.fetcher.is_too_slow(TimeMs(fetching.now)));
  fetching.run_ms(1'000);
  ASSERT_TRUE(fetching.is_complete());  // More than 2 MiB.
  const auto after = [&](std::uint64_t windows) {
    return fetching.fetcher.is_too_slow(TimeMs(1'000 + windows * SnapshotFetcher::kRateWindowMs));
  };
  EXPECT_FALSE(after(1));
  EXPECT_TRUE(after(2));
}

}  // namespace
}  // namespace fenrun
