// Which recorded events of the documents kept here answer a question.
//
// The catalogue holds what questions compare, and where each event stands; the events themselves
// are read from their documents.  All values are in the spelling of node/epcis/event.h.  Events
// are numbered in the order in which they were added, and a page begins at a number.
// Not thread-safe.
#pragma once

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

// An empty list asks for nothing; one that is not empty, for any of its values.
struct EventQuery {
  std::vector<epcis::EventType> types = {};
  std::vector<epcis::Action> actions = {};
  std::vector<std::string> biz_steps = {};
  std::vector<std::string> biz_locations = {};
  std::vector<std::string> read_points = {};
  std::vector<std::string> event_ids = {};  // As given, or URIs of event hashes.
  std::vector<std::string> epcs = {};       // In an epcList or childEPCs.
  std::vector<std::string> any_epcs = {};   // Anywhere: parents, inputs and outputs besides.
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
    std::optional<std::size_t> next;   // Number from which more follow.
  };
  // From event number `from` on.
  Page find(const EventQuery& query, std::size_t from, std::size_t limit) const;

  std::size_t size() const { return entries_.size(); }

 private:
  using Number = std::uint32_t;
  using Word = std::uint32_t;  // 0: none.

  struct Entry {
    CataloguedEvent where;
    TimeMs time;
    Word step = 0;
    Word location = 0;
    Word point = 0;
    epcis::EventType type{};
    std::optional<epcis::Action> action;
  };

  // Of many values, which events have them: by the beginning of their hash, then compared by it.
  class Occurrences {
   public:
    void add(std::string_view value, Number event);
    std::vector<Number> of(const std::vector<std::string>& values) const;

   private:
    // In the order of the numbers.
    std::unordered_map<std::uint64_t, std::vector<Number>> events_;
  };

  Word word(const std::string& value);
  std::vector<Word> words(const std::vector<std::string>& values) const;

  struct Compiled;
  static bool fits(const Entry& entry, const Compiled& query);

  std::vector<Entry> entries_;
  std::map<std::string, Word, std::less<>> words_;
  Occurrences ids_;
  Occurrences epcs_;
  Occurrences other_epcs_;
};

}  // namespace fenrun
