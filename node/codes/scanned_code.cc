#include "node/codes/scanned_code.h"

#include <algorithm>

#include "contracts/epc.h"
#include "contracts/units.h"
#include "core/check.h"
#include "core/text.h"
#include "node/epcis/identifiers.h"

namespace fenrun {
namespace {

constexpr std::size_t kScannedBytesMax = 512;
constexpr std::size_t kHostBytesMax = 200;

Error not_a_code(std::string_view what) { return {Errc::value_invalid, std::string(what)}; }

Result<CodeSecret> read_secret(std::string_view text) {
  const auto bytes = from_base32(text);
  auto secret = bytes ? CodeSecret::from(*bytes) : Result<CodeSecret>(bytes.error());
  if (!secret) return not_a_code("the secret behind '#' is not 26 characters of base32");
  return secret;
}

Result<EpcText> read_epc(std::string_view text) {
  if (text.find(':') != text.npos) {
    const auto canonical = epcis::canonical_epc(text);
    // A place, a class, another scheme: nothing that stands on a unit.
    if (!canonical) return not_a_code(canonical.error().detail);
    return EpcText{*canonical};
  }
  if (text.size() > kEpcBytesMax) return not_a_code("an identifier is not so long");
  FENRUN_TRY([[maybe_unused]] const auto epc, parse_epc(text));
  return EpcText{std::string(text)};
}

std::string_view serial_in(std::string_view epc) {
  const auto at = epc.find("/21/");
  return at == epc.npos ? std::string_view() : epc.substr(at + 4);
}

// Which of the level's units carries the SSCC.
std::optional<std::uint32_t> sscc_index(std::uint64_t sscc_first, const EpcText& epc) {
  constexpr std::string_view kPrefix = "00/";
  constexpr std::size_t kDigits = 17;  // Without the check digit.
  if (!epc.value.starts_with(kPrefix)) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : epc.value.substr(kPrefix.size(), kDigits)) {
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (number < sscc_first || number - sscc_first >= kLogisticMax) return std::nullopt;
  return static_cast<std::uint32_t>(number - sscc_first);
}

// The unit of this level that carries the code.  A serial alone is an item's: it says nothing of
// the level.
std::optional<UnitId> find_in(const CodeBatchFacts& facts, const CodeLevel& level,
                              const ScannedCode& scanned) {
  std::optional<std::uint32_t> index;
  if (level.level == UnitLevel::logistic) {
    if (scanned.epc) index = sscc_index(*facts.codes.sscc_first, *scanned.epc);
  } else if (scanned.serial && scanned.serial->batch == facts.batch) {
    if (scanned.epc || level.level == UnitLevel::item) index = scanned.serial->index;
  }
  if (!index || *index >= level.count) return std::nullopt;
  const UnitId unit{facts.batch, level.level, *index};
  if (scanned.epc && printed_epc(facts.codes, unit) != *scanned.epc) return std::nullopt;
  return unit;
}

}  // namespace

Result<ScannedCode> read_scanned_code(std::string_view text) {
  if (text.size() > kScannedBytesMax) return not_a_code("a code is not so long");
  ScannedCode scanned;
  const auto hash = text.find('#');
  if (hash != text.npos) {
    FENRUN_TRY(scanned.secret, read_secret(text.substr(hash + 1)));
    text = text.substr(0, hash);
  }
  scanned.serial = printed_serial(text);
  if (scanned.serial) return scanned;
  if (text.find('/') == text.npos && text.find(':') == text.npos) {
    return not_a_code("neither a link, an identifier, nor a serial with its check character");
  }
  FENRUN_TRY(scanned.epc, read_epc(text));
  scanned.serial = printed_serial(serial_in(scanned.epc->value));
  return scanned;
}

Result<UnitId> unit_of(const CodeBatchFacts& facts, const ScannedCode& scanned) {
  for (const auto& level : facts.codes.levels) {
    if (const auto unit = find_in(facts, level, scanned)) return *unit;
  }
  return Error{Errc::code_unknown,
               "batch " + std::to_string(facts.batch.value()) + " has no such code"};
}

std::vector<UnitId> containers_of(const CodeSet& codes, const UnitId& unit) {
  std::vector<UnitId> out;
  for (auto parent = regular_parent(codes, unit); parent; parent = regular_parent(codes, *parent)) {
    out.push_back(*parent);
  }
  return out;
}

std::vector<UnitRange> contents_of(const CodeSet& codes, const UnitId& unit) {
  std::vector<UnitRange> out;
  auto level = std::ranges::find(codes.levels, unit.level, &CodeLevel::level);
  CHECK(level != codes.levels.end());
  std::uint64_t first = unit.index;
  std::uint64_t end = first + 1;
  while (level != codes.levels.begin()) {
    --level;
    first = std::min<std::uint64_t>(first * level->per_parent, level->count);
    end = std::min<std::uint64_t>(end * level->per_parent, level->count);
    if (first == end) break;
    out.push_back({unit.batch, level->level, static_cast<std::uint32_t>(first),
                   static_cast<std::uint32_t>(end - first)});
  }
  return out;
}

Status check_url_host(std::string_view host) {
  const auto is_allowed = [](char c) {
    return is_digit(c) || is_letter(c) || c == '.' || c == '-' || c == '/' || c == '_' || c == ':';
  };
  if (host.empty() || host.size() > kHostBytesMax || host.front() == '/' || host.back() == '/' ||
      !std::ranges::all_of(host, is_allowed)) {
    return Error{Errc::value_invalid, "host: not as in id.brand.example.com"};
  }
  return {};
}

std::string digital_link(std::string_view host, const EpcText& epc) {
  return "https://" + std::string(host) + "/" + epc.value;
}

std::string claim_link(std::string_view host, const EpcText& epc, const CodeSecret& secret) {
  return digital_link(host, epc) + "#" + to_base32(secret.view());
}

}  // namespace fenrun
