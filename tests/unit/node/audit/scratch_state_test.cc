#include "node/audit/scratch_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

namespace fenrun::audit {
namespace {

RecordKey key_of(std::uint8_t number) { return RecordKey(Bytes{7, number}); }

// What a map answers.
struct Model {
  StateDelta records;

  std::optional<RecordKey> at_or_after(const RecordKey& key) const {
    for (const auto& [other, record] : records) {
      if (!BytewiseLess{}(other, key) && record.value) return other;
    }
    return std::nullopt;
  }
  std::optional<RecordKey> before(const RecordKey& key) const {
    std::optional<RecordKey> last;
    for (const auto& [other, record] : records) {
      if (BytewiseLess{}(other, key) && record.value) last = other;
    }
    return last;
  }
};

RC_GTEST_PROP(ScratchState, AnswersAsAMapDoes, ()) {
  const Path folder =
      std::filesystem::temp_directory_path() / ("fenrun-scratch-" + std::to_string(::getpid()));
  {
    // Bounds that are passed by no block, by some, by each.
    ScratchState state(folder, *rc::gen::element<std::size_t>(1, 1'000, 1'000'000));
    Model model;
    const auto blocks = *rc::gen::inRange(1, 12);
    for (int block = 0; block < blocks; ++block) {
      StateDelta delta;
      for (const auto number :
           *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::inRange<std::uint8_t>(0, 24))) {
        CurrentRecord record{static_cast<std::uint64_t>(block), Position(number), std::nullopt};
        if (*rc::gen::arbitrary<bool>()) record.value = Bytes(number, 1);
        delta.insert_or_assign(key_of(number), record);
      }
      RC_ASSERT(state.absorb(delta).has_value());
      for (const auto& [key, record] : delta) model.records.insert_or_assign(key, record);
    }
    for (std::uint8_t number = 0; number < 25; ++number) {
      const auto key = key_of(number);
      const auto it = model.records.find(key);
      RC_ASSERT(state.record(key) ==
                (it == model.records.end() ? std::nullopt : std::optional(it->second)));
      RC_ASSERT(state.at_or_after(key) == model.at_or_after(key));
      RC_ASSERT(state.before(key) == model.before(key));
    }
  }
  RC_ASSERT(!std::filesystem::exists(folder));
}

}  // namespace
}  // namespace fenrun::audit
