// POST /v1/transactions and what became of them.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

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

// The committed transaction with its operations, as they were journaled.
Status add_content(const NodeService& node, Position position, Json& view) {
  FENRUN_TRY(const auto entry, entry_at(node, position));
  const auto* transaction = std::get_if<TransactionEntry>(&entry);
  if (!transaction) return Error{Errc::corruption, "no transaction at its position"};
  view["outcome"] = std::string(name_of(transaction->outcome));
  view["transaction"] = to_json(entry);
  Json operations = Json::array();
  for (Position at = position.next(); operations.size() < transaction->body.operation_count;
       at = at.next()) {
    FENRUN_TRY(const auto inner, entry_at(node, at));
    if (std::holds_alternative<Posting>(inner)) continue;
    if (!std::holds_alternative<OperationEntry>(inner)) {
      return Error{Errc::corruption, "a transaction lacks operations"};
    }
    Json operation = {{"position", at.value()}};
    operation.update(to_json(inner));
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

Result<Bytes> transaction_bytes(const Call& call, const std::string& type) {
  if (type != "application/json") return to_bytes(bytes_of(call.request.body));
  FENRUN_TRY(const auto json, parse_json(call.request.body));
  if (!json.is_object() || json.size() != 1 || !json.contains("transaction") ||
      !json["transaction"].is_string()) {
    return Error{Errc::json_invalid, R"(the body must be {"transaction": "<base64>"})"};
  }
  return from_base64(json["transaction"].get<std::string>());
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

void post_transaction(asio::io_context& io, NodeService& node, const Call& call, HttpReply reply) {
  const auto type = media_type(call);
  if (type != "application/octet-stream" && type != "application/json") {
    return reply(problem(415, {Errc::value_invalid,
                               "Content-Type must be application/octet-stream (BCS of the signed "
                               "transaction) or application/json"}));
  }
  const auto wait = call.number("wait", kWaitSecondsMax);
  if (!wait) return reply(problem(wait.error()));
  const auto bytes = transaction_bytes(call, type);
  if (!bytes) return reply(problem(bytes.error()));
  auto transaction = decode_transaction(*bytes, node.journal().tip().chain_id);
  if (!transaction) {
    // What does not decode is the client's mistake, whatever the code's usual status.
    const unsigned status = std::min(http_status(transaction.error().code), 499U);
    return reply(problem(status, transaction.error()));
  }
  const std::chrono::seconds seconds(wait->value_or(0));
  node.submit(*std::move(transaction),
              [&io, &node, seconds, reply = std::move(reply)](const Result<Digest>& id) {
                if (!id) return reply(problem(id.error()));
                std::make_shared<Waiter>(io, node, *id, reply)->start(seconds);
              });
}

Json transaction_body() {
  const Json base64 = {{"type", "string"}, {"contentEncoding", "base64"}};
  const Json object = {{"type", "object"},
                       {"required", {"transaction"}},
                       {"additionalProperties", false},
                       {"properties", {{"transaction", base64}}}};
  return {{"application/octet-stream", {{"schema", {{"type", "string"}}}}},
          {"application/json", {{"schema", object}}}};
}

}  // namespace

std::vector<Route> transaction_routes(asio::io_context& io, NodeService& node) {
  return {
      {.method = "POST",
       .pattern = "/v1/transactions",
       .summary = "Submits a signed transaction: BCS bytes, or JSON with them in base64.",
       .query = {{"wait", "Seconds to wait until it is final: 0 to 30."}},
       .body = transaction_body(),
       .statuses = {200, 202},
       .handler = [&io, &node](
                      const Call& call,
                      HttpReply reply) { post_transaction(io, node, call, std::move(reply)); }},
      {.method = "GET",
       .pattern = "/v1/transactions/{id}",
       .summary = "What became of a transaction, with its operations once it is committed.",
       .path = {{"id", "The transaction's id: 64 hex digits."}},
       .handler = answer([&node](const Call& call) { return get_transaction(node, call); })},
  };
}

}  // namespace fenrun::api
