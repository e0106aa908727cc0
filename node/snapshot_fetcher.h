// Fetches the parts of one snapshot from several peers at once.
//
// It decides whom to ask for what and judges the answers; the node sends and receives.  A peer that
// gives a part which does not fit is asked no more; one that does not answer is asked for less, and
// at last no more.  A part that comes late is as good as any other: slow links lose nothing.
//
// Invariants: of a section one request is under way at a time, and kRequestsPerPeerMax of a peer;
// one that is late is not under way any more, and may still be answered.
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
  // A request is given to another source after twice the time that the source's last part took,
  // within these bounds, and twice as late after each timeout.
  static constexpr std::uint64_t kPatienceMsMin = 3'000;
  static constexpr std::uint64_t kPatienceMsMax = 30'000;
  static constexpr unsigned kTimeoutsMax = 5;  // In a row: 75 s without any part.
  // All sources together must give so much in this time: 17 KiB/s.
  static constexpr std::uint64_t kRateWindowMs = 60'000;
  static constexpr std::uint64_t kWindowBytesMin = 1024 * 1024;

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
  bool has_source(net::PeerIndex peer) const { return sources_.contains(peer); }
  // The source, if there is but one.
  std::optional<net::PeerIndex> only_source() const;
  const std::set<net::PeerIndex>& given_up() const { return given_up_; }

  // What is to be asked now; requests that got no answer are given to others.
  std::vector<Request> next_requests(TimeMs now);

  // Takes an answer of a source; what it was not asked for, or what others gave meanwhile, is
  // passed over.  Errc::snapshot_invalid: the peer altered it, and is given up.  Errors of the
  // store: stop.
  Status take(net::PeerIndex from, const SnapshotPartAnswer& answer, TimeMs now);

  // Whether a window of kRateWindowMs is over in which less than kWindowBytesMin came; the next one
  // begins with the answer.  The first begins with the first call.
  bool is_too_slow(TimeMs now);

 private:
  // A request that is not answered yet.
  struct Question {
    GetSnapshotPart part;
    TimeMs first_asked_at;
    TimeMs asked_at;
    bool is_late = false;
  };
  struct Source {
    std::map<std::uint32_t, Question> questions;  // By section.
    unsigned timeouts = 0;
    TimeMs timed_out_at;
    std::uint64_t part_ms = 0;  // What its last part took.

    std::size_t under_way() const;
    std::uint64_t patience_ms() const;
  };

  void end_request(std::uint32_t section);
  void give_up(net::PeerIndex peer);
  void pass_over_late(TimeMs now);
  std::optional<net::PeerIndex> idlest_source(std::uint32_t section) const;
  Status add(const SnapshotPartAnswer& answer);

  SnapshotBuilder builder_;
  std::map<net::PeerIndex, Source> sources_;
  std::set<net::PeerIndex> given_up_;
  std::map<std::uint32_t, net::PeerIndex> asked_;  // Who is to give what is next of a section.
  std::optional<TimeMs> window_begun_at_;
  std::uint64_t window_bytes_ = 0;
};

}  // namespace fenrun
