"""A validator that lost its votes comes back with new keys, by one command."""

import json
import subprocess
import unittest

from harness import FENRUN, VALIDATORS, NetworkTest, campaign

LOST = "distributor-west"


class RejoinTest(NetworkTest):
    base_port = 29300

    def voting(self, name):
        return self.net.status(name)["voting"]

    def start_lost(self):
        self.net.start(LOST)
        self.net.wait_until_ready([LOST])

    def rejoin(self, *options, check=True):
        return self.net.run("rejoin", "--home", self.net.home / LOST, *self.net.member("brand"),
                            "--plain-keys", *options, check=check)

    def test_a_lost_vote_log_costs_one_command(self):
        self.net.submit("brand", [campaign(1)])
        refused = self.rejoin(check=False)
        self.assertEqual(refused["error"]["code"], "locked")  # Its node runs.

        # As from a backup: it lacks votes that the others have seen.
        log = self.net.home / LOST / "data/votes.log"
        self.net.kill(LOST)
        older = log.read_bytes()
        self.start_lost()
        self.net.wait_until("votes", lambda: self.voting(LOST))
        self.net.submit("brand", [campaign(10)])
        self.net.kill(LOST)
        log.write_bytes(older)
        self.start_lost()
        self.net.wait_until("sees that its log is old", lambda: not self.voting(LOST))
        self.net.submit("brand", [campaign(11)], via=LOST)  # It still serves its people.

        self.net.kill(LOST)
        log.unlink()
        self.start_lost()
        self.assertFalse(self.voting(LOST))
        self.net.submit("brand", [campaign(2)], via=LOST)

        self.net.processes[LOST].terminate()
        self.net.processes.pop(LOST).wait(timeout=15)
        old = (self.net.home / LOST / "keys/consensus.key").read_text()
        answer = self.rejoin()
        self.assertNotEqual((self.net.home / LOST / "keys/consensus.key").read_text(), old)
        self.start_lost()
        self.net.wait_until("votes again", lambda: self.voting(LOST))
        for name in VALIDATORS:
            self.net.wait_until(f"epoch 1 at {name}",
                                lambda n=name: self.net.status(n)["epoch"] == 1)

        # Its vote is needed now, and counts.
        self.net.kill("auditor")
        self.net.submit("brand", [campaign(3)])
        self.net.start("auditor")
        self.net.wait_until_ready(VALIDATORS)
        self.net.check_agreement(self)
        self.assertEqual(len(answer["consensus_key"]), 64)

        # Each time begins an epoch, so not as often as one likes.
        self.net.processes[LOST].terminate()
        self.net.processes.pop(LOST).wait(timeout=15)
        self.assertEqual(self.again_at_once()["error"]["code"], "set_change_too_soon")

    def again_at_once(self):
        done = subprocess.run(
            [FENRUN, "rejoin", "--home", self.net.home / LOST, *self.net.member("brand"),
             "--plain-keys", "--json"], capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        answer = json.loads(done.stdout)
        if "operations" in answer:
            return {"error": {"code": answer["operations"][0]["outcome"]}}
        return answer


if __name__ == "__main__":
    unittest.main()
