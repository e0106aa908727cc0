#include "node/api/lists.h"

#include "node/json/views.h"

namespace fenrun::api {

std::optional<Json> item_of(const StateView& state, const RecordKey& key) {
  auto decoded = decoded_record(key, state.value(key));
  if (!decoded || !decoded->contains("value")) return std::nullopt;
  Json item = std::move((*decoded)["key"]);
  item.update((*decoded)["value"]);
  return item;
}

RecordKey family_prefix(ContractFamily family) {
  return KeyWriter(static_cast<std::uint8_t>(family)).take();
}

Result<HttpResponse> list(const NodeService& node, const Call& call, const RecordKey& prefix,
                          const Amend& amend) {
  const auto& state = node.journal().state();
  return page_of_keys(call, state, prefix, [&](const RecordKey& key) {
    auto item = item_of(state, key);
    if (item && amend) amend(*item, state, key);
    return item;
  });
}

}  // namespace fenrun::api
