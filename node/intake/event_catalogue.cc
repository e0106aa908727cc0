#include "node/intake/event_catalogue.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "node/epcis/epc_pattern.h"
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

// The events that meet one condition, in the order of their numbers: those that any of the lists
// has.
class EventCatalogue::Choice {
 public:
  void add(const std::vector<Number>& events) { lists_.emplace_back(events); }

  std::size_t size() const { return lists_.size(); }

  // The first that is not before `number`; none if there are no more.
  // REQUIRES: `number` never goes back.
  std::optional<Number> at_or_after(Number number) {
    std::optional<Number> first;
    for (auto& list : lists_) {
      if (!list.empty() && list.front() < number) {
        const auto skipped = std::ranges::lower_bound(list, number) - list.begin();
        list = list.subspan(static_cast<std::size_t>(skipped));
      }
      if (!list.empty() && (!first || list.front() < *first)) first = list.front();
    }
    return first;
  }

 private:
  std::vector<std::span<const Number>> lists_;
};

// A query with its values as the entries have them.
struct EventCatalogue::Compiled {
  const EventQuery& query;
  std::vector<Word> steps;
  std::vector<Word> dispositions;
  std::vector<Word> locations;
  std::vector<Word> points;
  std::vector<Choice> choices;
  // How many places are looked at for each event.
  std::size_t width = 1;

  // The number itself if the event meets all conditions; else a later one, before which none does.
  // None if no more do.
  std::optional<Number> advanced(Number number) {
    for (auto& choice : choices) {
      const auto found = choice.at_or_after(number);
      if (!found) return std::nullopt;
      number = *found;
    }
    return number;
  }
};

void EventCatalogue::Occurrences::add(std::string_view value, Number event) {
  auto& events = events_[mark_of(value)];
  if (events.empty() || events.back() != event) events.push_back(event);
}

const std::vector<EventCatalogue::Number>* EventCatalogue::Occurrences::of(
    std::string_view value) const {
  const auto it = events_.find(mark_of(value));
  return it == events_.end() ? nullptr : &it->second;
}

std::string EventCatalogue::related(const std::string& type, const std::string& uri) {
  return type + " " + uri;
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

// An event's EPCs are often of one class, whose patterns are noted once.
void EventCatalogue::add_epcs(EventField field, const std::vector<std::string>& epcs,
                              Number event) {
  std::vector<std::string> noted;
  for (const auto& epc : epcs) {
    of(field).add(epc, event);
    auto patterns = epcis::patterns_of(epc);
    if (patterns == noted) continue;
    for (const auto& pattern : patterns) of(field).add(pattern, event);
    noted = std::move(patterns);
  }
}

void EventCatalogue::add_related(EventField field, const std::vector<epcis::TypedUri>& uris,
                                 Number event) {
  for (const auto& [type, uri] : uris) {
    if (type) of(field).add(related(*type, uri), event);
  }
}

void EventCatalogue::add(const CataloguedEvent& where, const epcis::Event& event) {
  const auto number = static_cast<Number>(entries_.size());
  Entry entry;
  entry.where = where;
  entry.time = epcis::parse_event_time(event.time).value();
  if (event.biz_step) entry.step = word(*event.biz_step);
  if (event.disposition) entry.disposition = word(*event.disposition);
  if (event.biz_location) entry.location = word(event.biz_location->id);
  if (event.read_point) entry.point = word(event.read_point->id);
  entry.type = event.type;
  entry.action = event.action;
  entries_.push_back(entry);
  of(EventField::id).add(epcis::event_hash_uri(where.hash), number);
  if (event.event_id) of(EventField::id).add(*event.event_id, number);
  add_epcs(EventField::epc, event.epcs, number);
  if (event.parent) add_epcs(EventField::parent, {*event.parent}, number);
  add_epcs(EventField::input, event.inputs, number);
  add_epcs(EventField::output, event.outputs, number);
  if (event.transformation_id) of(EventField::transformation).add(*event.transformation_id, number);
  add_related(EventField::biz_transaction, event.biz_transactions, number);
  add_related(EventField::source, event.sources, number);
  add_related(EventField::destination, event.destinations, number);
}

EventCatalogue::Compiled EventCatalogue::compiled(const EventQuery& query) const {
  Compiled out{query,
               words(query.biz_steps),
               words(query.dispositions),
               words(query.biz_locations),
               words(query.read_points),
               {}};
  out.width +=
      out.steps.size() + out.dispositions.size() + out.locations.size() + out.points.size();
  for (const auto& condition : query.conditions) {
    Choice choice;
    for (const auto field : condition.fields) {
      for (const auto& value : condition.values) {
        if (const auto* events = of(field).of(value)) choice.add(*events);
      }
    }
    out.width += choice.size();
    out.choices.push_back(std::move(choice));
  }
  return out;
}

bool EventCatalogue::fits(const Entry& entry, const Compiled& compiled) {
  const auto& query = compiled.query;
  const bool has_action =
      query.actions.empty() || (entry.action && is_any(query.actions, *entry.action));
  return is_any(query.types, entry.type) && has_action && is_any(compiled.steps, entry.step) &&
         is_any(compiled.dispositions, entry.disposition) &&
         is_any(compiled.locations, entry.location) && is_any(compiled.points, entry.point) &&
         (!query.event_from || entry.time >= *query.event_from) &&
         (!query.event_before || entry.time < *query.event_before) &&
         (!query.record_from || entry.where.recorded >= *query.record_from) &&
         (!query.record_before || entry.where.recorded < *query.record_before);
}

EventCatalogue::Page EventCatalogue::find(const EventQuery& query, std::size_t from,
                                          std::size_t limit, std::size_t looks) const {
  Page page;
  auto compiled = this->compiled(query);
  while (from < entries_.size()) {
    const auto number = compiled.advanced(static_cast<Number>(from));
    if (!number) return page;
    if (*number == from && fits(entries_[from], compiled)) {
      if (page.events.size() == limit) break;
      page.events.push_back(entries_[from].where);
      page.numbers.push_back(from);
    }
    from = *number == from ? from + 1 : *number;
    if (looks <= compiled.width) break;
    looks -= compiled.width;
  }
  if (from < entries_.size()) page.next = from;
  return page;
}

}  // namespace fenrun
