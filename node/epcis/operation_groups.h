// The operations of a document, in as few transactions as they fit.  docs/spec/epcis.md, §6.
#pragma once

#include <vector>

#include "ledger/transaction.h"
#include "node/epcis/capture.h"

namespace fenrun::epcis {

// What one transaction holds.
struct OperationGroup {
  std::vector<OperationBytes> operations;
  std::vector<std::size_t> events;  // Of each operation: the event's index in the document.
};

// In the order of the document, without the events that nothing records.  The parts of an event are
// in one transaction, unless no transaction holds them all.
std::vector<OperationGroup> operation_groups(const CapturedDocument& document);

}  // namespace fenrun::epcis
