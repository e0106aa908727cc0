"""Whether a proof holds under a trust file: docs/spec/proofs.md, §4, rules 1 to 13."""

import dataclasses

from . import claims, notes, trust
from .errors import Refused, require
from .handovers import check_header, check_last, walk
from .state import Evidence


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a proof that holds says (§5)."""

    claim: str
    note: notes.Note
    header: dict
    cosigners: list
    cosigned_at: int
    steps: list
    facts: dict


def verify(proof, policy, now=None, age_max=None):
    """The verdict; raises Refused with the code of the first rule that fails.

    Rule 1 is the reader's (proof_file.py). `now` and `age_max` are in seconds.
    """
    note = notes.note(proof.checkpoint)
    require(note.origin == policy.origin, "origin_unknown", note.origin)
    header = check_header(note, proof.header)
    policy, steps, last = walk(policy, proof.handovers)
    if last:
        check_last(last, header)
    if policy.digest() != header.trust_policy:
        raise Refused("handover_missing" if header.epoch else "validators_mismatch",
                      f"epoch {header.epoch}")
    cosigners = trust.check_signatures(policy, note)
    time = trust.cosigned_at(policy, cosigners)
    require(age_max is None or now - time <= age_max, "stale", f"cosigned at {time}")
    evidence = Evidence(proof, note, header)
    facts = claims.check(proof.claim, evidence)
    return Verdict(proof.claim["type"], note, header, cosigners, time, steps, facts)
