#include "node/epcis/plain_activity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <span>

#include "contracts/epc.h"
#include "core/text.h"
#include "node/epcis/decimal.h"
#include "node/epcis/event_time.h"
#include "node/epcis/fields.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/record.h"
#include "node/json/names.h"

namespace fenrun::epcis {
namespace {

constexpr std::string_view kWithdrawal = "withdrawal";
constexpr std::size_t kReferenceBytesMax = 128;

constexpr auto kMembers =
    std::to_array<std::string_view>({"kind", "time", "place", "supplier", "subject", "reached",
                                     "reference", "lines", "units", "value", "evidence"});
constexpr auto kWithdrawalMembers =
    std::to_array<std::string_view>({"kind", "of", "place", "reference"});

std::optional<ActivityKind> kind_from_name(std::string_view name) {
  const auto& names = json::kEnumNames<ActivityKind>;
  const auto* const it = std::ranges::find(names, name);
  if (it == names.end()) return std::nullopt;
  return static_cast<ActivityKind>(it - names.begin());
}

// Orders are known by their number everywhere; what else has none is known by its document.
bool needs_reference(ActivityKind kind) {
  return kind == ActivityKind::restock_order || kind == ActivityKind::ecommerce_order ||
         kind == ActivityKind::group_buy_order;
}

class PlainReader {
 public:
  PlainReader(const Json& json, const Pointer& place, const EventId& id, const Places* places)
      : json_(json), place_(place), id_(id), places_(places) {}

  Result<std::vector<Operation>> read() const {
    if (!json_.is_object()) return at(place_, Errc::value_invalid, "must be an object");
    FENRUN_TRY(const auto name, text("kind"));
    if (name == kWithdrawal) return withdrawal();
    FENRUN_OK(check_members(kMembers));
    FENRUN_TRY(const auto kind, kind_of("kind", name));
    if (kind == ActivityKind::sale && member_of(json_, "units")) return sale_of_units();
    RecordActivity out;
    FENRUN_TRY(out.id, activity_id(kind));
    FENRUN_TRY(out.time, time());
    if (member_of(json_, "supplier")) {
      FENRUN_TRY(out.counterparty, party("supplier"));
    }
    FENRUN_TRY(out.subject, subject("subject"));
    FENRUN_TRY(out.reached, subject("reached"));
    FENRUN_TRY(out.lines, lines());
    FENRUN_TRY(out.value, value());
    FENRUN_TRY(out.evidence, evidence());
    FENRUN_OK(refuse("units", "with a sale only"));
    out.source = id_;
    return std::vector<Operation>{std::move(out)};
  }

 private:
  Pointer at_member(std::string_view name) const { return {&place_, name}; }

  Result<std::string> text(std::string_view name) const {
    return required_string(json_, name, place_);
  }

  Status check_members(std::span<const std::string_view> known) const {
    for (const auto& [name, value] : json_.items()) {
      if (std::ranges::find(known, name) != known.end()) continue;
      return at(at_member(name), Errc::value_invalid, "no member of an activity");
    }
    return {};
  }

  Status refuse(std::string_view name, const std::string& why) const {
    if (!member_of(json_, name)) return {};
    return at(at_member(name), Errc::value_invalid, why);
  }

  Result<ActivityKind> kind_of(std::string_view member, const std::string& name) const {
    if (const auto kind = kind_from_name(name)) return *kind;
    std::string known;
    for (const auto word : json::kEnumNames<ActivityKind>) known += std::string(word) + ", ";
    return at(at_member(member), Errc::value_invalid,
              "must be one of " + known + std::string(kWithdrawal));
  }

  Result<std::vector<Operation>> withdrawal() const {
    FENRUN_OK(check_members(kWithdrawalMembers));
    FENRUN_TRY(const auto name, text("of"));
    FENRUN_TRY(const auto kind, kind_of("of", name));
    if (!member_of(json_, "reference")) {
      return at(at_member("reference"), Errc::value_invalid, "is missing: withdraw which?");
    }
    WithdrawActivity out;
    FENRUN_TRY(out.id, activity_id(kind));
    return std::vector<Operation>{std::move(out)};
  }

  Result<ActivityId> activity_id(ActivityKind kind) const {
    ActivityId out{{}, kind, {}};
    FENRUN_TRY(out.place, party("place"));
    if (member_of(json_, "reference")) {
      FENRUN_TRY(const auto reference, text("reference"));
      if (reference.size() > kReferenceBytesMax) {
        return at(at_member("reference"), Errc::limit_exceeded,
                  "at most " + std::to_string(kReferenceBytesMax) + " bytes");
      }
      out.reference = sha256(bytes_of(reference));
    } else if (needs_reference(kind)) {
      return at(at_member("reference"), Errc::value_invalid, "is missing: the order's number");
    } else {
      out.reference = sha256(encode(id_));
    }
    return out;
  }

  Result<TimeMs> time() const {
    FENRUN_TRY(const auto given, text("time"));
    const auto time = parse_rounded_time(given);
    if (!time) return at(at_member("time"), time.error());
    return *time;
  }

  // By its id, or as the party of a place.
  Result<PartyId> party(std::string_view name) const {
    FENRUN_TRY(const auto given, text(name));
    if (const auto id = fixed_from_hex<PartyId>(given)) return *id;
    if (!places_) return PartyId{};
    const auto found = places_->find(given);
    if (!found) return at(at_member(name), found.error());
    return *found;
  }

  Result<std::optional<SubjectId>> subject(std::string_view name) const {
    if (!member_of(json_, name)) return std::optional<SubjectId>();
    FENRUN_TRY(const auto given, text(name));
    const auto id = fixed_from_hex<SubjectId>(given);
    if (id) return std::optional(*id);
    return at(at_member(name), Errc::value_invalid, "a pseudonym of 32 hex digits");
  }

  // An array of at most so many items; null if there is none.
  Result<const Json*> list(std::string_view name, std::size_t most) const {
    const Json* const found = member_of(json_, name);
    if (!found) return nullptr;
    if (!found->is_array()) return at(at_member(name), Errc::value_invalid, "must be a list");
    if (found->size() > most) {
      return at(at_member(name), Errc::limit_exceeded, "at most " + std::to_string(most));
    }
    return found;
  }

  Result<List<ActivityLine, kActivityLinesMax>> lines() const {
    List<ActivityLine, kActivityLinesMax> out;
    FENRUN_TRY(const Json* const found, list("lines", kActivityLinesMax));
    const Pointer where = at_member("lines");
    for (std::size_t i = 0; found && i < found->size(); ++i) {
      const Pointer item{&where, {}, i};
      FENRUN_TRY(auto line, read_line((*found)[i], item));
      out.push_back(std::move(line));
    }
    return out;
  }

  static Result<ActivityLine> read_line(const Json& json, const Pointer& place) {
    if (!json.is_object() || json.size() != 2) {
      return at(place, Errc::value_invalid, "must have gtin and quantity, and nothing else");
    }
    FENRUN_TRY(const auto gtin, required_string(json, "gtin", place));
    // Of 8, 12 or 13 digits it is filled up with zeros.
    const std::string whole =
        gtin.size() < kGtinBytes ? std::string(kGtinBytes - gtin.size(), '0') + gtin : gtin;
    if (const auto status = check_gtin(whole); !status) {
      return at({&place, "gtin"}, Errc::value_invalid, "no GTIN with a right check digit");
    }
    const Json* const quantity = member_of(json, "quantity");
    const auto digits = quantity ? number_text(*quantity) : std::nullopt;
    const auto pieces = digits ? whole_number(*digits) : std::nullopt;
    if (!pieces) {
      return at({&place, "quantity"}, Errc::value_invalid, "a whole number of pieces above zero");
    }
    return ActivityLine{GtinText{whole}, *pieces};
  }

  Result<std::optional<ActivityValue>> value() const {
    const Json* const found = member_of(json_, "value");
    if (!found) return std::optional<ActivityValue>();
    const Pointer where = at_member("value");
    if (!found->is_object() || found->size() != 2) {
      return at(where, Errc::value_invalid, "must have asset and amount, and nothing else");
    }
    FENRUN_TRY(const auto asset, integer(*found, "asset", where));
    FENRUN_TRY(const auto amount, integer(*found, "amount", where));
    if (asset < 0 || asset > 0xffff'ffff) {
      return at({&where, "asset"}, Errc::value_invalid, "a number of 32 bits: 0 is CNY in fen");
    }
    return std::optional(
        ActivityValue{AssetId(static_cast<std::uint32_t>(asset)), Amount::minor(amount)});
  }

  static Result<std::int64_t> integer(const Json& json, std::string_view name,
                                      const Pointer& place) {
    const Json* const found = member_of(json, name);
    const auto digits = found ? number_text(*found) : std::nullopt;
    std::int64_t number = 0;
    if (digits) {
      const char* const end = digits->data() + digits->size();
      const auto [rest, error] = std::from_chars(digits->data(), end, number);
      if (error == std::errc() && rest == end) return number;
    }
    return at({&place, name}, Errc::value_invalid, "must be a whole number, in minor units");
  }

  Result<List<Digest, kActivityEvidenceMax>> evidence() const {
    List<Digest, kActivityEvidenceMax> out;
    FENRUN_TRY(const Json* const found, list("evidence", kActivityEvidenceMax));
    const Pointer where = at_member("evidence");
    for (std::size_t i = 0; found && i < found->size(); ++i) {
      const Json& item = (*found)[i];
      const auto digest = item.is_string()
                              ? fixed_from_hex<Digest>(item.get_ref<const std::string&>())
                              : Result<Digest>(Errc::value_invalid);
      if (!digest) {
        return at({&where, {}, i}, Errc::value_invalid, "a SHA-256 of 64 hex digits");
      }
      out.push_back(*digest);
    }
    return out;
  }

  // Units that were sold have a history of their own: it is an event of theirs.
  Result<std::vector<Operation>> sale_of_units() const {
    for (const auto name :
         {"lines", "reference", "subject", "supplier", "reached", "value", "evidence"}) {
      FENRUN_OK(refuse(name, "not in a sale of units"));
    }
    RecordEvent head;
    head.kind = EventKind::retail_selling;
    FENRUN_TRY(head.time, time());
    FENRUN_TRY(head.place, party("place"));
    head.id = id_;
    FENRUN_TRY(const auto units, this->units());
    return in_parts(head, units);
  }

  Result<std::vector<EpcText>> units() const {
    const Pointer where = at_member("units");
    FENRUN_TRY(const Json* const found, list("units", kUnitsMax));
    if (found->empty()) return at(where, Errc::value_invalid, "names nothing");
    std::vector<EpcText> out;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < found->size(); ++i) {
      FENRUN_TRY(const auto uri, string_of((*found)[i], {&where, {}, i}));
      auto epc = canonical_epc(uri);
      if (!epc) return at({&where, {}, i}, epc.error());
      if (!seen.insert(*epc).second) {
        return at({&where, {}, i}, Errc::value_invalid, "the same unit twice: " + *epc);
      }
      out.push_back(EpcText{*std::move(epc)});
    }
    return out;
  }

  static constexpr std::size_t kUnitsMax = 10'000;

  const Json& json_;
  const Pointer& place_;
  const EventId& id_;
  const Places* places_;
};

}  // namespace

std::string kind_of_activity(const Json& activity) {
  const Json* const kind = activity.is_object() ? member_of(activity, "kind") : nullptr;
  return kind && kind->is_string() ? shortened(kind->get_ref<const std::string&>()) : "";
}

Result<std::vector<Operation>> read_activity(const Json& activity, const Pointer& place,
                                             const EventId& id, const Places* places) {
  return PlainReader(activity, place, id, places).read();
}

}  // namespace fenrun::epcis
