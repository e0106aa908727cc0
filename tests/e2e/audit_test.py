"""fenrun audit: a network in which a store earned and was paid, and what a stopped node holds."""

import json
import shutil
import subprocess
import unittest

from harness import FENRUN, NetworkTest, quietly

from devnet import BOTTLE_REWARD_FEN, CASE_REWARD_FEN, Demo

PAID_FEN = CASE_REWARD_FEN + BOTTLE_REWARD_FEN
BLOCK_MIDDLE = 4_000  # An offset in the journal, far from both ends.


class AuditTest(NetworkTest):
    base_port = 29380

    @classmethod
    def prepare(cls):
        demo = Demo(cls.net)
        for step in (demo.bring_up, demo.agree, demo.live, demo.pay):
            quietly(step)

    def audit(self, data, *options, expect=0):
        done = subprocess.run(
            [FENRUN, "audit", "--data", data, *map(str, options), "--json"],
            capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_a_stopped_node(self):
        home = self.net.home / "auditor"
        trust = self.net.home / "network.policy"
        running = self.audit(home / "data", expect=4)
        self.assertEqual(running["error"]["code"], "locked")
        self.assertIn("copy", running["error"]["detail"])

        checkpoint = self.home / "checkpoint.txt"
        checkpoint.write_bytes(self.net.request("auditor", "/checkpoint").body)
        self.net.processes["auditor"].terminate()
        self.net.processes.pop("auditor").wait(timeout=20)

        report = self.audit(home / "data", "--trust", trust, "--checkpoint", checkpoint)
        self.assertTrue(report["valid"])
        self.assertIsNone(report["divergence"])
        self.assertEqual(report["blocks"], report["height"] + 1)
        self.assertEqual(report["entries"], report["size"])
        self.assertGreater(report["transactions"]["accepted"], 10)
        self.assertGreater(report["finalizations"], 0)
        self.assertIn(str(checkpoint), [item["source"] for item in report["checkpoints"]])
        [asset] = report["assets"]
        self.assertTrue(asset["conserved"])
        self.assertEqual((asset["earned"], asset["paid"], asset["owed"]), (PAID_FEN, PAID_FEN, 0))
        self.assertEqual(report["unpaid_earnings"],
                         {"budget_exhausted": 0, "no_payee": 0, "owed_back": 0})
        self.assertGreater(report["transactions_per_s"], 0)
        self.assertGreater(report["ratio_to_limit"], 0)
        said = subprocess.run([FENRUN, "audit", "--data", f"{home / 'data'}/", "--threads", "1"],
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("is what its transactions give", said.stdout)

        self.check_refusals(home, trust)
        self.net.start("auditor")  # The audit left everything as it was.
        self.net.wait_until_ready(["auditor"])

    def check_refusals(self, home, trust):
        copy = self.home / "copy"
        shutil.copytree(home / "data", copy)
        self.assertEqual(self.audit(copy, expect=2)["error"]["code"], "usage")  # No genesis there.
        genesis = home / "genesis.bin"
        self.assertTrue(self.audit(copy, "--genesis", genesis, "--trust", trust)["valid"])
        segment = copy / "journal" / f"{0:016x}.log"
        content = bytearray(segment.read_bytes())
        content[BLOCK_MIDDLE] ^= 1
        segment.write_bytes(content)
        damaged = self.audit(copy, "--genesis", genesis, expect=4)
        self.assertEqual(damaged["error"]["code"], "corruption")
        nothing = self.audit(self.home, "--genesis", genesis, expect=4)
        self.assertEqual(nothing["error"]["code"], "file_missing")


if __name__ == "__main__":
    unittest.main()
