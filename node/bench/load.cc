#include "node/bench/load.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/codec.h"
#include "core/text.h"

namespace fenrun::bench {
namespace {

constexpr std::chrono::milliseconds kStep{1};
// A request is full with so many transactions, or about so many bytes ...
constexpr std::size_t kTogether = 64;
constexpr std::size_t kTogetherBytes = 256 * 1024;
// ... and so many full ones are sent ahead of their answers.
constexpr std::size_t kPipelined = 16;
constexpr double kPatienceMs = 30'000;
constexpr double kWarmUp = 0.25;  // Of sending.
constexpr std::uint64_t kValidHeights = kValidityHeightsMax - 1'000;
constexpr double kRetryMs = 1'000;
constexpr double kLateMs = 1'000;  // What is due may be sent so much later than planned.
constexpr unsigned kHttpOk = 200;
constexpr unsigned kHttpAccepted = 202;

Result<std::uint64_t> next_in(const HttpAnswer& answer) {
  if (answer.status != kHttpOk) return Errc::not_found;
  FENRUN_TRY(const auto record, parse_json(answer.body));
  FENRUN_TRY(const auto state, Market::lane_state_in(record));
  return state.next.value();
}

// What became of each of the `count` transactions sent together: Errc::ok if it was taken,
// mempool_full if it may be sent again, value_invalid for any other refusal.
Result<std::vector<Errc>> outcomes_in(const HttpAnswer& answer, std::size_t count) {
  std::vector<Errc> outcomes(count, Errc::ok);
  if (answer.status == kHttpAccepted && answer.body.find("refused") == std::string::npos) {
    return outcomes;
  }
  FENRUN_TRY(const auto json, parse_json(answer.body));
  if (!json.contains("transactions")) {  // Not looked at, one by one.
    if (answer.retry_after_s == 0) return Error{Errc::value_invalid, answer.body};
    return std::vector<Errc>(count, Errc::mempool_full);
  }
  const auto& transactions = json["transactions"];
  if (transactions.size() != count) return Error{Errc::value_invalid, answer.body};
  for (std::size_t i = 0; i < count; ++i) {
    if (transactions[i].at("status") != "refused") continue;
    const auto& code = transactions[i].at("reason").at("code").get_ref<const std::string&>();
    const bool has_no_room = code == name_of(Errc::mempool_full);
    outcomes[i] = has_no_room ? Errc::mempool_full : Errc::value_invalid;
  }
  return outcomes;
}

}  // namespace

Result<std::unique_ptr<Load>> Load::open(const Cluster& cluster, const Market& market) {
  std::unique_ptr<Load> load(new Load(cluster, market));
  const auto on_broken = [self = load.get()](const Error& error) { self->stop(error); };
  const auto& nodes = cluster.nodes();
  const auto& watched = cluster.watched();
  for (const auto& node : nodes) {
    auto& connection = load->connections_.emplace_back();
    connection.node = &node;
    FENRUN_TRY(connection.pipe, HttpPipe::connect(load->io_, node.local.api_port, on_broken));
  }
  for (std::uint16_t i = 0; i < Market::kLanes; ++i) {
    auto lane = std::make_unique<LaneQueue>();
    lane->lane = Lane(i);
    lane->record = watched.get(Market::lane_target(market.sender(), Lane(i)));
    load->connections_[i % nodes.size()].lanes.push_back(lane.get());
    load->lanes_.push_back(std::move(lane));
  }
  FENRUN_TRY(load->watch_, HttpPipe::connect(load->io_, watched.local.api_port, on_broken));
  FENRUN_TRY(load->events_, EventPipe::connect(load->io_, watched.local.api_port,
                                               watched.get("/v1/events?kind=header"),
                                               [self = load.get()] { self->look_for_commits(); }));
  return load;
}

// Lanes are signed by several threads, each transaction with the time at which it is due.
Status Load::sign(const LoadPlan& plan) {
  // A lane's next sequence is asked of one node, and used at another.
  FENRUN_OK(cluster_->wait_until_level());
  FENRUN_TRY(const auto status, Cluster::get(cluster_->watched(), "/v1/status"));
  const Height until(status.at("height").get<std::uint64_t>() + kValidHeights);
  const auto total = plan.rate_per_s > 0 ? static_cast<std::size_t>(plan.rate_per_s * plan.seconds)
                                         : plan.transactions_max;
  std::vector<std::jthread> workers;
  std::atomic<std::size_t> next_lane{0};
  for (auto& lane : lanes_) {
    FENRUN_TRY(const auto state, Market::lane_state(*cluster_, market_->sender(), lane->lane));
    lane->first = state.next.value();
    lane->transactions.clear();
    lane->due_ms.clear();
    lane->sent = lane->committed = 0;
    lane->resume_ms = 0;
    ++lane->attempt;
  }
  const auto work = [&] {
    for (std::size_t l = next_lane++; l < lanes_.size(); l = next_lane++) {
      auto& lane = *lanes_[l];
      for (std::size_t i = l; i < total; i += lanes_.size()) {
        const Sequence sequence(lane.first + lane.transactions.size());
        lane.transactions.push_back(market_->transaction(plan.content, lane.lane, sequence, until));
        lane.due_ms.push_back(plan.rate_per_s > 0 ? static_cast<double>(i) * 1'000 / plan.rate_per_s
                                                  : 0);
        if (i == 0) transaction_bytes_ = lane.transactions.back().size();
      }
    }
  };
  const auto threads = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(work);
  workers.clear();
  return {};
}

Result<LoadOutcome> Load::run(const LoadPlan& plan) {
  plan_ = plan;
  FENRUN_OK(sign(plan));
  refused_ = 0;
  committed_at_ms_.clear();
  latencies_ms_.clear();
  start_ = Clock::now();
  cpu_s_ = own_cpu_s();
  last_commit_ms_ = sending_ms_ = 0;
  io_.restart();
  step();
  io_.run();
  if (error_) return *error_;
  FENRUN_OK(check_outcomes());
  return outcome();
}

double Load::now_ms() const {
  return std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
}

void Load::stop(const Error& error) {
  if (!error_) error_ = error;
  io_.stop();
}

void Load::step() {
  for (auto& connection : connections_) advance(connection);
  if (is_over()) return io_.stop();
  if (now_ms() - std::max(last_commit_ms_, sending_ms_) > kPatienceMs) {
    return stop({Errc::timeout, "nothing becomes final any more"});
  }
  steps_.expires_after(kStep);
  steps_.async_wait([this](boost::system::error_code error) {
    if (!error) step();
  });
}

double Load::sends_until_ms() const {
  return plan_.seconds * 1'000 + (plan_.rate_per_s > 0 ? kLateMs : 0);
}

void Load::advance(Connection& connection) {
  while (connection.pipe->in_flight() < kPipelined) {
    const auto [items, is_full] = due_on(connection);
    if (items.empty() || (connection.pipe->in_flight() > 0 && !is_full)) return;
    send(connection, items);
  }
}

// Of its lanes in turn, one each time, up to a full request.
Load::Request Load::due_on(const Connection& connection) const {
  const double now = now_ms();
  Request request;
  if (now >= sends_until_ms()) return request;
  std::size_t bytes = 0;
  const auto& lanes = connection.lanes;
  std::vector<std::size_t> taken(lanes.size(), 0);
  for (std::size_t i = connection.turn, idle = 0; idle < lanes.size() && !request.is_full; ++i) {
    auto& lane = *lanes[i % lanes.size()];
    const auto index = lane.sent + taken[i % lanes.size()];
    if (now < lane.resume_ms || index >= lane.transactions.size() ||
        index - lane.committed >= plan_.window || lane.due_ms[index] > now) {
      ++idle;
      continue;
    }
    idle = 0;
    ++taken[i % lanes.size()];
    request.items.push_back({.lane = &lane, .index = index, .attempt = lane.attempt});
    bytes += lane.transactions[index].size();
    request.is_full = request.items.size() == kTogether || bytes >= kTogetherBytes;
  }
  return request;
}

void Load::send(Connection& connection, const std::vector<Item>& items) {
  sending_ms_ = now_ms();
  ++connection.turn;
  Encoder list;
  list.uleb(static_cast<std::uint32_t>(items.size()));
  for (const auto& item : items) {
    list.raw(item.lane->transactions[item.index]);
    if (plan_.rate_per_s <= 0) item.lane->due_ms[item.index] = sending_ms_;
    ++item.lane->sent;
  }
  connection.pipe->send(
      http_request("POST", "/v1/transactions/batch", connection.node->token, text_of(list.take())),
      [this, &connection, items](const HttpAnswer& answer) {
        take_answer(items, answer);
        if (!error_) advance(connection);
      });
}

// What is refused for want of room is sent again after a second, and with it all of its lane that
// was sent behind it: whatever the answers say of that.
void Load::take_answer(const std::vector<Item>& items, const HttpAnswer& answer) {
  const auto outcomes = outcomes_in(answer, items.size());
  if (!outcomes) return stop(outcomes.error());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if ((*outcomes)[i] == Errc::ok) continue;
    ++refused_;
    auto& lane = *items[i].lane;
    const bool is_sent_again_anyway = items[i].attempt != lane.attempt;
    if (is_sent_again_anyway) continue;
    if ((*outcomes)[i] != Errc::mempool_full) return stop({(*outcomes)[i], answer.body});
    ++lane.attempt;
    lane.sent = items[i].index;
    lane.resume_ms = now_ms() + kRetryMs;
  }
}

void Load::look_for_commits() {
  look_again_ = true;
  if (looking_ > 0) return;
  look_again_ = false;
  for (auto& lane : lanes_) {
    if (lane->committed < lane->sent) ask_for(*lane);
  }
}

void Load::ask_for(LaneQueue& lane) {
  ++looking_;
  watch_->send(lane.record, [this, &lane](const HttpAnswer& answer) {
    --looking_;
    const auto next = next_in(answer);
    if (!next) return stop({Errc::value_invalid, "a lane cannot be read: " + answer.body});
    const double now = now_ms();
    for (; lane.first + lane.committed < *next; ++lane.committed) {
      latencies_ms_.push_back(now - lane.due_ms[lane.committed]);
      committed_at_ms_.push_back(now);
      last_commit_ms_ = now;
    }
    if (looking_ == 0 && look_again_) look_for_commits();
  });
}

bool Load::is_over() const {
  const bool is_sent = now_ms() >= sends_until_ms();
  const auto is_quiet = [](const auto& connection) { return connection.pipe->in_flight() == 0; };
  return std::ranges::all_of(connections_, is_quiet) &&
         std::ranges::all_of(lanes_, [&](const auto& lane) {
           return lane->committed >= lane->sent &&
                  (is_sent || lane->sent == lane->transactions.size());
         });
}

// The last transaction of each lane stands for those before it: they are alike.
Status Load::check_outcomes() const {
  for (const auto& lane : lanes_) {
    if (lane->committed == 0) continue;
    FENRUN_TRY(const auto state, Market::lane_state(*cluster_, market_->sender(), lane->lane));
    FENRUN_TRY(const auto view,
               Cluster::get(cluster_->watched(), "/v1/transactions/" + to_hex(state.last.view())));
    const auto& outcome = view.at("outcome").get_ref<const std::string&>();
    if (outcome != "ok") return Error{Errc::value_invalid, "a transaction failed: " + outcome};
  }
  return {};
}

// By the time that counts, not from one commit to another: a block is learnt of lane by lane, so
// that the first moment is that of a small part of its block.
double Load::rate() const {
  if (committed_at_ms_.empty()) return 0;
  const double end = 1'000 * plan_.seconds;
  const auto first = std::ranges::lower_bound(committed_at_ms_, kWarmUp * end);
  const auto last = std::ranges::upper_bound(first, committed_at_ms_.end(), end);
  if (first == last) {
    return static_cast<double>(committed_at_ms_.size()) * 1'000 / committed_at_ms_.back();
  }
  return static_cast<double>(last - first) * 1'000 / ((1 - kWarmUp) * end);
}

LoadOutcome Load::outcome() const {
  LoadOutcome out;
  out.committed = committed_at_ms_.size();
  out.refused = refused_;
  out.committed_per_s = rate();
  out.cpu_s = own_cpu_s() - cpu_s_;
  out.transaction_bytes = transaction_bytes_;
  out.latencies_ms = latencies_ms_;
  return out;
}

}  // namespace fenrun::bench
