// The ledger as C2SP tools read it: checkpoint, tlog-tiles, trust file.  docs/spec/checkpoints.md.
#include "ledger/proof/note.h"
#include "node/api/answers.h"
#include "node/api/routes.h"

namespace fenrun::api {
namespace {

constexpr std::uint64_t kTileLevelMax = 7;  // 256^8 leaves are more than a journal can have.
constexpr std::uint64_t kWidth = kTileWidth;
constexpr const char* kPublicForEver = "public, max-age=31536000, immutable";
constexpr const char* kPrivateForEver = "private, max-age=31536000, immutable";
// A partial tile never changes either, but nobody asks for it again once it has grown.
constexpr const char* kForAMinute = "max-age=60";

struct TileAddress {
  std::uint64_t index = 0;
  std::uint64_t width = kWidth;
};

Error no_tile() { return {Errc::not_found, "no such tile: see c2sp.org/tlog-tiles"}; }

// "067", "x001/x234/067", each of them possibly with ".p/<width>".
Result<TileAddress> parse_tile(std::string_view text) {
  TileAddress tile;
  if (const auto partial = text.find(".p/"); partial != std::string_view::npos) {
    const auto width = from_decimal(text.substr(partial + 3));
    if (!width || *width == 0 || *width >= kWidth) return no_tile();
    tile.width = *width;
    text = text.substr(0, partial);
  }
  constexpr std::size_t kDigits = 3;
  constexpr std::size_t kGroupsMax = 6;
  for (std::size_t group = 0; group < kGroupsMax; ++group) {
    const bool is_last = !text.starts_with('x');
    if (!is_last) text.remove_prefix(1);
    if (text.size() < kDigits) return no_tile();
    for (const char c : text.substr(0, kDigits)) {
      if (c < '0' || c > '9') return no_tile();
      tile.index = tile.index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    // One spelling: a leading group is not zero.
    if (!is_last && tile.index == 0) return no_tile();
    text.remove_prefix(kDigits);
    if (is_last) {
      if (!text.empty()) return no_tile();
      return tile;
    }
    if (!text.starts_with('/')) return no_tile();
    text.remove_prefix(1);
  }
  return no_tile();
}

HttpResponse tile_response(Bytes bytes, const TileAddress& tile, const char* when_full) {
  HttpResponse response;
  response.content_type = "application/octet-stream";
  response.body = std::string(text_of(bytes));
  response.headers.emplace_back("Cache-Control", tile.width == kWidth ? when_full : kForAMinute);
  return response;
}

Result<HttpResponse> get_tile(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto level, call.path_number("level", kTileLevelMax));
  FENRUN_TRY(const auto tile, parse_tile(call.path.at("tile")));
  const unsigned bits = static_cast<unsigned>(level) * 8;
  const std::uint64_t nodes = node.journal().store().size() >> bits;
  const std::uint64_t first = tile.index * kWidth;
  if (first + tile.width > nodes) return no_tile();
  const auto hashes = node.journal().store().tile(static_cast<unsigned>(level), tile.index);
  Bytes bytes;
  for (std::size_t i = 0; i < tile.width; ++i) append(bytes, hashes.at(i).view());
  return tile_response(std::move(bytes), tile, kPublicForEver);
}

Result<HttpResponse> get_entries(const NodeService& node, const Call& call) {
  FENRUN_TRY(const auto tile, parse_tile(call.path.at("tile")));
  const auto& store = node.journal().store();
  const std::uint64_t first = tile.index * kWidth;
  if (first + tile.width > store.size()) return no_tile();
  FENRUN_TRY(const auto entries, store.entries(Position(first), tile.width));
  Bytes bytes;
  for (const auto& entry : entries) {
    bytes.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    bytes.push_back(static_cast<std::uint8_t>(entry.size()));
    append(bytes, entry);
  }
  return tile_response(std::move(bytes), tile, kPrivateForEver);
}

Result<CosignedCheckpoint> newest(const NodeService& node) {
  auto checkpoint = node.checkpoint();
  if (!checkpoint) return Error{Errc::not_ready, "no checkpoint has a quorum of cosignatures yet"};
  return *std::move(checkpoint);
}

Result<HttpResponse> get_checkpoint(const NodeService& node, const Call&) {
  FENRUN_TRY(auto checkpoint, newest(node));
  return text_response(std::move(checkpoint.note), "text/plain; charset=utf-8");
}

Result<HttpResponse> get_checkpoint_json(const NodeService& node, const Call&) {
  FENRUN_TRY(const auto checkpoint, newest(node));
  FENRUN_TRY(const auto note, parse_note(checkpoint.note));
  Json signatures = Json::array();
  for (const auto& signature : note.signatures) signatures.push_back(signature.name);
  return json_response({{"height", checkpoint.height.value()},
                        {"origin", note.body.origin},
                        {"size", note.body.size},
                        {"root", to_hex(note.body.root.view())},
                        {"signed_by", std::move(signatures)},
                        {"note", checkpoint.note}});
}

Result<HttpResponse> get_policy_file(const NodeService& node, const Call&) {
  return text_response(node.trust_policy(), "text/plain; charset=utf-8");
}

}  // namespace

std::vector<Route> log_routes(NodeService& node) {
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  const Parameter tile{"tile",
                       "Its number, such as 067 or x001/x234/067; `.p/<width>` if partial."};
  return {
      {.method = "GET",
       .pattern = "/checkpoint",
       .access = Access::public_,
       .summary = "The newest checkpoint with a quorum of cosignatures: a C2SP signed note.",
       .content_type = "text/plain; charset=utf-8",
       .handler = on(get_checkpoint)},
      {.method = "GET",
       .pattern = "/v1/checkpoint",
       .summary = "The same, taken apart.",
       .handler = on(get_checkpoint_json)},
      {.method = "GET",
       .pattern = "/tile/entries/{tile...}",
       .summary = "A bundle of 256 entries, as in C2SP tlog-tiles.",
       .path = {tile},
       .content_type = "application/octet-stream",
       .handler = on(get_entries)},
      {.method = "GET",
       .pattern = "/tile/{level}/{tile...}",
       .access = Access::public_,
       .summary = "A tile of 256 hashes, as in C2SP tlog-tiles.",
       .path = {{"level", "From 0, the leaf hashes."}, tile},
       .content_type = "application/octet-stream",
       .handler = on(get_tile)},
      {.method = "GET",
       .pattern = "/network.policy",
       .access = Access::public_,
       .summary = "The trust file of the network: whom to believe. Compare it with another's copy.",
       .content_type = "text/plain; charset=utf-8",
       .handler = on(get_policy_file)},
  };
}

}  // namespace fenrun::api
