#!/usr/bin/env python3
"""The judge finds no fault in what random clusters do, and finds each fault that is put into it.

  judge_test.py --writer fenrun_traces [--seeds A..B]
"""

import argparse
import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from judge import FINALIZE, NOTARIZE, NULLIFY, Judge, same

WRITER = None
SEEDS = (1, 50)


def faults_of(events):
    return Judge().judge(json.dumps(event) for event in events)


def rules_of(events):
    return {rule for _, rule, _ in faults_of(events)}


def logging(event, vote):
    return {"t": event["t"], "node": event["node"], "do": "log", "vote": vote}


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([WRITER, cls.folder.name, *map(str, SEEDS)], check=True)
        cls.traces = [[json.loads(line) for line in path.read_text().splitlines()]
                      for path in sorted(Path(cls.folder.name).iterdir())]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_what_random_clusters_do_is_by_the_rules(self):
        for number, trace in enumerate(self.traces):
            self.assertEqual(faults_of(trace), [], f"trace {number}")
        done = {event["do"] for trace in self.traces for event in trace}
        self.assertEqual(done, {"cluster", "start", "epoch", "log", "send", "enter", "commit",
                                "catch_up", "crash"} | (done & {"stale"}))

    def refused(self, rule, alter):
        """No trace breaks the rule; one that is altered does.  (Not each: a certificate, say, that
        was left out may have been needed no more.)"""
        for trace in self.traces:
            altered = alter(copy.deepcopy(trace))
            if altered is not None and rule in rules_of(altered):
                return
        self.fail(f"no altered trace breaks rule {rule}")

    def casts(self, trace, kind):
        """Where a vote of this kind is logged and then sent: (index of log, index of send)."""
        for logged, event in enumerate(trace):
            if event["do"] != "log" or event.get("vote", {}).get("kind") != kind:
                continue
            for sent in range(logged + 1, min(logged + 4, len(trace))):
                if trace[sent]["do"] == "send" and trace[sent]["node"] == event["node"] and \
                        same(trace[sent].get("vote", event["vote"]), event["vote"]):
                    yield logged, sent
                    break

    def with_vote_after(self, trace, kind, new):
        for _, sent in self.casts(trace, kind):
            if "vote" not in trace[sent]:
                continue
            vote = dict(trace[sent]["vote"], signature="another", **new)
            trace[sent + 1:sent + 1] = [dict(trace[sent], do=do, vote=vote)
                                        for do in ("log", "send")]
            return trace
        return None

    def without(self, trace, kind, unwanted):
        """Leaves out the log records on which the first vote of the kind rests."""
        for logged, _ in self.casts(trace, kind):
            vote, node = trace[logged]["vote"], trace[logged]["node"]
            gone = [i for i in range(logged) if trace[i]["do"] == "log" and
                    trace[i]["node"] == node and unwanted(trace[i], vote)]
            if not gone or any(trace[i]["node"] == node and trace[i]["do"] in ("start", "crash")
                               for i in range(gone[0], logged)):
                continue
            return [event for i, event in enumerate(trace) if i not in gone]
        return None

    def test_a_vote_swapped_for_another_block(self):
        self.refused("I1", lambda trace: self.with_vote_after(trace, NOTARIZE, {"id": "ab" * 32}))

    def test_a_finalize_after_a_nullify(self):
        self.refused("I2", lambda trace: self.with_vote_after(trace, NULLIFY, {"kind": FINALIZE}))

    def test_a_nullify_after_a_finalize(self):
        self.refused("I2", lambda trace: self.with_vote_after(
            trace, FINALIZE, {"kind": NULLIFY, "id": "00" * 32, "parent": 0}))

    def test_a_notarize_after_a_nullify(self):
        self.refused("I3", lambda trace: self.with_vote_after(trace, NULLIFY, {"kind": NOTARIZE}))

    def test_a_vote_in_a_view_that_was_left(self):
        self.refused("7", lambda trace: self.with_vote_after(
            trace, NOTARIZE, {"kind": NULLIFY, "view": 1, "id": "00" * 32, "parent": 0}))

    def test_a_vote_in_a_finalized_view(self):
        def alter(trace):
            for at, event in enumerate(trace):
                if event["do"] == "commit":
                    old = next(e["vote"] for e in trace if e["do"] == "log" and "vote" in e
                               and e["node"] == event["node"])
                    vote = dict(old, kind=FINALIZE, view=event["certificate"]["view"],
                                id="ab" * 32)
                    trace[at + 1:at + 1] = [logging(event, vote)]
                    return trace
            return None
        self.refused("6", alter)

    def test_a_nullify_without_its_entry_logged(self):
        self.refused("5", lambda trace: self.without(
            trace, NULLIFY, lambda event, vote: "certificate" in event and
            event["certificate"]["view"] == vote["view"] - 1))

    def test_a_finalize_without_its_notarization_logged(self):
        self.refused("6", lambda trace: self.without(
            trace, FINALIZE, lambda event, vote: "certificate" in event and
            event["certificate"]["view"] == vote["view"]))

    def test_a_notarize_whose_block_is_not_logged(self):
        self.refused("5", lambda trace: self.without(
            trace, NOTARIZE, lambda event, vote: "proposal" in event and
            event["proposal"]["id"] == vote["id"]))

    def test_a_skip_without_its_nullification_logged(self):
        self.refused("I6", lambda trace: self.without(
            trace, NOTARIZE, lambda event, vote: "certificate" in event and
            event["certificate"]["kind"] == NULLIFY and
            vote["parent"] < event["certificate"]["view"] < vote["view"]))

    def test_a_vote_that_is_not_logged(self):
        def alter(trace):
            for logged, _ in self.casts(trace, NOTARIZE):
                return trace[:logged] + trace[logged + 1:]
            return None
        self.refused("I8", alter)

    def test_an_epoch_that_is_not_opened_in_the_log(self):
        self.refused("5", lambda trace: [e for e in trace if "opened" not in e])

    def test_a_vote_sent_again_with_other_bytes(self):
        def alter(trace):
            for _, sent in self.casts(trace, NULLIFY):
                again = copy.deepcopy(trace[sent])
                again["vote"]["signature"] = "another"
                return trace[:sent + 1] + [again] + trace[sent + 1:]
            return None
        self.refused("I9", alter)

    def test_a_certificate_with_a_vote_that_was_not_cast(self):
        def alter(trace):
            for at, event in enumerate(trace):
                if event["do"] == "send" and "certificate" in event:
                    forged = copy.deepcopy(event)
                    forged["certificate"]["view"] += 1000
                    return trace[:at] + [forged] + trace[at:]
            return None
        self.refused("2", alter)

    def test_a_view_entered_without_a_certificate(self):
        def alter(trace):
            for at, event in enumerate(trace):
                if event["do"] == "enter":
                    return trace[:at] + [dict(event, view=event["view"] + 9)] + trace[at:]
            return None
        self.refused("1", alter)

    def test_a_commit_of_another_block(self):
        def alter(trace):
            at = [i for i, event in enumerate(trace) if event["do"] == "commit"]
            if len(at) < 2:
                return None
            last = trace[at[-1]]
            last["blocks"][-1]["id"] = last["certificate"]["id"] = "ab" * 32
            return trace
        self.refused("I7", alter)

    def test_a_synced_record_lost_in_a_crash(self):
        def alter(trace):
            for event in trace:
                if event["do"] == "crash" and any("vote" in record for record in event["log"]):
                    event["log"] = [r for r in event["log"] if "vote" not in r]
                    if "5" in rules_of(trace):
                        return trace
            return None
        self.refused("5", alter)

    def test_a_journal_shorter_after_a_restart(self):
        def alter(trace):
            for at, event in enumerate(trace):
                if event["do"] == "start" and event["tip"]["height"] > 1 and \
                        event["node"] != trace[0]["set_back"] and at > 10:
                    event["tip"]["height"] -= 1
                    return trace
            return None
        self.refused("I10", alter)

    def test_a_vote_after_the_end_of_the_epoch(self):
        def alter(trace):
            for at, event in enumerate(trace):
                if event["do"] == "commit" and event["ends"]:
                    old = next(e["vote"] for e in reversed(trace[:at]) if e["do"] == "log"
                               and "vote" in e and e["node"] == event["node"])
                    vote = dict(old, kind=NULLIFY, view=old["view"] + 50, id="00" * 32, parent=0)
                    return trace[:at + 1] + [logging(event, vote)] + trace[at + 1:]
            return None
        self.refused("7", alter)

    def test_a_proposal_of_somebody_elses_view(self):
        def alter(trace):
            for event in trace:
                if event["do"] == "send" and "proposal" in event:
                    event["proposal"]["view"] += 1
                    return trace
            return None
        self.refused("3", alter)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--writer", required=True)
    parser.add_argument("--seeds", default="1..50")
    arguments, rest = parser.parse_known_args()
    WRITER = arguments.writer
    SEEDS = tuple(int(seed) for seed in arguments.seeds.split(".."))
    unittest.main(argv=[sys.argv[0], *rest])
