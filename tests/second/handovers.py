"""From the validators of the trust file to those of the header.

docs/spec/proofs.md, §4, rules 3 to 7 and The walk; docs/spec/recovery.md, §5.
"""

import dataclasses

from . import notes, recovery, trees, trust
from .encoding import decode, encode
from .entries import ENTRY, ends_epoch, validators_digest
from .errors import Refused, require
from .proof_file import Leaf

INVALID = "handover_invalid"
HEADER_VERSION = 1


def check_header(note, leaf):
    """Rules 3 and 4: the Header that is the last leaf under a note."""
    require(note.size, "index_out_of_range", "no entry is under the checkpoint")
    trees.check_path(trees.leaf_hash(leaf.data), note.size - 1, note.size, leaf.path, note.root)
    try:
        header = decode(ENTRY, leaf.data)
    except Refused as error:
        raise Refused("entry_malformed", f"header: {error}") from error
    require(header.type == "header", "header_mismatch", "another kind of entry")
    require(header.version == HEADER_VERSION, "proof_version", f"protocol {header.version}")
    require(header.position == note.size - 1, "header_mismatch", "position")
    require(header.journal_root == trees.root_before(leaf.path), "header_mismatch",
            "journal root")
    require(note.origin.endswith(f"/{header.chain_id.hex()[:16]}"), "header_mismatch",
            "chain of the origin")
    return header


@dataclasses.dataclass(frozen=True)
class Change:
    """An epoch that is over: what ended it, and what follows."""

    by_recovery: bool
    epoch: int
    header: dict
    trust_policy: bytes
    validators: bytes
    next_trust_policy: bytes
    next_validators: bytes
    policy: trust.TrustPolicy
    check_signatures: object


@dataclasses.dataclass(frozen=True)
class Step:
    """A change that was followed, as a verdict tells it (§5)."""

    epoch: int
    header: dict
    by_recovery: bool
    before: dict
    after: dict


def walk(policy, handovers):
    """The policy that the handovers lead to, the steps that were followed, the last change."""
    steps, before, is_reached = [], None, False
    for handover in handovers:
        change, leads_on = judged(policy, handover, before, is_reached)
        if leads_on:
            renewed = policy.with_validators(change.policy)
            steps.append(Step(change.epoch, change.header, change.by_recovery,
                              policy.validators(), renewed.validators()))
            policy, is_reached = renewed, True
        before = change
    return policy, steps, before


def judged(policy, handover, before, is_reached):
    """A handover's change, and whether it changes whom the client believes."""
    try:
        change = change_of(policy.origin, handover)
        check_follows(before, change)
        leads_on = is_reached or policy.digest() == change.trust_policy
        if leads_on:
            change.check_signatures(policy.validators_part(), is_reached)
        return change, leads_on
    except Refused as error:
        raise Refused(INVALID, str(error)) from error


def change_of(origin, handover):
    if recovery.is_recovery(handover.checkpoint):
        return recovered(origin, handover)
    note = notes.note(handover.checkpoint)
    require(note.origin == origin, INVALID, "origin")
    header = check_header(note, handover.header)
    require(ends_epoch(header), INVALID, "the epoch goes on")
    policy = canonical_policy(origin, handover.policy)
    require(policy.digest() == header.next_trust_policy, INVALID, "another policy")
    return Change(
        False, header.epoch, header, header.trust_policy, header.validators,
        header.next_trust_policy, header.next_validators, policy,
        lambda validators, _: trust.check_signatures(validators, note))


def canonical_policy(origin, text):
    policy = trust.parse(text)
    require(policy.origin == origin and policy.canonical_text() == text, INVALID,
            "no canonical policy of this origin")
    return policy


def recovered(origin, handover):
    """A recovery; its header is the tip's."""
    stated = recovery.read(handover.checkpoint)
    tip = stated.tip
    header = check_header(unsigned_note(origin, tip.size, tip.root), handover.header)
    require(header.chain_id == stated.chain_id and header.height == tip.height and
            trees.leaf_hash(encode(ENTRY, header)) == tip.block_id and
            header.epoch + ends_epoch(header) == tip.epoch, INVALID, "another tip")
    require(validators_digest(stated.validators) == header.next_validators, INVALID,
            "other validators")
    require(recovery.policy_after(stated, origin) == handover.policy, INVALID, "another policy")
    policy = canonical_policy(origin, handover.policy)

    def check_signatures(validators, is_reached):
        if stated.anchor is None:
            require(is_reached, INVALID, "neither an anchor nor a step before")
        else:
            check_anchor(stated, header, validators)
    return Change(True, tip.epoch, header, header.next_trust_policy, header.next_validators,
                  policy.digest(), validators_digest(recovery.validators_after(stated)), policy,
                  check_signatures)


def unsigned_note(origin, size, root):
    return notes.Note(origin, size, root, b"", ())


def check_anchor(stated, tip_header, validators):
    """A checkpoint of the epoch that a quorum of its validators cosigned."""
    note = notes.note(stated.anchor.checkpoint)
    require(note.origin == validators.origin, INVALID, "origin of the anchor")
    header = check_header(note, Leaf(stated.anchor.entry, tuple(stated.anchor.path)))
    trust.check_signatures(validators, note)
    require(header.chain_id == stated.chain_id and header.epoch == stated.tip.epoch and
            header.position <= tip_header.position and header.height <= tip_header.height and
            header.validators == tip_header.next_validators and
            header.trust_policy == tip_header.next_trust_policy, INVALID, "another anchor")


def check_follows(before, change):
    if before is None:
        return
    header, last = change.header, before.header
    require(header.chain_id == last.chain_id and change.epoch == before.epoch + 1 and
            change.trust_policy == before.next_trust_policy and
            change.validators == before.next_validators, INVALID, "does not follow")
    is_above = header.height > last.height and header.position > last.position
    require(is_above or change.by_recovery and header == last, INVALID, "not above the last")


def check_last(change, header):
    """Rule 6: the last handover is of the epoch before the header's."""
    last = change.header
    require(last.chain_id == header.chain_id and last.position < header.position and
            last.height < header.height and change.epoch < header.epoch, INVALID,
            "is not below the header")
    require(change.epoch + 1 == header.epoch, "handover_missing", f"epoch {header.epoch - 1}")
