// Which members the five types of events have (EPCIS 2.0, §7.4).  docs/spec/epcis.md, §2.
#pragma once

#include <optional>
#include <string_view>

#include "node/epcis/event.h"

namespace fenrun::epcis {

// None for what is no type of event.
std::optional<EventType> event_type(std::string_view name);
std::string_view name_of(EventType type);

// Standard members; extensions have other names.
bool has_member(EventType type, std::string_view name);
// Of any type.
bool is_member_of_events(std::string_view name);

}  // namespace fenrun::epcis
