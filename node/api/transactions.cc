// POST /v1/transactions and what became of them.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "contracts/keys.h"
#include "core/overloaded.h"
#include "node/api/answers.h"
#include "node/api/routes.h"
#include "node/json/views.h"

namespace fenrun::api {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t kWaitSecondsMax = 30;

std::string_view name_of_state(TransactionState state) {
  switch (state) {
    case TransactionState::unknown:
      return "unknown";
    case TransactionState::pending:
      return "pending";
    case TransactionState::committed:
      return "committed";
    case TransactionState::rejected:
      return "rejected";
    case TransactionState::expired:
      return "expired";
  }
  UNREACHABLE();
}

Json reason_view(const Error& error) {
  return {{"code", std::string(name_of(error.code))},
          {"detail", error.detail},
          {"hint", std::string(hint_of(error.code))}};
}

Json status_view(const Digest& id, const TransactionStatus& status) {
  Json view = {{"id", to_hex(id.view())}, {"status", std::string(name_of_state(status.state))}};
  if (status.reason) view["reason"] = reason_view(*status.reason);
  if (status.position) view["position"] = status.position->value();
  return view;
}

Result<Entry> entry_at(const NodeService& node, Position position) {
  FENRUN_TRY(const auto bytes, node.journal().store().entry(position));
  return decode_entry(bytes);
}

// Of one answer: beyond, an operation is told without what it earned.
constexpr std::size_t kEarningsToldMax = 2'000;

using Earnings = List<EventEarning, kEventEarningsMax>;

// What events and claims earned, beside their operations.
class EarningsTeller {
 public:
  explicit EarningsTeller(const StateView& state) : state_(&state) {}

  void add(const OperationEntry& entry, Json& view) {
    if (entry.outcome != Errc::ok || told_ >= kEarningsToldMax) return;
    const auto operation = decode_operation(entry.payload);
    if (!operation) return;
    std::visit(
        overloaded{[&](const RecordEvent& event) { add(event, view); },
                   [&](const ClaimCode& use) { add(use.claim, view); },
                   [&](const AttestClaim& use) { add(use.claim, view); }, [](const auto&) {}},
        *operation);
  }

 private:
  // As it is now, and what became of the earnings of the event that it took back.
  void add(const RecordEvent& event, Json& view) {
    const auto record = find_event(*state_, event.id);
    if (!record) return;
    view["earnings"] = told(record->earnings);
    if (!record->corrects) return;
    const auto corrected = find_event(*state_, *record->corrects);
    CHECK(corrected.has_value());
    view["taken_back"] = told(corrected->earnings);
  }

  void add(const Claim& claim, Json& view) {
    const auto record = find_claim(*state_, claim.batch, claim.index);
    if (record) view["earnings"] = told(record->earnings);
  }

  Json told(const Earnings& earnings) {
    told_ += earnings.size();
    Json view = Json::array();
    for (const auto& earning : earnings) view.push_back(to_json(earning));
    return view;
  }

  const StateView* state_;
  std::size_t told_ = 0;
};

// The committed transaction with its operations, as they were journaled.
Status add_content(const NodeService& node, Position position, Json& view) {
  FENRUN_TRY(const auto entry, entry_at(node, position));
  const auto* transaction = std::get_if<TransactionEntry>(&entry);
  if (!transaction) return Error{Errc::corruption, "no transaction at its position"};
  view["outcome"] = std::string(name_of(transaction->outcome));
  view["transaction"] = to_json(entry);
  Json operations = Json::array();
  EarningsTeller earnings(node.journal().state());
  for (Position at = position.next(); operations.size() < transaction->body.operation_count;
       at = at.next()) {
    FENRUN_TRY(const auto inner, entry_at(node, at));
    if (std::holds_alternative<Posting>(inner)) continue;
    const auto* const entry_of_operation = std::get_if<OperationEntry>(&inner);
    if (!entry_of_operation) return Error{Errc::corruption, "a transaction lacks operations"};
    Json operation = {{"position", at.value()}};
    operation.update(to_json(inner));
    earnings.add(*entry_of_operation, operation);
    if (auto detail = node.refusal_detail(at); !detail.empty()) {
      operation["detail"] = std::move(detail);
    }
    operations.push_back(std::move(operation));
  }
  view["operations"] = std::move(operations);
  return {};
}

Result<HttpResponse> get_transaction(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto id, fixed_at<Digest>(call, "id"));
  const auto status = node.transaction_status(id);
  if (status.state == TransactionState::unknown) {
    std::string detail = "no transaction with this id is known to this node";
    if (const auto base = node.status().base) {
      detail += ", which began with a snapshot: of blocks up to " + std::to_string(base->value()) +
                " other members know";
    }
    return Error{Errc::not_found, std::move(detail)};
  }
  Json view = status_view(id, status);
  if (status.position) FENRUN_OK(add_content(node, *status.position, view));
  return json_response(view);
}

std::string media_type(const Call& call) {
  const auto header = call.request.header("content-type");
  std::string type(header.substr(0, header.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  for (auto& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return type;
}

// The only member of the JSON object that is the request's body.
Result<Json> only_member(const Call& call, const std::string& name, const char* form) {
  FENRUN_TRY(const auto json, parse_json(call.request.body));
  if (!json.is_object() || json.size() != 1 || !json.contains(name)) {
    return Error{Errc::json_invalid, std::string("the body must be ") + form};
  }
  return json[name];
}

Result<Bytes> transaction_bytes(const Call& call, const std::string& type) {
  if (type != "application/json") return to_bytes(bytes_of(call.request.body));
  constexpr auto kForm = R"({"transaction": "<base64>"})";
  FENRUN_TRY(const auto text, only_member(call, "transaction", kForm));
  if (!text.is_string()) {
    return Error{Errc::json_invalid, std::string("the body must be ") + kForm};
  }
  return from_base64(text.get<std::string>());
}

// At least one.  Those of a list are decoded, and nothing more is said of them.
Result<TransactionsTogether> transactions_in(const Call& call, const std::string& type) {
  TransactionsTogether transactions;
  if (type != "application/json") {
    FENRUN_TRY(transactions, decode<TransactionsTogether>(bytes_of(call.request.body)));
  } else {
    constexpr auto kForm = R"({"transactions": ["<base64>", ...]})";
    FENRUN_TRY(const auto list, only_member(call, "transactions", kForm));
    if (!list.is_array() ||
        !std::ranges::all_of(list, [](const Json& item) { return item.is_string(); })) {
      return Error{Errc::json_invalid, std::string("the body must be ") + kForm};
    }
    for (const auto& item : list) {
      if (transactions.size() == kTransactionsTogetherMax) {
        return Error{Errc::limit_exceeded,
                     "at most " + std::to_string(kTransactionsTogetherMax) + " transactions"};
      }
      FENRUN_TRY(const auto bytes, from_base64(item.get<std::string>()));
      FENRUN_TRY(auto transaction, decode<SignedTransaction>(bytes));
      transactions.push_back(std::move(transaction));
    }
  }
  if (transactions.empty()) return Error{Errc::value_invalid, "at least one transaction"};
  return transactions;
}

// Waits until a transaction is final or time is up, then answers.  Lives in its callbacks.
class Waiter final : public std::enable_shared_from_this<Waiter> {
 public:
  Waiter(asio::io_context& io, NodeService& node, const Digest& id, HttpReply reply)
      : io_(&io), node_(&node), id_(id), reply_(std::move(reply)), timer_(io) {}

  void start(std::chrono::seconds wait) {
    if (is_final() || wait.count() == 0) return finish();
    stop_listening_ = node_->on_commit([weak = weak_from_this(), io = io_](Height) {
      // Later: who listens must not stop listening while it is being called.
      asio::post(*io, [weak] {
        if (const auto self = weak.lock(); self && self->is_final()) self->finish();
      });
    });
    timer_.expires_after(wait);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->finish();
    });
  }

 private:
  bool is_final() const {
    const auto state = node_->transaction_status(id_).state;
    return state != TransactionState::pending && state != TransactionState::unknown;
  }

  void finish() {
    if (!reply_) return;
    const auto reply = std::exchange(reply_, nullptr);
    if (stop_listening_) stop_listening_();
    timer_.cancel();
    const auto status = node_->transaction_status(id_);
    if (status.state == TransactionState::rejected || status.state == TransactionState::expired) {
      return reply(problem(status.reason.value_or(Error{Errc::expired, {}})));
    }
    const bool committed = status.state == TransactionState::committed;
    auto response = json_response(status_view(id_, status), committed ? 200 : 202);
    response.headers.emplace_back("Location", "/v1/transactions/" + to_hex(id_.view()));
    reply(std::move(response));
  }

  asio::io_context* io_;
  NodeService* node_;
  Digest id_;
  HttpReply reply_;
  asio::steady_timer timer_;
  std::function<void()> stop_listening_;
};

// The type of the body, if it is one in which transactions come.
Result<std::string> transaction_type(const Call& call) {
  auto type = media_type(call);
  if (type == "application/octet-stream" || type == "application/json") return type;
  return Error{Errc::value_invalid,
               "Content-Type must be application/octet-stream (BCS of what is signed) or "
               "application/json"};
}

// What does not decode is the client's mistake, whatever the code's usual status.
HttpResponse no_transaction(const Error& error) {
  return problem(std::min(http_status(error.code), 499U), error);
}

void post_transaction(asio::io_context& io, NodeService& node, const Call& call, HttpReply reply) {
  const auto type = transaction_type(call);
  if (!type) return reply(problem(415, type.error()));
  const auto wait = call.number("wait", kWaitSecondsMax);
  if (!wait) return reply(problem(wait.error()));
  const auto bytes = transaction_bytes(call, *type);
  if (!bytes) return reply(problem(bytes.error()));
  auto transaction = decode_transaction(*bytes, node.journal().tip().chain_id);
  if (!transaction) return reply(no_transaction(transaction.error()));
  const std::chrono::seconds seconds(wait->value_or(0));
  node.submit(*std::move(transaction),
              [&io, &node, seconds, reply = std::move(reply)](const Result<Digest>& id) {
                if (!id) return reply(problem(id.error()));
                std::make_shared<Waiter>(io, node, *id, reply)->start(seconds);
              });
}

// What became of each of those that were sent together.  If none was taken, it is a problem: the
// first one's.
HttpResponse submitted_view(const NodeService& node, const std::vector<Digest>& ids,
                            const NodeService::Submitted& submitted) {
  Json transactions = Json::array();
  for (std::size_t i = 0; i < submitted.size(); ++i) {
    const auto& one = submitted[i];
    transactions.push_back(one ? status_view(ids[i], node.transaction_status(ids[i]))
                               : Json{{"id", to_hex(ids[i].view())},
                                      {"status", "refused"},
                                      {"reason", reason_view(one.error())}});
  }
  const Json all = {{"transactions", std::move(transactions)}};
  if (std::ranges::none_of(submitted, [](const auto& one) { return one.has_value(); })) {
    return problem(submitted.front().error(), all);
  }
  return json_response(all, 202);
}

void post_transactions(NodeService& node, const Call& call, HttpReply reply) {
  const auto type = transaction_type(call);
  if (!type) return reply(problem(415, type.error()));
  auto transactions = transactions_in(call, *type);
  if (!transactions) return reply(no_transaction(transactions.error()));
  std::vector<Digest> ids;
  for (const auto& transaction : *transactions) ids.push_back(transaction.id());
  node.submit_all(*std::move(transactions), [&node, ids = std::move(ids), reply = std::move(reply)](
                                                const NodeService::Submitted& submitted) {
    reply(submitted_view(node, ids, submitted));
  });
}

// Of an object with one member.
Json transaction_body(const std::string& member, const Json& content) {
  const Json object = {{"type", "object"},
                       {"required", {member}},
                       {"additionalProperties", false},
                       {"properties", {{member, content}}}};
  return {{"application/octet-stream", {{"schema", {{"type", "string"}}}}},
          {"application/json", {{"schema", object}}}};
}

}  // namespace

std::vector<Route> transaction_routes(asio::io_context& io, NodeService& node) {
  const Json base64 = {{"type", "string"}, {"contentEncoding", "base64"}};
  const Json list = {{"type", "array"},
                     {"minItems", 1},
                     {"maxItems", kTransactionsTogetherMax},
                     {"items", base64}};
  return {
      {.method = "POST",
       .pattern = "/v1/transactions",
       .summary = "Submits a signed transaction: BCS bytes, or JSON with them in base64.",
       .query = {{"wait", "Seconds to wait until it is final: 0 to 30."}},
       .body = transaction_body("transaction", base64),
       .statuses = {200, 202},
       .handler = [&io, &node](
                      const Call& call,
                      HttpReply reply) { post_transaction(io, node, call, std::move(reply)); }},
      {.method = "POST",
       .pattern = "/v1/transactions/batch",
       .summary = "Submits several signed transactions, each as if it came by itself: the BCS of a "
                  "list of them, or JSON with them in base64.",
       .body = transaction_body("transactions", list),
       .statuses = {202},
       .handler = [&node](const Call& call,
                          HttpReply reply) { post_transactions(node, call, std::move(reply)); }},
      {.method = "GET",
       .pattern = "/v1/transactions/{id}",
       .summary = "What became of a transaction, with its operations once it is committed.",
       .path = {{"id", "The transaction's id: 64 hex digits."}},
       .handler = answer([&node](const Call& call) { return get_transaction(node, call); })},
  };
}

}  // namespace fenrun::api
