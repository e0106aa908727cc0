"""The main job, as scripts/devnet runs it: found, agree, live, pay, prove."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import FENRUN, ROOT, VALIDATORS


class MainJobTest(unittest.TestCase):
    def test_devnet_does_the_main_job_and_shows_its_table(self):
        home = pathlib.Path(tempfile.mkdtemp(prefix="fenrun-e2e-")) / "devnet"
        done = subprocess.run(
            [sys.executable, ROOT / "scripts" / "devnet.py", "--fenrun", FENRUN,
             "--home", home, "--base-port", "29000"],
            capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        table = dict(line.strip().split("  ", 1)
                     for line in done.stdout.split("== summary\n")[1].splitlines())
        for name in VALIDATORS:
            self.assertGreater(int(table[f"height of {name}"]), 20)
        self.assertEqual(table["earned and paid (fen)"].strip(), "620")
        self.assertEqual(table["still owed (fen)"].strip(), "0")
        self.assertEqual(done.stdout.count("the proof holds under the trust file"), 3)
        self.assertIn("ok, 500 fen earned", done.stdout)
        self.assertIn("ok, 120 fen earned", done.stdout)
        self.assertIn("one fen too much: payout_exceeds_earned", done.stdout)
        self.assertIn("altered copy: NOT VALID", done.stdout)
        shutil.rmtree(home.parent)


if __name__ == "__main__":
    unittest.main()
