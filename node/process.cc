#include "node/process.h"

#include <sys/signalfd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "core/check.h"
#include "net/tcp_transport.h"
#include "node/api/api.h"
#include "node/clock.h"
#include "node/log.h"
#include "node/network.h"
#include "node/node.h"
#include "node/storage/data_dir.h"
#include "node/storage/disk_store.h"
#include "node/thread_verifier.h"

namespace fenrun {
namespace {

constexpr std::chrono::milliseconds kTick{5};
constexpr std::size_t kGenesisBytesMax = 1024 * 1024;
constexpr std::size_t kTokensBytesMax = 1024 * 1024;

using Log = std::function<void(LogLevel, const std::string&)>;

// What a vote log left, or why this node must not vote.
struct VoteMemory {
  std::optional<VoteLog> log;
  std::vector<VoteLogRecord> records;
};

Status check_keys(const Validator& validator, const NodeKeys& keys) {
  const auto check = [](const PublicKey& expected, const SigningKey& key, const char* name) {
    if (expected == key.public_key()) return Status();
    return Status(Error{Errc::key_invalid,
                        std::string("keys/") + name + ".key is not the key that genesis names"});
  };
  FENRUN_OK(check(validator.consensus_key, keys.consensus, "consensus"));
  FENRUN_OK(check(validator.checkpoint_key, keys.checkpoint, "checkpoint"));
  return check(validator.transport_key, keys.transport, "transport");
}

// One key, one log: it was made with the key, and one that is gone or damaged is never replaced
// (docs/spec/storage.md, §2).
Result<VoteMemory> open_votes(FileSystem& files, const Path& path, const PublicKey& key,
                              const Log& log) {
  auto opened = VoteLog::open(files, path, key);
  if (opened) return VoteMemory{std::move(opened->log), std::move(opened->records)};
  if (opened.error().code == Errc::io_error) return opened.error();
  log(LogLevel::error, "the vote log cannot be used, so this node observes and does not vote: " +
                           opened.error().to_string());
  return VoteMemory{};
}

// A descriptor that becomes readable when the process is asked to stop.  From now on neither signal
// interrupts anything: a second one, while the node closes its files, changes nothing.
// REQUIRES: no other thread runs yet.
int stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  CHECK(::sigprocmask(SIG_BLOCK, &signals, nullptr) == 0);
  const int descriptor = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK(descriptor >= 0);
  return descriptor;
}

// The one object that owns everything a running node consists of.
class Process {
 public:
  static Result<std::unique_ptr<Process>> start(const Config& config, const NodeKeys& keys) {
    std::unique_ptr<Process> process(new Process(config, keys));
    FENRUN_OK(process->open());
    FENRUN_OK(process->listen());
    return process;
  }

  Status run() {
    signals_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (!error) stop();
                        });
    tick();
    io_.run();
    return result_;
  }

 private:
  Process(const Config& config, const NodeKeys& keys)
      : config_(config),
        keys_(keys),
        log_(make_logger(config.name, config.log_level, config.log_format)),
        timer_(io_),
        signals_(io_, stop_signals()) {}

  Status open() {
    FENRUN_TRY(auto lock, DataDir::lock(config_.data_path()));
    lock_.emplace(std::move(lock));
    FENRUN_TRY(const auto bytes, read_file(files_, config_.genesis_path(), kGenesisBytesMax));
    FENRUN_TRY(genesis_, read_genesis(bytes));
    const auto self = validator_named(genesis_, config_.name);
    if (!self) return Error{Errc::config_invalid, "name: genesis knows no " + config_.name};
    self_ = *self;
    FENRUN_OK(check_keys(genesis_.validators[self_.value()], keys_));

    FENRUN_TRY(store_, DiskStore::open(files_, config_.data_path()));
    FENRUN_TRY(journal_, Journal::open(*store_));
    FENRUN_TRY(auto votes,
               open_votes(files_, config_.vote_log_path(), keys_.consensus.public_key(), log_));
    FENRUN_TRY(auto checkpointer, open_checkpointer());
    if (journal_->is_empty()) {
      FENRUN_OK(
          journal_->commit_genesis(execute_genesis(genesis_, trust_policy_digest_of(genesis_))));
    } else if (journal_->tip().chain_id != chain_id(genesis_)) {
      return Error{Errc::config_invalid, "data/ holds another network's journal than genesis.bin"};
    }
    verifier_.emplace(io_, config_.verify_threads);
    FENRUN_OK(open_transport());
    FENRUN_TRY(node_,
               Node::create(node_options(votes.log.has_value()), *journal_, std::move(checkpointer),
                            std::move(votes.log), votes.records, *transport_, *verifier_));
    return {};
  }

  Result<Checkpointer> open_checkpointer() {
    Checkpointer::Options options{.origin = origin_of(genesis_),
                                  .validators = {},
                                  .quorum = governance_quorum(genesis_.validators.size()),
                                  .self = self_,
                                  .key = &keys_.checkpoint};
    for (const auto& validator : genesis_.validators) {
      options.validators.push_back({validator.name.value, validator.checkpoint_key});
    }
    return Checkpointer::open(std::move(options), files_, config_.guard_path());
  }

  Status open_transport() {
    net::TransportCallbacks callbacks;
    callbacks.on_message = [this](net::PeerIndex peer, net::Channel channel, Bytes bytes) {
      node_->on_message(peer, channel, bytes);
    };
    callbacks.on_connected = [this](net::PeerIndex peer) { node_->on_connected(peer); };
    callbacks.on_disconnected = [this](net::PeerIndex peer, const Error&) {
      node_->on_disconnected(peer);
    };
    callbacks.on_writable = [](net::PeerIndex) {};
    callbacks.on_event = [this](const std::string& line) { log_(LogLevel::info, line); };
    net::TcpTransportOptions options;
    options.self = net::PeerIndex(self_.value());
    options.chain_id = chain_id(genesis_);
    options.listen_host = config_.peer_host;
    options.listen_port = config_.peer_port;
    transport_ = std::make_unique<net::TcpTransport>(io_, keys_.transport, std::move(options),
                                                     std::move(callbacks));
    for (const auto& peer : config_.peers) {
      const auto index = validator_named(genesis_, peer.name);
      if (!index || *index == self_) {
        return Error{Errc::config_invalid, "peers: genesis knows no other validator " + peer.name};
      }
      FENRUN_OK(transport_->set_peer(
          net::PeerIndex(index->value()),
          {genesis_.validators[index->value()].transport_key, peer.host, peer.port}));
    }
    return {};
  }

  NodeOptions node_options(bool votes) {
    NodeOptions options;
    options.name = config_.name;
    options.genesis = genesis_;
    options.self = net::PeerIndex(self_.value());
    options.consensus_key = votes ? &keys_.consensus : nullptr;
    options.mempool = {config_.mempool_bytes_max, config_.mempool_transactions_max};
    options.trust_policy = trust_policy_of(genesis_);
    options.clock = [] { return Now{steady_clock(), wall_clock()}; };
    options.request_turn = [this] { boost::asio::post(io_, [this] { node_->turn(); }); };
    options.log = log_;
    options.on_fatal = [this](const Error& error) {
      result_ = error;
      boost::asio::post(io_, [this] { stop(); });
    };
    return options;
  }

  // Without the file every member route answers 401.
  Result<api::TokenTable> read_tokens() {
    if (!files_.exists(config_.tokens_path())) return api::TokenTable();
    FENRUN_TRY(const auto bytes, read_file(files_, config_.tokens_path(), kTokensBytesMax));
    return api::TokenTable::parse(std::string(text_of(bytes)));
  }

  Status listen() {
    FENRUN_OK(transport_->start());
    FENRUN_TRY(auto tokens, read_tokens());
    FENRUN_TRY(
        api_, api::Api::listen(io_, *node_, std::move(tokens), config_.api_host, config_.api_port));
    log_(LogLevel::info, "height " + std::to_string(journal_->tip().height.value()) +
                             "; peers on " + config_.peer_host + ":" +
                             std::to_string(transport_->port()) + ", API on http://" +
                             config_.api_host + ":" + std::to_string(api_->port()));
    return {};
  }

  void tick() {
    if (stopping_) return;
    node_->on_tick();
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    log_(LogLevel::info, "stopping");
    if (!node_->has_failed()) node_->turn();
    timer_.cancel();
    signals_.cancel();
    api_.reset();
    transport_->stop();
    // Whatever still waits belongs to connections that are closed.
    io_.stop();
  }

  const Config& config_;
  const NodeKeys& keys_;
  Log log_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_;
  boost::asio::posix::stream_descriptor signals_;
  PosixFileSystem files_;
  std::optional<DataDir> lock_;
  Genesis genesis_;
  ValidatorIndex self_;
  std::unique_ptr<DiskStore> store_;
  std::unique_ptr<Journal> journal_;
  std::optional<ThreadVerifier> verifier_;
  std::unique_ptr<net::TcpTransport> transport_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<api::Api> api_;
  bool stopping_ = false;
  Status result_;
};

}  // namespace

Status run_node(const Config& config, const NodeKeys& keys) {
  FENRUN_TRY(const auto process, Process::start(config, keys));
  return process->run();
}

}  // namespace fenrun
