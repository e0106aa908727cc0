// Lists of a family's Records, a page at a time: an item is the key's fields and the value's.
#pragma once

#include <functional>

#include "contracts/keys.h"
#include "node/api/answers.h"
#include "node/service.h"

namespace fenrun::api {

RecordKey family_prefix(ContractFamily family);

// The item of a key: its decoded key's fields, then its value's.  None for sentinels.
std::optional<Json> item_of(const StateView& state, const RecordKey& key);

// What an item says besides.
using Amend = std::function<void(Json& item, const StateView& state, const RecordKey& key)>;

// A page of the live keys that start with the prefix, without sentinels.
Result<HttpResponse> list(const NodeService& node, const Call& call, const RecordKey& prefix,
                          const Amend& amend = nullptr);

}  // namespace fenrun::api
