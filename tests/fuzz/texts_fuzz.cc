// Everything that is read as text: notes, trust files, keys, identifiers, times, the configuration.
// What is accepted prints to the same text, or to one that is read alike.
#include <algorithm>
#include <cctype>

#include "contracts/epc.h"
#include "core/crypto/key_file.h"
#include "core/text.h"
#include "ledger/proof/note.h"
#include "ledger/proof/trust_policy.h"
#include "ledger/tiles.h"
#include "node/api/http.h"
#include "node/api/tokens.h"
#include "node/config.h"
#include "node/epcis/event_time.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/vocabulary.h"
#include "node/json/time.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/world.h"

namespace fenrun::fuzz {
namespace {

std::vector<Bytes> texts(std::initializer_list<std::string_view> all) {
  std::vector<Bytes> seeds;
  for (const auto text : all) seeds.push_back(seed_of(text));
  return seeds;
}

CheckpointBody some_body() { return {"example/0011223344556677", 9, test::digest_named("root")}; }

std::string some_note() {
  const auto key = test::key_named("brand");
  const SignedNote note{
      some_body(),
      {log_signature_line(key, some_body()),
       cosignature_line(key, cosigner_name(some_body().origin, "brand"), some_body(), 1'700)}};
  return print(note);
}

std::string some_policy() {
  return canonical_trust_policy(some_body().origin,
                                {{"brand", test::key_named("brand").public_key()},
                                 {"east", test::key_named("east").public_key()}},
                                2);
}

std::string some_key_file(const Passphrase* passphrase) {
  KdfCost cost;
  cost.passes = 1;
  cost.memory_bytes = KdfCost::kMemoryBytesMin;
  const auto text =
      seal_key_file(test::key_named("brand"), KeyFilePurpose::consensus, passphrase, cost, {});
  return std::string(text.value().view());
}

std::vector<Bytes> encoded_seeds() { return texts({"00ff", "AA==", "ae", "18446744073709551615"}); }
std::vector<Bytes> note_seeds() {
  return texts(
      {some_note(), print(some_body()), print(VerifierKey{"brand", NoteKeyType::log, {}})});
}
std::vector<Bytes> policy_seeds() {
  const auto text = some_policy();
  return texts({text, "# a comment\n\n" + text,
                text.substr(0, text.rfind("quorum")) + "group all all validators\nquorum all\n"});
}
std::vector<Bytes> key_file_seeds() {
  const Passphrase passphrase("four words of it");
  return texts({some_key_file(nullptr), some_key_file(&passphrase)});
}
std::vector<Bytes> tile_seeds() {
  return texts({"tile/0/x001/x234/067.p/12", "tile/entries/000", "tile/6/000"});
}
std::vector<Bytes> target_seeds() {
  return texts({"/v1/parties/00?after=1&limit=2", "/tile/0/x001/067.p/12", "/a%20b?c=%7E&d="});
}
std::vector<Bytes> token_seeds() {
  return texts(
      {"# tokens\n\nconsole "
       "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n"});
}
std::vector<Bytes> time_seeds() {
  return texts({"2026-03-01T08:00:00.000Z", "2026-03-01T08:00:00+08:00", "1970-01-01T00:00:00Z",
                "9999-12-31T23:59:59.999Z"});
}
std::vector<Bytes> identifier_seeds() {
  return texts({"urn:epc:id:sgtin:6901234.056789.B1", "urn:epc:id:sscc:6901234.1234567890",
                "https://id.gs1.org/01/06901234567892/21/B1", "01/06901234567892/21/B1",
                "urn:epc:id:sgln:6901234.00001.0", "https://id.gs1.org/414/6901234000016/254/1",
                "urn:epc:id:pgln:6901234.00001", "cbv:BizStep-receiving",
                "urn:epcglobal:cbv:bizstep:retail_selling", "active"});
}
std::vector<Bytes> config_seeds() {
  Config config;
  config.name = "brand";
  config.member = 4;
  config.peer_port = 7000;
  config.api_port = 7001;
  config.peers = {{"east", "10.0.0.7", 7002}};
  return texts({print_config(config), "name='a'\n[peer]\nport=1\n[api]\nport=2\n",
                "a.b.c={d=[1,2.5,'x']}\nt=1979-05-27T07:32:00Z\n"});
}

// The Digital Link of a unit or place; serials and extensions may hold characters that links
// escape.
std::string link_of(const std::string& id) {
  auto at = std::string::npos;
  for (const std::string_view mark : {"/21/", "/254/"}) {
    const auto found = id.find(mark);
    if (found != std::string::npos) at = std::min(at, found + mark.size());
  }
  const auto head = id.substr(0, at);
  std::string escaped;
  for (const char c : id.substr(head.size())) {
    const std::string one(1, c);
    escaped += std::isalnum(static_cast<unsigned char>(c)) != 0 ? one : "%" + to_hex(bytes_of(one));
  }
  return "https://id.gs1.org/" + head + escaped;
}

template <class Decode, class Encode>
void expect_one_spelling(ByteView input, Decode decode, Encode encode, const char* what) {
  const auto value = decode(text_of(input));
  if (value) {
    EXPECT_FUZZ(encode(*value) == text_of(input), what);
  } else {
    EXPECT_FUZZ(value.error().code == Errc::text_invalid, what);
  }
}

}  // namespace

FENRUN_FUZZ(encoded, encoded_seeds) {
  expect_one_spelling(input, from_hex, to_hex, "hex");
  expect_one_spelling(input, from_base64, to_base64, "base64");
  expect_one_spelling(input, from_base32, to_base32, "base32");
  expect_one_spelling(
      input, from_decimal, [](std::uint64_t value) { return std::to_string(value); }, "decimal");
}

FENRUN_FUZZ(note, note_seeds) {
  const auto text = text_of(input);
  if (const auto note = parse_note(text)) {
    EXPECT_FUZZ(print(*note) == text, "a note has two spellings");
    EXPECT_FUZZ(note->signatures.size() <= kNoteSignaturesMax, "too many signatures");
  } else {
    EXPECT_FUZZ(note.error().code == Errc::checkpoint_malformed, note.error().to_string());
  }
  if (const auto body = parse_checkpoint_body(text)) {
    EXPECT_FUZZ(print(*body) == text, "a body has two spellings");
  }
  if (const auto line = parse_note_signature(text)) {
    EXPECT_FUZZ(print(*line) == text, "a signature has two spellings");
  }
  if (const auto key = parse_verifier_key(text)) {
    EXPECT_FUZZ(print(*key) == text, "a key has two spellings");
  }
}

FENRUN_FUZZ(trust_policy, policy_seeds) {
  const auto policy = TrustPolicy::parse(text_of(input));
  if (!policy) {
    EXPECT_FUZZ(policy.error().code == Errc::policy_malformed, policy.error().to_string());
    return;
  }
  const auto printed = TrustPolicy::parse(policy->print());
  EXPECT_FUZZ(printed && *printed == *policy, "what is printed is another policy");
  const auto canonical = TrustPolicy::parse(policy->canonical());
  EXPECT_FUZZ(canonical && canonical->canonical() == policy->canonical(), "no canonical text");
  EXPECT_FUZZ(canonical->digest() == policy->digest(), "the validators' part has two digests");
  const auto same = policy->with_validators_of(*canonical);
  EXPECT_FUZZ(same && same->digest() == policy->digest(), "the validators are not taken over");
  const std::size_t count = policy->witnesses().size();
  EXPECT_FUZZ(!policy->is_met_by(std::vector<bool>(count, false)), "a quorum of nobody");
  EXPECT_FUZZ(policy->is_met_by(std::vector<bool>(count, true)), "a quorum that cannot be met");
}

FENRUN_FUZZ(key_file, key_file_seeds) {
  const auto file = parse_key_file(text_of(input));
  if (!file) {
    EXPECT_FUZZ(file.error().code == Errc::key_file_invalid, file.error().to_string());
    return;
  }
  if (const auto* sealed = std::get_if<SealedSeed>(&file->secret)) {
    EXPECT_FUZZ(sealed->cost.is_valid(), "a cost out of bounds");
    return;
  }
  const auto key = open_key_file(*file, nullptr);
  if (!key) {
    EXPECT_FUZZ(key.error().code == Errc::key_file_invalid, key.error().to_string());
    return;
  }
  const auto again = seal_key_file(*key, file->purpose, nullptr, {}, {});
  EXPECT_FUZZ(again && again->view() == text_of(input), "a key file has two spellings");
}

FENRUN_FUZZ(tile_path, tile_seeds) {
  const auto path = parse_tile_path(text_of(input));
  if (path) EXPECT_FUZZ(print(*path) == text_of(input), "a tile has two paths");
  Choices choices(input);
  const auto width = choices.below(kTileWidth);
  const auto bundle = choices.rest();
  const auto entries = decode_bundle(bundle, width);
  if (!entries) return;
  EXPECT_FUZZ(entries->size() == width && std::ranges::equal(encode_bundle(*entries), bundle),
              "a bundle has two encodings");
}

FENRUN_FUZZ(target, target_seeds) {
  const auto target = api::parse_target(text_of(input));
  if (!target) {
    EXPECT_FUZZ(target.error().code == Errc::value_invalid, target.error().to_string());
    return;
  }
  EXPECT_FUZZ(target->path.starts_with('/'), "a path without its slash");
  for (const auto& segment : target->segments) {
    EXPECT_FUZZ(!segment.empty() && segment != "." && segment != "..", "a dot segment");
    EXPECT_FUZZ(segment.find('\0') == std::string::npos, "a zero in a segment");
  }
}

FENRUN_FUZZ(tokens, token_seeds) {
  const auto table = api::TokenTable::parse(text_of(input));
  if (!table) {
    EXPECT_FUZZ(table.error().code == Errc::config_invalid, table.error().to_string());
    return;
  }
  EXPECT_FUZZ(!table->find("a token that nobody made"), "any token is known");
}

FENRUN_FUZZ(time, time_seeds) {
  if (const auto time = from_rfc3339(text_of(input))) {
    EXPECT_FUZZ(*time <= kRfc3339Max, "a time behind the last");
    const auto again = from_rfc3339(to_rfc3339(*time));
    EXPECT_FUZZ(again && *again == *time, "a time is printed as another");
    const auto event = epcis::parse_event_time(text_of(input));
    EXPECT_FUZZ(!event || *event == *time, "two readers of times do not agree");
  }
  if (const auto time = epcis::parse_event_time(text_of(input))) {
    EXPECT_FUZZ(*time <= kRfc3339Max, "a time of an event behind the last");
  }
}

FENRUN_FUZZ(identifier, identifier_seeds) {
  const auto text = text_of(input);
  if (const auto epc = epcis::canonical_epc(text)) {
    EXPECT_FUZZ(parse_epc(*epc).has_value(), "the ledger does not know " + *epc);
    const auto again = epcis::canonical_epc(link_of(*epc));
    EXPECT_FUZZ(again && *again == *epc, "another spelling is another unit: " + *epc);
  }
  if (const auto place = epcis::canonical_place(text)) {
    const auto again = epcis::canonical_place(is_digit(place->front()) ? link_of(*place) : *place);
    EXPECT_FUZZ(again && *again == *place, "another spelling is another place: " + *place);
  }
  for (const auto vocabulary : {epcis::Vocabulary::biz_step, epcis::Vocabulary::disposition}) {
    const auto word = epcis::canonical_word(vocabulary, text);
    if (!word) continue;
    const auto again = epcis::canonical_word(vocabulary, *word);
    EXPECT_FUZZ(again && *again == *word, "the canonical word is not: " + *word);
  }
}

FENRUN_FUZZ(config, config_seeds) {
  const auto config = parse_config(text_of(input), "/home");
  if (!config) {
    EXPECT_FUZZ(config.error().code == Errc::config_invalid, config.error().to_string());
    return;
  }
  const auto again = parse_config(print_config(*config), "/home");
  EXPECT_FUZZ(again.has_value(), again ? "" : again.error().to_string());
  EXPECT_FUZZ(print_config(*again) == print_config(*config), "what is printed reads otherwise");
}

}  // namespace fenrun::fuzz
