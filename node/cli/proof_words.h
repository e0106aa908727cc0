// Chinese for what stands in a report on a proof and comes of English names and hints elsewhere.
#pragma once

#include <string_view>

#include "core/error.h"
#include "ledger/proof/account.h"

namespace fenrun::cli {

std::string_view chinese_name_of(Book book);

// hint_of() in Chinese, of the codes that refuse a proof (4xx); of all others hint_of() itself.
std::string_view chinese_hint_of(Errc code);

}  // namespace fenrun::cli
