#include "node/host.h"

#include "node/network.h"

namespace fenrun {
namespace {

// What a vote log left, or why this node must not vote.
struct VoteMemory {
  std::optional<VoteLog> log;
  std::vector<VoteLogRecord> records;
};

// One key, one log: it was made with the key, and one that is gone or damaged is never replaced
// (docs/spec/storage.md, §2).
Result<VoteMemory> open_votes(FileSystem& files, const HostOptions& options) {
  auto opened = VoteLog::open(files, options.paths.vote_log, options.keys.consensus->public_key());
  if (opened) return VoteMemory{std::move(opened->log), std::move(opened->records)};
  if (opened.error().code == Errc::io_error) return opened.error();
  options.node.log(LogLevel::error,
                   "the vote log cannot be used, so this node observes and does not vote: " +
                       opened.error().to_string());
  return VoteMemory{};
}

// A validator that may not vote may not sign either: what it forgot it could contradict
// (docs/adr/0014-vote-log-with-the-key.md).
Result<Checkpointer> open_checkpointer(FileSystem& files, const HostOptions& options,
                                       bool knows_its_votes) {
  const Checkpointer::Options who{.origin = origin_of(options.node.genesis),
                                  .self = options.node.name,
                                  .key = knows_its_votes ? options.keys.checkpoint : nullptr};
  auto opened = Checkpointer::open(who, files, options.paths.guard);
  if (opened || opened.error().code == Errc::io_error) return opened;
  options.node.log(LogLevel::error,
                   "this node signs no checkpoints, since its guard cannot be used: " +
                       opened.error().to_string() + "; fenrun rejoin gives it new keys");
  return Checkpointer::open({who.origin, who.self, nullptr}, files, options.paths.guard);
}

}  // namespace

Result<std::unique_ptr<Host>> Host::open(FileSystem& files, HostOptions options,
                                         net::Transport& transport, BatchVerifier& verifier) {
  const Genesis& genesis = options.node.genesis;
  std::unique_ptr<Host> host(new Host());
  FENRUN_TRY(host->store_, DiskStore::open(files, options.paths.data, options.store));
  FENRUN_TRY(host->journal_, Journal::open(*host->store_, options.snapshot_interval));
  FENRUN_TRY(auto votes, open_votes(files, options));
  FENRUN_TRY(auto checkpointer, open_checkpointer(files, options, votes.log.has_value()));
  if (host->journal_->is_empty()) {
    FENRUN_OK(
        host->journal_->commit_genesis(execute_genesis(genesis, trust_policy_digest_of(genesis))));
  } else if (host->journal_->tip().chain_id != chain_id(genesis)) {
    return Error{Errc::config_invalid, "data/ holds another network's journal than genesis.bin"};
  }
  options.node.consensus_key = votes.log ? options.keys.consensus : nullptr;
  FENRUN_TRY(host->node_,
             Node::create(std::move(options.node), *host->journal_, std::move(checkpointer),
                          std::move(votes.log), votes.records, transport, verifier));
  return host;
}

}  // namespace fenrun
