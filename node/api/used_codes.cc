// Which codes of a batch were used, for members.
#include "contracts/records.h"
#include "node/api/answers.h"
#include "node/api/lists.h"
#include "node/api/routes.h"

namespace fenrun::api {
namespace {

// Nobody is told any more what an erased subject claimed.
void leave_out_erased(Json& item, const StateView& state, const RecordKey& key) {
  const auto bytes = state.value(key);
  CHECK(bytes.has_value());
  const auto record = decode<ClaimRecord>(*bytes);
  CHECK(record.has_value());
  const bool is_erased = find_erasure(state, record->claim.claimant).has_value();
  item["claimant_erased"] = is_erased;
  if (is_erased) item["claim"].erase("claimant");
}

Result<UnitBatchId> batch_of(const Call& call) {
  FENRUN_TRY(const auto number, call.path_number("batch", 0xffff'ffff));
  return UnitBatchId(static_cast<std::uint32_t>(number));
}

Result<HttpResponse> list_claims(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto batch, batch_of(call));
  const auto prefix =
      KeyWriter(static_cast<std::uint8_t>(ContractFamily::claim)).number(batch).take();
  return list(node, call, prefix, leave_out_erased);
}

Result<HttpResponse> get_claim(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto batch, batch_of(call));
  FENRUN_TRY(const auto index, call.path_number("index", 0xffff'ffff));
  const auto& state = node.journal().state();
  const auto key = claim_key(batch, static_cast<std::uint32_t>(index));
  auto item = item_of(state, key);
  if (!item) return Error{Errc::not_found, "the code was not used"};
  leave_out_erased(*item, state, key);
  return json_response(*item);
}

}  // namespace

std::vector<Route> used_code_routes(NodeService& node) {
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  const Parameter batch{"batch", "The code batch's number."};
  return {
      {.method = "GET",
       .pattern = "/v1/batches/{batch}/claims",
       .summary = "Codes of the batch that were used, by index; without claimants who were erased.",
       .path = {batch},
       .query = page_parameters(),
       .handler = on(list_claims)},
      {.method = "GET",
       .pattern = "/v1/batches/{batch}/claims/{index}",
       .summary = "The one use of a code; without its claimant if erased.",
       .path = {batch, {"index", "Of the item."}},
       .handler = on(get_claim)},
  };
}

}  // namespace fenrun::api
