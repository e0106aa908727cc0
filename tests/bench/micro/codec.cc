// Encoding and decoding: what is sent, stored and hashed passes through here several times.
#include <benchmark/benchmark.h>

#include "core/check.h"
#include "tests/bench/micro/work.h"
#include "tests/support/world.h"

namespace fenrun::micro {
namespace {

// Signed by a party of the example network.
SignedTransaction transaction_of(std::size_t operations) {
  TransactionBody body;
  body.signer = PartySigner{test::party_named("brand"), test::key_named("brand").public_key()};
  List<OperationBytes, kTransactionOperationsMax> payloads;
  for (std::size_t i = 0; i < operations; ++i) {
    const auto amount = Amount::minor(static_cast<std::int64_t>(i + 1));
    payloads.push_back(*encode_operation(DeclareBudget{test::kCampaign, AssetId(0), amount}));
  }
  return sign_transaction(body, payloads, test::key_named("brand"));
}

Posting some_posting() {
  Posting posting;
  posting.kind = PostingKind::earning;
  posting.campaign = test::kCampaign;
  posting.period = test::kPeriod;
  posting.source = {test::party_named("brand"), Book::fund, 7, Position(1'000'000)};
  posting.destination = {test::party_named("store"), Book::payable, 1, std::nullopt};
  posting.amount = Amount::minor(250);
  posting.cause = Position(2'000'000);
  posting.policy = test::kPolicy;
  posting.policy_version = 1;
  posting.inputs = test::digest_named("inputs");
  return posting;
}

Work encode_transaction(std::size_t operations) {
  return {operations, [transaction = transaction_of(operations)] {
            benchmark::DoNotOptimize(encode(transaction));
          }};
}

Work decode_transaction_of(std::size_t operations) {
  return {operations, [bytes = encode(transaction_of(operations))] {
            const auto transaction = decode<SignedTransaction>(bytes);
            CHECK(transaction.has_value());
            benchmark::DoNotOptimize(transaction);
          }};
}

Work encode_posting() {
  return {1, [entry = Entry(some_posting())] { benchmark::DoNotOptimize(encode_entry(entry)); }};
}

Work decode_posting() {
  return {1, [bytes = encode_entry(some_posting())] {
            const auto entry = decode_entry(bytes);
            CHECK(entry.has_value());
            benchmark::DoNotOptimize(entry);
          }};
}

}  // namespace

std::vector<NamedWork> codec_work() {
  return {
      {"encode_single", [] { return encode_transaction(1); }},
      {"encode_batch", [] { return encode_transaction(kTransactionOperationsMax); }},
      {"encode_posting", encode_posting},
      {"decode_single", [] { return decode_transaction_of(1); }},
      {"decode_batch", [] { return decode_transaction_of(kTransactionOperationsMax); }},
      {"decode_posting", decode_posting},
  };
}

}  // namespace fenrun::micro
