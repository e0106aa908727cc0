"""A verdict as JSON: docs/spec/proofs.md, §5, in the form of docs/spec/api.md, §4."""

from .encoding import TIME


def verdict_json(verdict):
    header = verdict.header
    return {
        "valid": True,
        "claim": verdict.claim,
        "network": verdict.note.origin,
        "size": verdict.note.size,
        "height": header.height,
        "as_of": TIME.view(header.time),
        "cosigned_at": seconds_view(verdict.cosigned_at),
        "cosigners": [{"name": each.name, "time": seconds_view(each.time),
                       "validator": each.is_validator} for each in verdict.cosigners],
        "changes": [change_json(step) for step in verdict.steps],
        "facts": verdict.facts}


def seconds_view(seconds):
    return TIME.view(seconds * 1000)


def change_json(step):
    """Who came, went and got a new key when an epoch ended."""
    before, after = step.before, step.after
    return {
        "epoch": step.epoch,
        "height": step.header.height,
        "time": TIME.view(step.header.time),
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "rekeyed": sorted(name for name in after.keys() & before.keys()
                          if after[name] != before[name]),
        "by_recovery": step.by_recovery}
