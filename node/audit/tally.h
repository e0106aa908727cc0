// What a journal's entries add up to, counted as they are read.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "ledger/proof/entry.h"

namespace fenrun::audit {

// Sums of many amounts of 64 bits.
__extension__ using Sum = __int128;

struct Outcomes {
  std::uint64_t accepted = 0;
  std::map<Errc, std::uint64_t> refused;  // By the reason.

  void add(Errc outcome) { ++(outcome == Errc::ok ? accepted : refused[outcome]); }
  std::uint64_t count() const;
};

using SumByKind = std::array<Sum, kEnumCount<PostingKind>>;

struct Tally {
  std::array<std::uint64_t, 6> entries{};  // By kind, System to Header.
  Outcomes transactions;
  Outcomes operations;
  std::map<AssetId, SumByKind> moved;

  void add(const Posting& posting);
  void add(const Tally& other);
  std::uint64_t entry_count() const;
};

}  // namespace fenrun::audit
