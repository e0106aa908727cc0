#include "contracts/codes.h"

#include <algorithm>
#include <functional>

#include "contracts/epc.h"
#include "contracts/units.h"
#include "core/check.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

// The digits of serials: what no reader takes for another.
constexpr std::string_view kSerialDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kSerialDigitCount = 13;
constexpr unsigned kSerialDigitBits = 5;

// ISO/IEC 7064 counts its characters 0-9 and A-Z from 0.
constexpr unsigned kCheckModulus = 36;

unsigned check_value(char c) { return static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'A' + 10); }

char check_character(unsigned value) {
  return static_cast<char>(value < 10 ? '0' + value : 'A' + (value - 10));
}

// ISO/IEC 7064, MOD 37,36.
char serial_check(std::string_view digits) {
  unsigned product = kCheckModulus;
  for (const char c : digits) {
    unsigned sum = (product + check_value(c)) % kCheckModulus;
    if (sum == 0) sum = kCheckModulus;
    product = 2 * sum % (kCheckModulus + 1);
  }
  return check_character((kCheckModulus + 1 - product) % kCheckModulus);
}

constexpr std::size_t kSsccDigitsMax = 17;  // Without the check digit.
constexpr std::uint64_t kSsccEnd = 100'000'000'000'000'000;

std::string printed_sscc(std::uint64_t number) {
  CHECK(number < kSsccEnd);
  std::string digits = std::to_string(number);
  digits.insert(0, kSsccDigitsMax - digits.size(), '0');
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    sum += static_cast<unsigned>(digits[i] - '0') * (i % 2 == 0 ? 3 : 1);
  }
  return "00/" + digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

Error level_error(std::size_t index, std::string_view what) {
  return {Errc::value_invalid, "levels[" + std::to_string(index) + "]." + std::string(what)};
}

Status check_level(std::size_t index, const CodeLevel& level) {
  const bool is_logistic = level.level == UnitLevel::logistic;
  const std::uint32_t most = is_logistic ? kLogisticMax : kCodesMax;
  if (level.count == 0 || level.count > most) {
    return level_error(index, "count: not 1 to " + std::to_string(most));
  }
  if (is_logistic) {
    if (!level.gtin.value.empty()) return level_error(index, "gtin: logistic units have none");
    return {};
  }
  if (const auto checked = check_gtin(level.gtin.value); !checked) {
    return level_error(index, "gtin: " + checked.error().detail);
  }
  return {};
}

Status check_levels(const RegisterCodes& codes) {
  const auto& levels = codes.levels;
  if (levels.empty() || levels.front().level != UnitLevel::item) {
    return Error{Errc::value_invalid, "levels: items come first"};
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    FENRUN_OK(check_level(i, levels[i]));
    if (i > 0 && rank_of(levels[i].level) <= rank_of(levels[i - 1].level)) {
      return level_error(i, "level: not greater than the one before");
    }
    for (std::size_t before = 0; before < i; ++before) {
      if (levels[i].gtin == levels[before].gtin) return level_error(i, "gtin: given twice");
    }
  }
  if (levels.back().per_parent != 0) {
    return level_error(levels.size() - 1, "per_parent: nothing is greater");
  }
  return {};
}

Status check_ssccs(const RegisterCodes& codes) {
  const auto& greatest = codes.levels.back();
  const bool is_logistic = greatest.level == UnitLevel::logistic;
  if (is_logistic != codes.sscc_first.has_value()) {
    return Error{Errc::value_invalid, is_logistic ? "sscc_first: needed for logistic units"
                                                  : "sscc_first: for logistic units only"};
  }
  if (is_logistic && *codes.sscc_first > kSsccEnd - greatest.count) {
    return Error{Errc::value_invalid, "sscc_first: the last SSCC has more than 17 digits"};
  }
  return {};
}

Status check_gateway(const StateView& state, const RegisterCodes& codes) {
  if (!codes.gateway) return {};
  const auto gateway = find_party(state, *codes.gateway);
  if (!gateway) return Error{Errc::party_unknown, "gateway"};
  if (gateway->role != Role::gateway) return Error{Errc::role_not_allowed, "gateway"};
  return {};
}

// Gives the batch every block that one of its SSCCs is of.
Status take_ssccs(Overlay& state, const RegisterCodes& codes) {
  if (!codes.sscc_first) return {};
  const std::uint64_t last = *codes.sscc_first + codes.levels.back().count - 1;
  for (auto block = *codes.sscc_first / kSsccBlock; block <= last / kSsccBlock; ++block) {
    const auto key = sscc_block_key(block * kSsccBlock);
    if (const auto taken = state.value(key)) {
      const auto owner = decode<UnitBatchId>(*taken);
      CHECK(owner.has_value());
      return Error{Errc::value_invalid, "sscc_first: SSCCs from " +
                                            std::to_string(block * kSsccBlock) + " on are batch " +
                                            std::to_string(owner->value()) + "'s"};
    }
    state.put(key, encode(codes.batch));
  }
  return {};
}

UnitBatch printed_batch(const OperationContext& context, const RegisterCodes& codes) {
  UnitBatch batch;
  batch.brand = context.signer;
  batch.product = codes.levels.front().gtin;
  batch.opened_at = context.position;
  for (const auto& level : codes.levels) {
    batch.counts[static_cast<std::size_t>(level.level)] = level.count;
  }
  batch.codes = CodeSet{codes.levels,  codes.sscc_first, codes.root, codes.path,
                        codes.gateway, codes.gate,       codes.lot};
  return batch;
}

// How many ranges of the level were voided, as far as anybody needs to know.
std::size_t count_voided(const StateView& state, UnitBatchId batch, UnitLevel level) {
  RecordKey key = voided_key(batch, level, 0);
  const Bytes prefix(key.begin(), key.end() - sizeof(std::uint32_t));
  std::size_t count = 0;
  while (count < kCodeRangesMax) {
    const auto next = state.at_or_after(key);
    if (!next || next->size() < prefix.size() ||
        !equal(ByteView(*next).first(prefix.size()), prefix)) {
      break;
    }
    ++count;
    key = *next;
    key.push_back(0);
  }
  return count;
}

}  // namespace

Status check_codes(const RegisterCodes& codes) {
  FENRUN_OK(check_levels(codes));
  FENRUN_OK(check_ssccs(codes));
  if ((codes.path == ClaimPath::gateway) != codes.gateway.has_value()) {
    return Error{Errc::value_invalid, "gateway: with the path gateway, and only there"};
  }
  if (!codes.lot.value.empty() && !is_gs1_text(codes.lot.value)) {
    return Error{Errc::value_invalid, "lot: not of GS1's set 82"};
  }
  return {};
}

std::string serial_of(const PrintedSerial& printed) {
  std::uint64_t number = (std::uint64_t{printed.batch.value()} << 32) | printed.index;
  std::string serial(kSerialDigitCount, '0');
  for (std::size_t i = kSerialDigitCount; i-- > 0; number >>= kSerialDigitBits) {
    serial[i] = kSerialDigits[number % kSerialDigits.size()];
  }
  serial.push_back(serial_check(serial));
  return serial;
}

std::optional<PrintedSerial> printed_serial(std::string_view serial) {
  if (serial.size() != kSerialDigitCount + 1) return std::nullopt;
  const auto digits = serial.substr(0, kSerialDigitCount);
  std::uint64_t number = 0;
  for (const char c : digits) {
    const auto digit = kSerialDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    if (number >> (64 - kSerialDigitBits) != 0) return std::nullopt;  // More than 64 bits.
    number = (number << kSerialDigitBits) | digit;
  }
  if (serial.back() != serial_check(digits)) return std::nullopt;
  return PrintedSerial{UnitBatchId(static_cast<std::uint32_t>(number >> 32)),
                       static_cast<std::uint32_t>(number)};
}

EpcText printed_epc(const CodeSet& codes, const UnitId& unit) {
  const auto* const level = find_level(codes, unit.level);
  CHECK(level != nullptr && unit.index < level->count);
  if (unit.level == UnitLevel::logistic) {
    CHECK(codes.sscc_first.has_value());
    return {printed_sscc(*codes.sscc_first + unit.index)};
  }
  return {"01/" + level->gtin.value + "/21/" + serial_of({unit.batch, unit.index})};
}

bool is_laid_out(const CodeSet& codes) {
  const auto rank = [](const CodeLevel& level) { return rank_of(level.level); };
  const auto& levels = codes.levels;
  if (std::ranges::adjacent_find(levels, std::greater_equal{}, rank) != levels.end()) return false;
  const auto* const pallets = find_level(codes, UnitLevel::logistic);
  return pallets == nullptr || (codes.sscc_first && *codes.sscc_first <= kSsccEnd - pallets->count);
}

const CodeLevel* find_level(const CodeSet& codes, UnitLevel level) {
  const auto it = std::ranges::find(codes.levels, level, &CodeLevel::level);
  return it == codes.levels.end() ? nullptr : &*it;
}

Bytes code_leaf(const UnitId& unit, const PublicKey& key) {
  Bytes leaf = to_bytes(bytes_of(tag_of(Domain::code)));
  append(leaf, encode(unit));
  append(leaf, key.view());
  return leaf;
}

Seed code_seed(const Digest& chain_id, UnitBatchId batch, std::uint32_t index,
               const CodeSecret& secret) {
  Digest digest =
      hash(Domain::code_key, {chain_id.view(), encode(batch), encode(index), secret.view()});
  Seed seed;
  std::ranges::copy(digest.bytes, seed.mutable_view().begin());
  wipe(digest.bytes);
  return seed;
}

Bytes claim_message(const Digest& chain_id, const Claim& claim) {
  Bytes message = to_bytes(chain_id.view());
  append(message, encode(claim));
  return message;
}

Status apply(OperationContext& context, const RegisterCodes& operation) {
  auto& state = context.state();
  if (context.party.role != Role::brand) return Errc::role_not_allowed;
  FENRUN_OK(check_codes(operation));
  if (find_unit_batch(state, operation.batch)) return Errc::batch_exists;
  FENRUN_OK(check_gateway(state, operation));
  FENRUN_OK(take_ssccs(state, operation));
  state.put(unit_batch_key(operation.batch), encode(printed_batch(context, operation)));
  if (operation.path != ClaimPath::none) open_scope(state, claim_bits_scope(operation.batch));
  open_scope(state, history_bits_scope(operation.batch));
  open_scope(state, commissioned_scope(operation.batch));
  open_scope(state, voided_scope(operation.batch));
  return {};
}

Status apply(OperationContext& context, const VoidCodes& operation) {
  auto& state = context.state();
  const auto& range = operation.range;
  const auto batch = find_unit_batch(state, range.batch);
  if (!batch) return Errc::batch_unknown;
  if (batch->brand != context.signer) return Error{Errc::not_authorized, "not the batch's brand"};
  if (!batch->codes) return Error{Errc::value_invalid, "range.batch: its codes were not printed"};
  const auto* const level = find_level(*batch->codes, range.level);
  if (level == nullptr) return Error{Errc::value_invalid, "range.level: the batch has none"};
  if (range.count == 0) return Error{Errc::value_invalid, "range.count: at least one"};
  if (std::uint64_t{range.first} + range.count > level->count) {
    return Error{Errc::value_invalid,
                 "range: the level has " + std::to_string(level->count) + " units"};
  }
  if (overlaps_voided(state, range)) return Errc::code_void;
  if (count_voided(state, range.batch, range.level) >= kCodeRangesMax) {
    return Error{Errc::limit_exceeded, "ranges voided of the level"};
  }
  insert_linked(state, voided_scope(range.batch), voided_key(range.batch, range.level, range.first),
                VoidedRange{range.count, operation.reason, context.position});
  return {};
}

}  // namespace fenrun
