#include "node/epcis/operation_groups.h"

namespace fenrun::epcis {
namespace {

// What a transaction holds besides its operations, generously.
constexpr std::size_t kEnvelopeBytes = 1'024;
constexpr std::size_t kLengthBytes = 5;  // Of an operation's length, at most.

class Grouping {
 public:
  void add(std::size_t event, std::vector<OperationBytes> parts) {
    std::size_t bytes = 0;
    for (const auto& part : parts) bytes += part.size() + kLengthBytes;
    const bool fits_alone = fits(0, kEnvelopeBytes, parts.size(), bytes);
    if (fits_alone && !fits(count(), bytes_, parts.size(), bytes)) begin();
    for (auto& part : parts) {
      const std::size_t cost = part.size() + kLengthBytes;
      if (groups_.empty() || !fits(count(), bytes_, 1, cost)) begin();
      groups_.back().operations.push_back(std::move(part));
      groups_.back().events.push_back(event);
      bytes_ += cost;
    }
  }

  std::vector<OperationGroup> take() { return std::move(groups_); }

 private:
  static bool fits(std::size_t count, std::size_t bytes, std::size_t more, std::size_t more_bytes) {
    return count + more <= kTransactionOperationsMax && bytes + more_bytes <= kTransactionBytesMax;
  }

  std::size_t count() const { return groups_.empty() ? 0 : groups_.back().operations.size(); }

  void begin() {
    if (!groups_.empty() && groups_.back().operations.empty()) return;
    groups_.emplace_back();
    bytes_ = kEnvelopeBytes;
  }

  std::vector<OperationGroup> groups_;
  std::size_t bytes_ = kEnvelopeBytes;  // Of the last group.
};

}  // namespace

std::vector<OperationGroup> operation_groups(const CapturedDocument& document) {
  Grouping grouping;
  for (std::size_t i = 0; i < document.events.size(); ++i) {
    const auto& records = document.events[i].records;
    if (!records) continue;
    std::vector<OperationBytes> parts;
    for (const auto& record : *records) {
      auto bytes = encode_operation(record);
      CHECK(bytes.has_value());  // A part never has more than kPartUnitsBytesMax of units.
      parts.push_back(*std::move(bytes));
    }
    grouping.add(i, std::move(parts));
  }
  return grouping.take();
}

}  // namespace fenrun::epcis
