#include "node/api/tokens.h"

#include "core/text.h"

namespace fenrun::api {
namespace {

bool is_equal_in_constant_time(const Digest& a, const Digest& b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < Digest::kSize; ++i) {
    difference |= static_cast<unsigned>(a.bytes[i] ^ b.bytes[i]);
  }
  return difference == 0;
}

Error wrong(std::size_t line, const std::string& why) {
  return {Errc::config_invalid, "tokens, line " + std::to_string(line) + ": " + why};
}

}  // namespace

Result<TokenTable> TokenTable::parse(std::string_view text) {
  TokenTable table;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.find(' ');
    if (space == 0 || space == std::string_view::npos) {
      return wrong(number, "expected <name> <hex SHA-256 of the token>");
    }
    Row row{std::string(line.substr(0, space)), {}};
    const auto digest = fixed_from_hex<Digest>(line.substr(space + 1));
    if (!digest) return wrong(number, "the SHA-256 must be 64 lower-case hex digits");
    row.digest = *digest;
    for (const auto& other : table.rows_) {
      if (other.name == row.name) return wrong(number, "'" + row.name + "' has a token already");
    }
    if (table.rows_.size() == kTokensMax) return wrong(number, "too many tokens");
    table.rows_.push_back(std::move(row));
  }
  return table;
}

std::optional<std::string> TokenTable::find(std::string_view token) const {
  const Digest digest = sha256(bytes_of(token));
  const Row* found = nullptr;
  for (const auto& row : rows_) {
    if (is_equal_in_constant_time(row.digest, digest)) found = &row;
  }
  if (!found) return std::nullopt;
  return found->name;
}

std::chrono::seconds FailureLimiter::wait(const std::string& address, Clock::time_point now) const {
  const auto it = rows_.find(address);
  if (it == rows_.end() || it->second.failures < kFreeFailures) return {};
  const auto until = it->second.last + kPenalty;
  if (now >= until) return {};
  return std::chrono::ceil<std::chrono::seconds>(until - now);
}

void FailureLimiter::failed(const std::string& address, Clock::time_point now) {
  if (!rows_.contains(address) && rows_.size() >= kAddressesMax) {
    std::erase_if(rows_, [&](const auto& row) { return now - row.second.last > kPenalty; });
    // So many at once are one attacker's: forgetting them all keeps memory and time bounded.
    if (rows_.size() >= kAddressesMax) rows_.clear();
  }
  auto& row = rows_[address];
  if (row.failures >= kFreeFailures && now - row.last > kPenalty) row.failures = 0;
  ++row.failures;
  row.last = now;
}

}  // namespace fenrun::api
