#include "node/snapshot_fetcher.h"

#include <algorithm>

namespace fenrun {

void SnapshotFetcher::add_source(net::PeerIndex peer) {
  if (!given_up_.contains(peer)) sources_.try_emplace(peer);
}

void SnapshotFetcher::remove_source(net::PeerIndex peer) {
  sources_.erase(peer);
  std::erase_if(asked_, [&](const auto& item) { return item.second.peer == peer; });
}

void SnapshotFetcher::give_up(net::PeerIndex peer) {
  remove_source(peer);
  given_up_.insert(peer);
}

void SnapshotFetcher::end_request(std::uint32_t section) {
  const auto it = asked_.find(section);
  if (it == asked_.end()) return;
  --sources_.at(it->second.peer).under_way;
  asked_.erase(it);
}

std::optional<net::PeerIndex> SnapshotFetcher::idlest_source() const {
  // Who kept us waiting is asked for one thing at a time.
  const auto room = [](const Source& source) {
    const std::size_t most = source.timeouts > 0 ? 1 : kRequestsPerPeerMax;
    return source.under_way < most ? most - source.under_way : 0;
  };
  const auto idlest =
      std::ranges::max_element(sources_, {}, [&](const auto& item) { return room(item.second); });
  if (idlest == sources_.end() || room(idlest->second) == 0) return std::nullopt;
  return idlest->first;
}

std::vector<SnapshotFetcher::Request> SnapshotFetcher::next_requests(TimeMs now) {
  std::vector<std::uint32_t> late;
  for (const auto& [section, asked] : asked_) {
    if (now.value() - asked.at.value() >= kAskAgainMs) late.push_back(section);
  }
  for (const auto section : late) {
    const auto it = asked_.find(section);
    if (it == asked_.end()) continue;  // Its peer was given up for another one.
    const auto peer = it->second.peer;
    end_request(section);
    if (++sources_.at(peer).timeouts >= kTimeoutsMax) give_up(peer);
  }
  std::vector<Request> requests;
  for (std::uint32_t section = 0; section < builder_.manifest().sections.size(); ++section) {
    if (builder_.is_complete(section) || asked_.contains(section)) continue;
    const auto peer = idlest_source();
    if (!peer) break;
    ++sources_.at(*peer).under_way;
    const GetSnapshotPart part{builder_.header().height, section,
                               static_cast<std::uint8_t>(builder_.pieces_held(section))};
    asked_[section] = {*peer, part, now};
    requests.push_back({*peer, part});
  }
  return requests;
}

Status SnapshotFetcher::take(net::PeerIndex from, const SnapshotPartAnswer& answer) {
  const auto it = asked_.find(answer.request.section);
  if (it == asked_.end() || it->second.peer != from || it->second.part != answer.request) {
    return {};
  }
  if (!answer.part) {
    remove_source(from);
    return {};
  }
  end_request(answer.request.section);
  // Right pieces of another place are not what was asked for.
  const bool is_answer = answer.part->section == answer.request.section &&
                         answer.part->first_piece == answer.request.first_piece;
  const auto added = is_answer ? builder_.add(*answer.part)
                               : Status(Error{Errc::snapshot_invalid, "another part than asked"});
  if (added) {
    sources_.at(from).timeouts = 0;
  } else if (added.error().code == Errc::snapshot_invalid) {
    give_up(from);
  }
  return added;
}

}  // namespace fenrun
