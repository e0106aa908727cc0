#include "node/json/proof_json.h"

#include "core/check.h"
#include "core/overloaded.h"
#include "core/text.h"
#include "node/json/json.h"

namespace fenrun {
namespace {

// Members sorted by name, as RFC 8785 wants them; ours are all ASCII.
using Sorted = nlohmann::json;

constexpr std::string_view kFormat = "fenrun-proof";
constexpr JsonLimits kLimits{
    .bytes = kProofFileBytesMax, .depth = 8, .values = 4'000'000, .object_members = 16};

Error malformed(std::string_view what) { return {Errc::proof_malformed, std::string(what)}; }

// ---- Printing ----------------------------------------------------------------------------------

Sorted path_view(const MerklePath& path) {
  Sorted view = Sorted::array();
  for (const auto& hash : path) view.push_back(to_base64(hash.view()));
  return view;
}

Sorted header_view(const ProofHeader& header) {
  return {{"entry", to_base64(header.entry)}, {"path", path_view(header.path)}};
}

Sorted entry_view(const ProofEntry& entry) {
  return {{"position", entry.position.value()},
          {"entry", to_base64(entry.entry)},
          {"path", path_view(entry.path)}};
}

Sorted chunk_view(const ProofChunk& chunk) {
  return {{"index", chunk.index}, {"bits", to_base64(chunk.bits)}, {"path", path_view(chunk.path)}};
}

Sorted sorted_view(const ProofHandover& handover) {
  return {{"checkpoint", handover.checkpoint.value},
          {"header", header_view(handover.header)},
          {"policy", handover.next_policy.value}};
}

Sorted history_view(const HistoryClaim& claim) {
  const auto keys_view = [](const auto& keys) {
    Sorted view = Sorted::array();
    for (const auto& key : keys) view.push_back(to_hex(key));
    return view;
  };
  Sorted operations = Sorted::array();
  for (const auto& one : claim.operations) {
    operations.push_back(
        {{"position", one.operation.value()}, {"operation_path", path_view(one.operation_path)}});
  }
  return {{"type", "history"},
          {"subject", to_hex(claim.subject)},
          {"records", keys_view(claim.records)},
          {"absent", keys_view(claim.absent)},
          {"operations", std::move(operations)}};
}

Sorted claim_view(const ProofClaim& claim) {
  return std::visit(overloaded{
                        [](const TransactionClaim& c) -> Sorted {
                          return {{"type", "transaction"},
                                  {"position", c.transaction.value()},
                                  {"with_operations", c.with_operations}};
                        },
                        [](const OperationClaim& c) -> Sorted {
                          return {{"type", "operation"},
                                  {"position", c.operation.value()},
                                  {"operation_path", path_view(c.operation_path)}};
                        },
                        [](const PostingClaim& c) -> Sorted {
                          Sorted view = {{"type", "posting"},
                                         {"position", c.posting.value()},
                                         {"operation_path", path_view(c.operation_path)}};
                          if (c.policy) {
                            view["policy"]["record"] = c.policy->record.value();
                            if (c.policy->successor)
                              view["policy"]["successor"] = c.policy->successor->value();
                          }
                          return view;
                        },
                        [](const RecordClaim& c) -> Sorted {
                          return {{"type", "record"}, {"key", to_hex(c.key)}};
                        },
                        [](const AbsenceClaim& c) -> Sorted {
                          return {{"type", "absence"}, {"key", to_hex(c.key)}};
                        },
                        [](const AccountClaim& c) -> Sorted {
                          return {{"type", "account"}, {"party", to_hex(c.party.view())}};
                        },
                        [](const HistoryClaim& c) -> Sorted { return history_view(c); },
                    },
                    claim);
}

// ---- Parsing -----------------------------------------------------------------------------------

// Reads members of one object.  After the first that is wrong, nothing more is read: ask status().
// Members that nobody asks for are found by printing again.
class Members {
 public:
  explicit Members(const Json& object) : object_(&object) {
    if (!object.is_object()) status_ = malformed("an object is missing");
  }

  bool has(const char* name) const { return status_.has_value() && object_->contains(name); }

  const Json* get(const char* name) {
    if (!status_) return nullptr;
    const auto it = object_->find(name);
    if (it != object_->end()) return &*it;
    status_ = malformed(std::string(name) + " is missing");
    return nullptr;
  }

  Members& text(const char* name, std::string& out) {
    const Json* value = get(name);
    if (value && !value->is_string()) status_ = malformed(name);
    if (value && status_) out = value->get<std::string>();
    return *this;
  }

  Members& number(const char* name, std::uint64_t& out) {
    const Json* value = get(name);
    if (value && !value->is_number_unsigned()) status_ = malformed(name);
    if (value && status_) out = value->get<std::uint64_t>();
    return *this;
  }

  Members& position(const char* name, Position& out) {
    std::uint64_t value = 0;
    number(name, value);
    out = Position(value);
    return *this;
  }

  Members& boolean(const char* name, bool& out) {
    const Json* value = get(name);
    if (value && !value->is_boolean()) status_ = malformed(name);
    if (value && status_) out = value->get<bool>();
    return *this;
  }

  // Bytes that `decode` finds in the text, of at most `max`.
  Members& bytes(const char* name, Result<Bytes> (*decode_text)(std::string_view), std::size_t max,
                 Bytes& out) {
    std::string value;
    text(name, value);
    if (!status_) return *this;
    auto decoded = decode_text(value);
    if (!decoded || decoded->size() > max) {
      status_ = malformed(name);
    } else {
      out = *std::move(decoded);
    }
    return *this;
  }

  Members& path(const char* name, MerklePath& out) {
    const Json* value = get(name);
    if (!value) return *this;
    if (!value->is_array() || value->size() > kMerklePathMax) {
      status_ = malformed(name);
      return *this;
    }
    for (const auto& item : *value) {
      const auto raw = item.is_string() ? from_base64(item.get_ref<const std::string&>())
                                        : Result<Bytes>(Errc::text_invalid);
      const auto hash = raw ? Digest::from(*raw) : Result<Digest>(raw.error());
      if (!hash) {
        status_ = malformed(name);
        return *this;
      }
      out.push_back(*hash);
    }
    return *this;
  }

  const Status& status() const { return status_; }

 private:
  const Json* object_;
  Status status_;
};

Result<ProofClaim> read_key_claim(Members& in, bool is_absence) {
  Bytes key;
  FENRUN_OK(in.bytes("key", from_hex, kRecordKeyBytesMax, key).status());
  if (is_absence) return ProofClaim{AbsenceClaim{RecordKey(std::move(key))}};
  return ProofClaim{RecordClaim{RecordKey(std::move(key))}};
}

Result<ProofClaim> read_posting_claim(Members& in) {
  PostingClaim claim;
  FENRUN_OK(
      in.position("position", claim.posting).path("operation_path", claim.operation_path).status());
  if (!in.has("policy")) return ProofClaim{std::move(claim)};
  Members policy(*in.get("policy"));
  claim.policy.emplace();
  policy.position("record", claim.policy->record);
  if (policy.has("successor")) policy.position("successor", claim.policy->successor.emplace());
  FENRUN_OK(policy.status());
  return ProofClaim{std::move(claim)};
}

using KeyList = List<RecordKey, kProofEntriesMax>;

Result<KeyList> read_keys(Members& in, const char* name) {
  const Json* const value = in.get(name);
  FENRUN_OK(in.status());
  if (!value->is_array() || value->size() > kProofEntriesMax) return malformed(name);
  KeyList keys;
  for (const auto& item : *value) {
    const auto key = item.is_string() ? from_hex(item.get_ref<const std::string&>())
                                      : Result<Bytes>(Errc::text_invalid);
    if (!key || key->size() > kRecordKeyBytesMax) return malformed(name);
    keys.push_back(RecordKey(*key));
  }
  return keys;
}

Result<ProofClaim> read_history_claim(Members& in) {
  HistoryClaim claim;
  Bytes subject;
  FENRUN_OK(in.bytes("subject", from_hex, kRecordKeyBytesMax, subject).status());
  claim.subject = RecordKey(std::move(subject));
  FENRUN_TRY(claim.records, read_keys(in, "records"));
  FENRUN_TRY(claim.absent, read_keys(in, "absent"));
  const Json* const operations = in.get("operations");
  FENRUN_OK(in.status());
  if (!operations->is_array() || operations->size() > kProofEntriesMax) {
    return malformed("operations");
  }
  for (const auto& item : *operations) {
    auto& one = claim.operations.emplace_back();
    Members one_in(item);
    FENRUN_OK(one_in.position("position", one.operation)
                  .path("operation_path", one.operation_path)
                  .status());
  }
  return ProofClaim{std::move(claim)};
}

Result<ProofClaim> read_claim(const Json& json) {
  Members in(json);
  std::string type;
  FENRUN_OK(in.text("type", type).status());
  if (type == "transaction") {
    TransactionClaim claim;
    FENRUN_OK(in.position("position", claim.transaction)
                  .boolean("with_operations", claim.with_operations)
                  .status());
    return ProofClaim{claim};
  }
  if (type == "operation") {
    OperationClaim claim;
    FENRUN_OK(in.position("position", claim.operation)
                  .path("operation_path", claim.operation_path)
                  .status());
    return ProofClaim{std::move(claim)};
  }
  if (type == "posting") return read_posting_claim(in);
  if (type == "record" || type == "absence") return read_key_claim(in, type == "absence");
  if (type == "history") return read_history_claim(in);
  if (type != "account") return malformed("type of the claim");
  Bytes party;
  FENRUN_OK(in.bytes("party", from_hex, PartyId::kSize, party).status());
  const auto id = PartyId::from(party);
  if (!id) return malformed("party");
  return ProofClaim{AccountClaim{*id}};
}

Status read_entry(Members& in, ProofEntryBytes& bytes, MerklePath& path) {
  Bytes raw;
  FENRUN_OK(in.bytes("entry", from_base64, kEntryBytesMax, raw).path("path", path).status());
  bytes.assign(raw.begin(), raw.end());
  return {};
}

Status read_chunk(const Json& json, ProofChunk& chunk) {
  Members in(json);
  Bytes bits;
  FENRUN_OK(in.number("index", chunk.index)
                .bytes("bits", from_base64, chunk.bits.size(), bits)
                .path("path", chunk.path)
                .status());
  if (bits.size() != chunk.bits.size()) return malformed("bits");
  std::copy(bits.begin(), bits.end(), chunk.bits.begin());
  return {};
}

Status read_text(Members& in, const char* name, std::size_t max, std::string& out) {
  FENRUN_OK(in.text(name, out).status());
  if (out.size() > max) return malformed(name);
  return {};
}

Status read_handover(const Json& json, ProofHandover& handover) {
  Members in(json);
  FENRUN_OK(read_text(in, "checkpoint", kNoteBytesMax, handover.checkpoint.value));
  FENRUN_OK(read_text(in, "policy", kTrustPolicyBytesMax, handover.next_policy.value));
  const Json* header = in.get("header");
  FENRUN_OK(in.status());
  Members header_in(*header);
  return read_entry(header_in, handover.header.entry, handover.header.path);
}

Result<Proof> read_proof(const Json& json) {
  Members in(json);
  std::string format;
  std::uint64_t version = 0;
  FENRUN_OK(in.text("format", format).number("version", version).status());
  if (format != kFormat) return malformed("format");
  if (version != kProofVersion) return Error{Errc::proof_version, std::to_string(version)};
  Proof proof;
  FENRUN_OK(read_text(in, "checkpoint", kNoteBytesMax, proof.checkpoint.value));
  const Json* claim = in.get("claim");
  const Json* header = in.get("header");
  const Json* entries = in.get("entries");
  const Json* chunks = in.get("chunks");
  const Json* handovers = in.get("handovers");
  FENRUN_OK(in.status());
  FENRUN_TRY(proof.claim, read_claim(*claim));
  Members header_in(*header);
  FENRUN_OK(read_entry(header_in, proof.header.entry, proof.header.path));
  if (!entries->is_array() || entries->size() > kProofEntriesMax) return malformed("entries");
  if (!chunks->is_array() || chunks->size() > kProofEntriesMax) return malformed("chunks");
  if (!handovers->is_array() || handovers->size() > kHandoversMax) return malformed("handovers");
  for (const auto& item : *entries) {
    auto& entry = proof.entries.emplace_back();
    Members entry_in(item);
    entry_in.position("position", entry.position);
    FENRUN_OK(read_entry(entry_in, entry.entry, entry.path));
  }
  for (const auto& item : *chunks) FENRUN_OK(read_chunk(item, proof.chunks.emplace_back()));
  for (const auto& item : *handovers) {
    FENRUN_OK(read_handover(item, proof.handovers.emplace_back()));
  }
  return proof;
}

}  // namespace

bool ProofPrinter::step(std::size_t count) {
  for (std::size_t i = 0; i < count && part_ != Part::printed; ++i) {
    if (!print_next()) next_ = 0;
  }
  return part_ == Part::printed;
}

// One item of a list, or what stands between the end of one list and the next.  Members are in
// their order.  False at the end of a list.
bool ProofPrinter::print_next() {
  const auto print_item = [&](const Sorted& item) {
    if (next_++ > 0) text_ += ',';
    text_ += item.dump();
    return true;
  };
  switch (part_) {
    case Part::begin:
      text_ = "{\"checkpoint\":" + Sorted(proof_.checkpoint.value).dump() + ",\"chunks\":[";
      part_ = Part::chunks;
      return false;
    case Part::chunks:
      if (next_ < proof_.chunks.size()) return print_item(chunk_view(proof_.chunks[next_]));
      text_ += "],\"claim\":" + claim_view(proof_.claim).dump() + ",\"entries\":[";
      part_ = Part::entries;
      return false;
    case Part::entries:
      if (next_ < proof_.entries.size()) return print_item(entry_view(proof_.entries[next_]));
      text_ += "],\"format\":" + Sorted(kFormat).dump() + ",\"handovers\":[";
      part_ = Part::handovers;
      return false;
    case Part::handovers:
      if (next_ < proof_.handovers.size()) {
        return print_item(sorted_view(proof_.handovers[next_]));
      }
      text_ += "],\"header\":" + header_view(proof_.header).dump() +
               ",\"version\":" + Sorted(proof_.version).dump() + "}\n";
      part_ = Part::printed;
      return false;
    case Part::printed:
      return false;
  }
  UNREACHABLE();
}

std::string print_proof(const Proof& proof) {
  ProofPrinter printer(proof);
  constexpr std::size_t kMany = 1'000;
  while (!printer.step(kMany)) {
  }
  return printer.take();
}

Json handover_view(const ProofHandover& handover) { return Json(sorted_view(handover)); }

Result<ProofHandover> handover_from_json(const Json& json) {
  ProofHandover handover;
  FENRUN_OK(read_handover(json, handover));
  return handover;
}

Result<Proof> parse_proof(std::string_view text) {
  if (text.size() > kProofFileBytesMax) return Error{Errc::limit_exceeded, "proof"};
  const auto json = parse_json(text, kLimits);
  if (!json) {
    // JSON, but with members twice, other numbers or the like.
    const bool is_json = Json::accept(text.begin(), text.end());
    return Error{is_json ? Errc::proof_not_canonical : Errc::proof_malformed, json.error().detail};
  }
  FENRUN_TRY(auto proof, read_proof(*json));
  if (print_proof(proof) != text) return Errc::proof_not_canonical;
  return proof;
}

}  // namespace fenrun
