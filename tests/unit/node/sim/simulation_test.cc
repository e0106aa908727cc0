// Networks of whole nodes under simulated faults.  `fenrun sim` runs many more seeds.
#include "node/sim/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <sstream>

namespace fenrun::sim {
namespace {

SimulationOptions options_of(const char* profile, std::uint64_t seed, std::size_t validators = 4) {
  SimulationOptions options;
  options.seed = seed;
  options.validators = validators;
  options.profile = profile_named(profile);
  return options;
}

void expect_sound(const SimulationResult& result) {
  EXPECT_TRUE(result.violations.empty()) << result.violations.front();
}

TEST(Simulation, EqualSeedsTellEqualStories) {
  std::array<std::ostringstream, 2> stories;
  std::array<Digest, 2> digests;
  for (std::size_t i = 0; i < 2; ++i) {
    auto options = options_of("mixed", 3);
    options.story = &stories[i];
    digests[i] = Simulation(options).run().story;
  }
  EXPECT_EQ(stories[0].str(), stories[1].str());
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_NE(digests[0], Simulation(options_of("mixed", 4)).run().story);
}

// Whether what a profile is named for came about.
void expect_named_for(const Profile& profile, const Incidents& all) {
  const auto ends = all.ends_at_votes + all.ends_at_journal + all.ends_at_index;
  EXPECT_EQ(profile.network, all.cuts + all.stalls > 0);
  EXPECT_EQ(profile.crashes, ends > 0 && all.power_losses > 0);
  EXPECT_EQ(profile.disks, all.disks_hurt + all.journals_lost > 0);
  EXPECT_EQ(profile.clocks, all.clocks_set + all.pauses > 0);
  EXPECT_EQ(profile.epochs, all.changes_made > 0);
  EXPECT_EQ(profile.schemes, all.schemes > 1) << "most find the leaders that their plan wants";
  EXPECT_TRUE(!profile.backups || all.votes_damaged + all.votes_restored > 0);
}

TEST(Simulation, EachProfileIsSafeAndLiveAndDoesWhatItIsNamedFor) {
  for (const auto& profile : profiles()) {
    Incidents incidents;
    std::uint64_t claims = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const auto result = Simulation(options_of(profile.name.data(), seed)).run();
      SCOPED_TRACE(std::string(profile.name) + ", seed " + std::to_string(seed));
      expect_sound(result);
      EXPECT_GT(result.counts.transactions, 10u);
      incidents.add(result.counts.incidents);
      claims += result.counts.claims;
    }
    SCOPED_TRACE(std::string(profile.name));
    expect_named_for(profile, incidents);
    EXPECT_EQ(profile.claims, claims > 0);
  }
}

// Power or process ends wherever a disk is written to, at a start as well.
TEST(Simulation, EndsAtEveryKindOfFile) {
  Incidents all;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto result = Simulation(options_of("epochs", seed)).run();
    expect_sound(result);
    all.add(result.counts.incidents);
  }
  EXPECT_GT(all.ends_at_votes, 0u);
  EXPECT_GT(all.ends_at_guard, 0u);
  EXPECT_GT(all.ends_at_journal, 0u);
  EXPECT_GT(all.ends_at_index, 0u);
  EXPECT_GT(all.ends_at_handovers, 0u);
  EXPECT_GT(all.ends_elsewhere, 0u);
  EXPECT_GT(all.ends_at_start, 0u);
  EXPECT_GT(all.changes_made, 0u);
}

TEST(Simulation, PeopleAreKeptBusyAndPaid) {
  std::uint64_t payments = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto result = Simulation(options_of("calm", seed)).run();
    expect_sound(result);
    payments += result.counts.payments;
  }
  EXPECT_GT(payments, 20u);
}

TEST(Simulation, CodesAreUsedBeforeTheEyesOfFrontRunners) {
  std::uint64_t claims = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto result = Simulation(options_of("claims", seed)).run();
    expect_sound(result);
    claims += result.counts.claims;
  }
  EXPECT_GT(claims, 20u);
}

TEST(Simulation, FaultsGoOnAsLongAsOneLikes) {
  auto options = options_of("mixed", 2);
  options.faults_ms = 120'000;
  const auto result = Simulation(options).run();
  expect_sound(result);
  EXPECT_GE(result.counts.virtual_ms, options.faults_ms);
}

// A disk that fails while a node starts is no fault of the node, which is started again.
TEST(Simulation, ADiskThatFailsAtTheStartDelaysIt) {
  for (std::uint64_t syncs = 0; syncs < 3; ++syncs) {
    Simulation simulation(options_of("calm", 1));
    simulation.run_ms(3'000);
    auto& machine = simulation.machine("brand");
    simulation.stop(machine, syncs == 0 ? Stop::kill : Stop::power);
    machine.disk().fail_sync_in(syncs);
    const auto faults = machine.disk().faults();
    simulation.start(machine);
    SCOPED_TRACE("sync " + std::to_string(syncs));
    EXPECT_TRUE(simulation.run_until(
        [&] { return machine.is_up() && machine.disk().faults() > faults; }, 10'000));
    EXPECT_TRUE(simulation.run_until([&] { return machine.is_up(); }, 10'000));
    const auto height = simulation.judge().height();
    EXPECT_TRUE(simulation.run_until(
        [&] { return machine.is_up() && machine.journal().tip().height.value() > height + 5; },
        30'000));
    expect_sound(simulation.result());
  }
}

// And one that refuses to start for another reason is told of.
TEST(Simulation, ANodeThatCannotReadItsJournalIsToldOf) {
  Simulation simulation(options_of("calm", 1));
  simulation.run_ms(3'000);
  auto& machine = simulation.machine("brand");
  simulation.stop(machine, Stop::kill);
  for (const auto& [path, bytes] : machine.disk().contents()) {
    if (path.find("/journal") == std::string::npos || bytes.size() < 200) continue;
    machine.disk().bytes(path)[100] ^= 1;
  }
  simulation.start(machine);
  simulation.run_ms(5'000);
  EXPECT_FALSE(machine.is_up());
  ASSERT_EQ(simulation.result().violations.size(), 1u);
  EXPECT_NE(simulation.result().violations[0].find("brand does not start"), std::string::npos);
}

TEST(Simulation, NoOneByzantineValidatorOfFourDoesHarm) {
  for (std::uint64_t kind = 1; kind < kFaultCount; ++kind) {
    auto options = options_of("network", kind);
    options.faults = {{static_cast<std::uint16_t>(kind % 4), static_cast<Fault>(kind)}};
    SCOPED_TRACE(name_of(static_cast<Fault>(kind)));
    expect_sound(Simulation(options).run());
  }
}

TEST(Simulation, TwoTwinsOfSevenDoNoHarm) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    auto options = options_of("network", seed, 7);
    options.faults = {{0, Fault::twin}, {3, Fault::twin}};
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_sound(Simulation(options).run());
  }
}

// The highest view in which its log has a vote of its own.
View last_view_logged(Machine& machine) {
  View last;
  const auto visit = [&](std::uint64_t, const AppendLog::Record& record) -> Status {
    if (record.type != kConsensusLogRecord) return {};
    FENRUN_TRY(const auto content, decode<LogRecord>(record.payload));
    if (const auto* vote = std::get_if<Vote>(&content)) last = std::max(last, vote->subject.view);
    return {};
  };
  EXPECT_TRUE(AppendLog::read_records(machine.disk(), machine.vote_log_path(), visit));
  return last;
}

// A key that votes in two places, or has lost its votes, goes on all the same.
TEST(Simulation, TwinsAndAmnesiacsVoteOn) {
  for (const auto fault : {Fault::twin, Fault::amnesiac}) {
    SCOPED_TRACE(name_of(fault));
    auto options = options_of("provocations", 5);
    options.faults = {{2, fault}};
    Simulation simulation(options);
    simulation.begin_faults();
    simulation.run_ms(8'000);
    std::size_t voting = 0;
    for (const auto& machine : simulation.machines()) {
      if (simulation.is_honest(*machine)) continue;
      ASSERT_TRUE(simulation.run_until([&] { return machine->is_up(); }, 2'000));
      const auto before = last_view_logged(*machine);
      EXPECT_TRUE(machine->node().is_voting());
      voting += simulation.run_until([&] { return last_view_logged(*machine) > before; }, 5'000);
    }
    EXPECT_GE(voting, 1u) << "a twin with few links stands still";
    expect_sound(simulation.result());
  }
}

// A quorum of the others makes progress, so that only this tells.
TEST(Simulation, AnHonestValidatorThatVotesNoMoreIsNoticed) {
  Simulation simulation(options_of("calm", 1));
  simulation.run_ms(2'000);
  std::vector<Machine*> live;
  for (const auto& machine : simulation.machines()) live.push_back(machine.get());
  simulation.expect_votes(live, simulation.agenda().now());
  expect_sound(simulation.result());
  auto& brand = simulation.machine("brand");
  simulation.stop(brand, Stop::kill);
  auto opened =
      VoteLog::open(brand.disk(), brand.vote_log_path(), brand.consensus_key().public_key());
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->log.retire({}));
  simulation.start(brand);
  simulation.expect_votes(live, simulation.agenda().now());
  const auto violations = simulation.result().violations;
  EXPECT_EQ(std::ranges::count(violations, "brand is there and votes no more"), 1);
}

TEST(Simulation, SixteenValidatorsAreSafeAndLive) {
  const auto result = Simulation(options_of("network", 1, 16)).run();
  expect_sound(result);
  EXPECT_GT(result.counts.transactions, 10u);
}

// Transactions that became final in a span.
std::uint64_t transactions_within(Simulation& simulation, std::uint64_t ms) {
  const auto before = simulation.judge().transactions();
  simulation.run_ms(ms);
  return simulation.judge().transactions() - before;
}

// A vote waits for the disk, and each quorum for one such vote.  The timers take it for distance.
TEST(Simulation, ASlowDiskOnAQuorumSlowsTheNetworkDownAndStopsNothing) {
  Simulation simulation(options_of("calm", 1));
  simulation.clients().set_pause_ms(100);
  simulation.run_ms(5'000);
  const auto usual = transactions_within(simulation, 20'000);
  for (const std::size_t slow : {0U, 1U, 3U}) {
    simulation.machines()[slow]->faults.sync_ms_max = 300;
  }
  const auto slowed = transactions_within(simulation, 60'000);
  EXPECT_GT(slowed, 20u);
  EXPECT_LT(slowed, 3 * usual) << "it was no slower";
  for (const auto& machine : simulation.machines()) machine->faults.sync_ms_max = 0;
  simulation.run_ms(30'000);
  EXPECT_GT(2 * transactions_within(simulation, 20'000), usual) << "as before";
  expect_sound(simulation.result());
}

// What a view takes is at first a multiple of its timeouts, everywhere.
TEST(Simulation, BlocksThatTakeLongerThanTheTimersBecomeFinalAllTheSame) {
  Simulation simulation(options_of("calm", 2));
  simulation.clients().set_pause_ms(100);
  simulation.run_ms(5'000);
  for (const auto& machine : simulation.machines()) {
    machine->faults.sync_ms_max = 1'500;
    machine->faults.verify_ms_max = 1'500;
  }
  EXPECT_GT(transactions_within(simulation, 180'000), 20u);
  expect_sound(simulation.result());
}

// Two of seven, as many as may be: they send their blocks and batches to a few, and answer nobody.
TEST(Simulation, TwoSeventhsOfAllBodiesMayBeWithheld) {
  auto options = options_of("calm", 1, 7);
  options.faults = {{1, Fault::withholder}, {4, Fault::withholder}};
  Simulation simulation(options);
  simulation.clients().set_pause_ms(100);
  simulation.run_ms(5'000);
  EXPECT_GT(transactions_within(simulation, 60'000), 60u);
  expect_sound(simulation.result());
}

double leader_timeout_ms(const Machine& machine) {
  for (const auto& metric : machine.node().metrics()) {
    if (metric.name == "leader_timeout_seconds") return metric.value * 1'000;
  }
  return 0;
}

// One of four says nothing: each of its turns costs a timeout, and nothing else.
TEST(Simulation, ASilentLeaderCostsItsTimeout) {
  std::array<std::uint64_t, 2> transactions{};
  for (const bool silent : {false, true}) {
    auto options = options_of("calm", 1);
    if (silent) options.faults = {{2, Fault::silent}};
    Simulation simulation(options);
    simulation.clients().set_pause_ms(200);
    simulation.run_ms(5'000);
    const auto before = simulation.judge().transactions();
    std::uint64_t height = 0;
    std::uint64_t since = simulation.agenda().now();
    std::uint64_t gap = 0;
    const auto end = since + 60'000;
    while (simulation.agenda().now() < end) {
      simulation.run_ms(1);
      if (simulation.judge().height() == height) continue;
      height = simulation.judge().height();
      gap = std::max(gap, simulation.agenda().now() - since);
      since = simulation.agenda().now();
    }
    transactions[silent ? 1 : 0] = simulation.judge().transactions() - before;
    expect_sound(simulation.result());
    if (!silent) continue;
    const double timeout = leader_timeout_ms(simulation.machine("brand"));
    std::cout << "timeout " << timeout << " ms, longest gap " << gap << " ms, " << transactions[0]
              << " transactions a minute, " << transactions[1] << " with a silent leader\n";
    EXPECT_LE(static_cast<double>(gap), 1.5 * timeout);
  }
  EXPECT_GE(10 * transactions[1], 6 * transactions[0]);
}

// A transaction that comes after long silence is final as soon as one in a busy network.  For a day
// of it set FENRUN_IDLE_MINUTES to 1440: some minutes of computing.
TEST(Simulation, SilenceCostsTheNextTransactionNothing) {
  const char* minutes = std::getenv("FENRUN_IDLE_MINUTES");
  const std::uint64_t idle_ms =
      60'000 * (minutes == nullptr ? 30 : std::strtoull(minutes, nullptr, 10));
  auto options = options_of("calm", 1);
  options.idle_interval_ms = 60'000;
  Simulation simulation(options);
  simulation.clients().set_pause_ms(50);
  simulation.run_ms(20'000);
  const auto busy = simulation.clients().latency_ms() / simulation.clients().committed();
  simulation.clients().set_pause_ms(0);
  simulation.run_ms(idle_ms);
  simulation.clients().reset_latency();
  simulation.clients().set_pause_ms(1);
  ASSERT_TRUE(simulation.run_until([&] { return simulation.clients().committed() >= 4; }, 10'000));
  EXPECT_LE(simulation.clients().latency_ms() / simulation.clients().committed(), 2 * busy);
  expect_sound(simulation.result());
}

}  // namespace
}  // namespace fenrun::sim
