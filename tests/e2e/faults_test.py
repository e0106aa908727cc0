"""Processes killed with SIGKILL: any three of four suffice, two wait, and nothing is lost."""

import random
import time
import unittest

from harness import VALIDATORS, NetworkTest, Submitter, campaign

RECOVERY_SECONDS = 10
ROUNDS = 5
SEED = 20260301


class OneAndTwoDownTest(NetworkTest):
    base_port = 29020

    def test_any_three_of_four_go_on(self):
        for number, down in enumerate(VALIDATORS):
            with self.subTest(down=down):
                self.net.kill(down)
                via = VALIDATORS[(number + 1) % len(VALIDATORS)]
                answer = self.net.submit("brand", [campaign(100 + number)], via=via)
                self.assertEqual(answer["status"], "committed")
                self.net.start(down)
                self.net.wait_until_ready([down])
                self.net.wait_until(
                    f"{down} to learn what it missed", lambda: self.net.get(
                        down, f"/v1/transactions/{answer['id']}")["status"] == "committed", 10)
        self.net.check_agreement(self)

    def test_with_two_down_nothing_commits_until_they_return(self):
        transaction = self.net.sign([campaign(200)])
        down, up = ["distributor-west", "auditor"], ["brand", "distributor-east"]
        for name in down:
            self.net.kill(name)
        pending = self.net.post("brand", transaction)
        self.assertEqual(pending.status, 202, pending.body)
        identity = pending.json["id"]
        heights = {name: self.net.status(name)["height"] for name in up}
        time.sleep(3)
        for name in up:
            self.assertEqual(self.net.status(name)["height"], heights[name])
            why = self.net.run("status", "--why", *self.net.member(name))["why"]
            for missing in down:
                self.assertIn(missing, why)
            for present in up:
                self.assertNotIn(present, why)
        self.assertEqual(
            self.net.get("brand", f"/v1/transactions/{identity}")["status"], "pending")
        for name in down:
            self.net.start(name)
        for name in VALIDATORS:
            self.net.wait_until(
                f"the transaction at {name}", lambda at=name: self.net.get(
                    at, f"/v1/transactions/{identity}")["status"] == "committed",
                RECOVERY_SECONDS)
        self.net.check_agreement(self)


class AllKilledTest(NetworkTest):
    base_port = 29040

    def test_what_was_answered_as_committed_survives_the_death_of_all(self):
        moments = random.Random(SEED)
        self.net.submit("brand", [{"type": "open_lane", "lane": 1}])
        submitters = [Submitter(self.net, 0, "brand"), Submitter(self.net, 1, "auditor")]
        for submitter in submitters:
            submitter.start()
        for _ in range(ROUNDS):
            self.wait_for_more(submitters)
            time.sleep(moments.uniform(0, 1))
            for name in moments.sample(VALIDATORS, len(VALIDATORS)):
                self.net.processes[name].kill()
                time.sleep(moments.uniform(0, 0.02))
            for process in self.net.processes.values():
                process.wait()
            for name in VALIDATORS:
                self.net.start(name)
            self.net.wait_until_ready(VALIDATORS)
        self.wait_for_more(submitters)
        for submitter in submitters:
            submitter.stopping.set()
        for submitter in submitters:
            submitter.join(timeout=30)
            self.assertFalse(submitter.is_alive())
        committed = {**submitters[0].committed, **submitters[1].committed}
        self.everything_is_there(committed)
        self.net.check_agreement(self)

    def wait_for_more(self, submitters):
        """Both lanes go on."""
        for submitter in submitters:
            before = len(submitter.committed)
            self.net.wait_until(
                f"lane {submitter.lane} to go on",
                lambda of=submitter, count=before: len(of.committed) > count, RECOVERY_SECONDS)

    def everything_is_there(self, committed):
        tip = max(self.net.status(name)["height"] for name in VALIDATORS)
        for name in VALIDATORS:
            self.net.wait_until(f"{name} at {tip}",
                                lambda at=name: self.net.status(at)["height"] >= tip, 20)
            for identity, position in committed.items():
                found = self.net.get(name, f"/v1/transactions/{identity}")
                self.assertEqual((found["status"], found["position"], found["outcome"]),
                                 ("committed", position, "ok"), name)


if __name__ == "__main__":
    unittest.main()
