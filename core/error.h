// The one list of reasons for which something is refused.
//
// Numbers are part of the formats: an operation's outcome is journaled as its number.  Never change
// or reuse one.  Names are what the API, the CLI and proof verification print; they are stable too.
//   1xx form · 2xx admission · 3xx execution · 4xx proofs · 5xx the node and its surroundings
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fenrun {

// X(name, number, what to do next)
#define FENRUN_ERRORS(X)                                                                           \
  X(ok, 0, "")                                                                                     \
  /* Form: bytes that are no message at all. */                                                    \
  X(truncated, 100, "the data ends too early: send it again, whole")                               \
  X(trailing_bytes, 101, "remove the bytes behind the encoded value")                              \
  X(length_wrong, 102, "check the length of the field")                                            \
  X(limit_exceeded, 103, "the field is larger than the protocol allows: see docs/spec/limits.md")  \
  X(encoding_not_canonical, 104, "encode with the one spelling of BCS: see docs/spec/encoding.md") \
  X(variant_unknown, 105, "this version does not know the variant: upgrade or correct it")         \
  X(text_invalid, 106, "correct the text: wrong alphabet, padding or UTF-8")                       \
  X(value_invalid, 107, "correct the field named")                                                 \
  X(not_supported_yet, 108, "this version does not support it yet: leave it out")                  \
  X(json_invalid, 109, "send well-formed JSON of the documented shape")                            \
  X(personal_data, 110, "remove personal data from the field named: only pseudonyms are kept")     \
  /* Admission: a transaction that is not journaled. */                                            \
  X(chain_wrong, 200, "the transaction is for another network: sign it with this chain id")        \
  X(signer_unknown, 201, "register the signing party or its key first")                            \
  X(signature_invalid, 202, "sign the transaction's exact bytes with the party's current key")     \
  X(sequence_stale, 203, "the sequence is used: ask for the lane's next sequence and sign again")  \
  X(sequence_gap, 204, "send the earlier sequences of the lane first")                             \
  X(lane_unknown, 205, "open the lane first; lane 0 always exists")                                \
  X(expired, 206, "valid_until has passed: sign again with a later height")                        \
  X(valid_until_too_far, 207, "choose a valid_until nearer to the present height")                 \
  X(operations_root_mismatch, 208, "the operations do not hash to the signed root: sign again")    \
  X(transaction_too_large, 209, "split the transaction")                                           \
  X(mempool_full, 210, "the node is at its limit: try again after the time it names")              \
  X(duplicate, 211, "the transaction is known already: ask for its status")                        \
  X(version_unsupported, 212, "use a version that this network speaks")                            \
  X(dropped, 213, "the node let go of it before it was ordered: submit it again")                  \
  /* Execution: journaled with the operation, which then has no other effect. */                   \
  X(not_authorized, 300, "have a party with the right role or relation sign it")                   \
  X(party_unknown, 301, "register the party first")                                                \
  X(party_exists, 302, "choose a fresh random party id")                                           \
  X(role_not_allowed, 303, "the party's role may not do this")                                     \
  X(key_invalid, 304, "give a valid Ed25519 public key that is not in use")                        \
  X(recovery_unknown, 305, "propose the recovery first")                                           \
  X(recovery_pending, 306, "a recovery is pending: object to it or wait")                          \
  X(lane_exists, 307, "the lane is open already")                                                  \
  X(campaign_unknown, 308, "open the campaign first")                                              \
  X(campaign_exists, 309, "choose another campaign id")                                            \
  X(policy_unknown, 310, "publish the policy first")                                               \
  X(policy_exists, 311, "publish a new version instead")                                           \
  X(policy_digest_mismatch, 312, "countersign the digest of the policy as published")              \
  X(policy_retroactive, 313, "let the policy take effect later than its countersignatures")        \
  X(already_signed, 314, "it carries this signature already")                                      \
  X(period_unknown, 315, "open the period first")                                                  \
  X(period_exists, 316, "choose another period id")                                                \
  X(period_invalid, 317, "let the period open in the future and close after it opens")             \
  X(fund_unknown, 318, "declare the budget first")                                                 \
  X(budget_exhausted, 319, "raise the budget: the event is recorded and earned nothing")           \
  X(backing_exceeds_budget, 320, "attest no more than was declared")                               \
  X(unit_unknown, 321, "commission the unit first")                                                \
  X(unit_exists, 322, "the unit is commissioned already")                                          \
  X(unit_sold, 323, "the unit was sold already")                                                   \
  X(event_duplicate, 324, "this event is recorded already")                                        \
  X(event_in_future, 325, "the event lies after the block's time: correct the clock")              \
  X(amount_overflow, 326, "the amount does not fit 64 bits")                                       \
  X(amount_not_positive, 327, "give an amount above zero")                                         \
  X(payout_exceeds_earned, 328, "pay no more than is earned and not yet instructed")               \
  X(payout_unknown, 329, "instruct the payout first")                                              \
  X(payout_exists, 330, "choose another payout id")                                                \
  X(payout_state, 331, "the payout is not in a state that allows this")                            \
  X(proposal_unknown, 332, "propose the change first")                                             \
  X(proposal_exists, 333, "the change is proposed already: approve it")                            \
  X(parameter_invalid, 334, "choose a value within the stated range")                              \
  X(operation_undecodable, 335, "the operation's bytes are no operation of this version")          \
  X(output_limit, 336, "the operation writes too much: split it")                                  \
  X(atomic_aborted, 337, "another operation of the atomic transaction failed")                     \
  X(asset_mismatch, 338, "use the asset of the fund or account")                                   \
  X(batch_unknown, 339, "open the code batch first")                                               \
  X(batch_exists, 340, "choose another code batch id")                                             \
  X(member_unknown, 341, "admit the member first")                                                 \
  X(member_exists, 342, "the name, party or key belongs to a member already")                      \
  X(validator_unknown, 343, "name a validator of the present set")                                 \
  X(validator_exists, 344, "the member validates already")                                         \
  X(validator_not_ready, 345, "let the node catch up and report ready, then approve again")        \
  X(set_change_too_soon, 346, "wait: the validator's keys were replaced lately, or too often")     \
  X(set_too_small, 347, "a network keeps at least one validator")                                  \
  X(evidence_invalid, 348, "give two signed votes that exclude each other")                        \
  X(evidence_exists, 349, "this evidence is recorded already")                                     \
  X(unit_packed, 350, "unpack it first: it is in a container")                                     \
  X(unit_not_packed, 351, "record the packing first: the container does not hold it")              \
  X(unit_not_held, 352, "let the party that has the goods in hand report the step")                \
  X(unit_not_received, 353, "record first that the place received the goods")                      \
  X(unit_held, 354, "the goods are held as diverted: the brand can release them")                  \
  X(unit_destroyed, 355, "the unit is out of use for ever")                                        \
  X(unit_state, 356, "the unit's state does not allow the step: see its events")                   \
  X(event_unknown, 357, "record the event first, or name it by its hash")                          \
  X(code_unknown, 358, "the code is not of this batch: it may be a fake")                          \
  X(code_void, 359, "the code was voided and cannot be used")                                      \
  X(code_recalled, 360, "the goods were recalled: take them back to the store")                    \
  X(code_inactive, 361, "commission the codes first")                                              \
  X(code_used, 362, "the code was used before: ask when and in which region")                      \
  X(claim_path_wrong, 363, "claim as the batch says: by the code's key, or by its gateway")        \
  X(activity_exists, 364,                                                                          \
    "this activity is recorded already: another one needs another reference")                      \
  X(activity_unknown, 365, "record the activity first")                                            \
  X(activity_withdrawn, 366, "the activity was withdrawn already")                                 \
  X(evidence_epoch_wrong, 367, "give votes of an epoch in which the key was in the set")           \
  X(evidence_late, 368, "nothing: the votes' epoch ended too long ago")                            \
  /* Proofs: why a file is refused. */                                                             \
  X(proof_malformed, 400, "the file is damaged or no proof: fetch it again")                       \
  X(proof_not_canonical, 401, "the file was altered: fetch it again")                              \
  X(proof_version, 402, "verify with a version that knows this proof format")                      \
  X(policy_malformed, 403, "the trust file is damaged: ask a member you trust for it")             \
  X(checkpoint_malformed, 404, "the checkpoint in the file is damaged: fetch the proof again")     \
  X(origin_unknown, 405, "the proof is of another network than the trust file")                    \
  X(cosignature_invalid, 406, "a signature in the file is wrong: fetch the proof again")           \
  X(cosigner_unknown, 407, "a signer in the file is not in the trust file")                        \
  X(cosigner_repeated, 408, "one signer appears twice: the file was altered")                      \
  X(quorum_short, 409, "too few validators signed the checkpoint: do not rely on it")              \
  X(index_out_of_range, 410, "the file speaks of an entry behind the checkpoint")                  \
  X(path_length_wrong, 411, "a Merkle path has the wrong length: the file was altered")            \
  X(root_mismatch, 412, "a Merkle path does not lead to the root: the file was altered")           \
  X(entry_malformed, 413, "an entry in the file is no journal entry: the file was altered")        \
  X(header_mismatch, 414, "the header does not belong to the checkpoint")                          \
  X(validators_mismatch, 415,                                                                      \
    "get the current trust file, or for a proof that is older than yours verify with an earlier "  \
    "trust file or fetch the proof again")                                                         \
  X(not_current, 416, "the record was superseded: it is not the current value")                    \
  X(claim_mismatch, 417, "the entries do not show what the file claims")                           \
  X(statement_incomplete, 418, "a posting of the statement is missing: do not rely on it")         \
  X(stale, 419, "the checkpoint is older than you asked for: fetch the proof again")               \
  X(consistency_invalid, 420, "the two checkpoints do not extend one another: keep both")          \
  X(handover_missing, 421, "fetch a proof that starts at your trust file's validators")            \
  X(handover_invalid, 422, "the old validators did not sign this change: do not rely on it")       \
  X(recovery_invalid, 423, "a statement was altered or is not its operator's: do not rely on it")  \
  X(recovery_incomplete, 424, "get the statements of the operators named")                         \
  /* The node and its surroundings. */                                                             \
  X(io_error, 500, "check the disk and its permissions")                                           \
  X(corruption, 501, "the data is damaged: restore the node from its peers")                       \
  X(config_invalid, 502, "correct the configuration key named")                                    \
  X(unreachable, 503, "check that the node runs and that the address is right")                    \
  X(key_file_invalid, 504, "the key file is damaged or of another kind")                           \
  X(passphrase_wrong, 505, "give the passphrase with which the key file was sealed")               \
  X(key_permissions, 506, "chmod 600 the key file")                                                \
  X(not_found, 507, "nothing by that name is known here")                                          \
  X(unauthorized, 508, "give a member token: see docs/operating.md")                               \
  X(rate_limited, 509, "slow down and try again after the time named")                             \
  X(timeout, 510, "the answer did not come in time: ask for the status")                           \
  X(locked, 511, "another process uses the data directory")                                        \
  X(usage, 512, "see --help")                                                                      \
  X(peer_refused, 513, "the peer's key is not the one registered")                                 \
  X(not_ready, 514, "the node is starting or catching up: try again soon")                         \
  X(memory_short, 515, "free memory, or give the process more")                                    \
  X(vote_log_stale, 516, "the vote log is older than the votes of its key: run fenrun rejoin")     \
  X(snapshot_invalid, 517, "the snapshot does not fit its header: fetch it from another peer")     \
  X(violation, 518, "keep the seed: an invariant of the protocol was broken")                      \
  X(recovery_mismatch, 519, "start all nodes until they are at one height, then prepare again")    \
  X(recovery_unsafe, 520, "a block that may be final would be lost: see docs/operating.md")        \
  X(replay_mismatch, 521, "keep the folder: what it holds does not follow from what was signed")   \
  X(file_exists, 522, "it is never overwritten: choose another name, or move it away first")       \
  X(file_missing, 523, "make the file named, or give the right path")                              \
  X(listen_failed, 524, "choose an address of this machine and a port that nothing else uses")

enum class Errc : std::uint16_t {
#define FENRUN_ERRC(name, number, hint) name = number,
  FENRUN_ERRORS(FENRUN_ERRC)
#undef FENRUN_ERRC
};

// The stable name of a code, such as "sequence_stale"; "unknown_error" for a number without one.
std::string_view name_of(Errc code);

// What the reader can do about it, a clause without a full stop.
std::string_view hint_of(Errc code);

// The code with this number, if there is one.
std::optional<Errc> errc_from_number(std::uint16_t number);

struct Error {
  Errc code = Errc::ok;
  std::string detail;  // What is special about this case; may be empty.

  // "sequence_stale: next is 7 (the sequence is used: ...)"
  std::string to_string() const;

  friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace fenrun
