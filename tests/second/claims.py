"""What each claim must show: docs/spec/proofs.md, §4, Rules of claims.

Each check takes the claim and the evidence, and answers the facts of docs/spec/proofs.md, §5, as
the JSON of docs/spec/api.md.
"""

from . import account, provenance, trees
from .entries import transaction_id
from .errors import require
from .history import History
from .records import entry_view
from .state import MISMATCH


def transaction(claim, evidence):
    position = claim["position"]
    found = evidence.transaction(position)
    facts = {"id": transaction_id(found).hex(), "transaction": entry_view(position, found)}
    if claim["with_operations"]:
        facts["operations"] = [entry_view(at, each)
                               for at, each in all_operations(position, found.body, evidence)]
    return facts


def all_operations(position, body, evidence):
    """All operations of a transaction, in order."""
    found = [(at, evidence.entry(at, "operation")) for at, entry in evidence.entries.items()
             if entry.type == "operation"]
    require(all(each.transaction == position and at > position for at, each in found) and
            [each.index for _, each in found] == list(range(body.operation_count)),
            MISMATCH, "not all operations of the transaction")
    leaves = [trees.operation_leaf(each.payload) for _, each in found]
    require(trees.root_of(leaves) == body.operations_root, MISMATCH, "operations root")
    return found


def operation(claim, evidence):
    return operation_facts(claim["position"], claim["operation_path"], evidence)


def operation_facts(position, path, evidence):
    found = evidence.operation(position, path)
    return {"transaction": entry_view(found.transaction, evidence.entries[found.transaction]),
            "operation": entry_view(position, found)}


def posting(claim, evidence):
    position = claim["position"]
    found = evidence.entry(position, "posting")
    facts = {"posting": entry_view(position, found),
             "cause": cause_facts(found, position, claim["operation_path"], evidence)}
    if "policy" in claim:
        require(found.policy, MISMATCH, "no policy computed the posting")
        facts["policy"] = policy_facts(claim["policy"], position, evidence)
    return facts


def cause_facts(found, position, path, evidence):
    require(found.cause < position, MISMATCH, "a cause that is not older")
    cause = evidence.entries.get(found.cause)
    require(cause and cause.type in ("operation", "system"), MISMATCH, "no cause")
    if cause.type == "operation":
        return operation_facts(found.cause, path, evidence)
    require(not path, "proof_not_canonical", "a path of a system entry")
    return {"system": entry_view(found.cause, evidence.entry(found.cause, "system"))}


def policy_facts(claim, position, evidence):
    """The Record of the policy that was in force when the posting was made."""
    at = claim["record"]
    require(at < position, MISMATCH, "a policy that is not older")
    if "successor" not in claim:
        return entry_view(at, evidence.current(at))
    found = evidence.entry(at, "record")
    successor = evidence.entry(claim["successor"], "record")
    require(successor.key == found.key and successor.previous == at, MISMATCH, "no successor")
    require(claim["successor"] > position, "not_current", "succeeded before the posting")
    return entry_view(at, found)


def record(claim, evidence):
    position = evidence.record_position(claim["key"])
    return {"record": entry_view(position, evidence.current(position))}


def absence(claim, evidence):
    require(len(evidence.entries) == 1, MISMATCH, "not one entry")
    [before] = evidence.entries
    return {"key": claim["key"].hex(),
            "before": entry_view(before, evidence.check_absent(claim["key"], before))}


CHECKS = {"transaction": transaction, "operation": operation, "posting": posting,
          "record": record, "absence": absence, "account": account.check,
          "history": History}


def check(claim, evidence):
    """The facts of a claim that holds (rules 12 and 13), with what §6 says of a history."""
    facts = CHECKS[claim["type"]](claim, evidence)
    evidence.check_all_needed()
    return provenance.facts_of(facts) if claim["type"] == "history" else facts
