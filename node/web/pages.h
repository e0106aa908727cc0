// What the node serves to browsers, embedded as bytes.  Made from node/web/claim by
// `npm run build`: docs/adr/0019-claim-page-is-kept-built.md.
#pragma once

#include <string_view>

namespace fenrun::web {

extern const std::string_view kClaimPage;    // HTML; names the other two by digest.
extern const std::string_view kClaimScript;  // JavaScript.
extern const std::string_view kClaimStyle;   // CSS.

}  // namespace fenrun::web
