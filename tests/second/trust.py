"""Whom to believe: the trust file of docs/spec/checkpoints.md, §5, and rule 8 of proofs.md, §4."""

import dataclasses

from . import texts
from .errors import Refused, require
from .notes import COSIGNATURE, LOG, VerifierKey, verifier_key
from .trees import tagged

MALFORMED = "policy_malformed"
BYTES_MAX = 65_536
LINES_MAX = {"log": 64, "witness": 128, "group": 64}
VALIDATORS = "validators"


@dataclasses.dataclass(frozen=True)
class Group:
    threshold: int
    members: tuple


@dataclasses.dataclass
class TrustPolicy:
    """Logs, witnesses by name, groups by name, and the name that must be met."""

    logs: list = dataclasses.field(default_factory=list)
    witnesses: dict = dataclasses.field(default_factory=dict)
    groups: dict = dataclasses.field(default_factory=dict)
    quorum: str = ""

    @property
    def origin(self):
        return self.logs[0].name

    @property
    def threshold(self):
        return self.groups[VALIDATORS].threshold

    def validators(self):
        """Name -> key, in the order of the bytes of the keys."""
        members = self.groups[VALIDATORS].members
        return dict(sorted(((name, self.witnesses[name].key) for name in members),
                           key=lambda item: item[1]))

    def canonical_text(self):
        return canonical_text(self.origin, self.validators(), self.threshold)

    def digest(self):
        return tagged("trust-policy/v1", self.canonical_text().encode())

    def validators_part(self):
        """The network's own policy, without what a client added."""
        return parse(self.canonical_text())

    def keys(self):
        return [*self.logs, *self.witnesses.values()]

    def is_met(self, name, signers):
        """Whether the witness, or enough members of the group, are among the signers."""
        if name in self.witnesses:
            return name in signers
        group = self.groups[name]
        return sum(self.is_met(member, signers) for member in group.members) >= group.threshold

    def with_validators(self, network):
        """The client's file when the validators are those of another policy of the network."""
        gone = self.groups[VALIDATORS].members
        own = {name: key for name, key in self.witnesses.items() if name not in gone}
        groups = {name: group for name, group in self.groups.items() if name != VALIDATORS}
        require(not (own.keys() | groups.keys()) & network.witnesses.keys(), MALFORMED,
                "a witness or group has the name of a validator")
        joined = TrustPolicy(network.logs, {**network.witnesses, **own},
                             {VALIDATORS: network.groups[VALIDATORS], **groups}, self.quorum)
        joined.check()
        return joined

    def check(self):
        """What must hold of the whole file."""
        require(self.logs and self.quorum and VALIDATORS in self.groups, MALFORMED,
                "a log, a quorum and the group validators are needed")
        require(len({log.name for log in self.logs}) == 1, MALFORMED, "logs of several names")
        for keys in (self.logs, list(self.witnesses.values())):
            require(len({key.key for key in keys}) == len(keys), MALFORMED, "a key twice")
        require(len({(key.name, key.key_id) for key in self.keys()}) == len(self.keys()),
                MALFORMED, "a name and key id twice")
        names = list(self.groups[VALIDATORS].members)
        require(all(name in self.witnesses and
                    self.witnesses[name].name == f"{self.origin}/{name}" for name in names),
                MALFORMED, "a validator is no witness named after the origin")
        require({self.witnesses[name].key for name in names} == {log.key for log in self.logs},
                MALFORMED, "the logs are not the validators")
        require(self.quorum in self.witnesses or self.quorum in self.groups, MALFORMED,
                f"quorum {self.quorum}")


def canonical_text(origin, validators, threshold):
    """§5, Canonical text; `validators` are in the order of their keys."""
    lines = [f"log {VerifierKey(origin, LOG, key)}" for key in validators.values()]
    lines += [f"witness {name} {VerifierKey(f'{origin}/{name}', COSIGNATURE, key)}"
              for name, key in validators.items()]
    lines += [f"group {VALIDATORS} {threshold} {' '.join(validators)}", f"quorum {VALIDATORS}"]
    return "\n".join(lines) + "\n"


def parse(text):
    return parse_bytes(text.encode())


def parse_bytes(data):
    """A trust file (§5)."""
    require(len(data) <= BYTES_MAX, MALFORMED, "too long")
    lines = data.split(b"\n")
    require(lines.pop() == b"", MALFORMED, "the last line has no end")
    policy, grouped, counts = TrustPolicy(), set(), dict.fromkeys(LINES_MAX, 0)
    for line in lines:
        if not line.strip(b" \t") or line.lstrip(b" \t").startswith(b"#"):
            continue
        require(all(byte == 9 or 32 <= byte < 127 for byte in line), MALFORMED, "no ASCII")
        word, *rest = line.decode().replace("\t", " ").split()
        require(word in READERS, MALFORMED, f"line {word}")
        if word in counts:
            counts[word] += 1
            require(counts[word] <= LINES_MAX[word], MALFORMED, f"too many lines {word}")
        READERS[word](policy, rest, grouped)
    policy.check()
    return policy


def read_log(policy, words, _):
    require(len(words) in (1, 2), MALFORMED, "log")
    key = verifier_key(words[0], MALFORMED)
    require(key.kind == LOG, MALFORMED, "type of a log's key")
    policy.logs.append(key)


def read_witness(policy, words, _):
    require(len(words) in (2, 3), MALFORMED, "witness")
    check_new_name(policy, words[0])
    key = verifier_key(words[1], MALFORMED)
    require(key.kind == COSIGNATURE, MALFORMED, "type of a witness's key")
    policy.witnesses[words[0]] = key


def read_group(policy, words, grouped):
    require(len(words) >= 3, MALFORMED, "group")
    name, threshold, *members = words
    check_new_name(policy, name)
    for member in members:
        require(member in policy.witnesses or member in policy.groups, MALFORMED,
                f"member {member}")
        require(member not in grouped, MALFORMED, f"{member} is in two groups")
        grouped.add(member)
    words_for = {"any": 1, "all": len(members)}
    count = words_for.get(threshold) or texts.decimal(threshold, MALFORMED)
    require(1 <= count <= len(members), MALFORMED, f"threshold of {name}")
    policy.groups[name] = Group(count, tuple(members))


def read_quorum(policy, words, _):
    require(len(words) == 1 and not policy.quorum, MALFORMED, "quorum")
    require(words[0] in policy.witnesses or words[0] in policy.groups, MALFORMED,
            f"quorum {words[0]}")
    policy.quorum = words[0]


def check_new_name(policy, name):
    require(texts.is_key_name(name) and name != "none" and name not in policy.witnesses and
            name not in policy.groups, MALFORMED, f"name {name}")


READERS = {"log": read_log, "witness": read_witness, "group": read_group, "quorum": read_quorum}


@dataclasses.dataclass(frozen=True)
class Cosigner:
    name: str
    time: int
    is_validator: bool


def check_signatures(policy, note):
    """§4, rule 8: the cosigners of a note that the policy's quorum has signed."""
    for before, line in zip(note.lines, note.lines[1:]):
        require(before.order != line.order, "cosigner_repeated", line.name)
        require(before.order < line.order, "proof_not_canonical", "order of signatures")
    known = {(key.name.encode(), key.key_id): key for key in policy.keys()}
    witness_names = {key: name for name, key in policy.witnesses.items()}
    cosigners, signers, logs = [], set(), 0
    for line in note.lines:
        key = known.get(line.order)
        require(key, "cosigner_unknown", line.name)
        require(line.holds(key, note.body), "cosignature_invalid", line.name)
        if key.kind == LOG:
            logs += 1
            continue
        name = witness_names[key]
        signers.add(name)
        cosigners.append(Cosigner(line.name, line.time,
                                  name in policy.groups[VALIDATORS].members))
    if not (logs and policy.is_met(VALIDATORS, signers) and policy.is_met(policy.quorum, signers)):
        raise Refused("quorum_short", f"{len(signers)} cosigners")
    return cosigners


def cosigned_at(policy, cosigners):
    """§4, rule 9: at this second or later an honest validator cosigned."""
    times = sorted((each.time for each in cosigners if each.is_validator), reverse=True)
    return times[policy.threshold - 1]
