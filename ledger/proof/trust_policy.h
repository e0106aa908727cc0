// Whom a verifier believes: a C2SP tlog-policy with a `validators` group.
// docs/spec/checkpoints.md, §5.
//
// The network's own policy has one canonical text, whose digest the Header of every block carries:
//
//   log <origin>+…                       one per validator, in the order of their keys' bytes
//   witness <name> <origin>/<name>+…     the same keys, as cosigners
//   group validators <quorum> <name> …
//   quorum validators
//
// A client may add witnesses and groups of its own and a quorum that asks for more; the validators'
// part of its file stays recognisable, and has the same digest.  Adding logs or taking a part of
// the validators is not possible: the digest would differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/hash.h"
#include "core/result.h"
#include "ledger/proof/note.h"

namespace fenrun {

inline constexpr std::string_view kValidatorsGroup = "validators";
inline constexpr std::size_t kTrustPolicyBytesMax = 64 * 1024;
inline constexpr std::size_t kTrustPolicyWitnessesMax = 128;
inline constexpr std::size_t kTrustPolicyGroupsMax = 64;

// A validator as the signer of checkpoints.
struct CheckpointSigner {
  std::string name;  // Within the network, such as "brand".
  PublicKey key;

  friend bool operator==(const CheckpointSigner&, const CheckpointSigner&) = default;
};

// The key's name of a validator's cosignatures: `<origin>/<name>`.
std::string cosigner_name(std::string_view origin, std::string_view validator_name);

// The canonical text and its digest.  The order of the signers does not matter.
// REQUIRES: 1 to kValidatorsMax signers with different valid keys and different key names that are
// neither "none" nor kValidatorsGroup; 0 < quorum <= their number.
std::string canonical_trust_policy(std::string_view origin, std::vector<CheckpointSigner> signers,
                                   std::size_t quorum);
Digest trust_policy_digest(std::string_view origin, std::vector<CheckpointSigner> signers,
                           std::size_t quorum);

class TrustPolicy {
 public:
  struct Witness {
    std::string name;  // Within this file.
    VerifierKey key;
    bool is_validator = false;

    friend bool operator==(const Witness&, const Witness&) = default;
  };

  // Accepts what C2SP allows and the rules of docs/spec/checkpoints.md, §5. Errc::policy_malformed.
  static Result<TrustPolicy> parse(std::string_view text);

  // The policy without comments, URLs and superfluous spaces; parses to an equal policy.
  std::string print() const;

  const std::string& origin() const { return origin_; }
  const std::vector<VerifierKey>& logs() const { return logs_; }
  const std::vector<Witness>& witnesses() const { return witnesses_; }
  std::vector<CheckpointSigner> validators() const;
  std::size_t validators_quorum() const;

  // The policy with the validators' part of another: its witnesses, its groups and its quorum stay.
  // Errc::origin_unknown for a policy of another network, Errc::policy_malformed where a name or
  // key of a further witness is now a validator's.
  Result<TrustPolicy> with_validators_of(const TrustPolicy& next) const;

  // The validators' part alone, in its canonical text.
  std::string canonical() const;
  // Of the validators' part alone, as Headers carry it.
  Digest digest() const;

  // True iff the quorum of the validators and the quorum of the file are both met when exactly the
  // witnesses marked have cosigned.  REQUIRES: one mark a witness.
  bool is_met_by(const std::vector<bool>& cosigned) const;

  friend bool operator==(const TrustPolicy&, const TrustPolicy&) = default;

 private:
  TrustPolicy() = default;

  // A witness, or a group: an index into their list.
  struct Member {
    bool is_group = false;
    std::size_t index = 0;
    friend bool operator==(const Member&, const Member&) = default;
  };
  struct Group {
    std::string name;
    std::size_t threshold = 0;
    std::vector<Member> members;
    friend bool operator==(const Group&, const Group&) = default;
  };
  using Words = std::vector<std::string_view>;

  Status add_line(const Words& words);
  Status add_log(const Words& words);
  Status add_witness(const Words& words);
  Status add_group(const Words& words);
  Status set_quorum(const Words& words);
  Status check_whole();
  Result<Member> find(std::string_view name) const;
  bool has_key(const VerifierKey& key) const;
  const std::string& name_of(Member member) const;
  static std::string print_line(const Witness& witness);
  std::string print_line(const Group& group) const;

  std::string origin_;
  std::vector<VerifierKey> logs_;
  std::vector<Witness> witnesses_;
  std::vector<Group> groups_;
  std::vector<std::string> members_;  // Names that a group has taken.
  bool has_quorum_ = false;
  Member quorum_;
  std::size_t validators_ = 0;  // Index of the validators' group.
};

}  // namespace fenrun
