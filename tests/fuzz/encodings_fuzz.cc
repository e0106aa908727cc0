// Everything that has an encoding: what is decoded encodes to the same bytes, what is refused has a
// code of form.
#include <algorithm>
#include <utility>
#include <variant>

#include "consensus/evidence.h"
#include "consensus/io.h"
#include "contracts/genesis.h"
#include "contracts/operations.h"
#include "contracts/records.h"
#include "contracts/system_work.h"
#include "core/codec.h"
#include "ledger/proof/entry.h"
#include "ledger/proof/proof.h"
#include "ledger/snapshot.h"
#include "ledger/transaction.h"
#include "net/frame.h"
#include "node/messages.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/world.h"

namespace fenrun::fuzz {
namespace {

template <class T>
void round_trip(ByteView input) {
  const auto value = decode<T>(input);
  if (!value) {
    EXPECT_FUZZ(is_code_of_form(value.error().code), value.error().to_string());
    return;
  }
  EXPECT_FUZZ(std::ranges::equal(encode(*value), input), "decode, then encode, gives other bytes");
}

template <class... Ts>
std::vector<Bytes> seeds_of(const Ts&... values) {
  return {encode(values)...};
}

// Each alternative with nothing in it, and these.
template <class Variant>
std::vector<Bytes> seeds_of_alternatives(const std::vector<Variant>& further = {}) {
  std::vector<Bytes> seeds;
  const auto add = [&]<std::size_t... I>(std::index_sequence<I...>) {
    (seeds.push_back(encode(Variant(std::in_place_index<I>))), ...);
  };
  add(std::make_index_sequence<std::variant_size_v<Variant>>());
  for (const auto& value : further) seeds.push_back(encode(value));
  return seeds;
}

// ---- Examples of all that travels ---------------------------------------------------------------

Signature some_signature() {
  Signature signature;
  signature.bytes.fill(0x5a);
  return signature;
}
Subject some_subject() {
  return {VoteKind::notarize, Epoch(1), View(7), View(5), test::digest_named("block")};
}
Certificate some_certificate() {
  return {some_subject(), 0b1011, {some_signature(), some_signature(), some_signature()}};
}
Certificate some_nullification() {
  return {Subject::nullify(Epoch(1), View(6)),
          0b0111,
          {some_signature(), some_signature(), some_signature()}};
}
Vote some_vote() { return {some_subject(), ValidatorIndex(1), some_signature()}; }
Propose some_proposal() {
  Propose out{Epoch(1), View(7), View(5), test::digest_named("parent"), Height(4), {}, {}, {}};
  out.payload.header = {1, 2, 3};
  out.payload.batches = {test::digest_named("batch"), test::digest_named("another")};
  out.justification = {some_certificate(), {some_nullification()}};
  out.signature = some_signature();
  return out;
}

std::vector<Message> messages() {
  return {some_proposal(),
          some_vote(),
          some_certificate(),
          some_nullification(),
          PeerStatus{Epoch(1), View(7), Height(3), View(5), Height(1), TimeMs(12)},
          BlockAnswer{some_proposal()},
          Evidence{some_vote(), some_vote()},
          LastVote{5, some_vote()}};
}

std::vector<Operation> operations() {
  RegisterParty party;
  party.parent = test::party_named("brand");
  party.keys = {{KeyPurpose::transactions, test::key_named("store").public_key(), {}}};
  RecordEvent event;
  event.event_hash = test::digest_named("hash");
  event.batch = UnitBatchId(1);
  event.units = {test::item(1), test::item(2)};
  PolicyV1 policy;
  policy.countersigners = {test::party_named("east")};
  policy.funding = {{test::party_named("brand"), 1'000'000}};
  policy.rules = {Rule{}};
  return {party,
          event,
          PublishPolicy{policy},
          ProposeChange{SetParameters{default_parameters()}, Height(9)},
          ProposeChange{AdmitParty{party}, Height(9)},
          ProposeChange{AdmitMember{{"west"}, test::party_named("west"), {}, {}}, Height(9)},
          ProposeChange{RemoveValidator{{"west"}}, Height(9)},
          ProposeChange{RecoverParty{test::party_named("brand"), {}, {}}, Height(9)}};
}

SignedTransaction some_transaction() {
  TransactionBody body;
  body.signer = PartySigner{test::party_named("brand"), {}};
  List<OperationBytes, kTransactionOperationsMax> payloads;
  for (const auto& operation : operations()) payloads.push_back(*encode_operation(operation));
  return sign_transaction(body, payloads, test::key_named("brand"));
}

std::vector<Entry> entries() {
  const auto transaction = some_transaction();
  RecordEntry record{Bytes{1, 2, 3}, 1, Bytes{4, 5}, Position(2)};
  Posting posting;
  posting.source.previous = Position(3);
  return {SystemEntry{Bytes{1, 2}}, TransactionEntry{transaction.body, transaction.signature, {}},
          OperationEntry{Position(1), 0, transaction.operations[0], Errc::signer_unknown}, posting,
          record};
}

SnapshotManifest some_manifest() {
  SnapshotManifest manifest;
  manifest.header = encode_entry(Header{});
  manifest.certificate = encode(some_certificate());
  manifest.sections = {{test::digest_named("a"), test::digest_named("b")}, {}};
  return manifest;
}

SnapshotPart some_part() {
  SnapshotPart part;
  part.bits = Bytes(32, 0xff);
  part.pieces = {test::digest_named("piece")};
  part.content = {{{3}, {Bytes{1, 2}, Bytes{}}, {test::digest_named("leaf")}}};
  return part;
}

std::vector<NodeMessage> node_messages() {
  std::vector<NodeMessage> out;
  for (const auto& message : messages()) out.emplace_back(message);
  RangeAnswer range;
  range.blocks = {{encode_entry(Header{}), {some_transaction()}}};
  range.descendants = {encode_entry(Header{})};
  range.finalization = some_certificate();
  out.insert(out.end(),
             {TxBatch{{some_transaction()}}, BatchAck{{test::digest_named("batch")}}, range,
              Handover{Epoch(1), {"note"}}, GetSnapshot{Height(1), Height(2)},
              SnapshotOffer{some_manifest()}, SnapshotPartAnswer{{Height(1), 0, 0}, some_part()}});
  return out;
}

std::vector<Bytes> message_seeds() { return seeds_of_alternatives<Message>(messages()); }
std::vector<Bytes> node_message_seeds() {
  return seeds_of_alternatives<NodeMessage>(node_messages());
}
std::vector<Bytes> certificate_seeds() {
  return seeds_of(some_certificate(), some_nullification());
}
std::vector<Bytes> evidence_seeds() { return seeds_of(Evidence{some_vote(), some_vote()}); }
std::vector<Bytes> log_record_seeds() {
  return seeds_of_alternatives<LogRecord>({some_vote(), some_certificate(), some_proposal()});
}
std::vector<Bytes> transaction_seeds() { return seeds_of(some_transaction(), SignedTransaction{}); }
std::vector<Bytes> tx_batch_seeds() {
  return seeds_of(TxBatch{{some_transaction()}},
                  TxBatch{{some_transaction(), SignedTransaction{}}});
}
std::vector<Bytes> operation_seeds() { return seeds_of_alternatives<Operation>(operations()); }
std::vector<Bytes> entry_seeds() { return seeds_of_alternatives<Entry>(entries()); }
std::vector<Bytes> header_seeds() { return seeds_of(Header{}); }
std::vector<Bytes> genesis_seeds() { return seeds_of(test::example_genesis(), Genesis{}); }
std::vector<Bytes> manifest_seeds() { return seeds_of(some_manifest(), SnapshotManifest{}); }
std::vector<Bytes> part_seeds() { return seeds_of(some_part(), SnapshotPart{}); }
std::vector<Bytes> control_seeds() {
  return seeds_of_alternatives<net::Control>({net::Refusal{Errc::chain_wrong, {"another"}}});
}

}  // namespace

FENRUN_FUZZ(message, message_seeds) { round_trip<Message>(input); }
FENRUN_FUZZ(node_message, node_message_seeds) { round_trip<NodeMessage>(input); }
FENRUN_FUZZ(log_record, log_record_seeds) { round_trip<LogRecord>(input); }
FENRUN_FUZZ(tx_batch, tx_batch_seeds) { round_trip<TxBatch>(input); }
FENRUN_FUZZ(header, header_seeds) { round_trip<Header>(input); }
FENRUN_FUZZ(snapshot_manifest, manifest_seeds) { round_trip<SnapshotManifest>(input); }
FENRUN_FUZZ(control, control_seeds) { round_trip<net::Control>(input); }

FENRUN_FUZZ(evidence, evidence_seeds) {
  round_trip<Evidence>(input);
  const auto value = decode<Evidence>(input);
  if (!value) return;
  const auto& [first, second] = *value;
  EXPECT_FUZZ(conflict(first, second) == conflict(second, first), "conflict() is not symmetric");
  EXPECT_FUZZ(!conflict(first, first), "a vote excludes itself");
}

FENRUN_FUZZ(certificate, certificate_seeds) {
  round_trip<Certificate>(input);
  const auto certificate = decode<Certificate>(input);
  if (!certificate) return;
  std::size_t votes = 0;
  for (std::uint16_t i = 0; i < kValidatorsMax; ++i) {
    if (!certificate->signed_by(ValidatorIndex(i))) continue;
    const auto vote = certificate->vote_of(ValidatorIndex(i));
    EXPECT_FUZZ(vote.signature == certificate->signatures[votes], "another's signature");
    ++votes;
  }
  EXPECT_FUZZ(votes == certificate->signatures.size(), "signatures without a signer");
}

FENRUN_FUZZ(transaction, transaction_seeds) {
  round_trip<SignedTransaction>(input);
  const auto chain = decode<SignedTransaction>(input);
  const auto formed = decode_transaction(input, chain ? chain->body.chain_id : Digest{});
  if (!formed) return;
  EXPECT_FUZZ(chain && *chain == *formed, "two decoders do not agree");
  EXPECT_FUZZ(
      !formed->operations.empty() && formed->operations.size() == formed->body.operation_count,
      "operations that are not counted");
}

FENRUN_FUZZ(operation, operation_seeds) {
  round_trip<Operation>(input);
  const auto operation = decode_operation(input);
  if (!operation) {
    EXPECT_FUZZ(operation.error().code == Errc::operation_undecodable,
                operation.error().to_string());
    return;
  }
  const auto bytes = encode_operation(*operation);
  EXPECT_FUZZ(bytes && std::ranges::equal(*bytes, input), "the operation has two encodings");
}

FENRUN_FUZZ(entry, entry_seeds) {
  round_trip<Entry>(input);
  const auto entry = decode_entry(input);
  if (!entry) return;
  EXPECT_FUZZ(std::ranges::equal(encode_entry(*entry), input), "the entry has two encodings");
}

FENRUN_FUZZ(genesis, genesis_seeds) {
  round_trip<Genesis>(input);
  const auto genesis = decode<Genesis>(input);
  if (!genesis || !check_genesis(*genesis)) return;
  const auto block = execute_genesis(*genesis, test::digest_named("policy"));
  EXPECT_FUZZ(block.entries.size() > genesis->parties.size(), "parties without a Record");
}

FENRUN_FUZZ(snapshot_part, part_seeds) {
  round_trip<SnapshotPart>(input);
  const auto part = decode<SnapshotPart>(input);
  if (!part) return;
  Header header;
  header.position = Position(part->section * kSectionPositions + 2'000);
  const auto items = read_part(header, *part);
  if (!items) {
    EXPECT_FUZZ(items.error().code == Errc::snapshot_invalid, items.error().to_string());
    return;
  }
  for (const auto& item : *items) {
    EXPECT_FUZZ(item.position < header.position, "a position behind the snapshot's");
    EXPECT_FUZZ(!item.is_active || item.entry != nullptr, "a current Record without its entry");
  }
}

}  // namespace fenrun::fuzz
