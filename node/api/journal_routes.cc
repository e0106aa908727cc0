// The journal as it is: entries, blocks, Records.
#include "ledger/proof/note.h"
#include "node/api/answers.h"
#include "node/api/routes.h"
#include "node/json/views.h"

namespace fenrun::api {
namespace {

Result<HttpResponse> get_entry(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto position, call.path_number("position", kTreeSizeMax));
  const auto& store = node.journal().store();
  if (position >= store.size()) return Error{Errc::not_found, "the journal ends before it"};
  FENRUN_TRY(const auto bytes, store.entry(Position(position)));
  FENRUN_TRY(const auto entry, decode_entry(bytes));
  return json_response({{"position", position},
                        {"leaf_hash", to_hex(leaf_hash(bytes).view())},
                        {"entry", to_json(entry)},
                        {"bytes", to_base64(bytes)}});
}

Json block_view(const Header& header) {
  std::uint64_t entries = 1;
  for (const auto count : header.counts) entries += count;
  return {{"height", header.height.value()},
          {"first", header.position.value() + 1 - entries},
          {"last", header.position.value()},
          {"header", to_json(Entry(header))}};
}

// Newest first: the cursor is the height of the next block to show.
Result<HttpResponse> list_blocks(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto limit, page_limit(call));
  const auto tip = node.journal().tip().height.value();
  FENRUN_TRY(const auto cursor, call.number("cursor", tip));
  Json items = Json::array();
  std::optional<std::uint64_t> next = cursor.value_or(tip);
  while (next && items.size() < limit) {
    FENRUN_TRY(const auto header, node.journal().header(Height(*next)));
    items.push_back(block_view(header));
    next = *next == 0 ? std::nullopt : std::optional(*next - 1);
  }
  Json view = {{"items", std::move(items)}};
  if (next) view["next"] = std::to_string(*next);
  return json_response(view);
}

Result<HttpResponse> get_block(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto height, call.path_number("height", kTreeSizeMax));
  FENRUN_TRY(const auto header, node.journal().header(Height(height)));
  Json view = block_view(header);
  const auto certificate = node.journal().store().certificate(Height(height));
  if (!certificate && certificate.error().code != Errc::not_found) return certificate.error();
  if (certificate) view["certificate"] = to_base64(*certificate);
  return json_response(view);
}

Result<HttpResponse> get_record(const NodeService& node, const Call& call) {
  const auto key = from_hex(call.path.at("key"));
  if (!key || key->empty() || key->size() > kRecordKeyBytesMax) {
    return Error{Errc::value_invalid, "'key' must be the hex of 1 to 255 bytes"};
  }
  const auto record = node.journal().state().record(*key);
  if (!record) return Error{Errc::not_found, "the key never had a record"};
  Json view = {
      {"key", to_hex(*key)}, {"version", record->version}, {"position", record->position.value()}};
  if (record->value) view["value"] = to_hex(*record->value);
  if (auto decoded = decoded_record(*key, record->value)) view["decoded"] = *std::move(decoded);
  return json_response(view);
}

// Not out of the journal: who began with a snapshot has no entry 0, and its genesis all the same.
Result<HttpResponse> get_genesis(const NodeService& node, const Call&) {
  return text_response(std::string(text_of(encode(node.genesis()))), "application/octet-stream");
}

}  // namespace

std::vector<Route> journal_routes(NodeService& node) {
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  return {
      {.method = "GET",
       .pattern = "/v1/genesis",
       .access = Access::public_,
       .summary = "What the network began with: the BCS of its genesis, as in genesis.bin.",
       .content_type = "application/octet-stream",
       .handler = on(get_genesis)},
      {.method = "GET",
       .pattern = "/v1/entries/{position}",
       .summary = "One entry of the journal: its fields, its bytes and its leaf hash.",
       .path = {{"position", "From 0."}},
       .handler = on(get_entry)},
      {.method = "GET",
       .pattern = "/v1/blocks",
       .summary = "Finalized blocks, newest first.",
       .query = page_parameters(),
       .handler = on(list_blocks)},
      {.method = "GET",
       .pattern = "/v1/blocks/{height}",
       .summary = "One finalized block: its header, its entries' positions, its certificate.",
       .path = {{"height", "From 0, the genesis."}},
       .handler = on(get_block)},
      {.method = "GET",
       .pattern = "/v1/records/{key}",
       .summary = "The newest record of a key.",
       .path = {{"key", "The key's bytes in hex: see docs/spec/records.md."}},
       .handler = on(get_record)},
  };
}

}  // namespace fenrun::api
