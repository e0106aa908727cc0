// What the API answers when it refuses: RFC 7807 problem documents with stable codes.
#pragma once

#include "core/error.h"
#include "node/api/http.h"
#include "node/json/json.h"

namespace fenrun::api {

// The HTTP status of each code: the one table.
unsigned http_status(Errc code);

// application/problem+json: {type, title, status, code, detail, hint}.
HttpResponse problem(const Error& error);
// The same with another status than the table's, for what only HTTP knows (405, 415, 431).
HttpResponse problem(unsigned status, const Error& error);
// The same with another type, and with further members, as RFC 7807, 3.2 allows.
HttpResponse problem(unsigned status, const Error& error, std::string_view type,
                     const Json& members = Json::object());
HttpResponse problem(const Error& error, const Json& members);

}  // namespace fenrun::api
