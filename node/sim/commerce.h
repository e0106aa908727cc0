// What the organisations of a simulation do for a living: a brand promises its distributors a part
// of each sale and pays it out, an auditor countersigns the promise, distributors sell.
//
// Each looks at some node's journal for what is to be done next.  What a node does not know yet is
// done twice, and much is tried that the contracts must refuse: units that do not exist or were
// sold, payouts above what was earned, payouts that are under way.
//
// Where there are printed codes, distributors pass on what consumers claim, and some claim twice.
#pragma once

#include "contracts/genesis.h"
#include "contracts/operations.h"
#include "ledger/journal.h"
#include "node/sim/code_book.h"
#include "node/sim/random.h"

namespace fenrun::sim {

class Commerce {
 public:
  // REQUIRES: both outlive it.  `codes`: null where none are printed.
  Commerce(const Genesis& genesis, const CodeBook* codes, std::uint64_t seed)
      : genesis_(&genesis), codes_(codes), random_(seed) {}

  // Of a party of genesis, in this role: the operations of its next transaction, at least one.
  std::vector<Operation> next(const PartyId& party, Role role, const Journal& journal);

 private:
  std::vector<Operation> brand(const PartyId& party, const Journal& journal);
  Operation auditor(const PartyId& party, const Journal& journal);
  Operation distributor(const PartyId& party, const Journal& journal);
  // What is missing before anything can be sold.
  std::vector<Operation> prepare(const PartyId& party, const Journal& journal);
  std::vector<Operation> print(const PartyId& party, const Journal& journal);
  std::vector<Operation> claims(const Journal& journal);
  std::optional<Operation> promise(const PartyId& party, const Journal& journal);
  Operation commission(const PartyId& party, const Journal& journal);
  Operation instruct(const Journal& journal);
  Operation settle(const Journal& journal);
  RecordEvent event(EventKind kind, const PartyId& place, const Journal& journal);
  Operation registration(const PartyId& parent);

  const Genesis* genesis_;
  const CodeBook* codes_;
  Random random_;
  std::uint64_t made_ = 0;     // Documents and stores, to tell them apart.
  std::uint64_t payouts_ = 0;  // Instructed so far.
};

}  // namespace fenrun::sim
