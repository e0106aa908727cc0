// Fetches the parts of one snapshot from several peers at once.
//
// It decides whom to ask for what and judges the answers; the node sends and receives.  A peer that
// gives a part which does not fit is asked no more; one that does not answer is asked for less, and
// at last no more.
//
// Invariants: of a section one request is under way at a time, and kRequestsPerPeerMax of a peer.
// Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ledger/snapshot_builder.h"
#include "net/transport.h"
#include "node/messages.h"

namespace fenrun {

class SnapshotFetcher {
 public:
  static constexpr std::size_t kRequestsPerPeerMax = 2;
  static constexpr std::uint64_t kAskAgainMs = 3'000;
  static constexpr unsigned kTimeoutsMax = 3;  // In a row.

  struct Request {
    net::PeerIndex peer;
    GetSnapshotPart part;
  };

  explicit SnapshotFetcher(SnapshotBuilder builder) : builder_(std::move(builder)) {}

  SnapshotBuilder& builder() { return builder_; }
  const SnapshotBuilder& builder() const { return builder_; }

  // A peer that offers this very snapshot.  One that was given up stays so.
  void add_source(net::PeerIndex peer);
  // Its link is gone, or it has the snapshot no more; it may come back.
  void remove_source(net::PeerIndex peer);
  std::size_t source_count() const { return sources_.size(); }
  const std::set<net::PeerIndex>& given_up() const { return given_up_; }

  // What is to be asked now; requests that got no answer are given to others.
  std::vector<Request> next_requests(TimeMs now);

  // Takes an answer; one to no request of that peer is passed over.  Errc::snapshot_invalid: the
  // peer altered it, and is given up.  Errors of the store: stop.
  Status take(net::PeerIndex from, const SnapshotPartAnswer& answer);

 private:
  struct Source {
    std::size_t under_way = 0;
    unsigned timeouts = 0;
  };
  struct Asked {
    net::PeerIndex peer;
    GetSnapshotPart part;
    TimeMs at;
  };

  void end_request(std::uint32_t section);
  void give_up(net::PeerIndex peer);
  std::optional<net::PeerIndex> idlest_source() const;

  SnapshotBuilder builder_;
  std::map<net::PeerIndex, Source> sources_;
  std::set<net::PeerIndex> given_up_;
  std::map<std::uint32_t, Asked> asked_;  // By section.
};

}  // namespace fenrun
