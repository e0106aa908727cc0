"""More vote logs are lost than a network can bear: all operators together let it go on."""

import base64
import json
import shutil
import subprocess
import unittest

from harness import FENRUN, VALIDATORS, Failure, NetworkTest, campaign

LOST = ["distributor-west", "auditor"]
LATE = "auditor"  # Is down while the others recover.


class RecoverTest(NetworkTest):
    base_port = 29360

    def stop(self, name):
        self.net.processes[name].terminate()
        self.net.processes.pop(name).wait(timeout=20)

    def command(self, *arguments):
        """Exit code and JSON answer."""
        done = subprocess.run([FENRUN, *map(str, arguments), "--json"], capture_output=True,
                              text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}

    def refused(self, code, exit_code, *arguments):
        found_exit, answer = self.command(*arguments)
        self.assertEqual(answer["error"]["code"], code, answer)
        self.assertEqual(found_exit, exit_code)
        self.assertTrue(answer["error"]["hint"])
        return answer["error"]

    def statement(self, name):
        return self.home / f"{name}.recovery"

    def state(self, name, *options):
        return self.net.run("recover", "prepare", "--home", self.net.home / name, "--plain-keys",
                            "-o", self.statement(name), *options)

    def apply(self, name):
        return self.net.run("recover", "apply", "--home", self.net.home / name, self.recovery)

    def money(self, via):
        return self.net.get(via, "/v1/funds")["items"]

    def lose_votes(self):
        for name in LOST:
            self.net.kill(name)
            (self.net.home / name / "data/votes.log").unlink()
        for name in LOST:
            self.net.start(name)
        self.net.wait_until_ready(VALIDATORS)
        for name in LOST:
            self.assertFalse(self.net.status(name)["voting"])

    def check_stands_still(self):
        draft = self.home / "waits.json"
        draft.write_text(json.dumps({"operations": [campaign(9)]}))
        exit_code, _ = self.command("tx", "submit", draft, "--key", self.net.key("brand"),
                                    *self.net.member("brand"), "--wait", "3")
        self.assertEqual(exit_code, 3)

        def says_what_to_do():
            said = self.net.run("status", "--why", *self.net.member("brand"), json_output=False)
            return "fenrun recover" in said.stdout and LOST[0] in said.stdout
        self.net.wait_until("an explanation", says_what_to_do, 60)

    def check_statements(self):
        self.refused("usage", 2, "recover", "prepare", "--home", self.net.home / LOST[0],
                     "--plain-keys", "-o", self.statement(LOST[0]))  # What is lost?
        stated = {name: self.state(name, *(["--lost", "votes"] if name in LOST else []))
                  for name in VALIDATORS}
        self.assertEqual({answer["height"] for answer in stated.values()}, {self.height})
        self.assertEqual(stated["brand"]["statements"][0]["lost"], "none")
        self.assertEqual(stated[LOST[0]]["statements"][0]["lost"], "votes")
        # Once more, as after a crash: the same keys, and nothing that was known is forgotten.
        again = self.state("brand")
        self.assertEqual(again["statements"][0]["lost"], "none")
        self.assertEqual(again["statements"][0]["consensus_key"],
                         stated["brand"]["statements"][0]["consensus_key"])

        self.recovery = self.home / "network.recovery"
        statements = [self.statement(name) for name in VALIDATORS]
        error = self.refused("recovery_incomplete", 1, "recover", "combine", *statements[:3], "-o",
                             self.recovery)
        self.assertEqual(error["detail"], VALIDATORS[3])
        self.refused("recovery_invalid", 1, "recover", "combine", *statements[:3],
                     self.altered(statements[3]), "-o", self.recovery)
        self.assertFalse(self.recovery.exists())
        whole = self.net.run("recover", "combine", *statements, "-o", self.recovery)
        backwards = self.home / "backwards.recovery"
        self.net.run("recover", "combine", *reversed(statements), "-o", backwards)
        self.assertEqual(backwards.read_bytes(), self.recovery.read_bytes())
        self.assertEqual(whole["missing"], [])
        self.assertTrue(whole["links_old_trust_files"])
        self.refused("recovery_incomplete", 1, "recover", "apply", "--home",
                     self.net.home / "brand", statements[0])

    def altered(self, path):
        """The file with one bit of the last operator's new checkpoint key turned."""
        shown = self.net.run("recover", "show", path)
        key = bytes.fromhex(shown["statements"][-1]["checkpoint_key"])
        tag, text, rest = path.read_text().split("\n")
        data = bytearray(base64.b64decode(text))
        data[data.index(key) + 31] ^= 1
        out = self.home / "altered.recovery"
        out.write_text("\n".join([tag, base64.b64encode(data).decode(), rest]))
        return out

    def check_goes_on(self):
        for name in VALIDATORS:
            if name != LATE:
                self.assertTrue(self.apply(name)["applied"])
                self.assertTrue(self.apply(name)["applied"])  # Once more, as after a crash.
                self.net.start(name)
        running = [name for name in VALIDATORS if name != LATE]
        self.net.wait_until_ready(running)
        self.net.submit("brand", [campaign(2)])
        for name in running:
            self.assertTrue(self.net.status(name)["voting"], name)
            self.assertEqual(self.net.status(name)["epoch"], 1)
            self.assertEqual(self.money(name), self.fund)
        self.assertEqual(self.net.get("brand", f"/v1/transactions/{self.first}")["position"],
                         self.first_position)
        entries = self.net.get("brand", f"/v1/entries/{self.size}")
        self.assertEqual(entries["entry"]["work"]["type"], "network_recovered")
        self.assertEqual(len(entries["entry"]["work"]["statements"]), 4)

    def verify(self, proof, trust):
        return self.command("verify", proof, "--trust", trust)

    def check_proofs(self):
        proof = self.home / "new.fenrun-proof"

        def is_cosigned():
            self.net.run("proof", "record", "15", "-o", proof, *self.net.member("brand"))
            return self.verify(proof, self.old_trust)[0] == 0
        try:
            self.net.wait_until("a proof", is_cosigned, 30)
        except Failure:
            self.fail(self.verify(proof, self.old_trust))
        exit_code, verdict = self.verify(proof, self.old_trust)
        self.assertEqual(exit_code, 0)
        self.assertEqual([change["by_recovery"] for change in verdict["changes"]], [True])
        self.assertEqual(sorted(verdict["changes"][0]["rekeyed"]), sorted(VALIDATORS))
        told = subprocess.run([FENRUN, "verify", proof, "--trust", self.old_trust],
                              capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertIn("RECOVERY", told)

        # An old proof still holds under the old file, and not under that of the new era.
        self.assertEqual(self.verify(self.old_proof, self.old_trust)[0], 0)
        new_trust = self.home / "new.policy"
        self.net.run("policy", "update", "--trust", self.old_trust, "--proof", proof, "-o",
                     new_trust)
        self.assertEqual(self.verify(proof, new_trust)[0], 0)
        exit_code, answer = self.verify(self.old_proof, new_trust)
        self.assertEqual((exit_code, answer["code"]), (1, "validators_mismatch"), answer)

        # A recovery that lacks an operator, or to which one did not put its name, is none.
        whole = json.loads(proof.read_text())
        for recovery in (self.statement("brand"), self.altered(self.recovery)):
            whole["handovers"][0]["checkpoint"] = recovery.read_text()
            forged = self.home / "forged.fenrun-proof"
            forged.write_text(json.dumps(whole, sort_keys=True, separators=(",", ":"),
                                         ensure_ascii=False) + "\n")
            exit_code, answer = self.verify(forged, self.old_trust)
            self.assertEqual((exit_code, answer["code"]), (1, "handover_invalid"), answer)

    def check_late_comer(self):
        """A node that knows nothing of it follows, and votes with the keys that were stated."""
        self.net.start(LATE)
        self.net.wait_until_ready([LATE])
        self.net.wait_until("in the new epoch", lambda: self.net.status(LATE)["epoch"] == 1)
        self.assertFalse(self.net.status(LATE)["voting"])
        self.stop(LATE)
        self.assertTrue(self.apply(LATE)["applied"])
        self.net.start(LATE)
        self.net.wait_until_ready([LATE])
        self.net.wait_until("votes", lambda: self.net.status(LATE)["voting"])
        self.net.kill("distributor-east")
        self.net.submit("brand", [campaign(3)])  # Its vote is needed now.
        self.net.start("distributor-east")
        self.net.wait_until_ready(VALIDATORS)
        self.net.check_agreement(self)

    def check_audit(self):
        """Who executes the journal again comes through the recovery too."""
        self.stop("brand")
        report = self.net.run("audit", "--data", self.net.home / "brand/data", "--trust",
                              self.old_trust)
        self.assertTrue(report["valid"])
        self.assertEqual((report["recoveries"], report["epochs"]), (1, 2))

    def test_the_network_goes_on(self):
        self.first = self.net.submit("brand", [campaign(1)])["id"]
        self.net.submit("brand", [{"type": "declare_budget", "campaign": 1, "asset": 0,
                                   "amount": 5_000_000}])
        self.fund = self.money("brand")
        self.old_trust = self.home / "old.policy"
        shutil.copy(self.net.home / "brand/network.policy", self.old_trust)
        self.old_proof = self.home / "old.fenrun-proof"
        self.net.wait_until("a checkpoint", lambda: self.net.run(
            "proof", "record", "15", "-o", self.old_proof, *self.net.member("brand")) is not None)
        self.first_position = self.net.get("brand", f"/v1/transactions/{self.first}")["position"]

        self.lose_votes()
        self.check_stands_still()
        self.net.wait_until("one height", lambda: len(
            {self.net.status(name)["height"] for name in VALIDATORS}) == 1)
        self.height = self.net.status("brand")["height"]
        self.size = self.net.status("brand")["entries"]
        for name in VALIDATORS:
            self.stop(name)
        self.check_statements()
        self.check_goes_on()
        self.check_proofs()
        self.check_late_comer()
        self.check_audit()


if __name__ == "__main__":
    unittest.main()
