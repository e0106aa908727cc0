// Ordering alone: replicas of consensus/, linked over loopback by net/, agree on commands of 32
// opaque bytes that nobody signed and nobody executes.  For comparison with measurements of other
// protocols that are made like this, such as those of libhotstuff.
//
//   ordering_bench [--nodes 4] [--seconds 10] [--batch 256] [--window N | --rate N]
//                  [--base-port 31500] [--json]
//
// Each replica is a process with one thread.  It hands commands to itself: as many as are to be
// unfinished at a time (--window, four batches unless told), or so many a second by the clock
// (--rate), and puts up to --batch of them into a block when it leads.  Every signature of the
// protocol is made and checked, links are TLS; votes are logged to memory that is given up at once,
// and whoever is asked to verify a block only looks whether its header fits.  After two seconds of
// warming up, commands count that become final within --seconds.  Latency is from hand-in to
// finality at the replica that it was handed to.
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>

#include "consensus/replica.h"
#include "core/overloaded.h"
#include "net/tcp_transport.h"

namespace fenrun {
namespace {

using Clock = std::chrono::steady_clock;
using Command = Digest;

constexpr std::chrono::seconds kWarmUp{2};
constexpr std::chrono::milliseconds kTick{5};
constexpr std::chrono::milliseconds kAfterwards{300};  // Nobody leaves while others still count.
constexpr std::size_t kWindowBatches = 4;

struct Options {
  std::size_t nodes = 4;
  std::size_t seconds = 10;
  std::size_t batch = kBlockBatchesMax;
  std::size_t window = 0;
  std::size_t rate = 0;  // Commands a second and replica; 0: as the window has it.
  std::size_t base_port = 31'500;
  bool json = false;
};

// What a replica saw within the time that counts.  Goes through a pipe as it is.
struct Outcome {
  std::uint64_t commands = 0;  // Of all replicas.
  std::uint64_t blocks = 0;
  std::uint64_t views = 0;
  std::uint64_t own = 0;  // Commands of this one.
  double p50_ms = 0;
  double p99_ms = 0;
  double cpu_s = 0;
  std::uint64_t fell_behind = 0;  // Times it would have had to fetch finalized blocks.
};

// What a block says besides its commands, which are in the place of batches.
struct OrderingHeader {
  View view;
  Height height;
  Digest parent;
  Digest commands;

  FENRUN_FIELDS(view, height, parent, commands)
};

SigningKey key_number(std::uint8_t use, std::size_t i) {
  const std::uint8_t text[] = {use, static_cast<std::uint8_t>(i)};
  const Digest digest = sha256(text);
  Seed seed;
  std::ranges::copy(digest.bytes, seed.mutable_view().begin());
  return SigningKey::from_seed(seed);
}

// The keys with which the replicas vote, in the order of their indices.
std::vector<SigningKey> consensus_keys(std::size_t nodes) {
  std::vector<SigningKey> keys;
  for (std::size_t i = 0; i < nodes; ++i) keys.push_back(key_number(1, i));
  std::ranges::sort(keys, {}, &SigningKey::public_key);
  return keys;
}

ValidatorSet validators_of(const std::vector<SigningKey>& keys) {
  std::vector<PublicKey> all;
  for (const auto& key : keys) all.push_back(key.public_key());
  return *ValidatorSet::from_keys(std::move(all));
}

Digest digest_of(const List<Digest, kBlockBatchesMax>& commands) {
  return sha256(encode(commands));
}

double percentile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

// Commands that were handed to this replica and are not final.
class Source {
 public:
  Source(std::size_t self, const Options& options) : self_(self), options_(options) {}

  void hand_in(Clock::time_point now) {
    if (options_.rate == 0) {
      while (waiting_.size() + proposed_ < options_.window) add(now);
      return;
    }
    if (!begun_) begun_ = now;
    const auto due =
        std::chrono::duration<double>(now - *begun_).count() * static_cast<double>(options_.rate);
    while (static_cast<double>(next_) < due && waiting_.size() + proposed_ < options_.window) {
      add(now);
    }
  }
  bool is_waiting() const { return !waiting_.empty(); }

  List<Digest, kBlockBatchesMax> take() {
    List<Digest, kBlockBatchesMax> commands;
    while (!waiting_.empty() && commands.size() < options_.batch) {
      commands.push_back(waiting_.front().command);
      building_.push_back(waiting_.front());
      waiting_.pop_front();
    }
    proposed_ += building_.size();
    return commands;
  }
  // The block of what was taken last.
  void propose(const Digest& block, View view) {
    blocks_[block] = {view, std::exchange(building_, {})};
  }

  // Milliseconds that each of the block's commands took; none if it is another replica's.
  std::vector<double> finalize(const Digest& block, Clock::time_point now) {
    std::vector<double> spans;
    const auto it = blocks_.find(block);
    if (it == blocks_.end()) return spans;
    for (const auto& command : it->second.commands) {
      spans.push_back(std::chrono::duration<double, std::milli>(now - command.since).count());
    }
    proposed_ -= spans.size();
    blocks_.erase(it);
    return spans;
  }
  // Blocks up to this view that are not final will never be: their commands wait again.
  void give_up(View finalized) {
    std::erase_if(blocks_, [&](const auto& item) {
      const auto& block = item.second;
      if (block.view > finalized) return false;
      waiting_.insert(waiting_.begin(), block.commands.begin(), block.commands.end());
      proposed_ -= block.commands.size();
      return true;
    });
  }

 private:
  struct Waiting {
    Command command;
    Clock::time_point since;
  };
  struct Proposed {
    View view;
    std::vector<Waiting> commands;
  };

  void add(Clock::time_point now) {
    Command command;
    std::memcpy(command.bytes.data(), &self_, sizeof(self_));
    std::memcpy(command.bytes.data() + sizeof(self_), &next_, sizeof(next_));
    ++next_;
    waiting_.push_back({command, now});
  }

  std::uint64_t self_;
  Options options_;
  std::uint64_t next_ = 0;
  std::optional<Clock::time_point> begun_;
  std::deque<Waiting> waiting_;
  std::vector<Waiting> building_;
  std::map<Digest, Proposed> blocks_;
  std::size_t proposed_ = 0;  // Commands in blocks that are not final.
};

// One replica and its driver; consensus/io.h has the duties.
class Driver {
 public:
  Driver(std::size_t self, const Options& options, const std::vector<SigningKey>& keys,
         Clock::time_point begin)
      : options_(options),
        begin_(begin),
        end_(begin + std::chrono::seconds(options.seconds)),
        transport_key_(key_number(2, self)),
        source_(self, options),
        transport_(io_, transport_key_, transport_options(self), callbacks()),
        replica_(config(), validators_of(keys), ValidatorIndex(static_cast<std::uint16_t>(self)),
                 &keys[self], {Epoch(0), View(0), Height(0), Digest{}, std::nullopt, false}, {},
                 now_ms()) {
    for (std::size_t peer = 0; peer < options.nodes; ++peer) {
      if (peer == self) continue;
      CHECK(transport_.set_peer(net::PeerIndex(static_cast<std::uint16_t>(peer)),
                                {key_number(2, peer).public_key(), "127.0.0.1", port_of(peer)}));
    }
  }

  Outcome run() {
    const auto started = transport_.start();
    if (!started) {
      std::fprintf(stderr, "ordering_bench: %s\n", started.error().to_string().c_str());
      ::_exit(1);
    }
    tick();
    io_.run();
    outcome_.own = latencies_ms_.size();
    outcome_.p50_ms = percentile(latencies_ms_, 0.5);
    outcome_.p99_ms = percentile(latencies_ms_, 0.99);
    return outcome_;
  }

 private:
  static ReplicaConfig config() {
    ReplicaConfig config;
    config.chain_id = sha256(bytes_of("ordering_bench"));
    config.timing.delta_min = SpanMs(80);  // As in a node.
    config.log_check = LogCheck::passed;   // A key that never voted.
    return config;
  }
  std::uint16_t port_of(std::size_t node) const {
    return static_cast<std::uint16_t>(options_.base_port + node);
  }
  net::TcpTransportOptions transport_options(std::size_t self) const {
    net::TcpTransportOptions options;
    options.self = net::PeerIndex(static_cast<std::uint16_t>(self));
    options.chain_id = config().chain_id;
    options.listen_port = port_of(self);
    return options;
  }
  net::TransportCallbacks callbacks() {
    return {.on_message =
                [this](net::PeerIndex from, net::Channel, const Bytes& bytes) {
                  if (auto message = decode<Message>(bytes)) receive(from, *std::move(message));
                },
            .on_connected =
                [this](net::PeerIndex peer) { give(Connected{ValidatorIndex(peer.value())}); },
            .on_disconnected = [](net::PeerIndex, const Error&) {},
            .on_writable = [](net::PeerIndex) {},
            .on_event = [](const std::string&) {}};
  }
  static TimeMs now_ms() {
    return TimeMs(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
            .count()));
  }
  bool counts(Clock::time_point now) const { return begin_ <= now && now < end_; }

  void tick() {
    const auto now = Clock::now();
    if (now >= end_ + kAfterwards) {
      transport_.stop();
      io_.stop();
      return;
    }
    if (!cpu_at_begin_ && now >= begin_) cpu_at_begin_ = cpu_s();
    if (now < end_) outcome_.cpu_s = cpu_s() - cpu_at_begin_.value_or(cpu_s());
    hand_in(now);
    give(Tick{now_ms()});
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code&) { tick(); });
  }
  static double cpu_s() {
    timespec time{};
    CHECK(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  void hand_in(Clock::time_point now) {
    source_.hand_in(now);
    if (source_.is_waiting() == is_pending_) return;
    is_pending_ = source_.is_waiting();
    inputs_.push_back(WorkPending{is_pending_});
  }

  void receive(net::PeerIndex from, Message message) {
    if (const auto* asked = std::get_if<GetBlock>(&message)) {
      if (const auto* propose = replica_.proposal(asked->block_id)) {
        send(ValidatorIndex(from.value()), BlockAnswer{*propose});
      }
      return;
    }
    give(Received{ValidatorIndex(from.value()), std::move(message)});
  }

  void give(Input input) {
    inputs_.push_back(std::move(input));
    if (is_turning_) return;
    is_turning_ = true;
    while (!inputs_.empty()) {
      const Input next = std::move(inputs_.front());
      inputs_.pop_front();
      for (const auto& output : replica_.step(next)) std::visit(*this, output);
    }
    is_turning_ = false;
  }

  void send(std::optional<ValidatorIndex> to, const Message& message) {
    auto bytes = std::make_shared<const Bytes>(encode(message));
    if (!to) return transport_.broadcast(net::Channel::consensus, std::move(bytes));
    // A lost message is asked for or sent again by its owner.
    static_cast<void>(
        transport_.send(net::PeerIndex(to->value()), net::Channel::consensus, std::move(bytes)));
  }

 public:
  // ---- Outputs ---------------------------------------------------------------------------------

  void operator()(const Persist& order) { last_record_ = encode(order.record); }
  void operator()(const Send& order) { send(order.to, order.message); }
  void operator()(const Build& order) {
    Built built{order.view, {}, 0, false};
    if (!order.empty_only) built.payload.batches = source_.take();
    built.payload.header = encode(OrderingHeader{
        order.view, order.parent_height.next(), order.parent_id, digest_of(built.payload.batches)});
    const Digest block = block_id_of(built.payload);
    source_.propose(block, order.view);
    sizes_[block] = {order.view, built.payload.batches.size()};
    inputs_.push_back(std::move(built));
  }
  void operator()(const Verify& order) {
    const auto& propose = order.propose;
    const auto header = decode<OrderingHeader>(propose.payload.header);
    const bool fits = header && header->view == propose.view && header->height == propose.height &&
                      header->parent == propose.parent_id;
    const bool is_whole = fits && header->commands == digest_of(propose.payload.batches);
    sizes_[order.block_id] = {propose.view, propose.payload.batches.size()};
    inputs_.push_back(Verified{propose.view, order.block_id,
                               is_whole ? Verdict::valid
                               : fits   ? Verdict::mismatch
                                        : Verdict::invalid,
                               0, false});
    if (is_whole) inputs_.push_back(BodyDurable{order.block_id});
  }
  void operator()(const Fetch& order) { send(order.from, GetBlock{order.block_id}); }
  void operator()(const Commit& order) {
    const auto now = Clock::now();
    for (const auto& block : order.blocks) {
      const auto spans = source_.finalize(block.block_id, now);
      if (!counts(now)) continue;
      latencies_ms_.insert(latencies_ms_.end(), spans.begin(), spans.end());
      outcome_.commands += sizes_[block.block_id].second;
      ++outcome_.blocks;
    }
    const View finalized = order.blocks.back().view;
    source_.give_up(finalized);
    std::erase_if(sizes_, [&](const auto& item) { return item.second.first <= finalized; });
    hand_in(now);
  }
  void operator()(const CatchUp&) { ++outcome_.fell_behind; }
  void operator()(const EvidenceFound&) {}
  void operator()(const StaleLog&) {}
  void operator()(const EnteredView&) {
    if (counts(Clock::now())) ++outcome_.views;
  }

 private:
  Options options_;
  Clock::time_point begin_;
  Clock::time_point end_;
  SigningKey transport_key_;
  Source source_;
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_{io_};
  net::TcpTransport transport_;
  Replica replica_;
  std::deque<Input> inputs_;
  bool is_turning_ = false;
  bool is_pending_ = false;
  Bytes last_record_;
  std::map<Digest, std::pair<View, std::size_t>> sizes_;  // Of blocks that are not final.
  std::optional<double> cpu_at_begin_;
  std::vector<double> latencies_ms_;
  Outcome outcome_;
};

// The read end of a pipe that gives the replica's outcome, from a process of its own.
int start_replica(std::size_t self, const Options& options, const std::vector<SigningKey>& keys,
                  Clock::time_point begin) {
  int ends[2];
  CHECK(::pipe(ends) == 0);
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    const Outcome outcome = Driver(self, options, keys, begin).run();
    ::_exit(::write(ends[1], &outcome, sizeof(outcome)) == sizeof(outcome) ? 0 : 1);
  }
  ::close(ends[1]);
  return ends[0];
}

void print_table(const Options& options, const std::vector<Outcome>& outcomes) {
  const auto seconds = static_cast<double>(options.seconds);
  std::printf("%zu replicas, %zu commands a block at most, %zu unfinished at each\n", options.nodes,
              options.batch, options.window);
  std::printf("replica  commands/s  blocks/s  p50 ms  p99 ms  CPU s/s  own/s  views/s\n");
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& of = outcomes[i];
    std::printf("%7zu  %10.0f  %8.0f  %6.1f  %6.1f  %7.2f  %5.0f  %7.0f\n", i,
                static_cast<double>(of.commands) / seconds,
                static_cast<double>(of.blocks) / seconds, of.p50_ms, of.p99_ms, of.cpu_s / seconds,
                static_cast<double>(of.own) / seconds, static_cast<double>(of.views) / seconds);
    if (of.fell_behind > 0) std::printf("         fell behind: it counted a part only\n");
  }
}

void print_json(const Options& options, const Outcome& of) {
  const auto seconds = static_cast<double>(options.seconds);
  std::printf(
      "{\"nodes\": %zu, \"batch\": %zu, \"window\": %zu, \"rate\": %zu, \"seconds\": %zu, "
      "\"commands_per_s\": %.1f, \"blocks_per_s\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
      options.nodes, options.batch, options.window, options.rate, options.seconds,
      static_cast<double>(of.commands) / seconds, static_cast<double>(of.blocks) / seconds,
      of.p50_ms, of.p99_ms);
}

// False for an unknown option, or a number that is none or out of its range.
bool parse(int argc, char** argv, Options& options) {
  const std::map<std::string_view, std::size_t*> numbers{
      {"--nodes", &options.nodes}, {"--seconds", &options.seconds},
      {"--batch", &options.batch}, {"--window", &options.window},
      {"--rate", &options.rate},   {"--base-port", &options.base_port}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      options.json = true;
      continue;
    }
    const auto found = numbers.find(word);
    if (found == numbers.end() || ++i == argc) return false;
    const std::string_view text = argv[i];
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), *found->second);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
  }
  // In an open loop the window only bounds what piles up.
  const std::size_t usual = options.rate > 0 ? 1'000'000 : kWindowBatches * options.batch;
  if (options.window == 0) options.window = usual;
  return 1 <= options.nodes && options.nodes <= kValidatorsMax && 1 <= options.batch &&
         options.batch <= kBlockBatchesMax && 1 <= options.seconds && options.seconds <= 3'600 &&
         options.base_port >= 1 && options.base_port + options.nodes <= 65'536;
}

int run(const Options& options) {
  const auto keys = consensus_keys(options.nodes);
  const auto begin = Clock::now() + kWarmUp;
  std::vector<int> pipes;
  for (std::size_t i = 0; i < options.nodes; ++i) {
    pipes.push_back(start_replica(i, options, keys, begin));
  }
  std::vector<Outcome> outcomes(options.nodes);
  bool all_came = true;
  for (std::size_t i = 0; i < options.nodes; ++i) {
    all_came = ::read(pipes[i], &outcomes[i], sizeof(Outcome)) == sizeof(Outcome) && all_came;
    ::close(pipes[i]);
  }
  while (::wait(nullptr) > 0) continue;
  if (!all_came) return 1;
  options.json ? print_json(options, outcomes[0]) : print_table(options, outcomes);
  return 0;
}

}  // namespace
}  // namespace fenrun

int main(int argc, char** argv) {
  fenrun::Options options;
  if (!fenrun::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "ordering_bench [--nodes 1..%zu] [--seconds N] [--batch 1..%zu] [--window N] "
                 "[--rate N] [--base-port P] [--json]\n",
                 fenrun::kValidatorsMax, fenrun::kBlockBatchesMax);
    return 2;
  }
  return fenrun::run(options);
}
