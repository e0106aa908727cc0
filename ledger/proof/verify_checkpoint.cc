#include <algorithm>
#include <functional>
#include <tuple>

#include "ledger/proof/verify.h"

namespace fenrun {
namespace {

Status check_order(const std::vector<NoteSignature>& signatures) {
  for (std::size_t i = 1; i < signatures.size(); ++i) {
    const auto& before = signatures[i - 1];
    const auto& here = signatures[i];
    const auto order = std::tie(before.name, before.key_id) <=> std::tie(here.name, here.key_id);
    if (order == 0) return Error{Errc::cosigner_repeated, here.name};
    if (order > 0) return Error{Errc::proof_not_canonical, "signatures are not sorted"};
  }
  return {};
}

bool is_by(const NoteSignature& signature, const VerifierKey& key) {
  return signature.name == key.name && signature.key_id == key.id();
}

}  // namespace

Result<TrustedCheckpoint> verify_checkpoint(std::string_view text, const TrustPolicy& policy) {
  FENRUN_TRY(const auto note, parse_note(text));
  if (note.body.origin != policy.origin()) return Error{Errc::origin_unknown, note.body.origin};
  FENRUN_OK(check_order(note.signatures));

  TrustedCheckpoint out;
  out.body = note.body;
  bool has_log_signature = false;
  std::vector<bool> cosigned(policy.witnesses().size());
  std::vector<std::uint64_t> validator_times;
  for (const auto& signature : note.signatures) {
    const auto is_signer = [&](const VerifierKey& key) { return is_by(signature, key); };
    const auto log = std::ranges::find_if(policy.logs(), is_signer);
    if (log != policy.logs().end()) {
      FENRUN_OK(verify_note_signature(*log, signature, note.body));
      has_log_signature = true;
      continue;
    }
    const auto witness =
        std::ranges::find_if(policy.witnesses(), is_signer, &TrustPolicy::Witness::key);
    if (witness == policy.witnesses().end()) {
      return Error{Errc::cosigner_unknown, signature.name};
    }
    FENRUN_TRY(const auto time_s, verify_note_signature(witness->key, signature, note.body));
    cosigned[static_cast<std::size_t>(witness - policy.witnesses().begin())] = true;
    if (witness->is_validator) validator_times.push_back(time_s);
    out.cosigners.push_back({signature.name, time_s, witness->is_validator});
  }
  // Stock tools ask for a log signature: what we accept, they accept.
  if (!has_log_signature) return Error{Errc::quorum_short, "no log signature"};
  if (!policy.is_met_by(cosigned)) {
    return Error{Errc::quorum_short, std::to_string(validator_times.size()) + " of " +
                                         std::to_string(policy.validators_quorum()) +
                                         " validators"};
  }
  std::ranges::sort(validator_times, std::greater<>());
  out.cosigned_s = validator_times[policy.validators_quorum() - 1];
  return out;
}

}  // namespace fenrun
