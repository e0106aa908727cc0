#include "ledger/proof/trust_policy.h"

#include <algorithm>

#include "core/check.h"
#include "core/limits.h"
#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::string_view kNone = "none";

Error malformed_policy(std::string_view what) {
  return {Errc::policy_malformed, std::string(what)};
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < line.size()) {
    if (is_blank(line[at])) {
      ++at;
      continue;
    }
    const auto start = at;
    while (at < line.size() && !is_blank(line[at])) ++at;
    words.push_back(line.substr(start, at - start));
  }
  return words;
}

bool is_printable(char c) { return c == '\t' || (c >= ' ' && c <= '~'); }

}  // namespace

std::string cosigner_name(std::string_view origin, std::string_view validator_name) {
  return std::string(origin) + "/" + std::string(validator_name);
}

std::string canonical_trust_policy(std::string_view origin, std::vector<CheckpointSigner> signers,
                                   std::size_t quorum) {
  CHECK(!signers.empty() && signers.size() <= kValidatorsMax);
  CHECK(quorum > 0 && quorum <= signers.size());
  std::ranges::sort(signers, {}, &CheckpointSigner::key);
  std::string logs;
  std::string witnesses;
  std::string names;
  for (const auto& signer : signers) {
    const VerifierKey log{std::string(origin), NoteKeyType::log, signer.key};
    const VerifierKey cosigner{cosigner_name(origin, signer.name), NoteKeyType::cosignature,
                               signer.key};
    CHECK(is_key_name(cosigner.name) && signer.name != kNone && signer.name != kValidatorsGroup);
    logs += "log " + fenrun::print(log) + "\n";
    witnesses += "witness " + signer.name + " " + fenrun::print(cosigner) + "\n";
    names += " " + signer.name;
  }
  const auto group = std::string(kValidatorsGroup);
  return logs + witnesses + "group " + group + " " + std::to_string(quorum) + names + "\nquorum " +
         group + "\n";
}

Digest trust_policy_digest(std::string_view origin, std::vector<CheckpointSigner> signers,
                           std::size_t quorum) {
  return hash(Domain::trust_policy,
              bytes_of(canonical_trust_policy(origin, std::move(signers), quorum)));
}

Result<TrustPolicy> TrustPolicy::parse(std::string_view text) {
  if (text.size() > kTrustPolicyBytesMax) return malformed_policy("the file is too long");
  TrustPolicy policy;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return malformed_policy("the last line is not ended");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;  // A comment may be in any language.
    if (!std::ranges::all_of(line, is_printable)) {
      return malformed_policy("line " + std::to_string(number) + ": not printable ASCII");
    }
    if (const auto status = policy.add_line(words); !status) {
      return malformed_policy("line " + std::to_string(number) + ": " + status.error().detail);
    }
  }
  FENRUN_OK(policy.check_whole());
  return policy;
}

Status TrustPolicy::add_line(const Words& words) {
  if (words[0] == "log") return add_log(words);
  if (words[0] == "witness") return add_witness(words);
  if (words[0] == "group") return add_group(words);
  if (words[0] == "quorum") return set_quorum(words);
  return malformed_policy("neither log, witness, group nor quorum");
}

// Two keys of one name and key id could not be told apart in a note.
bool TrustPolicy::has_key(const VerifierKey& key) const {
  const auto is_same = [&](const VerifierKey& other) {
    return other.name == key.name && other.id() == key.id();
  };
  return std::ranges::any_of(logs_, is_same) ||
         std::ranges::any_of(witnesses_, is_same, &Witness::key);
}

Status TrustPolicy::add_log(const Words& words) {
  if (words.size() != 2 && words.size() != 3) return malformed_policy("log <vkey> [<url>]");
  if (logs_.size() == kValidatorsMax) return malformed_policy("too many logs");
  const auto key = parse_verifier_key(words[1]);
  if (!key || key->type != NoteKeyType::log) return malformed_policy("not a log's key");
  if (!logs_.empty() && key->name != origin_) return malformed_policy("a log of another origin");
  if (std::ranges::count(logs_, key->key, &VerifierKey::key) > 0 || has_key(*key)) {
    return malformed_policy("a log's key appears twice");
  }
  origin_ = key->name;
  logs_.push_back(*key);
  return {};
}

Status TrustPolicy::add_witness(const Words& words) {
  if (words.size() != 3 && words.size() != 4)
    return malformed_policy("witness <name> <vkey> [<url>]");
  if (witnesses_.size() == kTrustPolicyWitnessesMax) return malformed_policy("too many witnesses");
  if (!is_key_name(words[1]) || words[1] == kNone || words[1] == kValidatorsGroup ||
      find(words[1])) {
    return malformed_policy("the name is not allowed or taken");
  }
  const auto key = parse_verifier_key(words[2]);
  if (!key || key->type != NoteKeyType::cosignature)
    return malformed_policy("not a cosigner's key");
  const auto is_same = [&](const Witness& other) { return other.key.key == key->key; };
  if (std::ranges::any_of(witnesses_, is_same) || has_key(*key)) {
    return malformed_policy("a witness's key appears twice");
  }
  witnesses_.push_back({std::string(words[1]), *key, false});
  return {};
}

Status TrustPolicy::add_group(const Words& words) {
  if (words.size() < 4) return malformed_policy("group <name> <k|any|all> <members>");
  if (groups_.size() == kTrustPolicyGroupsMax) return malformed_policy("too many groups");
  if (!is_key_name(words[1]) || words[1] == kNone || find(words[1])) {
    return malformed_policy("the name is not allowed or taken");
  }
  Group group;
  group.name = words[1];
  const std::size_t size = words.size() - 3;
  for (std::size_t i = 3; i < words.size(); ++i) {
    FENRUN_TRY(const auto member, find(words[i]));
    if (std::ranges::count(members_, words[i]) > 0)
      return malformed_policy("a member of two groups");
    members_.emplace_back(words[i]);
    group.members.push_back(member);
  }
  if (words[2] == "any" || words[2] == "all") {
    group.threshold = words[2] == "any" ? 1 : size;
  } else {
    const auto threshold = from_decimal(words[2]);
    if (!threshold || *threshold == 0 || *threshold > size)
      return malformed_policy("the threshold");
    group.threshold = *threshold;
  }
  groups_.push_back(std::move(group));
  return {};
}

Status TrustPolicy::set_quorum(const Words& words) {
  if (words.size() != 2) return malformed_policy("quorum <name>");
  if (has_quorum_) return malformed_policy("a second quorum");
  FENRUN_TRY(quorum_, find(words[1]));
  has_quorum_ = true;
  return {};
}

Result<TrustPolicy::Member> TrustPolicy::find(std::string_view name) const {
  for (std::size_t i = 0; i < witnesses_.size(); ++i) {
    if (witnesses_[i].name == name) return Member{false, i};
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].name == name) return Member{true, i};
  }
  return malformed_policy("an unknown name");
}

const std::string& TrustPolicy::name_of(Member member) const {
  return member.is_group ? groups_[member.index].name : witnesses_[member.index].name;
}

// The validators' group stands for the logs: the same keys, named after the origin.
Status TrustPolicy::check_whole() {
  if (!has_quorum_) return malformed_policy("no quorum");
  const auto group = find(kValidatorsGroup);
  if (!group || !group->is_group) return malformed_policy("no group of the validators");
  validators_ = group->index;
  for (const auto member : groups_[validators_].members) {
    if (member.is_group) return malformed_policy("a group among the validators");
    auto& witness = witnesses_[member.index];
    if (witness.key.name != cosigner_name(origin_, witness.name)) {
      return malformed_policy("a validator's key is not named after the origin");
    }
    if (std::ranges::count(logs_, witness.key.key, &VerifierKey::key) != 1) {
      return malformed_policy("a validator without a log line");
    }
    witness.is_validator = true;
  }
  if (logs_.size() != groups_[validators_].members.size()) {
    return malformed_policy("a log line without a validator");
  }
  return {};
}

std::string TrustPolicy::print_line(const Witness& witness) {
  return "witness " + witness.name + " " + fenrun::print(witness.key) + "\n";
}

std::string TrustPolicy::print_line(const Group& group) const {
  std::string out = "group " + group.name + " " + std::to_string(group.threshold);
  for (const auto member : group.members) out += " " + name_of(member);
  return out + "\n";
}

std::string TrustPolicy::print() const {
  std::string out;
  for (const auto& log : logs_) out += "log " + fenrun::print(log) + "\n";
  for (const auto& witness : witnesses_) out += print_line(witness);
  for (const auto& group : groups_) out += print_line(group);
  return out + "quorum " + name_of(quorum_) + "\n";
}

std::vector<CheckpointSigner> TrustPolicy::validators() const {
  std::vector<CheckpointSigner> signers;
  for (const auto& witness : witnesses_) {
    if (witness.is_validator) signers.push_back({witness.name, witness.key.key});
  }
  return signers;
}

std::size_t TrustPolicy::validators_quorum() const { return groups_[validators_].threshold; }

std::string TrustPolicy::canonical() const {
  return canonical_trust_policy(origin_, validators(), validators_quorum());
}

Digest TrustPolicy::digest() const {
  return trust_policy_digest(origin_, validators(), validators_quorum());
}

Result<TrustPolicy> TrustPolicy::with_validators_of(const TrustPolicy& next) const {
  if (next.origin_ != origin_) return Error{Errc::origin_unknown, next.origin_};
  // The canonical text up to its quorum line, then what is our own.  No group of ours has a
  // validator as a member: those are members of the validators' group.
  std::string text = next.canonical();
  text.erase(text.rfind("quorum "));
  for (const auto& witness : witnesses_) {
    if (!witness.is_validator) text += print_line(witness);
  }
  for (const auto& group : groups_) {
    if (&group != &groups_[validators_]) text += print_line(group);
  }
  return parse(text + "quorum " + name_of(quorum_) + "\n");
}

bool TrustPolicy::is_met_by(const std::vector<bool>& cosigned) const {
  CHECK(cosigned.size() == witnesses_.size());
  std::vector<bool> met;  // By group; members stand before their group.
  const auto holds = [&](Member member) {
    return member.is_group ? met[member.index] : cosigned[member.index];
  };
  for (const auto& group : groups_) {
    const auto count = std::ranges::count_if(group.members, holds);
    met.push_back(static_cast<std::size_t>(count) >= group.threshold);
  }
  return met[validators_] && holds(quorum_);
}

}  // namespace fenrun
