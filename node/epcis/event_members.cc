#include "node/epcis/event_members.h"

#include <algorithm>
#include <array>

namespace fenrun::epcis {
namespace {

struct Member {
  std::string_view name;
  // Object, Aggregation, Transaction, Transformation, Association.
  std::array<bool, kEventTypeCount> is_of;
};

constexpr std::array<bool, kEventTypeCount> kAll = {true, true, true, true, true};
constexpr std::array<bool, kEventTypeCount> kWithAction = {true, true, true, false, true};
constexpr std::array<bool, kEventTypeCount> kWithParent = {false, true, true, false, true};
constexpr std::array<bool, kEventTypeCount> kWithChildren = {false, true, false, false, true};
constexpr std::array<bool, kEventTypeCount> kWithList = {true, false, true, false, false};
constexpr std::array<bool, kEventTypeCount> kOfTransformation = {false, false, false, true, false};
constexpr std::array<bool, kEventTypeCount> kWithMasterData = {true, false, false, true, false};

constexpr auto kMembers = std::to_array<Member>({
    {"@context", kAll},
    {"type", kAll},
    {"eventTime", kAll},
    {"recordTime", kAll},
    {"eventTimeZoneOffset", kAll},
    {"eventID", kAll},
    {"certificationInfo", kAll},
    {"errorDeclaration", kAll},
    {"action", kWithAction},
    {"epcList", kWithList},
    {"quantityList", kWithList},
    {"parentID", kWithParent},
    {"childEPCs", kWithChildren},
    {"childQuantityList", kWithChildren},
    {"inputEPCList", kOfTransformation},
    {"inputQuantityList", kOfTransformation},
    {"outputEPCList", kOfTransformation},
    {"outputQuantityList", kOfTransformation},
    {"transformationID", kOfTransformation},
    {"bizStep", kAll},
    {"disposition", kAll},
    {"persistentDisposition", kAll},
    {"readPoint", kAll},
    {"bizLocation", kAll},
    {"bizTransactionList", kAll},
    {"sourceList", kAll},
    {"destinationList", kAll},
    {"sensorElementList", kAll},
    {"ilmd", kWithMasterData},
});

constexpr auto kTypeNames =
    std::to_array<std::string_view>({"ObjectEvent", "AggregationEvent", "TransactionEvent",
                                     "TransformationEvent", "AssociationEvent"});
static_assert(kTypeNames.size() == kEventTypeCount);

const Member* find(std::string_view name) {
  const auto* const it = std::ranges::find(kMembers, name, &Member::name);
  return it == kMembers.end() ? nullptr : it;
}

}  // namespace

std::optional<EventType> event_type(std::string_view name) {
  const auto* const it = std::ranges::find(kTypeNames, name);
  if (it == kTypeNames.end()) return std::nullopt;
  return static_cast<EventType>(it - kTypeNames.begin());
}

std::string_view name_of(EventType type) { return kTypeNames.at(static_cast<std::size_t>(type)); }

bool has_member(EventType type, std::string_view name) {
  const Member* const member = find(name);
  return member && member->is_of.at(static_cast<std::size_t>(type));
}

bool is_member_of_events(std::string_view name) { return find(name) != nullptr; }

}  // namespace fenrun::epcis
