#include "contracts/system_work.h"

#include "contracts/keys.h"
#include "contracts/parties.h"
#include "contracts/periods.h"
#include "core/check.h"
#include "core/overloaded.h"

namespace fenrun {
namespace {

// What tells two pieces of work of one time apart.
Bytes subject_of(const SystemWork& work) {
  return std::visit(
      overloaded{
          [](const GenesisWork&) -> Bytes { UNREACHABLE(); },
          [](const PeriodOpened& opened) { return encode(opened); },
          [](const PeriodClosed& closed) { return encode(closed); },
          [](const RecoveryEnded& recovery) { return to_bytes(recovery.party.view()); },
          [](const NetworkRecovered&) -> Bytes { UNREACHABLE(); },
      },
      work);
}

void announce(BlockBuilder& block, const SystemWork& work) { block.append_system(encode(work)); }

void carry_out(BlockBuilder& block, const SystemWork& work) {
  auto& state = block.state();
  const auto& context = block.context();
  std::visit(overloaded{
                 [](const GenesisWork&) { UNREACHABLE(); },
                 [&](const PeriodOpened& opened) {
                   note_period_opened(state, opened.campaign, opened.period, block.next_position());
                   announce(block, work);
                 },
                 [&](const PeriodClosed& closed) {
                   note_period_closed(state, closed.campaign, closed.period, block.next_position());
                   announce(block, work);
                 },
                 [&](const RecoveryEnded& recovery) {
                   // Objected to, or replaced: nothing happens and nothing is said.
                   if (!is_recovery_due(state, recovery.party, recovery.new_key, context.time)) {
                     return;
                   }
                   complete_recovery(state, recovery.party, recovery.new_key, context.height);
                   announce(block, work);
                 },
                 [](const NetworkRecovered&) { UNREACHABLE(); },
             },
             work);
}

}  // namespace

void schedule(BlockBuilder& block, TimeMs due, const SystemWork& work) {
  CHECK(due > block.context().time);
  const auto kind = static_cast<std::uint8_t>(work.index());
  block.state().put(schedule_key(due, kind, subject_of(work)), encode(work));
}

void run_system_work(BlockBuilder& block, TimeMs parent_time) {
  auto& state = block.state();
  const auto cursor_bytes = state.value(schedule_cursor_key());
  RecordKey from = schedule_key(parent_time.next(), 0, {});
  if (cursor_bytes) {
    auto cursor = decode<ScheduleCursor>(*cursor_bytes);
    CHECK(cursor.has_value());
    from = std::move(cursor->next);
  }
  const RecordKey end = schedule_key(block.context().time.next(), 0, {});

  auto key = state.at_or_after(from);
  for (std::size_t done = 0; key && BytewiseLess{}(*key, end); ++done) {
    if (done == kSystemWorkPerBlockMax) {
      state.put(schedule_cursor_key(), encode(ScheduleCursor{*key}));
      return;
    }
    const auto work = decode<SystemWork>(*state.value(*key));
    CHECK(work.has_value());
    carry_out(block, *work);
    key->push_back(0);  // The key directly behind.
    key = state.at_or_after(*key);
  }
  if (cursor_bytes) state.remove(schedule_cursor_key());
}

}  // namespace fenrun
