// fenrun recover prepare, once more: a statement takes back nothing.  docs/spec/recovery.md, §1.
#include <gmock/gmock.h>

#include "consensus/io.h"
#include "ledger/proof/recovery.h"
#include "node/config.h"
#include "node/network.h"
#include "node/node.h"
#include "node/storage/disk_store.h"
#include "node/storage/vote_log.h"
#include "tests/unit/node/cli/command_line.h"

namespace fenrun::cli {
namespace {

constexpr const char* kOwnStatement = "net/brand/next/statement.recovery";
constexpr const char* kOwnVotes = "net/brand/data/votes.log";

// A stopped node that has the first block.
class RecoverPrepare : public CommandLineTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(run({"testnet", "--home", path("net"), "--validators", "brand,east,west,auditor",
                   "--base-port", "9500", "--plain-keys"})
                  .exit,
              Exit::ok);
    const auto genesis = read_genesis(bytes_of(contents("net/brand/genesis.bin")));
    ASSERT_TRUE(genesis);
    genesis_ = *genesis;
    const auto store = DiskStore::open(files_, path("net/brand/data"));
    ASSERT_TRUE(store) << store.error().to_string();
    const auto journal = Journal::open(**store);
    ASSERT_TRUE(journal);
    ASSERT_TRUE(
        (*journal)->commit_genesis(execute_genesis(genesis_, trust_policy_digest_of(genesis_))));
  }

  Ran prepare(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"recover", "prepare",    "--home", path("net/brand"),
                                      "-o",      path("said"), "--json", "--plain-keys"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  // The statement that is given to the others.
  Json stated(const std::vector<std::string>& more = {}) const {
    const auto prepared = prepare(more);
    EXPECT_EQ(prepared.exit, Exit::ok) << prepared.out << prepared.err;
    const auto shown = run({"recover", "show", path("said"), "--json"});
    EXPECT_EQ(shown.exit, Exit::ok) << shown.err;
    const auto view = shown.json();
    EXPECT_EQ(contents("said"), contents(kOwnStatement));
    return view["statements"][0];
  }

  // The node said that it has a block of this view.
  void vote(std::uint64_t view) {
    const auto self = validator_named(genesis_, "brand");
    ASSERT_TRUE(self);
    auto opened =
        VoteLog::open(files_, path(kOwnVotes), genesis_.validators[self->value()].consensus_key);
    ASSERT_TRUE(opened) << opened.error().to_string();
    const Vote vote{{VoteKind::finalize, Epoch(0), View(view), View(view - 1),
                     sha256(bytes_of("block " + std::to_string(view)))},
                    *self,
                    {}};
    opened->log.append(kConsensusLogRecord, encode(LogRecord(vote)));
    ASSERT_TRUE(opened->log.sync());
  }

  PosixFileSystem files_;
  Genesis genesis_;
};

TEST_F(RecoverPrepare, what_is_lost_after_a_statement_is_stated_too) {
  const auto first = stated();
  EXPECT_EQ(first["lost"], "none");
  const auto again = stated({"--lost", "disk"});
  EXPECT_EQ(again["lost"], "everything");
  EXPECT_EQ(again["consensus_key"], first["consensus_key"]);
  // For good.
  EXPECT_EQ(stated({"--lost", "votes"})["lost"], "everything");
  EXPECT_EQ(stated()["lost"], "everything");
}

TEST_F(RecoverPrepare, a_log_that_is_gone_after_a_statement_is_asked_for) {
  EXPECT_EQ(stated()["lost"], "none");
  EXPECT_EQ(stated()["lost"], "none");  // The log is there, and retired.
  std::filesystem::remove(path(kOwnVotes));
  const auto asked = prepare();
  EXPECT_EQ(asked.exit, Exit::usage) << asked.out;
  EXPECT_THAT(asked.json()["error"]["detail"].get<std::string>(),
              ::testing::HasSubstr("--lost disk if it was fetched anew"));
  EXPECT_EQ(stated({"--lost", "votes"})["lost"], "votes");
  EXPECT_EQ(stated()["lost"], "votes");
}

TEST_F(RecoverPrepare, no_tip_below_or_beside_the_one_stated_before) {
  ASSERT_EQ(stated()["lost"], "none");
  const auto whole = *parse_recovery(contents(kOwnStatement));
  for (const std::uint64_t height : {0U, 1U}) {
    auto before = whole;
    before.tip.height = Height(height);
    before.tip.block_id = sha256(bytes_of("a block that is gone"));
    // Also where another epoch had begun by then.
    before.tip.epoch = Epoch(height);
    write(kOwnStatement, print_recovery(before));
    for (const auto& more : std::vector<std::vector<std::string>>{{}, {"--lost", "disk"}}) {
      const auto refused = prepare(more);
      EXPECT_EQ(refused.exit, Exit::refused) << height;
      EXPECT_EQ(refused.json()["error"]["code"], "recovery_unsafe") << refused.out;
      EXPECT_EQ(contents(kOwnStatement), print_recovery(before));
    }
  }
}

// Killed between the statement and the end of the log, started again, and stopped.
TEST_F(RecoverPrepare, votes_that_were_given_after_it_was_cut_short_are_stated) {
  vote(5);
  const auto log = contents(kOwnVotes);
  EXPECT_EQ(stated()["unfinished"]["view"], 5);
  write(kOwnVotes, log);
  vote(7);
  EXPECT_EQ(stated()["unfinished"]["view"], 7);
  EXPECT_EQ(stated()["unfinished"]["view"], 7);  // The log is retired now.
}

}  // namespace
}  // namespace fenrun::cli
