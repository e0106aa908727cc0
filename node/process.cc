#include "node/process.h"

#include <sys/signalfd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>
#include <set>

#include "contracts/evidence.h"
#include "contracts/records.h"
#include "core/check.h"
#include "core/crypto/key_file.h"
#include "core/text.h"
#include "net/asker.h"
#include "net/tcp_transport.h"
#include "node/api/api.h"
#include "node/api/scan_names.h"
#include "node/claims/claims_intake.h"
#include "node/claims/code_trees.h"
#include "node/clock.h"
#include "node/descriptors.h"
#include "node/host.h"
#include "node/intake/lane_submitter.h"
#include "node/json/views.h"
#include "node/log.h"
#include "node/network.h"
#include "node/storage/data_dir.h"
#include "node/thread_verifier.h"

namespace fenrun {
namespace {

constexpr std::chrono::milliseconds kTick{5};
constexpr std::chrono::minutes kDiskWatch{10};
constexpr std::size_t kGenesisBytesMax = 1024 * 1024;
constexpr std::size_t kTokensBytesMax = 1024 * 1024;
constexpr std::size_t kPlacesBytesMax = 8 * 1024 * 1024;

using Log = std::function<void(LogLevel, const std::string&)>;

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

std::optional<std::uint64_t> free_bytes(const Path& folder) {
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  if (error) return std::nullopt;
  return space.available;
}

// The one object that owns everything a running node consists of.
class Process {
 public:
  static Result<std::unique_ptr<Process>> start(const Config& config, const NodeKeys& keys) {
    std::unique_ptr<Process> process(new Process(config, keys));
    FENRUN_OK(process->plan_files());
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
    watch_disk();
    io_.run();
    return result_;
  }

 private:
  Process(const Config& config, const NodeKeys& keys)
      : config_(config),
        keys_(keys),
        log_(make_logger(config.name, config.log_level, config.log_format)),
        timer_(io_),
        disk_timer_(io_),
        signals_(io_, stop_signals()) {}

  // Before anything is opened.
  Status plan_files() {
    const auto allowed = raise_descriptor_limit();
    FENRUN_TRY(files_plan_, plan_descriptors(allowed));
    if (allowed >= descriptors_wanted()) return {};
    log_(LogLevel::warn, std::to_string(allowed) + " file descriptors are allowed, so HTTP takes " +
                             std::to_string(files_plan_.http_connections) +
                             " connections at once: raise LimitNOFILE (ulimit -n) to " +
                             std::to_string(descriptors_wanted()));
    return {};
  }

  Status open() {
    FENRUN_TRY(auto lock, DataDir::lock(config_.data_path()));
    lock_.emplace(std::move(lock));
    FENRUN_OK(check_keys_stand());
    FENRUN_TRY(const auto bytes, read_file(files_, config_.genesis_path(), kGenesisBytesMax));
    FENRUN_TRY(genesis_, read_genesis(bytes));
    FENRUN_TRY(self_, own_number());
    verifier_.emplace(io_, config_.verify_threads);
    FENRUN_OK(open_transport());
    FENRUN_TRY(host_, Host::open(files_, host_options(), *transport_, *verifier_));
    node_ = &host_->node();
    check_own_keys();
    return {};
  }

  // The keys were read before the folder was locked: fenrun rejoin may have replaced them since,
  // and the vote log and the guard in it are those of the new ones.
  Status check_keys_stand() const {
    for (const auto& [name, key] : {std::pair("consensus", keys_.consensus.public_key()),
                                    std::pair("checkpoint", keys_.checkpoint.public_key())}) {
      FENRUN_TRY(const auto text, read_key_file(config_.key_path(name)));
      FENRUN_TRY(const auto file, parse_key_file(text.view()));
      if (file.public_key == key) continue;
      return Error{Errc::locked, config_.key_path(name).string() +
                                     " was replaced while this node was starting: start it again"};
    }
    return {};
  }

  // Genesis numbers its validators; whoever came later was told a number when admitted.
  Result<net::PeerIndex> own_number() const {
    if (config_.member) return net::PeerIndex(*config_.member);
    const auto index = validator_named(genesis_, config_.name);
    if (index) return net::PeerIndex(index->value());
    return Error{Errc::config_invalid,
                 "name: genesis knows no " + config_.name + ", and `member` is not given"};
  }

  // Says why this node would not be let in, or not vote.
  void check_own_keys() const {
    const auto& state = host_->journal().state();
    const auto member = find_member(state, MemberNumber(self_.value()));
    if (member && member->transport_key != keys_.transport.public_key()) {
      log_(LogLevel::error, "keys/transport.key is not the key that the ledger names for " +
                                config_.name + ": the other members refuse our links");
    }
    for (const auto& validator : validators(state)) {
      if (validator.name.value != config_.name) continue;
      if (validator.consensus_key == keys_.consensus.public_key()) return;
      log_(LogLevel::error, "keys/consensus.key is not the key that the ledger names for " +
                                config_.name + ", so this node observes: run fenrun rejoin");
    }
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
    options.self = self_;
    options.chain_id = chain_id(genesis_);
    options.listen_host = config_.peer_host;
    options.listen_port = config_.peer_port;
    transport_ = std::make_unique<net::TcpTransport>(io_, keys_.transport, std::move(options),
                                                     std::move(callbacks));
    return {};
  }

  // A disk that fails stops the node; the first failure is what is told.
  void fail(const Error& error) {
    if (result_) result_ = error;
    boost::asio::post(io_, [this] { stop(); });
  }

  // A draft that the operator signs and submits, one file a piece.
  void keep_evidence(const RecordEvidence& evidence) {
    const Path folder = config_.data_path() / "evidence";
    const Path path = folder / (to_hex(evidence_digest(evidence).view()) + ".json");
    const auto is_kept = files_.holds(path);
    if (!is_kept) return fail(is_kept.error());
    if (*is_kept) return;
    const Json draft = {{"operations", Json::array({to_json(Operation(evidence))})}};
    auto status = files_.make_folder(folder);
    if (status) status = replace_file(files_, path, bytes_of(draft.dump(2) + "\n"));
    if (!status) return fail(status.error());
    log_(LogLevel::error, "evidence is kept; put it on the ledger: fenrun tx submit " +
                              path.string() + " --key " + config_.key_path("operator").string());
  }

  // Links to everybody whom the ledger knows; whom we have to dial the configuration says where.
  void link_members(const MemberTable& members) {
    for (const auto number : linked_) {
      if (!members.address_of(number)) transport_->remove_peer(number);
    }
    std::erase_if(linked_, [&](const auto number) { return !members.address_of(number); });
    for (const auto& member : members.all()) {
      if (member.number == self_) continue;
      const auto address = std::ranges::find(config_.peers, member.name, &PeerConfig::name);
      net::PeerAddress peer{member.transport_key, "", 0};
      if (address != config_.peers.end()) {
        peer.host = address->host;
        peer.port = address->port;
      }
      if (const auto status = transport_->set_peer(member.number, peer)) {
        linked_.insert(member.number);
      } else {
        log_(LogLevel::warn, "no link to " + member.name + ": " + status.error().to_string() +
                                 "; give its address under [[peers]] in config.toml");
      }
    }
  }

  DiskStoreOptions store_options() const {
    DiskStoreOptions options;
    options.index.write_buffer_unused_bytes =
        spread_unused_bytes(options.index.write_buffer_bytes, self_.value());
    options.index.files_max = files_plan_.index_files;
    return options;
  }

  // A proxy on another machine speaks for as many as one on this.
  api::HttpLimits http_limits() const {
    api::HttpLimits limits;
    limits.connections = files_plan_.http_connections;
    limits.connections_per_address = files_plan_.http_connections_per_address;
    limits.is_exempt = [proxy = config_.claims ? config_.claims->proxy
                                               : std::string()](const std::string& address) {
      return net::is_loopback(address) || address == proxy;
    };
    return limits;
  }

  HostOptions host_options() {
    return {.paths = {config_.data_path(), config_.vote_log_path(), config_.guard_path()},
            .keys = {&keys_.consensus, &keys_.checkpoint},
            .store = store_options(),
            .snapshot_interval = config_.snapshot_interval,
            .node = node_options()};
  }

  NodeOptions node_options() {
    NodeOptions options;
    options.name = config_.name;
    options.genesis = genesis_;
    options.self = self_;
    options.snapshot_behind = config_.snapshot_behind;
    options.mempool = {config_.mempool_bytes_max, config_.mempool_transactions_max};
    options.clock = [] { return Now{steady_clock(), wall_clock()}; };
    options.disk_free_bytes = [this] { return free_bytes(config_.data_path()); };
    options.stopwatch = [] { return Moment{steady_us(), thread_cpu_us()}; };
    options.request_turn = [this] { boost::asio::post(io_, [this] { node_->turn(); }); };
    options.log = log_;
    options.on_members = [this](const MemberTable& members) { link_members(members); };
    options.on_evidence = [this](const RecordEvidence& evidence) { keep_evidence(evidence); };
    options.on_fatal = [this](const Error& error) { fail(error); };
    return options;
  }

  // Without the file every member route answers 401.
  Result<api::TokenTable> read_tokens() {
    FENRUN_TRY(const bool are_there, files_.holds(config_.tokens_path()));
    if (!are_there) return api::TokenTable();
    FENRUN_TRY(const auto bytes, read_file(files_, config_.tokens_path(), kTokensBytesMax));
    return api::TokenTable::parse(std::string(text_of(bytes)));
  }

  Result<Intake> open_intake() {
    Intake intake;
    FENRUN_OK(open_submitter(intake));
    if (config_.claims) FENRUN_OK(open_claims(*config_.claims, intake));
    return intake;
  }

  Status open_submitter(Intake& intake) {
    if (!keys_.intake) return {};
    const auto& key = *keys_.intake;
    if (!find_key_owner(host_->journal().state(), key.public_key())) {
      log_(LogLevel::warn, "the ledger does not know the key of intake.key_file (yet)");
    }
    submitter_.emplace(io_, *node_, key, Lane(config_.intake.lane));
    intake.submitter = &*submitter_;
    FENRUN_TRY(auto places, read_places());
    CaptureDeskOptions options{
        .files = &files_,
        .documents = config_.documents_path(),
        .jobs = config_.jobs_path(),
        .documents_bytes_max = config_.intake.documents_bytes_max,
        .places = std::move(places),
        .clock = wall_clock,
        .log = [this](const std::string& line) { log_(LogLevel::warn, line); },
        .on_fatal =
            [this](const Error& error) {
              log_(LogLevel::error, "the intake stopped for good: " + error.to_string());
              fail(error);
            }};
    FENRUN_TRY(captures_, CaptureDesk::open(io_, *node_, *submitter_, std::move(options)));
    intake.captures = captures_.get();
    return {};
  }

  // Without the file no place is known, and documents that name one are refused.
  Result<epcis::Places> read_places() {
    const auto& path = config_.intake.places;
    if (path.empty()) return epcis::Places();
    FENRUN_TRY(const auto bytes, read_file(files_, path, kPlacesBytesMax));
    return epcis::Places::parse(text_of(bytes), path.string());
  }

  // What consumers ask.
  Status open_claims(const ClaimsConfig& config, Intake& intake) {
    std::vector<Path> folders;
    for (const auto& folder : config.code_trees) folders.push_back(config_.home / folder);
    FENRUN_TRY(code_trees_, CodeTrees::open(files_, folders, chain_id(genesis_)));
    if (!config.names.empty()) {
      const Path path = config_.home / config.names;
      FENRUN_TRY(const auto bytes, read_file(files_, path, api::kScanNamesBytesMax));
      auto names = api::ScanNames::parse(text_of(bytes));
      if (!names) return Error{names.error().code, path.string() + ": " + names.error().detail};
      scan_names_ = *std::move(names);
    }
    ClaimsIntakeOptions options;
    options.paths = [this](UnitBatchId batch, std::uint32_t index, const Digest& leaf) {
      return code_trees_.path(batch, index, leaf);
    };
    options.clock = wall_clock;
    claims_.emplace(io_, *node_, intake.submitter, std::move(options));
    intake.claims = &*claims_;
    intake.scans = {RegionCode(config.region), config.proxy, config.requests_per_minute,
                    &scan_names_};
    log_(LogLevel::info,
         "consumers claim here: trees of " + std::to_string(code_trees_.size()) + " code batches");
    return {};
  }

  Status listen() {
    FENRUN_OK(transport_->start());
    FENRUN_TRY(auto tokens, read_tokens());
    FENRUN_TRY(const auto intake, open_intake());
    FENRUN_TRY(api_, api::Api::listen(io_, *node_, {std::move(tokens), intake, http_limits()},
                                      config_.api_host, config_.api_port));
    log_(LogLevel::info, "height " + std::to_string(host_->journal().tip().height.value()) +
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

  void watch_disk() {
    const auto free = free_bytes(config_.data_path());
    if (free && *free < kDiskShortBytes) {
      log_(LogLevel::warn, "the disk of data/ takes " + std::to_string(*free / 1'048'576) +
                               " MiB more: free it or extend it, a node whose disk is full stops");
    }
    disk_timer_.expires_after(kDiskWatch);
    disk_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) watch_disk();
    });
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    log_(LogLevel::info, "stopping");
    if (!node_->has_failed()) node_->turn();
    timer_.cancel();
    disk_timer_.cancel();
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
  boost::asio::steady_timer disk_timer_;
  boost::asio::posix::stream_descriptor signals_;
  PosixFileSystem files_;
  DescriptorPlan files_plan_;
  std::optional<DataDir> lock_;
  Genesis genesis_;
  net::PeerIndex self_;
  std::optional<ThreadVerifier> verifier_;
  std::unique_ptr<net::TcpTransport> transport_;
  std::set<net::PeerIndex> linked_;  // Members that the transport knows.
  std::unique_ptr<Host> host_;
  Node* node_ = nullptr;  // The host's.
  std::optional<LaneSubmitter> submitter_;
  std::unique_ptr<CaptureDesk> captures_;
  CodeTrees code_trees_;
  api::ScanNames scan_names_;
  std::optional<ClaimsIntake> claims_;
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
