// Which recorded events of the documents kept here answer a question.
//
// The catalogue holds what questions compare, and where each event stands; the events themselves
// are read from their documents.  All values are in the spelling of node/epcis/event.h.  Events
// are numbered in the order in which they were added, and a page begins at a number.
//
// What an answer costs is bounded, whatever is asked and however many events there are: it looks at
// so many places, and ends its page early when they are used up.
// Not thread-safe.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contracts/words.h"
#include "node/epcis/event.h"

namespace fenrun {

// Where an event stands, and when it was recorded.
struct CataloguedEvent {
  EventId id;  // Part 0.
  TimeMs recorded;
  Digest hash;

  friend bool operator==(const CataloguedEvent&, const CataloguedEvent&) = default;
};

// What an event has many values of, or few events have.
enum class EventField {
  id,   // As given, and the URI of the event hash.
  epc,  // In an epcList or childEPCs.
  parent,
  input,
  output,
  transformation,
  biz_transaction,  // As related() spells it; so are the next two.
  source,
  destination,
};
inline constexpr std::size_t kEventFieldCount = 9;

// One of the values in one of the fields.
struct EventCondition {
  std::vector<EventField> fields;
  std::vector<std::string> values;
};

// An empty list asks for nothing; one that is not empty, for any of its values.
struct EventQuery {
  std::vector<epcis::EventType> types = {};
  std::vector<epcis::Action> actions = {};
  std::vector<std::string> biz_steps = {};
  std::vector<std::string> dispositions = {};
  std::vector<std::string> biz_locations = {};
  std::vector<std::string> read_points = {};
  // All must hold.  Of EPCs also patterns, as node/epcis/epc_pattern.h spells them.
  std::vector<EventCondition> conditions = {};
  std::optional<TimeMs> event_from = {};    // >=
  std::optional<TimeMs> event_before = {};  // <
  std::optional<TimeMs> record_from = {};
  std::optional<TimeMs> record_before = {};
};

class EventCatalogue {
 public:
  void add(const CataloguedEvent& where, const epcis::Event& event);

  struct Page {
    std::vector<CataloguedEvent> events;
    std::vector<std::size_t> numbers;  // Of each.
    std::optional<std::size_t> next;   // Number from which more may follow.
  };
  // From event number `from` on.  Fewer than `limit` events, even none, and still a `next`, when
  // `looks` are used up: one for each event that is looked at, and for each value that is asked for
  // at each of them.
  Page find(const EventQuery& query, std::size_t from, std::size_t limit,
            std::size_t looks = kLooksMax) const;

  std::size_t size() const { return entries_.size(); }

  // How a business transaction, a source or a destination is asked for.
  static std::string related(const std::string& type, const std::string& uri);

  static constexpr std::size_t kLooksMax = 1'000'000;  // Some 50 ms.

 private:
  using Number = std::uint32_t;
  using Word = std::uint32_t;  // 0: none.

  struct Entry {
    CataloguedEvent where;
    TimeMs time;
    Word step = 0;
    Word disposition = 0;
    Word location = 0;
    Word point = 0;
    epcis::EventType type{};
    std::optional<epcis::Action> action;
  };

  // Of many values, which events have them: by the beginning of their hash, then compared by it.
  class Occurrences {
   public:
    void add(std::string_view value, Number event);
    // In the order of the numbers; null for a value that no event has.
    const std::vector<Number>* of(std::string_view value) const;

   private:
    std::unordered_map<std::uint64_t, std::vector<Number>> events_;
  };

  class Choice;
  struct Compiled;

  Word word(const std::string& value);
  std::vector<Word> words(const std::vector<std::string>& values) const;
  Occurrences& of(EventField field) { return fields_[static_cast<std::size_t>(field)]; }
  const Occurrences& of(EventField field) const { return fields_[static_cast<std::size_t>(field)]; }
  void add_epcs(EventField field, const std::vector<std::string>& epcs, Number event);
  void add_related(EventField field, const std::vector<epcis::TypedUri>& uris, Number event);
  Compiled compiled(const EventQuery& query) const;
  static bool fits(const Entry& entry, const Compiled& query);

  std::vector<Entry> entries_;
  std::map<std::string, Word, std::less<>> words_;
  std::array<Occurrences, kEventFieldCount> fields_;
};

}  // namespace fenrun
