#include "ledger/proof/keys.h"

namespace fenrun {
namespace {

constexpr auto kStatementByte = static_cast<std::uint8_t>(Family::statement);
constexpr std::size_t kStatementKeyBytes = 1 + PartyId::kSize + 1 + 4 + 4 + 4;

std::uint32_t big_endian_u32(ByteView bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | bytes[i];
  return value;
}

}  // namespace

Result<ByteView> link_of(ByteView linked) {
  Decoder in(linked);
  bool has_next = false;
  FENRUN_OK(codec::read(in, has_next));
  if (has_next) {
    std::size_t size = 0;
    FENRUN_OK(in.length(size, kRecordKeyBytesMax));
    FENRUN_OK(in.skip(size));
  }
  return linked.first(linked.size() - in.remaining());
}

RecordKey statement_scope(const PartyId& party) {
  return KeyWriter(kStatementByte).raw(party.view()).take();
}

RecordKey statement_key(const StatementId& id) {
  return KeyWriter(kStatementByte)
      .raw(id.account.party.view())
      .number(static_cast<std::uint8_t>(id.account.book))
      .number(id.account.campaign)
      .number(id.account.asset)
      .number(id.period)
      .take();
}

Result<StatementId> statement_from_key(ByteView key) {
  if (key.size() != kStatementKeyBytes || key[0] != kStatementByte) {
    return Error{Errc::value_invalid, "not the key of a statement"};
  }
  StatementId id;
  FENRUN_TRY(id.account.party, PartyId::from(key.subspan(1, PartyId::kSize)));
  const auto rest = key.subspan(1 + PartyId::kSize);
  if (rest[0] >= kEnumCount<Book>) return Error{Errc::value_invalid, "unknown book"};
  id.account.book = static_cast<Book>(rest[0]);
  id.account.campaign = CampaignId(big_endian_u32(rest.subspan(1)));
  id.account.asset = AssetId(big_endian_u32(rest.subspan(5)));
  id.period = PeriodId(big_endian_u32(rest.subspan(9)));
  return id;
}

}  // namespace fenrun
