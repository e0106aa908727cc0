// What the EPCIS routes share: the headers, problems and pages of GS1's REST binding.
// docs/spec/api.md, "EPCIS".
#pragma once

#include "node/api/answers.h"
#include "node/intake/intake.h"

namespace fenrun::api {

inline constexpr std::size_t kEpcisPageDefault = 30;
inline constexpr std::size_t kEpcisPageMax = 100;

// With the versions that are spoken.
HttpResponse epcis_response(std::string body, unsigned status = 200);

// RFC 7807 with one of GS1's exceptions as type.
HttpResponse epcis_problem(const Error& error);
// Of a parameter of a query.
HttpResponse query_problem(const Error& error);

// What OPTIONS tells of an address: the versions, and that identifiers and words are given as their
// documents have them.
Headers epcis_discovery(Headers further = {});

// Errors become problems: an answer that comes later.
using EpcisHandler = std::function<void(CaptureDesk&, const Call&, HttpReply)>;

// A handler that answers not_ready where nothing is taken in, and 406 to who wants XML.
Handler epcis_handler(const Intake& intake, EpcisHandler handler);

// perPage: 1 to kEpcisPageMax.  Errc::value_invalid.
Result<std::size_t> epcis_page_size(const Call& call);
// nextPageToken; `otherwise` without one.  Errc::value_invalid.
Result<std::uint64_t> epcis_page_start(const Call& call, std::uint64_t otherwise);
// Link: <the same address, with this token>; rel="next".
void link_next(HttpResponse& response, const Call& call, std::uint64_t token);

std::vector<Parameter> epcis_page_parameters(std::vector<Parameter> further = {});

}  // namespace fenrun::api
