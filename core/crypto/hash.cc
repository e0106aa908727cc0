// The one-shot functions of OpenSSL 3 look their algorithm up at every call, three times as long as
// hashing a Merkle node takes; its older functions are deprecated in name only and do not.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/hash.h"

#include <openssl/sha.h>

#include <array>

#include "core/check.h"

namespace fenrun {
namespace {

struct Tag {
  Domain domain;
  std::string_view text;
};

constexpr auto kTags = std::to_array<Tag>({
    {Domain::genesis, "fenrun/genesis/v1"},
    {Domain::transaction, "fenrun/tx/v1"},
    {Domain::operation, "fenrun/operation/v1"},
    {Domain::tx_batch, "fenrun/tx-batch/v1"},
    {Domain::batch_list, "fenrun/batch-list/v1"},
    {Domain::consensus_vote, "fenrun/vote/v1"},
    {Domain::active_chunk, "fenrun/active/v1"},
    {Domain::statement_open, "fenrun/statement/v1"},
    {Domain::statement_next, "fenrun/statement-next/v1"},
    {Domain::validator_set, "fenrun/validators/v1"},
    {Domain::trust_policy, "fenrun/trust-policy/v1"},
    {Domain::policy, "fenrun/policy/v1"},
    {Domain::inputs, "fenrun/inputs/v1"},
    {Domain::governance, "fenrun/governance/v1"},
    {Domain::payout_reference, "fenrun/payout/v1"},
    {Domain::unit_open, "fenrun/unit/v1"},
    {Domain::unit_next, "fenrun/unit-next/v1"},
    {Domain::validator_keys, "fenrun/validator-keys/v1"},
    {Domain::evidence, "fenrun/evidence/v1"},
    {Domain::snapshot, "fenrun/snapshot/v1"},
    {Domain::recovery, "fenrun/recovery/v1"},
    {Domain::code, "fenrun/code/v1"},
    {Domain::code_secret, "fenrun/code-secret/v1"},
    {Domain::code_key, "fenrun/code-key/v1"},
    {Domain::code_claim, "fenrun/code-claim/v1"},
    {Domain::key_possession, "fenrun/key-possession/v1"},
});

constexpr bool no_tag_is_a_prefix() {
  for (std::size_t i = 0; i < kTags.size(); ++i) {
    for (std::size_t k = 0; k < kTags.size(); ++k) {
      if (i != k && kTags[k].text.starts_with(kTags[i].text)) return false;
    }
  }
  return true;
}
static_assert(no_tag_is_a_prefix());

// One-shot hash over parts without an allocation.
template <class Feed>
Digest digest_of(Feed feed) {
  SHA256_CTX context;
  SHA256_Init(&context);
  feed([&](ByteView part) { SHA256_Update(&context, part.data(), part.size()); });
  Digest out;
  SHA256_Final(out.bytes.data(), &context);
  return out;
}

constexpr std::array<std::uint8_t, 1> kLeafPrefix{0x00};
constexpr std::array<std::uint8_t, 1> kNodePrefix{0x01};

}  // namespace

std::string_view tag_of(Domain domain) {
  for (const auto& tag : kTags) {
    if (tag.domain == domain) return tag.text;
  }
  UNREACHABLE();
}

struct Sha256::Context {
  SHA256_CTX sha;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { SHA256_Init(&context_->sha); }
Sha256::~Sha256() = default;

Sha256& Sha256::update(ByteView bytes) {
  SHA256_Update(&context_->sha, bytes.data(), bytes.size());
  return *this;
}

Digest Sha256::finish() {
  Digest out;
  SHA256_Final(out.bytes.data(), &context_->sha);
  return out;
}

Digest sha256(ByteView bytes) {
  return digest_of([&](auto feed) { feed(bytes); });
}

Digest hash(Domain domain, ByteView bytes) { return hash(domain, {bytes}); }

Digest hash(Domain domain, std::initializer_list<ByteView> parts) {
  return digest_of([&](auto feed) {
    feed(bytes_of(tag_of(domain)));
    for (const auto part : parts) feed(part);
  });
}

Digest leaf_hash(ByteView entry) { return leaf_hash({entry}); }

Digest leaf_hash(std::initializer_list<ByteView> parts) {
  return digest_of([&](auto feed) {
    feed(kLeafPrefix);
    for (const auto part : parts) feed(part);
  });
}

Digest node_hash(const Digest& left, const Digest& right) {
  return digest_of([&](auto feed) {
    feed(kNodePrefix);
    feed(left.bytes);
    feed(right.bytes);
  });
}

}  // namespace fenrun
