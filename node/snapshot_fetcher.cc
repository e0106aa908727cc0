#include "node/snapshot_fetcher.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fenrun {
namespace {

std::uint64_t content_bytes(const SnapshotPart& part) {
  std::uint64_t bytes = 0;
  for (const auto& piece : part.content) {
    bytes += piece.leaves.size() * Digest::kSize;
    for (const auto& entry : piece.entries) bytes += entry.size();
  }
  return bytes;
}

}  // namespace

std::size_t SnapshotFetcher::Source::under_way() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(questions, [](const auto& item) { return !item.second.is_late; }));
}

std::uint64_t SnapshotFetcher::Source::patience_ms() const {
  const std::uint64_t usual = std::max(2 * part_ms, kPatienceMsMin);
  return std::min(usual << timeouts, kPatienceMsMax);
}

void SnapshotFetcher::add_source(net::PeerIndex peer) {
  if (!given_up_.contains(peer)) sources_.try_emplace(peer);
}

void SnapshotFetcher::remove_source(net::PeerIndex peer) {
  sources_.erase(peer);
  std::erase_if(asked_, [&](const auto& item) { return item.second == peer; });
}

std::optional<net::PeerIndex> SnapshotFetcher::only_source() const {
  if (sources_.size() != 1) return std::nullopt;
  return sources_.begin()->first;
}

void SnapshotFetcher::give_up(net::PeerIndex peer) {
  remove_source(peer);
  given_up_.insert(peer);
}

// Whoever was asked may still answer.
void SnapshotFetcher::end_request(std::uint32_t section) {
  const auto it = asked_.find(section);
  if (it == asked_.end()) return;
  sources_.at(it->second).questions.at(section).is_late = true;
  asked_.erase(it);
}

// However many requests of a source are late, it is one timeout, until its patience is over anew.
void SnapshotFetcher::pass_over_late(TimeMs now) {
  std::vector<net::PeerIndex> silent;
  for (auto& [peer, source] : sources_) {
    const auto patience = source.patience_ms();
    bool is_late = false;
    for (auto& [section, question] : source.questions) {
      if (question.is_late || now.value() - question.asked_at.value() < patience) continue;
      question.is_late = is_late = true;
      asked_.erase(section);
    }
    if (!is_late) continue;
    if (source.timeouts > 0 && now.value() - source.timed_out_at.value() < patience) continue;
    source.timed_out_at = now;
    if (++source.timeouts >= kTimeoutsMax) silent.push_back(peer);
  }
  for (const auto peer : silent) give_up(peer);
}

// By preference one that does not owe an answer of this section.
std::optional<net::PeerIndex> SnapshotFetcher::idlest_source(std::uint32_t section) const {
  // Who kept us waiting is asked for one thing at a time.
  const auto room = [](const Source& source) {
    const std::size_t most = source.timeouts > 0 ? 1 : kRequestsPerPeerMax;
    const std::size_t under_way = source.under_way();
    return under_way < most ? most - under_way : 0;
  };
  const auto rank = [&](const auto& item) {
    const Source& source = item.second;
    return std::tuple(room(source) > 0, !source.questions.contains(section), room(source));
  };
  const auto idlest = std::ranges::max_element(sources_, {}, rank);
  if (idlest == sources_.end() || room(idlest->second) == 0) return std::nullopt;
  return idlest->first;
}

std::vector<SnapshotFetcher::Request> SnapshotFetcher::next_requests(TimeMs now) {
  pass_over_late(now);
  std::vector<Request> requests;
  for (std::uint32_t section = 0; section < builder_.manifest().sections.size(); ++section) {
    if (builder_.is_complete(section) || asked_.contains(section)) continue;
    const auto peer = idlest_source(section);
    if (!peer) break;
    const GetSnapshotPart part{builder_.header().height, section,
                               static_cast<std::uint8_t>(builder_.pieces_held(section))};
    auto& question = sources_.at(*peer).questions[section];
    if (question.part != part) question = {part, now, now, false};
    question.asked_at = now;
    question.is_late = false;
    asked_.insert_or_assign(section, *peer);
    requests.push_back({*peer, part});
  }
  return requests;
}

Status SnapshotFetcher::take(net::PeerIndex from, const SnapshotPartAnswer& answer, TimeMs now) {
  const auto section = answer.request.section;
  const auto source = sources_.find(from);
  if (source == sources_.end()) return {};
  const auto asked = source->second.questions.find(section);
  if (asked == source->second.questions.end() || asked->second.part != answer.request) return {};
  if (!answer.part) {
    remove_source(from);
    return {};
  }
  const std::uint64_t took = now.value() - asked->second.first_asked_at.value();
  if (!asked->second.is_late) end_request(section);
  source->second.questions.erase(asked);
  // Another gave it sooner.
  if (answer.request.first_piece != builder_.pieces_held(section)) return {};
  const auto added = add(answer);
  if (added) {
    source->second.timeouts = 0;
    source->second.part_ms = took;
    window_bytes_ += content_bytes(*answer.part);
    end_request(section);  // Of who was asked for the same meanwhile.
  } else if (added.error().code == Errc::snapshot_invalid) {
    give_up(from);
  }
  return added;
}

Status SnapshotFetcher::add(const SnapshotPartAnswer& answer) {
  // Right pieces of another place are not what was asked for.
  if (answer.part->section != answer.request.section ||
      answer.part->first_piece != answer.request.first_piece) {
    return Error{Errc::snapshot_invalid, "another part than asked"};
  }
  return builder_.add(*answer.part);
}

bool SnapshotFetcher::is_too_slow(TimeMs now) {
  if (!window_begun_at_) window_begun_at_ = now;
  if (now.value() - window_begun_at_->value() < kRateWindowMs) return false;
  window_begun_at_ = now;
  return std::exchange(window_bytes_, 0) < kWindowBytesMin;
}

}  // namespace fenrun
