// The log as C2SP tools read it, and the stream of events.  docs/spec/api.md, "Log", "Events".
#include "core/text.h"
#include "ledger/merkle/tree.h"
#include "tests/unit/node/api/api_fixture.h"

namespace fenrun::api {
namespace {

using test::HttpClient;
using test::party_named;

// ---- The log -----------------------------------------------------------------------------------

TEST_F(ApiTest, TilesMakeTheRootOfTheCheckpoint) {
  on_loop([&] {
    while (node_.journal().store().size() < 2 * kTileWidth + 7) node_.commit_block();
    node_.cosign();
  });
  const Json checkpoint = json("/v1/checkpoint");
  EXPECT_EQ(get("/checkpoint", "").body, checkpoint["note"]);
  const auto size = checkpoint["size"].get<std::uint64_t>();
  std::vector<Digest> leaves;
  for (std::uint64_t tile = 0; tile * kTileWidth < size; ++tile) {
    const std::uint64_t width = std::min<std::uint64_t>(kTileWidth, size - tile * kTileWidth);
    const std::string number = "00" + std::to_string(tile);
    const std::string end = width == kTileWidth ? "" : ".p/" + std::to_string(width);
    const auto hashes = get("/tile/0/" + number + end, "");
    ASSERT_EQ(hashes.status, 200) << number + end;
    EXPECT_EQ(hashes.headers.at("content-type"), "application/octet-stream");
    EXPECT_EQ(hashes.headers.at("cache-control").find("immutable") != std::string::npos,
              width == kTileWidth);
    ASSERT_EQ(hashes.body.size(), width * Digest::kSize);
    // The entries of the bundle hash to the leaves of the tile.
    const auto bundle = get("/tile/entries/" + number + end).body;
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < width; ++i) {
      const auto high = static_cast<std::uint8_t>(bundle.at(at));
      const std::size_t length = high * 256u + static_cast<std::uint8_t>(bundle.at(at + 1));
      const auto leaf = leaf_hash(bytes_of(bundle.substr(at + 2, length)));
      EXPECT_EQ(text_of(leaf.view()), hashes.body.substr(i * Digest::kSize, Digest::kSize));
      leaves.push_back(leaf);
      at += 2 + length;
    }
    EXPECT_EQ(at, bundle.size());
  }
  EXPECT_EQ(to_hex(root_of_leaves(leaves).view()), checkpoint["root"]);
  std::vector<Digest> first(leaves.begin(), leaves.begin() + kTileWidth);
  EXPECT_EQ(get("/tile/1/000.p/1", "").body, text_of(root_of_leaves(first).view()));
  for (const std::string tile :
       {"0/001.p/256", "0/000.p/0", "0/1", "0/0000", "0/x000/000", "0/x001", "0/999", "8/000",
        "0/000.p/07", "0/-01", "0/x999/x999/x999/x999/x999/x999/x999/999", "63/000", "0/000.p"}) {
    const auto answer = get("/tile/" + tile, "");
    EXPECT_TRUE(answer.status == 404 || answer.status == 400) << tile << answer.status;
  }
}

TEST_F(ApiTest, WithoutACheckpointSaysSo) {
  on_loop([&] { node_.forget_checkpoint(); });
  EXPECT_EQ(code("/v1/checkpoint", 503), "not_ready");
  EXPECT_EQ(get("/checkpoint", "").status, 503);
  EXPECT_EQ(code("/v1/proofs/record/" + to_hex(parameters_key()), 503), "not_ready");
  EXPECT_EQ(get("/network.policy", "").body, on_loop([&] { return node_.trust_policy(); }));
}

// ---- Events ------------------------------------------------------------------------------------

TEST_F(ApiTest, StreamsEventsAndResumes) {
  const auto size = on_loop([&] { return node_.journal().store().size(); });
  HttpClient live(port_);
  live.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n" + std::string(kMember) + "\r\n");
  EXPECT_EQ(live.read_answer(false).headers.at("content-type"), "text/event-stream");
  while (on_loop([&] { return node_.listeners(); }) == 0) std::this_thread::yield();
  on_loop([&] { node_.commit_block(); });
  EXPECT_TRUE(live.read_until("\n\n").starts_with("id: " + std::to_string(size) + "\nevent: "));

  HttpClient again(port_);
  again.send("GET /v1/events?kind=header,posting HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n" +
             std::string(kMember) + "\r\n");
  again.read_answer(false);
  std::uint64_t last = 0;
  while (last < size) {
    const auto event = again.read_until("\n\n");
    ASSERT_TRUE(event.starts_with("id: ")) << event;
    const auto id = std::stoull(event.substr(4));
    EXPECT_GT(id, last);
    EXPECT_TRUE(event.find("event: header") != std::string::npos ||
                event.find("event: posting") != std::string::npos ||
                event.find("data") == std::string::npos)
        << event;
    last = id;
  }
  EXPECT_EQ(code("/v1/events?kind=all", 400), "value_invalid");
  EXPECT_EQ(code("/v1/events?party=12", 400), "value_invalid");
  EXPECT_EQ(code("/v1/events?from=x", 400), "value_invalid");
}

TEST_F(ApiTest, StreamsWhatConcernsAParty) {
  HttpClient client(port_);
  client.send("GET /v1/events?from=0&kind=posting&party=" + to_hex(party_named("store").view()) +
              " HTTP/1.1\r\nHost: x\r\n" + kMember + "\r\n");
  client.read_answer(false);
  std::size_t postings = 0;
  while (postings < 6) {
    const auto event = client.read_until("\n\n");
    if (event.find("data: ") == std::string::npos) {
      ASSERT_TRUE(event.starts_with("id: ")) << event;
      continue;
    }
    ++postings;
    EXPECT_NE(event.find(to_hex(party_named("store").view())), std::string::npos);
  }
}

}  // namespace
}  // namespace fenrun::api
