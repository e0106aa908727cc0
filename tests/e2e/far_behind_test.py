"""A validator that slept while the validators changed joins by a snapshot of several peers.

It is killed half-way, goes on with what it has, and votes again; the others commit all the while.
Prints how long each step took.
"""

import re
import shutil
import time
import unittest

from harness import VALIDATORS, NetworkTest, Submitter, campaign

NEW = "distributor-south"
SLEEPER = "auditor"
UP = [name for name in VALIDATORS if name != SLEEPER]
GTIN = "16901234567899"
UNITS = 1000  # Of one event, the most.
EVENTS = 8  # Of one transaction.
TRANSACTIONS = 5
PARTS_BEFORE_THE_KILL = 3


def commissioning(first):
    """Each unit leaves two Records, so that the snapshot has many parts."""
    return [{"type": "record_event", "kind": "commissioning", "standing": "asserted",
             "time": "2026-01-01T00:00:00Z", "place": None, "batch": 1, "ranges": [],
             "id": {"document": f"{first + i:064x}", "index": 0, "part": 0},
             "units": [f"01/{GTIN}/21/{(first + i) * UNITS + unit:08d}" for unit in range(UNITS)]}
            for i in range(EVENTS)]


class FarBehindTest(NetworkTest):
    base_port = 29340

    @classmethod
    def prepare(cls):
        cls.net.found()
        for name in VALIDATORS:
            cls.offer_often(name)
        cls.net.start_all()

    @classmethod
    def offer_often(cls, name):
        path = cls.net.home / name / "config.toml"
        text = re.sub(r"(?m)^interval = .*$", "interval = 20", path.read_text())
        path.write_text(re.sub(r"(?m)^behind = .*$", "behind = 30", text))

    def new_member(self):
        return ["--node", f"http://127.0.0.1:{self.base_port + 9}",
                "--token-file", self.net.home / NEW / "token"]

    def wait_for_epoch(self, epoch, names):
        for name in names:
            self.net.wait_until(f"epoch {epoch} at {name}",
                                lambda n=name: self.net.status(n)["epoch"] == epoch)

    def grow(self):
        """State of some megabytes."""
        self.net.submit("brand", [{"type": "open_unit_batch", "batch": 1, "product": GTIN}])
        for number in range(TRANSACTIONS):
            operations = commissioning(number * EVENTS)
            for operation in operations:
                operation["place"] = self.net.parties["brand"]
            self.net.submit("brand", operations)

    def change_validators_twice(self):
        home = self.net.home / NEW
        card = self.net.run("init", "--home", home, "--name", NEW, "--role", "distributor",
                            "--parent", "brand", "--peer-port", self.base_port + 8,
                            "--plain-keys")
        self.net.admit({**card, "name": NEW}, home)
        self.join(home, "brand")
        self.net.start(NEW)
        self.net.wait_until("the new member to be ready",
                            lambda: self.net.run("status", *self.new_member())["ready"])
        self.net.run("ready", "--home", home, *self.new_member())
        self.net.change({"type": "add_validator", "name": NEW})
        self.wait_for_epoch(1, UP)
        self.net.change({"type": "remove_validator", "name": NEW})
        self.wait_for_epoch(2, UP)

    def join(self, home, by):
        join = ["init", "--home", home, "--join", self.net.url(by),
                "--api-port", self.base_port + 9]
        for name in VALIDATORS:
            join += ["--card", self.net.home / name / "card.json"]
        self.assertEqual(self.net.run(*join)["member"], 4)
        self.offer_often(NEW)

    def parts(self):
        folder = self.net.home / SLEEPER / "data/snapshot"
        return len(list(folder.glob("*.part"))) if folder.exists() else 0

    def has_joined(self):
        return (self.net.home / SLEEPER / "data/snapshot/base").exists()

    def kill_half_way(self):
        """False if it was too quick to be caught."""
        self.net.start(SLEEPER)
        deadline = time.monotonic() + 30
        while self.parts() < PARTS_BEFORE_THE_KILL:
            self.assertLess(time.monotonic(), deadline, "no parts come")
            time.sleep(0.001)
        self.net.kill(SLEEPER)
        return not self.has_joined()

    def check_that_others_join_by_it(self):
        """It has nothing of the time before its snapshot, but what the network began with."""
        self.net.kill(NEW)
        home = self.net.home / NEW
        shutil.rmtree(home / "data")
        for name in ("genesis.bin", "network.policy", "config.toml"):
            (home / name).unlink()
        self.join(home, SLEEPER)
        for name in ("genesis.bin", "network.policy"):
            self.assertEqual((home / name).read_bytes(),
                             (self.net.home / "brand" / name).read_bytes())
        self.net.start(NEW)
        self.net.wait_until("the emptied member to be ready",
                            lambda: self.net.run("status", *self.new_member())["ready"])
        status = self.net.run("status", *self.new_member())
        self.assertGreater(status["base"], 0)
        self.assertEqual(status["epoch"], 2)
        self.assertFalse(status["voting"])

    def test_joins_by_a_snapshot_of_a_later_epoch_and_votes(self):
        begin = time.monotonic()

        def tell(what):
            print(f"\n  {time.monotonic() - begin:5.1f} s: {what}", end="", flush=True)

        self.net.kill(SLEEPER)
        self.grow()
        self.change_validators_twice()
        load = Submitter(self.net, 0, "distributor-east")
        load.start()
        goal = self.net.status("brand")["height"] + 21
        self.net.wait_until("a snapshot of epoch 2",
                            lambda: self.net.status("brand")["height"] > goal)
        tell(f"{SLEEPER} is two epochs and {goal} blocks behind, the others commit")

        woken = time.monotonic()
        self.assertTrue(self.kill_half_way(), "it joined before it could be killed")
        kept = self.parts()
        tell(f"killed with {kept} parts")
        restarted = time.monotonic()
        self.net.start(SLEEPER)
        self.net.wait_until("it to join", self.has_joined)
        tell(f"joined {time.monotonic() - restarted:.1f} s after the restart")
        self.net.wait_until("it to vote", lambda: self.net.status(SLEEPER)["voting"] and
                            self.net.status(SLEEPER)["ready"])
        voting = time.monotonic()
        tell(f"votes {voting - restarted:.1f} s after the restart")
        self.assertEqual(self.net.status(SLEEPER)["epoch"], 2)
        self.assertGreater(self.net.status(SLEEPER)["base"], 0)
        self.check_that_others_join_by_it()

        # Three of four are needed, and one of them is it.
        self.net.kill("distributor-west")
        count = len(load.times)
        self.net.wait_until("commits with its vote", lambda: len(load.times) > count + 3)
        load.stopping.set()
        load.join(timeout=30)
        tell(f"commits {time.monotonic() - voting:.1f} s later without another one")
        times = [at for at in load.times if woken <= at <= voting]
        self.assertGreater(len(times), 3, "the others stopped committing")
        gap = max(b - a for a, b in zip(times, times[1:]))
        tell(f"{len(times)} transactions meanwhile, the longest pause {gap:.1f} s\n")

        self.net.start("distributor-west")
        self.net.wait_until_ready(VALIDATORS)
        last = self.net.submit("brand", [campaign(9)])["id"]
        for name in VALIDATORS:
            self.net.wait_until(f"the last one at {name}", lambda n=name: self.net.get(
                n, f"/v1/transactions/{last}")["status"] == "committed")


if __name__ == "__main__":
    unittest.main()
