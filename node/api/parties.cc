// Parties, their lanes, statements and postings.
#include "ledger/proof/note.h"
#include "node/api/answers.h"
#include "node/api/lists.h"
#include "node/api/routes.h"
#include "node/json/reflect.h"
#include "node/json/views.h"

namespace fenrun::api {
namespace {

Json party_view(const PartyId& id, const Party& party) {
  Json view = {{"party", to_hex(id.view())}};
  view.update(to_json(party));
  return view;
}

void add_recovery(Json& view, const StateView& state, const PartyId& party) {
  if (const auto recovery = find_recovery(state, party)) view["recovery"] = json::write(*recovery);
}

Result<HttpResponse> list_parties(const NodeService& node, const Call& call) {
  const auto& state = node.journal().state();
  const auto scope = party_scope();
  return page_of_keys(call, state, scope, [&](const RecordKey& key) -> std::optional<Json> {
    const auto id = PartyId::from(ByteView(key).subspan(scope.size()));
    const auto party = id ? find_party(state, *id) : std::nullopt;
    if (!party) return std::nullopt;  // The sentinel.
    return party_view(*id, *party);
  });
}

// Errc::not_found for a party that is not registered.
Result<PartyId> known_party(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto id, fixed_at<PartyId>(call, "party"));
  if (!find_party(node.journal().state(), id)) return Error{Errc::not_found, "no such party"};
  return id;
}

Result<HttpResponse> get_party(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto id, known_party(node, call));
  const auto& state = node.journal().state();
  Json view = party_view(id, *find_party(state, id));
  add_recovery(view, state, id);
  return json_response(view);
}

Result<HttpResponse> list_recoveries(const NodeService& node, const Call& call) {
  return list(node, call, family_prefix(ContractFamily::recovery));
}

Result<HttpResponse> get_lane(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto id, known_party(node, call));
  FENRUN_TRY(const auto lane, call.path_number("lane", 0xffff));
  const auto next = node.next_sequence(id, Lane(static_cast<std::uint16_t>(lane)));
  if (!next) return Error{Errc::not_found, "the lane is not open"};
  return json_response(
      {{"party", to_hex(id.view())}, {"lane", lane}, {"next_sequence", next->value()}});
}

Json statement_view(const StatementId& id, const Statement& statement) {
  Json view = to_json(id);
  view.update(to_json(statement));
  view["balance"] = json::write(balance(statement));
  return view;
}

Result<HttpResponse> list_statements(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto party, known_party(node, call));
  const auto& state = node.journal().state();
  return page_of_keys(call, state, statement_scope(party),
                      [&](const RecordKey& key) -> std::optional<Json> {
                        const auto id = statement_from_key(key);
                        if (!id) return std::nullopt;  // The sentinel.
                        return statement_view(*id, statement(state, *id));
                      });
}

Result<StatementId> statement_id(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto party, known_party(node, call));
  constexpr std::uint64_t kMax = 0xffff'ffff;
  FENRUN_TRY(const auto campaign, call.path_number("campaign", kMax));
  FENRUN_TRY(const auto asset, call.path_number("asset", kMax));
  FENRUN_TRY(const auto period, call.path_number("period", kMax));
  const auto& names = json::kEnumNames<Book>;
  const auto book = std::ranges::find(names, call.path.at("book"));
  if (book == names.end()) {
    return Error{Errc::value_invalid, "'book' must be external, fund, payable or instructed"};
  }
  const auto number = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  return StatementId{{party, static_cast<Book>(book - names.begin()), CampaignId(number(campaign)),
                      AssetId(number(asset))},
                     PeriodId(number(period))};
}

Result<Posting> posting_of(const NodeService& node, const StatementId& id, Position position) {
  FENRUN_TRY(const auto bytes, node.journal().store().entry(position));
  FENRUN_TRY(const auto entry, decode_entry(bytes));
  const auto* posting = std::get_if<Posting>(&entry);
  if (!posting || (posting->source_statement() != id && posting->destination_statement() != id)) {
    return Error{Errc::value_invalid, "'cursor' is not one that this address gave"};
  }
  return *posting;
}

// Newest first: the cursor is the position of the next posting to show.
Result<HttpResponse> get_statement(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto id, statement_id(node, call));
  FENRUN_TRY(const auto limit, page_limit(call));
  FENRUN_TRY(const auto cursor, call.number("cursor", kTreeSizeMax));
  const auto totals = statement(node.journal().state(), id);
  Json items = Json::array();
  std::optional<Position> next;
  if (totals.count > 0) next = totals.last;
  if (cursor) next = Position(*cursor);
  if (cursor && *cursor >= node.journal().store().size()) {
    return Error{Errc::value_invalid, "'cursor' is not one that this address gave"};
  }
  while (next && items.size() < limit) {
    FENRUN_TRY(const auto posting, posting_of(node, id, *next));
    Json item = {{"position", next->value()}};
    item.update(to_json(posting));
    items.push_back(std::move(item));
    next =
        posting.source_statement() == id ? posting.source.previous : posting.destination.previous;
  }
  Json view = {{"statement", statement_view(id, totals)}, {"items", std::move(items)}};
  if (next) view["next"] = std::to_string(next->value());
  return json_response(view);
}

}  // namespace

std::vector<Route> party_routes(NodeService& node) {
  const Parameter party{"party", "The party's id: 32 hex digits."};
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  return {
      {.method = "GET",
       .pattern = "/v1/parties",
       .summary = "Every registered party, by id.",
       .query = page_parameters(),
       .handler = on(list_parties)},
      {.method = "GET",
       .pattern = "/v1/parties/{party}",
       .summary = "One party; `recovery`: the key that it is about to get.",
       .path = {party},
       .handler = on(get_party)},
      {.method = "GET",
       .pattern = "/v1/recoveries",
       .summary = "Parties that are about to get another key, by id.",
       .query = page_parameters(),
       .handler = on(list_recoveries)},
      {.method = "GET",
       .pattern = "/v1/parties/{party}/lanes/{lane}",
       .summary = "The sequence that the lane's next transaction must carry.",
       .path = {party, {"lane", "0 to 65535; lane 0 always exists."}},
       .handler = on(get_lane)},
      {.method = "GET",
       .pattern = "/v1/parties/{party}/statements",
       .summary = "The party's statements, one for each book, campaign, asset and period.",
       .path = {party},
       .query = page_parameters(),
       .handler = on(list_statements)},
      {.method = "GET",
       .pattern = "/v1/parties/{party}/statements/{book}/{campaign}/{asset}/{period}",
       .summary = "One statement with its postings, newest first.",
       .path = {party,
                {"book", "external, fund, payable or instructed."},
                {"campaign", "Its number."},
                {"asset", "Its number; 0 is CNY in fen."},
                {"period", "Its number; 0 is none."}},
       .query = page_parameters(),
       .handler = on(get_statement)},
  };
}

}  // namespace fenrun::api
