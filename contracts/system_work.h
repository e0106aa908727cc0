// Work that time triggers, done at the beginning of a block.  docs/spec/contracts.md, "System
// work".
//
// The schedule is a family of Records in order of time.  Nothing is ever taken out of it: a scan
// begins behind the parent block's time, or where the last one had to stop.
#pragma once

#include <variant>

#include "contracts/words.h"
#include "ledger/block_builder.h"
#include "ledger/proof/recovery.h"

namespace fenrun {

// The BCS of the Genesis that began the journal.
struct GenesisWork {
  Blob<kGenesisBytesMax> genesis;

  FENRUN_FIELDS(genesis)
  friend bool operator==(const GenesisWork&, const GenesisWork&) = default;
};

struct PeriodOpened {
  CampaignId campaign;
  PeriodId period;

  FENRUN_FIELDS(campaign, period)
  friend bool operator==(const PeriodOpened&, const PeriodOpened&) = default;
};

struct PeriodClosed {
  CampaignId campaign;
  PeriodId period;

  FENRUN_FIELDS(campaign, period)
  friend bool operator==(const PeriodClosed&, const PeriodClosed&) = default;
};

// The party's new key took effect.
struct RecoveryEnded {
  PartyId party;
  PublicKey new_key;

  FENRUN_FIELDS(party, new_key)
  friend bool operator==(const RecoveryEnded&, const RecoveryEnded&) = default;
};

// Too many votes were lost for a quorum ever to decide again: by these statements of all operators
// the epoch ended here (contracts/recovery.h).
struct NetworkRecovered {
  RecoveryTip tip;
  RecoveryStatements statements;

  FENRUN_FIELDS(tip, statements)
  friend bool operator==(const NetworkRecovered&, const NetworkRecovered&) = default;
};

// The payload of a System entry, and what the schedule holds.  The order is the format.
using SystemWork =
    std::variant<GenesisWork, PeriodOpened, PeriodClosed, RecoveryEnded, NetworkRecovered>;

// Puts work on the schedule.  REQUIRES: due is after the block's time.
void schedule(BlockBuilder& block, TimeMs due, const SystemWork& work);

// Does what is due at the block's time, at most kSystemWorkPerBlockMax pieces of it; the rest is
// the next block's.
void run_system_work(BlockBuilder& block, TimeMs parent_time);

}  // namespace fenrun
