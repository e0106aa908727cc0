#include "node/epcis/operation_groups.h"

#include "core/check.h"
#include "node/transaction_room.h"

namespace fenrun::epcis {
namespace {

class Grouping {
 public:
  void add(std::size_t event, std::vector<OperationBytes> parts) {
    std::size_t bytes = 0;
    for (const auto& part : parts) bytes += part.size();
    const bool fits_alone = TransactionRoom().takes(parts.size(), bytes);
    if (fits_alone && !room_.takes(parts.size(), bytes)) begin();
    for (auto& part : parts) {
      if (groups_.empty() || !room_.takes(1, part.size())) begin();
      room_.take(part.size());
      groups_.back().operations.push_back(std::move(part));
      groups_.back().events.push_back(event);
    }
  }

  std::vector<OperationGroup> take() { return std::move(groups_); }

 private:
  void begin() {
    groups_.emplace_back();
    room_ = {};
  }

  std::vector<OperationGroup> groups_;
  TransactionRoom room_;  // Of the last group.
};

}  // namespace

std::vector<OperationGroup> operation_groups(const CapturedDocument& document) {
  Grouping grouping;
  for (std::size_t i = 0; i < document.events.size(); ++i) {
    const auto& operations = document.events[i].operations;
    if (!operations) continue;
    std::vector<OperationBytes> parts;
    for (const auto& operation : *operations) {
      auto bytes = encode_operation(operation);
      CHECK(bytes.has_value());  // A part never has more than kPartUnitsBytesMax of units.
      parts.push_back(*std::move(bytes));
    }
    grouping.add(i, std::move(parts));
  }
  return grouping.take();
}

}  // namespace fenrun::epcis
