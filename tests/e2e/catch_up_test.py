"""A validator that lost its journal, and kept its votes, fetches and executes every block again
while the others commit, and votes again.

That is as far behind as a node can be: some hundred blocks, or as many as FENRUN_BLOCKS_BEHIND
says, all of one epoch, so that all are in its vote log too. Prints what the others committed before
and meanwhile.
"""

import os
import pathlib
import re
import shutil
import time
import unittest

from harness import VALIDATORS, NetworkTest, Submitter

LOSER = "auditor"
BLOCKS = int(os.environ.get("FENRUN_BLOCKS_BEHIND") or 600)
SECONDS = 60 + BLOCKS // 10  # To wait for anything at the most.


class CatchUpTest(NetworkTest):
    base_port = 29480

    @classmethod
    def prepare(cls):
        cls.net.found()
        for name in VALIDATORS:  # Nobody offers a snapshot to begin with.
            config = cls.net.home / name / "config.toml"
            text, found = re.subn(r"(?m)^interval = .*$", "interval = 0", config.read_text())
            assert found == 1, text
            config.write_text(text)
        cls.net.start_all()

    def height(self, name):
        return self.net.status(name)["height"]

    def memory_mib(self, name):
        status = pathlib.Path(f"/proc/{self.net.processes[name].pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) // 1024

    def hurry(self):
        """Lets blocks follow one another as fast as they can."""
        parameters = self.net.get("brand", "/v1/parameters")
        self.net.change({"type": "set_parameters", "parameters": {
            **parameters, "block_interval_ms": 1, "idle_interval_ms": 1}})

    def test_a_validator_catches_up_under_load_and_votes_again(self):
        begin = time.monotonic()

        def tell(what):
            print(f"\n  {time.monotonic() - begin:7.1f} s: {what}", end="", flush=True)

        def rate(times, since, until):
            return sum(since <= at <= until for at in times) / (until - since)

        self.hurry()
        load = Submitter(self.net, 0, "distributor-east")
        load.start()
        started = time.monotonic()
        for part in (1, 2, 3, 4):
            goal = BLOCKS * part // 4
            self.net.wait_until(f"{goal} blocks", lambda g=goal: self.height("brand") >= g, SECONDS)
            tell(f"height {goal}; memory of the brand's node {self.memory_mib('brand')} MiB")
        self.net.kill(LOSER)
        for folder in ("journal", "index"):
            shutil.rmtree(self.net.home / LOSER / "data" / folder)
        behind = self.height("brand")
        tell(f"{LOSER} is {behind} blocks behind")

        woken = time.monotonic()
        self.net.start(LOSER)
        self.net.wait_until("it to be ready and to vote",
                            lambda: all(self.net.status(LOSER)[what]
                                        for what in ("ready", "voting")), SECONDS)
        voting = time.monotonic()
        tell(f"it has caught up after {voting - woken:.1f} s, to height {self.height(LOSER)}; the "
             f"others committed {rate(load.times, started, woken):.1f} transactions a second "
             f"before, and {rate(load.times, woken, voting):.1f} meanwhile; its memory "
             f"{self.memory_mib(LOSER)} MiB")
        self.assertIsNone(self.net.status(LOSER).get("base"), "it began with a snapshot")

        # Three of four are needed, and one of them is it.
        self.net.kill("distributor-west")
        count = len(load.times)
        self.net.wait_until("commits with its vote", lambda: len(load.times) > count + 3, SECONDS)
        load.stopping.set()
        load.join(timeout=30)
        self.assertGreater(rate(load.times, woken, voting), 0, "the others stood still")
        self.net.start("distributor-west")
        self.net.wait_until_ready(VALIDATORS)
        for name in VALIDATORS:
            for transaction in list(load.committed)[-20:]:
                self.net.wait_until(
                    f"what was committed at {name}", lambda n=name, t=transaction: self.net.get(
                        n, f"/v1/transactions/{t}")["status"] == "committed")
        tell("nothing that was committed is lost\n")


if __name__ == "__main__":
    unittest.main()
