#include "contracts/commissioning.h"

#include <algorithm>

#include "contracts/codes.h"
#include "contracts/epc.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

class Commissioning {
 public:
  Commissioning(OperationContext& context, const RecordEvent& event)
      : context_(context), event_(event), ranges_(event.ranges.begin(), event.ranges.end()) {}

  Result<Commissioned> run() {
    FENRUN_OK(take_identifiers());
    merge_neighbours();
    for (const auto& range : ranges_) FENRUN_OK(take_range(range));
    return std::move(out_);
  }

 private:
  Overlay& state() { return context_.state(); }

  Result<UnitBatch> own_batch(UnitBatchId id) {
    auto batch = find_unit_batch(state(), id);
    if (!batch) return Error{Errc::batch_unknown, "batch " + std::to_string(id.value())};
    if (batch->brand != context_.signer) {
      return Error{Errc::not_authorized, "not the batch's brand"};
    }
    return *std::move(batch);
  }

  bool is_printed_and_inert(const UnitId& unit) {
    const auto batch = find_unit_batch(state(), unit.batch);
    return batch && batch->codes && !find_unit(state(), unit);
  }

  // A printed unit may also be named by its identifier.
  Status take_identifiers() {
    std::optional<UnitBatch> batch;
    for (const auto& text : event_.units) {
      FENRUN_TRY(const auto epc, parse_epc(text.value));
      const auto known = find_unit_id(state(), text.value);
      if (known && !is_printed_and_inert(*known)) return Error{Errc::unit_exists, text.value};
      if (known) {
        ranges_.push_back({known->batch, known->level, known->index, 1});
        continue;
      }
      if (!event_.batch) return Error{Errc::value_invalid, "batch: needed for commissioning"};
      if (!batch) {
        FENRUN_TRY(batch, own_batch(*event_.batch));
        if (batch->codes) return Error{Errc::value_invalid, "batch: of printed codes only"};
      }
      FENRUN_OK(take_identifier(*batch, text, epc));
    }
    if (batch) state().put(unit_batch_key(*event_.batch), encode(*batch));
    return {};
  }

  Status take_identifier(UnitBatch& batch, const EpcText& text, const Epc& epc) {
    const bool is_of_product_level = epc.level == level_of_gtin(batch.product.value);
    if (epc.gtin && is_of_product_level && *epc.gtin != batch.product) {
      return Error{Errc::value_invalid, "units: another product: " + text.value};
    }
    auto& count = batch.counts[static_cast<std::size_t>(epc.level)];
    if (count == 0xffff'ffff) return Error{Errc::limit_exceeded, "units of the batch"};
    const UnitId id{*event_.batch, epc.level, count++};
    state().put(epc_key(text.value), encode(id));
    Unit unit;
    unit.epc = text;
    unit.brand = batch.brand;
    unit.now.custody.holder = event_.place;
    unit.last = event_.id;
    out_.units.push_back({id, std::move(unit)});
    return {};
  }

  void merge_neighbours() {
    std::ranges::sort(ranges_, {}, [](const UnitRange& range) {
      return UnitId{range.batch, range.level, range.first};
    });
    std::vector<UnitRange> merged;
    for (const auto& range : ranges_) {
      const bool continues =
          !merged.empty() && merged.back().batch == range.batch &&
          merged.back().level == range.level &&
          std::uint64_t{merged.back().first} + merged.back().count == range.first &&
          std::uint64_t{merged.back().count} + range.count <= kCodesMax;
      if (continues) {
        merged.back().count += range.count;
      } else {
        merged.push_back(range);
      }
    }
    ranges_ = std::move(merged);
  }

  Status take_range(const UnitRange& range) {
    FENRUN_TRY(const auto batch, own_batch(range.batch));
    const auto* const level = batch.codes ? find_level(*batch.codes, range.level) : nullptr;
    const auto end = std::uint64_t{range.first} + range.count;
    if (level == nullptr || range.count == 0 || end > level->count) {
      return Error{Errc::value_invalid, "ranges: not printed"};
    }
    const auto name = "index " + std::to_string(range.first);
    if (overlaps_commissioned(state(), range)) return Error{Errc::unit_exists, name};
    if (overlaps_voided(state(), range)) return Error{Errc::code_void, name};
    const CommissionedRange record{range.count, event_.place, event_.id,
                                   UnitWriter(context_).first_head(encode(range))};
    insert_linked(state(), commissioned_scope(range.batch),
                  commissioned_key(range.batch, range.level, range.first), record);
    out_.printed[range.batch] += range.count;
    return {};
  }

  OperationContext& context_;
  const RecordEvent& event_;
  std::vector<UnitRange> ranges_;
  Commissioned out_;
};

}  // namespace

Result<Commissioned> commission(OperationContext& context, const RecordEvent& event) {
  return Commissioning(context, event).run();
}

}  // namespace fenrun
