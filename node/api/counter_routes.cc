// Counters of what goods went through: by region, and by store where a policy asked for it.
#include <algorithm>

#include "node/api/answers.h"
#include "node/api/lists.h"
#include "node/api/routes.h"

namespace fenrun::api {
namespace {

// Which counters a call asks for.
struct Asked {
  std::optional<std::uint16_t> month;
  std::optional<PartyId> store;
  std::optional<UnitBatchId> batch;
};

Result<Asked> asked_by(const Call& call) {
  Asked out;
  FENRUN_TRY(const auto month, call.number("month", 0xffff));
  if (month) out.month = static_cast<std::uint16_t>(*month);
  if (const auto* store = call.text("store")) {
    FENRUN_TRY(out.store, fixed_from<PartyId>("store", *store));
  }
  FENRUN_TRY(const auto batch, call.number("batch", 0xffff'ffff));
  if (batch) out.batch = UnitBatchId(static_cast<std::uint32_t>(*batch));
  return out;
}

RecordKey behind(RecordKey key) {
  key.push_back(0);
  return key;
}

PartyId last_store() {
  PartyId store;
  store.bytes.fill(0xff);
  return store;
}

// Where the search goes on behind a counter that is not asked for.  Keys are ordered by month,
// store and batch.
std::optional<RecordKey> leap_to(const Asked& asked, const StoreCounterId& found) {
  constexpr UnitBatchId kLastBatch(0xffff'ffff);
  const PartyId store = asked.store.value_or(found.store);
  const UnitBatchId first = store == found.store ? found.batch : UnitBatchId(0);
  const StoreCounterId wanted{found.month, store, asked.batch.value_or(first)};
  if (wanted == found) return std::nullopt;
  if (found < wanted) return counters_key(wanted);
  // Too far: there may be more of the next store, or in the next month.
  const auto last = asked.store ? last_store() : found.store;
  return behind(counters_key(StoreCounterId{found.month, last, kLastBatch}));
}

Result<HttpResponse> list_by_store(const Call& call, const StateView& state, const Asked& asked) {
  KeyWriter prefix(static_cast<std::uint8_t>(ContractFamily::store_counters));
  if (asked.month) prefix.number(*asked.month);
  if (asked.month && asked.store) prefix.raw(asked.store->view());
  return page_of_keys(
      call, state, prefix.take(), [&](const RecordKey& key) { return item_of(state, key); },
      [&](const RecordKey& key) {
        const auto found = store_counter_in_key(key);
        CHECK(found.has_value());
        return leap_to(asked, *found);
      });
}

Result<HttpResponse> list_by_region(const Call& call, const StateView& state, const Asked& asked) {
  KeyWriter prefix(static_cast<std::uint8_t>(ContractFamily::counters));
  if (asked.batch) prefix.number(*asked.batch);
  return page_of_keys(call, state, prefix.take(), [&](const RecordKey& key) {
    auto item = item_of(state, key);
    const bool is_left_out = item && asked.month && (*item)["month"] != *asked.month;
    return is_left_out ? std::nullopt : std::move(item);
  });
}

Result<HttpResponse> list_counters(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto asked, asked_by(call));
  const auto* by = call.text("by");
  if (by && *by != "region" && *by != "store") {
    return Error{Errc::value_invalid, "'by' must be region or store"};
  }
  if (by && *by == "region" && asked.store) {
    return Error{Errc::value_invalid, "'by' must be store where 'store' is given"};
  }
  const bool is_by_store = by ? *by == "store" : asked.store.has_value();
  const auto& state = node.journal().state();
  return is_by_store ? list_by_store(call, state, asked) : list_by_region(call, state, asked);
}

}  // namespace

std::vector<Route> counter_routes(NodeService& node) {
  return {
      {.method = "GET",
       .pattern = "/v1/counters",
       .summary = "What goods went through: by batch, region, and month since January 1970 "
                  "(UTC+8); or by month, store and batch, where a policy asked for it.",
       .query = page_parameters({{"by",
                                  "region or store; store where `store` is given, else "
                                  "region."},
                                 {"store", "Only of this store."},
                                 {"batch", "Only of this code batch."},
                                 {"month", "Only of this month."}}),
       .handler = answer([&node](const Call& call) { return list_counters(node, call); })},
  };
}

}  // namespace fenrun::api
