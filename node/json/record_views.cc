// What keys and values of Records mean: one row a family.
#include <functional>

#include "contracts/keys.h"
#include "node/json/reflect.h"
#include "node/json/views.h"

namespace fenrun {
namespace {

// Reads a key's fields one after another into an object.
class KeyFields {
 public:
  explicit KeyFields(ByteView rest) : rest_(rest) {}

  template <class T>
  KeyFields& fixed(const char* name) {
    if (take(T::kSize)) object_[name] = to_hex(taken_);
    return *this;
  }
  // A number, big-endian, shown as T.
  template <class T, class Rep = typename T::rep>
  KeyFields& number(const char* name) {
    if (take(sizeof(Rep))) object_[name] = json::write(T(static_cast<Rep>(taken_number())));
    return *this;
  }
  KeyFields& count16(const char* name) { return count(name, sizeof(std::uint16_t)); }
  KeyFields& count32(const char* name) { return count(name, sizeof(std::uint32_t)); }
  KeyFields& count64(const char* name) { return count(name, sizeof(std::uint64_t)); }
  template <class E>
  KeyFields& name_of_enum(const char* name) {
    if (!take(1)) return *this;
    if (taken_[0] >= kEnumCount<E>) {
      whole_ = false;
    } else {
      object_[name] = json::write(static_cast<E>(taken_[0]));
    }
    return *this;
  }
  KeyFields& text(const char* name) {
    const std::string value(text_of(rest_));
    whole_ = whole_ && is_utf8(value);
    if (whole_) object_[name] = value;
    rest_ = {};
    return *this;
  }
  KeyFields& hex(const char* name) {
    object_[name] = to_hex(rest_);
    rest_ = {};
    return *this;
  }

  // None unless every field was there and nothing behind them.
  std::optional<Json> finish() {
    if (!whole_ || !rest_.empty()) return std::nullopt;
    return std::move(object_);
  }

 private:
  KeyFields& count(const char* name, std::size_t bytes) {
    if (take(bytes)) object_[name] = taken_number();
    return *this;
  }
  bool take(std::size_t count) {
    whole_ = whole_ && rest_.size() >= count;
    if (!whole_) return false;
    taken_ = rest_.first(count);
    rest_ = rest_.subspan(count);
    return true;
  }
  std::uint64_t taken_number() const {
    std::uint64_t value = 0;
    for (const auto byte : taken_) value = (value << 8) | byte;
    return value;
  }

  ByteView rest_;
  ByteView taken_;
  Json object_ = Json::object();
  bool whole_ = true;
};

struct Linking {
  std::optional<Json> value;
  std::optional<RecordKey> next;
};

template <class V>
std::optional<Linking> plain(ByteView bytes) {
  const auto value = decode<V>(bytes);
  if (!value) return std::nullopt;
  return Linking{json::write(*value), std::nullopt};
}

template <class V>
std::optional<Linking> linked(ByteView bytes) {
  const auto value = decode<Linked<V>>(bytes);
  if (!value) return std::nullopt;
  Linking out{std::nullopt, value->next};
  if (value->value) out.value = json::write(*value->value);
  return out;
}

struct FamilyView {
  std::uint8_t family;
  const char* name;
  std::optional<Json> (*key)(ByteView fields);
  // The fields of its sentinels, for ordered families.
  std::optional<Json> (*scope)(ByteView fields);
  std::optional<Linking> (*value)(ByteView bytes);
};

constexpr std::uint8_t number_of(ContractFamily family) {
  return static_cast<std::uint8_t>(family);
}

std::optional<Json> no_fields(ByteView in) { return KeyFields(in).finish(); }
std::optional<Json> party_field(ByteView in) {
  return KeyFields(in).fixed<PartyId>("party").finish();
}
std::optional<Json> batch_field(ByteView in) {
  return KeyFields(in).number<UnitBatchId>("batch").finish();
}
std::optional<Json> unit_fields(ByteView in) {
  return KeyFields(in)
      .number<UnitBatchId>("batch")
      .name_of_enum<UnitLevel>("level")
      .count32("index")
      .finish();
}
std::optional<Json> range_fields(ByteView in) {
  return KeyFields(in)
      .number<UnitBatchId>("batch")
      .name_of_enum<UnitLevel>("level")
      .count32("first")
      .finish();
}
std::optional<Json> member_field(ByteView in) {
  return KeyFields(in).number<MemberNumber>("number").finish();
}
std::optional<Json> campaign_field(ByteView in) {
  return KeyFields(in).number<CampaignId>("campaign").finish();
}

const FamilyView kFamilies[] = {
    {static_cast<std::uint8_t>(Family::statement), "statement",
     [](ByteView in) {
       return KeyFields(in)
           .fixed<PartyId>("party")
           .name_of_enum<Book>("book")
           .number<CampaignId>("campaign")
           .number<AssetId>("asset")
           .number<PeriodId>("period")
           .finish();
     },
     party_field, linked<Statement>},
    {number_of(ContractFamily::party), "party", party_field, no_fields, linked<Party>},
    {number_of(ContractFamily::lane), "lane",
     [](ByteView in) {
       return KeyFields(in).fixed<PartyId>("party").number<Lane>("lane").finish();
     },
     party_field, linked<LaneState>},
    {number_of(ContractFamily::public_key), "public_key",
     [](ByteView in) { return KeyFields(in).fixed<PublicKey>("key").finish(); }, nullptr,
     plain<KeyOwner>},
    {number_of(ContractFamily::recovery), "recovery", party_field, nullptr, plain<Recovery>},
    {number_of(ContractFamily::validator), "validator",
     [](ByteView in) { return KeyFields(in).number<ValidatorIndex>("index").finish(); }, nullptr,
     plain<Validator>},
    {number_of(ContractFamily::parameters), "parameters", no_fields, nullptr, plain<Parameters>},
    {number_of(ContractFamily::proposal), "proposal",
     [](ByteView in) { return KeyFields(in).fixed<Digest>("proposal").finish(); }, nullptr,
     plain<ChangeProposal>},
    {number_of(ContractFamily::campaign), "campaign", campaign_field, nullptr, plain<Campaign>},
    {number_of(ContractFamily::policy), "policy",
     [](ByteView in) {
       return KeyFields(in).number<PolicyId>("policy").count32("version").finish();
     },
     no_fields, linked<PolicyRecord>},
    {number_of(ContractFamily::brand_policies), "brand_policies",
     [](ByteView in) { return KeyFields(in).fixed<PartyId>("brand").finish(); }, nullptr,
     plain<BrandPolicies>},
    {number_of(ContractFamily::period), "period",
     [](ByteView in) {
       return KeyFields(in).number<CampaignId>("campaign").number<PeriodId>("period").finish();
     },
     campaign_field, linked<Period>},
    {number_of(ContractFamily::period_start), "period_start",
     [](ByteView in) {
       return KeyFields(in).number<CampaignId>("campaign").number<TimeMs>("opens").finish();
     },
     nullptr, plain<PeriodId>},
    {number_of(ContractFamily::fund), "fund",
     [](ByteView in) {
       return KeyFields(in)
           .number<CampaignId>("campaign")
           .number<AssetId>("asset")
           .fixed<PartyId>("funder")
           .finish();
     },
     campaign_field, linked<Fund>},
    {number_of(ContractFamily::unit_batch), "unit_batch", batch_field, nullptr, plain<UnitBatch>},
    {number_of(ContractFamily::unit), "unit", unit_fields, nullptr, plain<Unit>},
    {number_of(ContractFamily::epc), "epc",
     [](ByteView in) { return KeyFields(in).text("epc").finish(); }, nullptr, plain<UnitId>},
    {number_of(ContractFamily::event), "event",
     [](ByteView in) {
       return KeyFields(in).fixed<Digest>("document").count32("index").count32("part").finish();
     },
     nullptr, plain<EventRecord>},
    {number_of(ContractFamily::payout), "payout",
     [](ByteView in) { return KeyFields(in).fixed<PayoutId>("payout").finish(); }, no_fields,
     linked<Payout>},
    {number_of(ContractFamily::schedule), "schedule",
     [](ByteView in) { return KeyFields(in).number<TimeMs>("due").hex("subject").finish(); },
     nullptr, plain<SystemWork>},
    {number_of(ContractFamily::schedule_cursor), "schedule_cursor", no_fields, nullptr,
     plain<ScheduleCursor>},
    {number_of(ContractFamily::member), "member", member_field, nullptr, plain<Member>},
    {number_of(ContractFamily::member_name), "member_name",
     [](ByteView in) { return KeyFields(in).text("name").finish(); }, nullptr, plain<MemberNumber>},
    {number_of(ContractFamily::network), "network", no_fields, nullptr, plain<NetworkRecord>},
    {number_of(ContractFamily::readiness), "readiness", member_field, nullptr, plain<Readiness>},
    {number_of(ContractFamily::evidence), "evidence",
     [](ByteView in) { return KeyFields(in).fixed<Digest>("digest").finish(); }, nullptr,
     plain<EvidenceRecord>},
    {number_of(ContractFamily::fault_count), "fault_count", party_field, no_fields,
     linked<FaultCount>},
    {number_of(ContractFamily::epoch_end), "epoch_end",
     [](ByteView in) { return KeyFields(in).number<Epoch>("epoch").finish(); }, nullptr,
     plain<EpochEnd>},
    {number_of(ContractFamily::commissioned), "commissioned", range_fields, batch_field,
     linked<CommissionedRange>},
    {number_of(ContractFamily::voided), "voided", range_fields, batch_field, linked<VoidedRange>},
    {number_of(ContractFamily::claim_bits), "claim_bits",
     [](ByteView in) {
       return KeyFields(in).number<UnitBatchId>("batch").count32("chunk").finish();
     },
     batch_field, linked<UnitBits>},
    {number_of(ContractFamily::claim), "claim",
     [](ByteView in) {
       return KeyFields(in).number<UnitBatchId>("batch").count32("index").finish();
     },
     nullptr, plain<ClaimRecord>},
    {number_of(ContractFamily::event_hash), "event_hash",
     [](ByteView in) { return KeyFields(in).fixed<Digest>("event_hash").finish(); }, nullptr,
     plain<EventId>},
    {number_of(ContractFamily::content), "content",
     [](ByteView in) {
       return KeyFields(in)
           .number<UnitBatchId>("container_batch")
           .name_of_enum<UnitLevel>("container_level")
           .count32("container_index")
           .number<UnitBatchId>("batch")
           .name_of_enum<UnitLevel>("level")
           .count32("index")
           .finish();
     },
     nullptr, plain<bool>},
    {number_of(ContractFamily::counters), "counters",
     [](ByteView in) {
       return KeyFields(in)
           .number<UnitBatchId>("batch")
           .number<RegionCode>("region")
           .count16("month")
           .finish();
     },
     nullptr, plain<UnitCounters>},
    {number_of(ContractFamily::sscc_block), "sscc_block",
     [](ByteView in) { return KeyFields(in).count64("block").finish(); }, nullptr,
     plain<UnitBatchId>},
    {number_of(ContractFamily::erasure), "erasure",
     [](ByteView in) { return KeyFields(in).fixed<SubjectId>("subject").finish(); }, nullptr,
     plain<Erasure>},
    {number_of(ContractFamily::history_bits), "history_bits",
     [](ByteView in) {
       return KeyFields(in)
           .number<UnitBatchId>("batch")
           .name_of_enum<UnitLevel>("level")
           .count32("chunk")
           .finish();
     },
     batch_field, linked<UnitBits>},
    {number_of(ContractFamily::activity), "activity",
     [](ByteView in) {
       return KeyFields(in)
           .fixed<PartyId>("place")
           .name_of_enum<ActivityKind>("kind")
           .fixed<Digest>("reference")
           .finish();
     },
     nullptr, plain<ActivityRecord>},
    {number_of(ContractFamily::store_counters), "store_counters",
     [](ByteView in) {
       return KeyFields(in)
           .count16("month")
           .fixed<PartyId>("store")
           .number<UnitBatchId>("batch")
           .finish();
     },
     nullptr, plain<UnitCounters>},
};

}  // namespace

std::optional<Json> decoded_record(ByteView key, const std::optional<Bytes>& value) {
  if (key.empty()) return std::nullopt;
  for (const auto& family : kFamilies) {
    if (family.family != key[0]) continue;
    auto fields = family.key(key.subspan(1));
    if (!fields && family.scope) fields = family.scope(key.subspan(1));
    if (!fields) return std::nullopt;
    Json view = {{"family", family.name}, {"key", *std::move(fields)}};
    if (!value) return view;
    auto content = family.value(*value);
    if (!content) return std::nullopt;
    if (content->value) view["value"] = *std::move(content->value);
    if (content->next) view["next"] = to_hex(*content->next);
    return view;
  }
  return std::nullopt;
}

}  // namespace fenrun
