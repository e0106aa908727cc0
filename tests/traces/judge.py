#!/usr/bin/env python3
"""Judges what validators did, by docs/spec/consensus.md §4, §5, §7 and §8: a second statement of
the rules, which shares with the code that it judges only the text from which both are written.

  judge.py TRACE...   prints each fault as `TRACE:LINE: RULE: what`, and exits 1 if there is any

A trace is what tests/sim/trace.h writes: one JSON object a line.  Its first line tells which nodes
are Byzantine (they have no other lines) and whose journal may be set back.
"""

import json
import sys

NOTARIZE, NULLIFY, FINALIZE = "notarize", "nullify", "finalize"


class Epoch:
    """The members of an epoch, and what the leaders' order follows from."""

    def __init__(self, event):
        self.number = event["epoch"]
        self.first = event["first"]
        self.members = event["members"]

    def quorum(self):
        count = len(self.members)
        return count - (count - 1) // 3

    def leader(self, view):
        seed = int.from_bytes(bytes.fromhex(self.first)[:8], "little")
        return (view + seed) % 2**64 % len(self.members)


class Node:
    """What an honest node has done so far."""

    def __init__(self):
        self.epoch = None
        self.generation = 0
        self.view = 0
        self.tip = None           # {view, height, id, ends}
        self.logs = {}            # Generation: records in order.
        self.synced = 0           # Records of the present log that a sync covers.
        self.cast = {}            # (generation, epoch, view): {kind: vote}, of all lives.
        self.seen = set()         # (epoch, kind, view) of certificates, in this life.
        self.stale = set()        # Generations whose key must vote no more.
        self.height = 0           # Committed.

    def log(self):
        return self.logs.setdefault(self.generation, [])

    def records(self, kind):
        return [record[kind] for record in self.log() if kind in record
                and record[kind]["epoch"] == self.epoch.number]

    def certificate(self, view, kinds, block=None):
        """One that is in the log."""
        return next((held for held in self.records("certificate")
                     if held["view"] == view and held["kind"] in kinds
                     and (block is None or held["id"] == block)), None)

    def proposal(self, view, block):
        return next((held for held in self.records("proposal")
                     if held["view"] == view and held["id"] == block), None)


class Judge:
    def __init__(self):
        self.nodes = {}
        self.epochs = {}
        self.byzantine = set()
        self.set_back = None
        self.votes = {}         # Subject: identities that sent it.
        self.notarized = {}     # (epoch, view): (parent, id).
        self.nullified = set()
        self.finalized = set()
        self.chain = {}         # Height: id.
        self.faults = []
        self.line = 0

    def fault(self, rule, text):
        self.faults.append((self.line, rule, text))

    def judge(self, lines):
        for self.line, text in enumerate(lines, 1):
            event = json.loads(text)
            if event["do"] == "cluster":
                self.byzantine = set(event["byzantine"])
                self.set_back = event["set_back"]
                continue
            node = self.nodes.setdefault(event["node"], Node())
            getattr(self, "on_" + event["do"])(node, event)
        return self.faults

    # ------------------------------------------------------------------------------- beginnings

    def on_start(self, node, event):
        first = node.epoch is None
        self.begin(node, event)
        if not first and event["node"] != self.set_back and event["tip"]["height"] != node.height:
            self.fault("I10", f"starts at height {event['tip']['height']}, had {node.height}")
        node.height = event["tip"]["height"]
        node.seen = {(event["epoch"], held["kind"], held["view"])
                     for held in node.records("certificate")}

    def on_epoch(self, node, event):
        if not node.tip["ends"]:
            self.fault("7", "a new epoch, and the old one has not ended")
        if event["epoch"] != node.epoch.number + 1 or event["first"] != node.tip["id"]:
            self.fault("7", "the new epoch does not begin with the last block of the old one")
        self.begin(node, event)

    def begin(self, node, event):
        epoch = Epoch(event)
        known = self.epochs.setdefault(epoch.number, epoch)
        if known.members != epoch.members or known.first != epoch.first:
            self.fault("7", f"epoch {epoch.number} is not the same everywhere")
        node.epoch = epoch
        node.generation = event["generation"]
        node.view = event["view"]
        node.tip = event["tip"]
        node.synced = len(node.log())
        if node.view <= node.tip["view"]:
            self.fault("5", "a view that is finalized")

    def on_crash(self, node, event):
        """Whatever a sync covered, and is above the tip, is there still."""
        kept = event["log"]
        for record in node.log()[:node.synced]:
            (kind, held), = record.items()
            if held["epoch"] != node.epoch.number or kind == "opened":
                continue
            if held["view"] > node.tip["view"] and record not in kept and not node.tip["ends"]:
                self.fault("5", f"lost: {kind} {held['kind']} of view {held['view']}")
        node.logs[node.generation] = kept
        node.synced = len(kept)
        self.forget_unsent(node, event["node"], kept)
        # What was kept counts at its signer's next start, sent or not.
        for record in kept:
            if "vote" in record:
                self.votes.setdefault(subject(record["vote"]), set()).add(event["node"])

    def forget_unsent(self, node, identity, kept):
        """What was neither sent nor kept was never cast: another vote may take its place."""
        held = {subject(record["vote"]) for record in kept if "vote" in record}
        for votes in node.cast.values():
            for kind, vote in list(votes.items()):
                if subject(vote) in held or identity in self.votes.get(subject(vote), set()):
                    continue
                del votes[kind]

    # -------------------------------------------------------------------------------- the log

    def on_log(self, node, event):
        record = {key: event[key] for key in ("vote", "certificate", "proposal", "opened")
                  if key in event}
        (kind, content), = record.items()
        if kind == "vote":
            self.on_cast(node, content)
        if kind == "certificate":
            self.on_certificate(node, content)
        node.log().append(record)

    def on_cast(self, node, vote):
        """A vote of its own: what it rests on is in the log ahead of it."""
        view, kind = vote["view"], vote["kind"]
        if vote["epoch"] != node.epoch.number:
            return self.fault("7", f"votes in epoch {vote['epoch']} of {node.epoch.number}")
        if node.tip["ends"]:
            self.fault("7", "votes after the end of the epoch")
        if self.nodes[node.epoch.members[vote["signer"]]] is not node:
            self.fault("2", "votes as somebody else")
        self.check_forgotten(node, view)
        cast = node.cast.setdefault((node.generation, vote["epoch"], view), {})
        if kind in cast and not same(cast[kind], vote):
            self.fault("I1", f"two {kind} votes in view {view}")
        if kind == NOTARIZE and NULLIFY in cast:
            self.fault("I3", f"notarize after nullify in view {view}")
        if {kind, *cast} >= {NULLIFY, FINALIZE}:
            self.fault("I2", f"nullify and finalize in view {view}")
        cast[kind] = vote
        if view <= node.tip["view"]:
            self.fault("6", f"votes in view {view}, which is finalized")
        if kind == FINALIZE:
            self.check_finalize(node, vote)
        else:
            self.check_entry(node, view)
            if kind == NOTARIZE:
                self.check_notarize(node, vote)

    def check_forgotten(self, node, view):
        opened = node.records("opened")
        if not opened:
            self.fault("5", "votes before the epoch is opened in the log")
        elif view <= max(record["forgotten"] for record in opened):
            self.fault("5", f"votes in view {view}, which it has forgotten")

    def check_entry(self, node, view):
        if view != node.view:
            self.fault("7", f"votes in view {view}, being in {node.view}")
        if view - 1 == node.tip["view"]:
            return
        if node.certificate(view - 1, (NOTARIZE, NULLIFY, FINALIZE)) is None:
            self.fault("5", f"votes in view {view} without the certificate of its entry")

    def check_notarize(self, node, vote):
        self.check_chain(node, vote["view"], vote["id"])
        for skipped in range(vote["parent"] + 1, vote["view"]):
            if skipped > node.tip["view"] and node.certificate(skipped, (NULLIFY,)) is None:
                self.fault("I6", f"view {vote['view']} skips {skipped} without its nullification")

    def check_finalize(self, node, vote):
        held = node.certificate(vote["view"], (NOTARIZE,), vote["id"])
        if held is None:
            self.fault("6", f"finalizes view {vote['view']} without its notarization")
        self.check_chain(node, vote["view"], vote["id"])

    def check_chain(self, node, view, block):
        """The blocks from the tip to this one are in the log, each below with its certificate."""
        while view > node.tip["view"]:
            proposal = node.proposal(view, block)
            if proposal is None:
                return self.fault("5", f"rests on a block of view {view} that is not logged")
            view, parent = proposal["parent"], proposal["parent_id"]
            if view <= node.tip["view"]:
                break
            if node.certificate(view, (NOTARIZE, FINALIZE), parent) is None:
                return self.fault("5", f"rests on view {view}, whose certificate is not logged")
            below = node.proposal(view, parent)
            repeats = parent == block
            if below and proposal["height"] != below["height"] + (0 if repeats else 1):
                self.fault("4", f"height {proposal['height']} on {below['height']}")
            block = parent
        else:
            return
        if view != node.tip["view"] or parent != node.tip["id"]:
            self.fault("I7", "rests on a block that is not on the finalized chain")

    # ---------------------------------------------------------------------------- what is sent

    def on_send(self, node, event):
        node.synced = len(node.log())
        if "certificate" in event:
            return self.on_certificate(node, event["certificate"])
        vote = event.get("vote")
        if vote is None:
            vote = dict(event["proposal"], signer=None)
            if node.epoch.members[node.epoch.leader(vote["view"])] != event["node"]:
                self.fault("3", f"proposes in view {vote['view']}, which it does not lead")
        if node.generation in node.stale:
            self.fault("5", "votes with a log that is stale")
        logged = [held for held in node.records("vote") if same(held, vote)]
        if not logged:
            self.fault("I8", f"{vote['kind']} of view {vote['view']} is sent and not logged")
        elif logged[0]["signature"] != vote["signature"]:
            self.fault("I9", f"{vote['kind']} of view {vote['view']} has two signatures")
        self.votes.setdefault(subject(vote), set()).add(event["node"])

    def on_certificate(self, node, held):
        epoch = self.epochs.get(held["epoch"])
        if epoch is None:
            return self.fault("7", "a certificate of an epoch that has not begun")
        if len(held["signers"]) != epoch.quorum():
            self.fault("3", f"a certificate with {len(held['signers'])} signers")
        for signer in held["signers"]:
            identity = epoch.members[signer]
            if identity not in self.byzantine and \
                    identity not in self.votes.get(subject(held), set()):
                self.fault("2", f"node {identity} is said to {held['kind']} view {held['view']}")
        node.seen.add((held["epoch"], held["kind"], held["view"]))
        at, what = (held["epoch"], held["view"]), (held["parent"], held["id"])
        if held["kind"] == NULLIFY:
            self.nullified.add(at)
        else:
            if self.notarized.setdefault(at, what) != what:
                self.fault("I4", f"two blocks notarized in view {at[1]}")
            if held["kind"] == FINALIZE:
                self.finalized.add(at)
        if at in self.finalized and at in self.nullified:
            self.fault("I5", f"view {at[1]} is finalized and nullified")

    # ------------------------------------------------------------------------ views and commits

    def on_enter(self, node, event):
        if event["view"] <= node.view:
            self.fault("1", f"enters view {event['view']} from {node.view}")
        node.view = event["view"]
        if (node.epoch.number, event["by"], node.view - 1) not in node.seen:
            self.fault("1", f"enters view {node.view} without a certificate")

    def on_commit(self, node, event):
        held = event["certificate"]
        for block in event["blocks"]:
            if block["height"] != node.height + 1:
                self.fault("I10", f"commits height {block['height']} on {node.height}")
            node.height = block["height"]
            if self.chain.setdefault(node.height, block["id"]) != block["id"]:
                self.fault("I7", f"commits another block at height {node.height}")
        if event["blocks"][-1]["id"] != held["id"]:
            self.fault("8", "commits another block than is finalized")
        self.move_tip(node, event, held)

    def on_catch_up(self, node, event):
        if event["height"] <= node.height:
            self.fault("I10", f"catches up from {node.height} to {event['height']}")
        node.height = event["height"]
        if self.chain.setdefault(node.height, event["certificate"]["id"]) != \
                event["certificate"]["id"]:
            self.fault("I7", f"catches up to another block at height {node.height}")
        self.move_tip(node, event, event["certificate"])

    def move_tip(self, node, event, held):
        if held["kind"] != FINALIZE or held["view"] <= node.tip["view"]:
            self.fault("8", "commits by what is no higher finalization")
        self.on_certificate(node, held)
        node.tip = {"view": held["view"], "height": node.height, "id": held["id"],
                    "ends": event["ends"]}

    def on_stale(self, node, _):
        node.stale.add(node.generation)


def subject(vote):
    return tuple(vote[field] for field in ("kind", "epoch", "view", "parent", "id"))


def same(left, right):
    return subject(left) == subject(right)


def main():
    failed = 0
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as lines:
            for line, rule, text in Judge().judge(lines):
                failed = 1
                print(f"{name}:{line}: {rule}: {text}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
