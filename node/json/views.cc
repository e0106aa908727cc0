#include "node/json/views.h"

#include "node/json/reflect.h"

namespace fenrun {
namespace {

using json::Place;

Json system_work_view(ByteView payload) {
  const auto work = decode<SystemWork>(payload);
  if (!work) return nullptr;
  Json view = json::write(*work);
  if (const auto* genesis = std::get_if<GenesisWork>(&*work)) {
    if (const auto decoded = decode<Genesis>(genesis->genesis)) {
      view["genesis"] = json::write(*decoded);
    }
  }
  return view;
}

void add_meaning(Json& view, const SystemEntry& entry) {
  view["work"] = system_work_view(entry.payload);
}
void add_meaning(Json& view, const TransactionEntry& entry) {
  view["id"] = to_hex(entry.body.id().view());
}
void add_meaning(Json& view, const OperationEntry& entry) {
  const auto operation = decode_operation(entry.payload);
  view["operation"] = operation ? json::write(*operation) : Json(nullptr);
}
void add_meaning(Json&, const Posting&) {}
void add_meaning(Json& view, const RecordEntry& entry) {
  std::optional<Bytes> value;
  if (entry.value) value = *entry.value;
  if (auto decoded = decoded_record(entry.key, value)) view["decoded"] = *std::move(decoded);
}
void add_meaning(Json& view, const Header& header) { view["id"] = to_hex(block_id(header).view()); }

}  // namespace

Json to_json(const Operation& operation) { return json::write(operation); }
Json to_json(const Genesis& genesis) { return json::write(genesis); }
Json to_json(const Party& party) { return json::write(party); }
Json to_json(const PolicyRecord& policy) { return json::write(policy); }
Json to_json(const Campaign& campaign) { return json::write(campaign); }
Json to_json(const Period& period) { return json::write(period); }
Json to_json(const Fund& fund) { return json::write(fund); }
Json to_json(const Unit& unit) { return json::write(unit); }
Json to_json(const Payout& payout) { return json::write(payout); }
Json to_json(const EventEarning& earning) { return json::write(earning); }
Json to_json(const Parameters& parameters) { return json::write(parameters); }
Json to_json(const StatementId& id) { return json::write(id); }
Json to_json(const Statement& statement) { return json::write(statement); }
Json to_json(const Posting& posting) { return json::write(posting); }
Json to_json(const Header& header) { return json::write(header); }

Json to_json(const Entry& entry) {
  Json view = json::write(entry);
  std::visit([&](const auto& kind) { add_meaning(view, kind); }, entry);
  return view;
}

Result<Operation> operation_from_json(const Json& json) {
  Operation operation;
  FENRUN_OK(json::read(json, Place{}, operation));
  return operation;
}

Result<TransactionDraft> transaction_from_json(const Json& json) {
  const Place root;
  FENRUN_OK(
      json::check_members(json, root, "operations, lane, mode, sequence, valid_until", false));
  TransactionDraft draft;
  const Place operations_place{&root, "operations"};
  const auto operations = json.find("operations");
  if (operations == json.end() || !operations->is_array() || operations->empty()) {
    return json::wrong(operations_place, "must be an array of at least one operation");
  }
  if (operations->size() > kTransactionOperationsMax) {
    return Error{Errc::limit_exceeded, "operations: more than a transaction may have"};
  }
  for (std::size_t i = 0; i < operations->size(); ++i) {
    Operation operation;
    FENRUN_OK(json::read((*operations)[i], Place{&operations_place, {}, i}, operation));
    FENRUN_TRY(auto bytes, encode_operation(operation));
    draft.operations.push_back(std::move(bytes));
  }
  const auto read_if_present = [&](const char* name, auto& out) -> Status {
    const auto it = json.find(name);
    if (it == json.end() || it->is_null()) return {};
    std::decay_t<decltype(out)> value{};
    FENRUN_OK(json::read(*it, Place{&root, name}, value));
    out = value;
    return {};
  };
  Sequence sequence;
  Height valid_until;
  FENRUN_OK(read_if_present("lane", draft.lane));
  FENRUN_OK(read_if_present("mode", draft.mode));
  FENRUN_OK(read_if_present("sequence", sequence));
  FENRUN_OK(read_if_present("valid_until", valid_until));
  if (json.contains("sequence") && !json["sequence"].is_null()) draft.sequence = sequence;
  if (json.contains("valid_until") && !json["valid_until"].is_null()) {
    draft.valid_until = valid_until;
  }
  return draft;
}

}  // namespace fenrun
