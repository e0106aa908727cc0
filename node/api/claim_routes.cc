// What consumers' phones ask: the page that a printed code opens, what a code is, and its claim.
// docs/spec/api.md, "Claims".
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "contracts/claims.h"
#include "contracts/parties.h"
#include "node/api/answers.h"
#include "node/api/routes.h"
#include "node/api/scan_names.h"
#include "node/claims/address_limiter.h"
#include "node/claims/claims_intake.h"
#include "node/claims/code_status.h"
#include "node/json/reflect.h"

namespace fenrun::api {
namespace {

constexpr std::chrono::seconds kClaimWait{10};
constexpr std::size_t kClaimBytesMax = 1'024;
// A phone asks what the code is, claims, and asks what became of it: a few of these at once.
constexpr std::uint32_t kBurstDivisor = 5;

struct ClaimRequest {
  UnitBatchId batch;
  std::uint32_t index = 0;
  SubjectId claimant;
  std::optional<PartyId> store;
  RegionCode region;
  TimeMs time;
  PublicKey key;
  Signature signature;

  FENRUN_FIELDS(batch, index, claimant, store, region, time, key, signature)
};

// What the handlers share.
class ScanDesk final : public std::enable_shared_from_this<ScanDesk> {
 public:
  ScanDesk(boost::asio::io_context& io, NodeService& node, const Intake& intake)
      : io_(&io),
        node_(&node),
        claims_(intake.claims),
        options_(intake.scans),
        limiter_(options_.requests_per_minute,
                 std::max(1u, options_.requests_per_minute / kBurstDivisor)) {}

  void get_code(const Call& call, const HttpReply& reply);
  void post_claim(const Call& call, const HttpReply& reply);
  void get_claim(const Call& call, const HttpReply& reply);

 private:
  const StateView& state() const { return node_->journal().state(); }
  std::optional<HttpResponse> refuse_crowd(const Call& call);
  Result<HttpResponse> code_view(const Call& call) const;
  HttpResponse claim_answer(const Claim& asked, const Result<ClaimRecord>& result) const;
  HttpResponse pending_answer(const Claim& claim, const Digest& id) const;
  HttpResponse refusal(const Claim& asked, const Error& error) const;

  boost::asio::io_context* io_;
  NodeService* node_;
  ClaimsIntake* claims_;
  ScanOptions options_;
  AddressLimiter limiter_;
};

// What only those who scan are told differs in status from the API's table.
unsigned claim_status(Errc code) {
  switch (code) {
    case Errc::code_unknown:
    case Errc::batch_unknown:
      return 404;
    case Errc::code_used:
    case Errc::code_inactive:
    case Errc::unit_not_received:
      return 409;
    case Errc::code_void:
    case Errc::code_recalled:
    case Errc::unit_destroyed:
      return 410;
    default:  // NOLINT: the others mean here what they mean elsewhere.
      return http_status(code);
  }
}

std::string_view state_name(Errc refusal) {
  switch (refusal) {
    case Errc::ok:
      return "active";
    case Errc::code_used:
      return "used";
    case Errc::code_recalled:
      return "recalled";
    case Errc::code_inactive:
      return "inactive";
    case Errc::unit_not_received:
      return "unreceived";
    default:  // NOLINT: voided or destroyed; check_code() answers nothing else of an item.
      return "void";
  }
}

// When and where a code was used; never by whom.
Json use_view(const Claim& claim) {
  Json view = {{"time", json::write(claim.time)}};
  if (claim.region.value() != 0) view["region"] = claim.region.value();
  return view;
}

Json recorded_view(const ClaimRecord& record) {
  const auto& claim = record.claim;
  Json view = {{"state", "recorded"},
               {"batch", claim.batch.value()},
               {"index", claim.index},
               {"time", json::write(claim.time)},
               {"region", claim.region.value()}};
  if (claim.store) view["store"] = to_hex(claim.store->view());
  view["position"] = record.recorded_at.value();
  return view;
}

void keep_private(HttpResponse& response) {
  response.headers.emplace_back("Cache-Control", "no-store");
}

// ---- Limits ------------------------------------------------------------------------------------

std::optional<HttpResponse> ScanDesk::refuse_crowd(const Call& call) {
  const auto address =
      client_address(call.request.remote, call.request.header("x-forwarded-for"), options_.proxy);
  const auto wait = limiter_.take(address, AddressLimiter::Clock::now());
  if (wait.count() == 0) return std::nullopt;
  const auto seconds = std::to_string(wait.count());
  auto response =
      problem({Errc::rate_limited, "too many questions from this address: wait " + seconds + " s"});
  for (auto& [name, value] : response.headers) {
    if (name == "Retry-After") value = seconds;
  }
  return response;
}

// ---- What a code is ----------------------------------------------------------------------------

// The store of the address's query, if it is one: scans of a store's own page say where they were
// made.  Its region is that of the scan.
std::optional<Party> scanned_store(const StateView& state, const Call& call, PartyId& id) {
  const auto* const text = call.text("store");
  const auto named = text ? fixed_from_hex<PartyId>(*text) : Result<PartyId>(Errc::not_found);
  if (!named) return std::nullopt;
  id = *named;
  auto store = find_party(state, id);
  if (store && !is_shop(store->role)) store.reset();
  return store;
}

// Of what the view says, as far as the gateway has names for it.
void add_names(const ScanNames& names, const std::string& gtin, Json& view) {
  const auto region_of = [&](const Json& json) {
    return json.contains("region") ? names.region(RegionCode(json["region"].get<std::uint32_t>()))
                                   : Json();
  };
  Json found = Json::object();
  const auto add = [&](const char* of, Json name) {
    if (!name.is_null()) found[of] = std::move(name);
  };
  add("product", names.product({gtin}));
  if (view.contains("store")) {
    add("store", names.store(*fixed_from_hex<PartyId>(view["store"].get<std::string>())));
  }
  add("region", region_of(view));
  if (view.contains("used")) add("used_region", region_of(view["used"]));
  if (!found.empty()) view["names"] = std::move(found);
}

Result<HttpResponse> ScanDesk::code_view(const Call& call) const {
  const auto& gtin = call.path.at("gtin");
  const auto& serial = call.path.at("serial");
  FENRUN_TRY(const auto item, find_printed_item(state(), gtin, serial));
  const auto& codes = *item.record.codes;
  const auto usable = check_code(state(), item.batch, item.index);
  Json view = {{"chain_id", to_hex(node_->journal().tip().chain_id.view())},
               {"gtin", gtin},
               {"serial", serial},
               {"batch", item.batch.value()},
               {"index", item.index},
               {"brand", to_hex(item.record.brand.view())}};
  if (!codes.lot.value.empty()) view["lot"] = codes.lot.value;
  view["path"] = json::write(codes.path);
  view["state"] = std::string(state_name(usable ? Errc::ok : usable.error().code));
  view["recalled"] = is_recalled(state(), item.batch, item.index);
  if (const auto record = find_claim(state(), item.batch, item.index)) {
    view["used"] = use_view(record->claim);
  }
  PartyId store_id;
  const auto store = scanned_store(state(), call, store_id);
  if (store) view["store"] = to_hex(store_id.view());
  view["region"] = (store ? store->attributes.region : options_.region).value();
  view["time"] = json::write(claims_->now());
  if (options_.names) add_names(*options_.names, gtin, view);
  return json_response(view);
}

void ScanDesk::get_code(const Call& call, const HttpReply& reply) {
  if (auto refused = refuse_crowd(call)) return reply(*std::move(refused));
  auto view = code_view(call);
  auto response = view ? *std::move(view) : problem(claim_status(view.error().code), view.error());
  keep_private(response);
  reply(std::move(response));
}

// ---- Claims ------------------------------------------------------------------------------------

std::string claim_address(const Claim& claim, const Digest& id) {
  return "/v1/claims/" + std::to_string(claim.batch.value()) + "/" + std::to_string(claim.index) +
         "?claim=" + to_hex(id.view());
}

HttpResponse ScanDesk::pending_answer(const Claim& claim, const Digest& id) const {
  auto response = json_response({{"state", "pending"}, {"claim", to_hex(id.view())}}, 202);
  response.headers.emplace_back("Location", claim_address(claim, id));
  response.headers.emplace_back("Retry-After", "1");
  keep_private(response);
  return response;
}

HttpResponse ScanDesk::refusal(const Claim& asked, const Error& error) const {
  auto response = problem(claim_status(error.code), error);
  if (error.code == Errc::code_used) {
    if (const auto record = find_claim(state(), asked.batch, asked.index)) {
      auto document = Json::parse(response.body);
      document["used"] = use_view(record->claim);
      response.body = print_json(document) + "\n";
    }
  }
  keep_private(response);
  return response;
}

HttpResponse ScanDesk::claim_answer(const Claim& asked, const Result<ClaimRecord>& result) const {
  if (!result) return refusal(asked, result.error());
  auto response = json_response(recorded_view(*result));
  keep_private(response);
  return response;
}

// Answers once: with what became of the claim, or, when that takes long, with where to ask.
class ClaimReply final : public std::enable_shared_from_this<ClaimReply> {
 public:
  ClaimReply(boost::asio::io_context& io, HttpReply reply) : reply_(std::move(reply)), timer_(io) {}

  void answer(HttpResponse response) {
    if (!reply_) return;
    timer_.cancel();
    std::exchange(reply_, nullptr)(std::move(response));
  }

  // REQUIRES: held by a shared pointer.
  void answer_after(std::chrono::seconds wait, HttpResponse response) {
    if (!reply_) return;
    timer_.expires_after(wait);
    auto late = std::make_shared<HttpResponse>(std::move(response));
    timer_.async_wait([self = shared_from_this(), late](const boost::system::error_code& error) {
      if (!error) self->answer(std::move(*late));
    });
  }

 private:
  HttpReply reply_;
  boost::asio::steady_timer timer_;
};

void ScanDesk::post_claim(const Call& call, const HttpReply& reply) {
  if (auto refused = refuse_crowd(call)) return reply(*std::move(refused));
  if (!call.request.header("content-type").starts_with("application/json")) {
    return reply(problem(415, {Errc::value_invalid, "Content-Type must be application/json"}));
  }
  if (call.request.body.size() > kClaimBytesMax) {
    return reply(problem({Errc::limit_exceeded,
                          "a claim has at most " + std::to_string(kClaimBytesMax) + " bytes"}));
  }
  const auto json = parse_json(call.request.body);
  if (!json) return reply(problem(json.error()));
  ClaimRequest request;
  if (const auto read = json::read(*json, json::Place{}, request); !read) {
    return reply(problem(read.error()));
  }
  const SignedClaim signed_claim{
      {request.batch, request.index, request.claimant, request.store, request.region, request.time},
      request.key,
      request.signature};
  const auto& claim = signed_claim.claim;
  const Digest id = claim_id(node_->journal().tip().chain_id, claim);
  const auto answer = std::make_shared<ClaimReply>(*io_, reply);
  const auto self = shared_from_this();
  claims_->submit(signed_claim, [self, answer, claim](const Result<ClaimRecord>& result) {
    answer->answer(self->claim_answer(claim, result));
  });
  answer->answer_after(kClaimWait, pending_answer(claim, id));
}

void ScanDesk::get_claim(const Call& call, const HttpReply& reply) {
  if (auto refused = refuse_crowd(call)) return reply(*std::move(refused));
  const auto batch = call.path_number("batch", 0xffff'ffff);
  const auto index = call.path_number("index", 0xffff'ffff);
  const auto* const text = call.text("claim");
  const auto id = text ? fixed_from<Digest>("claim", *text)
                       : Result<Digest>(Error{Errc::value_invalid, "'claim' is missing"});
  for (const Error* error : {batch ? nullptr : &batch.error(), index ? nullptr : &index.error(),
                             id ? nullptr : &id.error()}) {
    if (error) return reply(problem(*error));
  }
  Claim asked;
  asked.batch = UnitBatchId(static_cast<std::uint32_t>(*batch));
  asked.index = static_cast<std::uint32_t>(*index);
  const auto found = claims_->find(asked.batch, asked.index, *id);
  if (!found && found.error().code == Errc::not_ready) return reply(pending_answer(asked, *id));
  reply(claim_answer(asked, found));
}

Json claim_body() {
  const auto hex = [](std::size_t bytes) -> Json {
    return {{"type", "string"}, {"pattern", "^[0-9a-f]{" + std::to_string(2 * bytes) + "}$"}};
  };
  const Json number = {{"type", "integer"}, {"minimum", 0}, {"maximum", 0xffff'ffffU}};
  const Json object = {
      {"type", "object"},
      {"required", {"batch", "index", "claimant", "region", "time", "key", "signature"}},
      {"additionalProperties", false},
      {"properties",
       {{"batch", number},
        {"index", number},
        {"claimant", hex(SubjectId::kSize)},
        {"store", hex(PartyId::kSize)},
        {"region", number},
        {"time", {{"type", "string"}, {"format", "date-time"}}},
        {"key", hex(PublicKey::kSize)},
        {"signature", hex(Signature::kSize)}}}};
  return {{"application/json", {{"schema", object}}}};
}

}  // namespace

std::vector<Route> claim_routes(boost::asio::io_context& io, NodeService& node,
                                const Intake& intake) {
  if (!intake.claims) return {};
  // Shared by the handlers below, which live as long as the table of routes.
  const auto desk = std::make_shared<ScanDesk>(io, node, intake);
  const auto on = [desk](void (ScanDesk::*handler)(const Call&, const HttpReply&)) -> Handler {
    return [desk, handler](const Call& call, const HttpReply& reply) {
      (*desk.*handler)(call, reply);
    };
  };
  return {
      {.method = "GET",
       .pattern = "/v1/codes/{gtin}/{serial}",
       .access = Access::public_,
       .summary = "What a printed code is: product, batch, and whether it can be used.",
       .path = {{"gtin", "14 digits."}, {"serial", "As printed: 14 characters."}},
       .query = {{"store", "The store of the scan: 32 hex digits."}},
       .handler = on(&ScanDesk::get_code)},
      {.method = "POST",
       .pattern = "/v1/claims",
       .access = Access::public_,
       .summary = "Uses a code: a claim signed by the code's own key.",
       .body = claim_body(),
       .statuses = {200, 202},
       .handler = on(&ScanDesk::post_claim)},
      {.method = "GET",
       .pattern = "/v1/claims/{batch}/{index}",
       .access = Access::public_,
       .summary = "What became of a claim.",
       .path = {{"batch", "The code batch."}, {"index", "Of the code in it."}},
       .query = {{"claim", "The claim's id: 64 hex digits."}},
       .statuses = {200, 202},
       .handler = on(&ScanDesk::get_claim)},
  };
}

}  // namespace fenrun::api
