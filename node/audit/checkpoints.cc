#include "node/audit/checkpoints.h"

#include "ledger/proof/recovery.h"
#include "ledger/proof/verify.h"
#include "node/storage/handover_files.h"

namespace fenrun::audit {
namespace {

Error at(const std::string& source, const Error& error) {
  return {error.code, source + ": " + error.detail};
}

// What need not be there.
template <class T>
Result<std::optional<T>> if_kept(Result<T> kept) {
  if (kept) return std::optional<T>(*std::move(kept));
  if (kept.error().code == Errc::not_found) return std::optional<T>();
  return kept.error();
}

}  // namespace

Result<Checkpoints> Checkpoints::open(Options options, const std::string& origin) {
  if (options.trust && options.trust->origin() != origin) {
    return Error{Errc::origin_unknown, "the trust file is of " + options.trust->origin() +
                                           ", the genesis makes " + origin};
  }
  Checkpoints checkpoints(std::move(options));
  if (const auto& note = checkpoints.options_.note) {
    FENRUN_OK(checkpoints.expect(checkpoints.options_.note_source, *note, true));
  }
  return checkpoints;
}

Status Checkpoints::expect(std::string source, std::string text, bool is_own) {
  auto note = parse_note(text);
  if (!note) return at(source, note.error());
  // A node serves the signatures in the order in which they came.
  sort_signatures(*note);
  expected_.emplace(note->body.size, Expected{std::move(source), print(*note), is_own});
  return {};
}

Status Checkpoints::begin_epoch(Epoch epoch, const std::string& policy_text) {
  epoch_ = epoch;
  FENRUN_TRY(validators_, TrustPolicy::parse(policy_text));
  const auto& trust = options_.trust;
  is_trust_seen_ = is_trust_seen_ || (trust && trust->digest() == validators_->digest());
  const std::string number = std::to_string(epoch.value());
  FENRUN_TRY(const auto anchor, if_kept(load_anchor_file(*options_.files, options_.folder, epoch)));
  if (anchor) FENRUN_OK(expect("anchor of epoch " + number, *anchor, false));
  FENRUN_TRY(const auto handover,
             if_kept(load_handover_file(*options_.files, options_.folder, epoch)));
  // A recovery stands in the journal as well, and is executed again.
  if (handover && !is_recovery(handover->checkpoint.value)) {
    FENRUN_OK(expect("handover of epoch " + number, handover->checkpoint.value, false));
  }
  return {};
}

Status Checkpoints::check(std::uint64_t size, const Digest& root) {
  while (!expected_.empty() && expected_.begin()->first <= size) {
    const auto [covered, expected] = *expected_.begin();
    expected_.erase(expected_.begin());
    if (covered != size) {
      return at(expected.source, {Errc::index_out_of_range,
                                  "no block ends with entry " + std::to_string(covered) + " - 1"});
    }
    auto policy = *validators_;
    if (expected.is_own && options_.trust) {
      FENRUN_TRY(policy, options_.trust->with_validators_of(policy));
    }
    auto trusted = verify_checkpoint(expected.note, policy);
    if (!trusted) return at(expected.source, trusted.error());
    if (trusted->body.root != root) {
      return at(expected.source,
                {Errc::root_mismatch, "the validators signed another ledger of this size"});
    }
    CheckedCheckpoint checked{expected.source, epoch_, covered, root, {}};
    for (const auto& cosigner : trusted->cosigners) checked.cosigners.push_back(cosigner.name);
    checked_.push_back(std::move(checked));
  }
  return {};
}

Status Checkpoints::finish() const {
  if (options_.trust && !is_trust_seen_) {
    return Error{Errc::validators_mismatch, "no epoch of this journal had its validators"};
  }
  for (const auto& [size, expected] : expected_) {
    if (!expected.is_own) continue;  // Learnt on the way to a snapshot that was not taken in.
    return at(expected.source,
              {Errc::index_out_of_range,
               "it covers " + std::to_string(size) +
                   " entries, the journal has fewer: copy the journal after the checkpoint"});
  }
  return {};
}

}  // namespace fenrun::audit
