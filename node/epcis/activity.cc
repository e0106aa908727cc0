#include "node/epcis/activity.h"

#include <algorithm>
#include <array>

#include "contracts/epc.h"
#include "node/epcis/decimal.h"
#include "node/epcis/event_parties.h"
#include "node/epcis/event_time.h"
#include "node/epcis/fields.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::epcis {
namespace {

struct TypeOfActivity {
  std::string_view type;
  ActivityKind kind;
};

// Types of business transactions that mean an activity: that of the CBV for orders, and our own.
constexpr auto kTypes = std::to_array<TypeOfActivity>({
    {"https://ref.gs1.org/cbv/BTT-po", ActivityKind::restock_order},
    {"urn:fenrun:btt:ecommerce_order", ActivityKind::ecommerce_order},
    {"urn:fenrun:btt:group_buy_order", ActivityKind::group_buy_order},
    {"urn:fenrun:btt:display", ActivityKind::display},
});
constexpr std::string_view kEvidenceType = "urn:fenrun:btt:evidence";
constexpr std::string_view kEvidencePrefix = "ni:///sha-256;";

const TypeOfActivity* type_of(const TypedUri& transaction) {
  const auto* const found =
      std::ranges::find(kTypes, transaction.type.value_or(""), &TypeOfActivity::type);
  return found == kTypes.end() ? nullptr : found;
}

// The product of "https://id.gs1.org/01/<GTIN>", with or without a lot behind.
std::optional<GtinText> product_of(std::string_view epc_class) {
  constexpr std::string_view kStart = "https://id.gs1.org/01/";
  if (!epc_class.starts_with(kStart)) return std::nullopt;
  const auto rest = epc_class.substr(kStart.size());
  const bool is_whole = rest.size() == kGtinBytes || rest.substr(kGtinBytes).starts_with("/10/");
  if (rest.size() < kGtinBytes || !is_whole) return std::nullopt;
  GtinText gtin{std::string(rest.substr(0, kGtinBytes))};
  if (!check_gtin(gtin.value)) return std::nullopt;
  return gtin;
}

// A whole number of pieces.
std::optional<std::uint32_t> pieces_of(const QuantityElement& element) {
  if (!element.quantity || element.uom) return std::nullopt;
  return whole_number(*element.quantity);
}

class ActivityReader {
 public:
  ActivityReader(const Event& event, const Pointer& place, const Places* places)
      : event_(event), place_(place), parties_(event, place, places) {}

  Result<std::optional<Operation>> read() const {
    std::optional<Operation> none;
    if (!event_.epcs.empty() || event_.parent) return none;
    if (event_.type == EventType::transaction) {
      for (std::size_t i = 0; i < event_.biz_transactions.size(); ++i) {
        if (const auto* type = type_of(event_.biz_transactions[i])) return order(type->kind, i);
      }
    }
    return sale();
  }

 private:
  // An order or a display, by the business transaction that says so.
  Result<std::optional<Operation>> order(ActivityKind kind, std::size_t transaction) const {
    const auto reference = sha256(bytes_of(event_.biz_transactions[transaction].uri));
    // CBV's orders stand in anybody's documents, beside any step: what is no order of ours is
    // nothing wrong.
    const bool is_of_cbv = kind == ActivityKind::restock_order;
    if (is_of_cbv && event_.biz_step) return sale();
    const bool is_removed = event_.action == Action::remove;
    if (event_.error || (is_removed && event_.quantities.empty())) {
      FENRUN_TRY(const auto place, parties_.place());
      return std::optional<Operation>(WithdrawActivity{{place, kind, reference}});
    }
    if (is_removed && is_of_cbv) return std::optional<Operation>();
    if (is_removed) {
      return at({&place_, "quantityList"}, Errc::value_invalid, "an order is withdrawn as a whole");
    }
    FENRUN_TRY(auto lines, read_lines());
    if (!lines && !is_of_cbv) {
      return at({&place_, "quantityList"}, Errc::value_invalid,
                "must name products by their GTIN, and whole numbers of pieces without uom");
    }
    FENRUN_TRY(const auto supplier, parties_.supplier());
    if (is_of_cbv && (!lines || lines->empty() || !supplier)) return std::optional<Operation>();
    RecordActivity out;
    if (is_of_cbv) out.counterparty = supplier;
    out.id = {{}, kind, reference};
    FENRUN_OK(fill(out, std::move(*lines)));
    FENRUN_OK(add_evidence(out));
    return std::optional<Operation>(std::move(out));
  }

  // Products that were sold and are only counted.
  Result<std::optional<Operation>> sale() const {
    std::optional<Operation> none;
    const bool is_told_by_type =
        event_.type == EventType::object || event_.type == EventType::transaction;
    const bool is_sale =
        event_.biz_step && word_of(Vocabulary::biz_step, *event_.biz_step) == "retail_selling";
    if (!is_told_by_type || !is_sale || event_.action == Action::remove) return none;
    FENRUN_TRY(auto lines, read_lines());
    if (!lines || lines->empty()) return none;
    if (event_.error) {
      FENRUN_TRY(const auto place, parties_.place());
      return std::optional<Operation>(WithdrawActivity{{place, ActivityKind::sale, {}}});
    }
    RecordActivity out;
    out.id.kind = ActivityKind::sale;
    FENRUN_OK(fill(out, std::move(*lines)));
    return std::optional<Operation>(std::move(out));
  }

  // What all activities have.
  Status fill(RecordActivity& out, List<ActivityLine, kActivityLinesMax> lines) const {
    FENRUN_TRY(out.id.place, parties_.place());
    FENRUN_TRY(out.time, parse_event_time(event_.time));
    out.lines = std::move(lines);
    return {};
  }

  // One a product; none if an element is no product in whole pieces.
  Result<std::optional<List<ActivityLine, kActivityLinesMax>>> read_lines() const {
    std::optional<List<ActivityLine, kActivityLinesMax>> none;
    List<ActivityLine, kActivityLinesMax> out;
    const Pointer list{&place_, "quantityList"};
    for (std::size_t i = 0; i < event_.quantities.size(); ++i) {
      const auto product = product_of(event_.quantities[i].epc_class);
      const auto pieces = pieces_of(event_.quantities[i]);
      if (!product || !pieces) return none;
      const auto line = std::ranges::find(out, *product, &ActivityLine::product);
      if (line != out.end()) {
        if (line->quantity > 0xffff'ffff - *pieces) {
          return at({&list, {}, i}, Errc::limit_exceeded, "too many pieces");
        }
        line->quantity += *pieces;
        continue;
      }
      if (out.size() == kActivityLinesMax) {
        return at(list, Errc::limit_exceeded,
                  "at most " + std::to_string(kActivityLinesMax) + " products");
      }
      out.push_back({*product, *pieces});
    }
    return std::optional(std::move(out));
  }

  Status add_evidence(RecordActivity& out) const {
    const Pointer list{&place_, "bizTransactionList"};
    for (std::size_t i = 0; i < event_.biz_transactions.size(); ++i) {
      const auto& item = event_.biz_transactions[i];
      if (item.type != kEvidenceType) continue;
      const Pointer entry{&list, {}, i};
      const Pointer where{&entry, "bizTransaction"};
      const bool is_digest = item.uri.starts_with(kEvidencePrefix);
      const auto digest = fixed_from_hex<Digest>(
          std::string_view(item.uri).substr(is_digest ? kEvidencePrefix.size() : 0));
      if (!is_digest || !digest) {
        return at(where, Errc::value_invalid, "evidence is ni:///sha-256; and 64 hex digits");
      }
      if (out.evidence.size() == kActivityEvidenceMax) {
        return at(list, Errc::limit_exceeded,
                  "at most " + std::to_string(kActivityEvidenceMax) + " pieces of evidence");
      }
      out.evidence.push_back(*digest);
    }
    return {};
  }

  const Event& event_;
  const Pointer& place_;
  EventParties parties_;
};

}  // namespace

Result<std::optional<Operation>> to_activity(const Event& event, const Pointer& place,
                                             const Places* places) {
  return ActivityReader(event, place, places).read();
}

}  // namespace fenrun::epcis
