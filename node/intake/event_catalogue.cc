#include "node/intake/event_catalogue.h"

#include <algorithm>
#include <cstring>

#include "node/epcis/event_hash.h"
#include "node/epcis/event_time.h"

namespace fenrun {
namespace {

// So much of a hash tells values apart: two of a billion collide with a chance of 3 in 100.
std::uint64_t mark_of(std::string_view value) {
  const Digest digest = sha256(bytes_of(value));
  std::uint64_t mark = 0;
  std::memcpy(&mark, digest.bytes.data(), sizeof mark);
  return mark;
}

template <class T>
bool is_any(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

}  // namespace

// A query with its values as the entries have them.
struct EventCatalogue::Compiled {
  const EventQuery& query;
  std::vector<Word> steps;
  std::vector<Word> locations;
  std::vector<Word> points;
};

void EventCatalogue::Occurrences::add(std::string_view value, Number event) {
  auto& events = events_[mark_of(value)];
  if (events.empty() || events.back() != event) events.push_back(event);
}

std::vector<EventCatalogue::Number> EventCatalogue::Occurrences::of(
    const std::vector<std::string>& values) const {
  std::vector<Number> out;
  for (const auto& value : values) {
    const auto it = events_.find(mark_of(value));
    if (it != events_.end()) out.insert(out.end(), it->second.begin(), it->second.end());
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

EventCatalogue::Word EventCatalogue::word(const std::string& value) {
  return words_.emplace(value, static_cast<Word>(words_.size() + 1)).first->second;
}

// Values that no event has are of no use; all of them unknown: of none.
std::vector<EventCatalogue::Word> EventCatalogue::words(
    const std::vector<std::string>& values) const {
  std::vector<Word> out;
  for (const auto& value : values) {
    const auto it = words_.find(value);
    out.push_back(it == words_.end() ? ~Word{0} : it->second);
  }
  return out;
}

void EventCatalogue::add(const CataloguedEvent& where, const epcis::Event& event) {
  const auto number = static_cast<Number>(entries_.size());
  Entry entry;
  entry.where = where;
  entry.time = epcis::parse_event_time(event.time).value();
  if (event.biz_step) entry.step = word(*event.biz_step);
  if (event.biz_location) entry.location = word(event.biz_location->id);
  if (event.read_point) entry.point = word(event.read_point->id);
  entry.type = event.type;
  entry.action = event.action;
  entries_.push_back(entry);
  ids_.add(epcis::event_hash_uri(where.hash), number);
  if (event.event_id) ids_.add(*event.event_id, number);
  for (const auto& epc : event.epcs) epcs_.add(epc, number);
  if (event.parent) other_epcs_.add(*event.parent, number);
  for (const auto& epc : event.inputs) other_epcs_.add(epc, number);
  for (const auto& epc : event.outputs) other_epcs_.add(epc, number);
}

bool EventCatalogue::fits(const Entry& entry, const Compiled& compiled) {
  const auto& query = compiled.query;
  const bool has_action =
      query.actions.empty() || (entry.action && is_any(query.actions, *entry.action));
  return is_any(query.types, entry.type) && has_action && is_any(compiled.steps, entry.step) &&
         is_any(compiled.locations, entry.location) && is_any(compiled.points, entry.point) &&
         (!query.event_from || entry.time >= *query.event_from) &&
         (!query.event_before || entry.time < *query.event_before) &&
         (!query.record_from || entry.where.recorded >= *query.record_from) &&
         (!query.record_before || entry.where.recorded < *query.record_before);
}

EventCatalogue::Page EventCatalogue::find(const EventQuery& query, std::size_t from,
                                          std::size_t limit) const {
  const Compiled compiled{query, words(query.biz_steps), words(query.biz_locations),
                          words(query.read_points)};
  // Those that have what few events have; none: all events.
  std::optional<std::vector<Number>> candidates;
  const auto narrow = [&](std::vector<Number> found) {
    if (!candidates) {
      candidates = std::move(found);
      return;
    }
    std::vector<Number> both;
    std::ranges::set_intersection(*candidates, found, std::back_inserter(both));
    candidates = std::move(both);
  };
  if (!query.event_ids.empty()) narrow(ids_.of(query.event_ids));
  if (!query.epcs.empty()) narrow(epcs_.of(query.epcs));
  if (!query.any_epcs.empty()) {
    std::vector<Number> either;
    std::ranges::set_union(epcs_.of(query.any_epcs), other_epcs_.of(query.any_epcs),
                           std::back_inserter(either));
    narrow(std::move(either));
  }
  Page page;
  const std::size_t count = candidates ? candidates->size() : entries_.size();
  for (std::size_t i = candidates ? 0 : from; i < count; ++i) {
    const std::size_t number = candidates ? (*candidates)[i] : i;
    if (number < from || !fits(entries_[number], compiled)) continue;
    if (page.events.size() == limit) {
      page.next = number;
      break;
    }
    page.events.push_back(entries_[number].where);
    page.numbers.push_back(number);
  }
  return page;
}

}  // namespace fenrun
