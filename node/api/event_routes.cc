// GET /v1/events: finalized entries as server-sent events, resumable by position.
#include <set>

#include "ledger/proof/note.h"
#include "node/api/answers.h"
#include "node/api/routes.h"
#include "node/json/names.h"
#include "node/json/views.h"

namespace fenrun::api {
namespace {

// Of one piece: small enough that other clients do not notice.
constexpr std::size_t kPieceEntries = 256;
constexpr std::size_t kPieceBytes = 64 * 1024;

struct Filter {
  std::set<std::string, std::less<>> kinds;  // Empty: all.
  std::string party;                         // In hex; empty: all.
};

bool mentions(const Json& json, const std::string& text) {
  if (json.is_string()) return json.get_ref<const std::string&>() == text;
  if (!json.is_structured()) return false;
  return std::any_of(json.begin(), json.end(),
                     [&](const Json& item) { return mentions(item, text); });
}

class EntryEvents final : public EventSource {
 public:
  EntryEvents(NodeService& node, Position from, Filter filter)
      : node_(&node), at_(from), filter_(std::move(filter)) {}
  ~EntryEvents() override {
    if (stop_listening_) stop_listening_();
  }

  std::optional<std::string> next() override {
    const auto& store = node_->journal().store();
    const Position first = at_;
    std::string piece;
    if (at_.value() >= store.size()) return piece;
    const auto count = std::min<std::uint64_t>(kPieceEntries, store.size() - at_.value());
    const auto entries = store.entries(at_, static_cast<std::size_t>(count));
    if (!entries) return std::nullopt;  // The client comes back to where it was.
    for (const auto& bytes : *entries) {
      if (piece.size() >= kPieceBytes) break;
      if (is_of_interest(bytes)) {
        const auto entry = decode_entry(bytes);
        if (!entry) return std::nullopt;
        piece += event(*entry);
      }
      at_ = at_.next();
    }
    // An id without data: whoever resumes need not go through what did not fit the filter.
    if (piece.empty() && at_ != first) piece = id_of(Position(at_.value() - 1)) + "\n";
    return piece;
  }

  void on_ready(std::function<void()> wake) override {
    stop_listening_ = node_->on_commit([wake = std::move(wake)](Height) { wake(); });
  }

  std::string heartbeat() const override { return ":\n\n"; }

 private:
  static std::string id_of(Position position) {
    return "id: " + std::to_string(position.value()) + "\n";
  }

  // By its kind, which is an entry's first byte.
  bool is_of_interest(const Bytes& entry) const {
    return filter_.kinds.empty() ||
           filter_.kinds.contains(json::kAlternativeNames<Entry>.at(entry.at(0)));
  }

  // The event, or nothing if the filter leaves it out.
  std::string event(const Entry& entry) {
    const std::string kind(json::kAlternativeNames<Entry>.at(entry.index()));
    const Json view = to_json(entry);
    if (!filter_.party.empty() && !concerns_party(entry, view)) return {};
    const Json data = {{"position", at_.value()}, {"entry", view}};
    return id_of(at_) + "event: " + kind + "\ndata: " + print_json(data) + "\n\n";
  }

  // An operation concerns also the party that signed it.
  bool concerns_party(const Entry& entry, const Json& view) const {
    if (mentions(view, filter_.party)) return true;
    const auto* operation = std::get_if<OperationEntry>(&entry);
    if (!operation) return false;
    const auto bytes = node_->journal().store().entry(operation->transaction);
    const auto transaction = bytes ? decode_entry(*bytes) : Result<Entry>(bytes.error());
    return transaction && mentions(to_json(*transaction), filter_.party);
  }

  NodeService* node_;
  Position at_;
  Filter filter_;
  std::function<void()> stop_listening_;
};

Result<Filter> filter_of(const Call& call) {
  Filter filter;
  if (const auto* party = call.text("party")) {
    FENRUN_OK(fixed_from<PartyId>("party", *party));
    filter.party = *party;
  }
  const auto* kinds = call.text("kind");
  if (!kinds) return filter;
  std::string_view rest(*kinds);
  while (!rest.empty()) {
    const auto kind = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), kind.size() + 1));
    const auto& known = json::kAlternativeNames<Entry>;
    if (std::ranges::find(known, kind) == known.end()) {
      return Error{Errc::value_invalid,
                   "'kind' must be of system,transaction,operation,posting,record,header"};
    }
    filter.kinds.emplace(kind);
  }
  return filter;
}

// After the last event that the client has seen; else where it asks; else with what comes next.
Result<Position> start_of(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto from, call.number("from", kTreeSizeMax));
  const auto last_seen = call.request.header("last-event-id");
  if (!last_seen.empty()) {
    const auto position = from_decimal(last_seen);
    if (!position || *position > kTreeSizeMax) {
      return Error{Errc::value_invalid, "Last-Event-ID is not one that this address gave"};
    }
    return Position(*position + 1);
  }
  return Position(from.value_or(node.journal().store().size()));
}

Result<HttpResponse> get_events(NodeService& node, const Call& call) {
  FENRUN_TRY(auto filter, filter_of(call));
  FENRUN_TRY(const auto from, start_of(node, call));
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.events = std::make_unique<EntryEvents>(node, from, std::move(filter));
  return response;
}

}  // namespace

std::vector<Route> event_routes(NodeService& node) {
  return {{.method = "GET",
           .pattern = "/v1/events",
           .summary =
               "Finalized entries as they come: server-sent events whose id is the position. "
               "Resumes after Last-Event-ID.",
           .query = {{"from", "Position of the first entry; else what becomes final from now on."},
                     {"kind",
                      "Only these, by commas: system, transaction, operation, posting, "
                      "record, header."},
                     {"party", "Only what concerns this party."}},
           .content_type = "text/event-stream",
           .handler = answer([&node](const Call& call) { return get_events(node, call); })}};
}

}  // namespace fenrun::api
