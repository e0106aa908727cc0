"""A distributor joins a running network: admitted, observing, validating; and leaves again."""

import unittest

from harness import VALIDATORS, NetworkTest, campaign

NEW = "distributor-south"


class JoinTest(NetworkTest):
    base_port = 29320

    def member(self):
        """The new node's API, as its own people reach it."""
        return ["--node", f"http://127.0.0.1:{self.base_port + 9}",
                "--token-file", self.net.home / NEW / "token"]

    def status(self):
        return self.net.run("status", *self.member())

    def epoch_everywhere(self, epoch):
        for name in VALIDATORS:
            self.net.wait_until(f"epoch {epoch} at {name}",
                                lambda n=name: self.net.status(n)["epoch"] == epoch)
        self.net.wait_until(f"epoch {epoch} at {NEW}", lambda: self.status()["epoch"] == epoch)

    def test_joins_validates_and_leaves(self):
        home = self.net.home / NEW
        old_policy = (self.net.home / "network.policy").read_text()
        card = self.net.run("init", "--home", home, "--name", NEW, "--role", "distributor",
                            "--parent", "brand", "--peer-port", self.base_port + 8,
                            "--plain-keys")
        # Without a token: it is no member yet.
        join = ["init", "--home", home, "--join", self.net.url("brand"),
                "--api-port", self.base_port + 9]
        for name in VALIDATORS:
            join += ["--card", self.net.home / name / "card.json"]
        refused = self.net.run(*join, check=False)
        self.assertEqual(refused["error"]["code"], "member_unknown")

        self.net.admit(card, home)
        # Without all cards it is said whom the node cannot dial; with a configuration it is joined.
        partly = self.net.run(*join[:-2], json_output=False)
        self.assertIn(f"listen: {VALIDATORS[-1]}\n", partly.stderr)
        self.assertEqual(self.net.run(*join, check=False)["error"]["code"], "file_exists")
        (home / "config.toml").unlink()
        joined = self.net.run(*join)
        self.assertEqual(joined["member"], 4)
        for name, kept in (("genesis.bin", self.net.home / "brand/genesis.bin"),
                           ("network.policy", self.net.home / "network.policy")):
            self.assertEqual((home / name).read_bytes(), kept.read_bytes())
        self.net.start(NEW)
        self.net.wait_until("the observer caught up", lambda: self.status()["ready"])
        self.assertFalse(self.status()["voting"])

        ready = self.net.run("ready", "--home", home, *self.member())
        self.assertEqual(ready["outcome"], "ok")
        self.net.change({"type": "add_validator", "name": NEW})
        self.epoch_everywhere(1)
        self.assertTrue(self.status()["voting"])
        self.assertEqual(len(self.net.pages("brand", "/v1/validators")), 5)

        # Four of five are needed: the new one's vote counts.
        self.net.kill("auditor")
        identity = self.net.submit("brand", [campaign(1)])["id"]
        self.net.start("auditor")
        self.net.wait_until_ready(VALIDATORS)

        # Who holds the trust file of the beginning verifies a proof of today.
        proof = self.net.home / "new.fenrun-proof"
        self.net.wait_until("a proof", lambda: self.net.run(
            "proof", "transaction", identity, *self.net.member("brand"), "-o", proof) is not None)
        policy = self.net.home / "old.policy"
        policy.write_text(old_policy)
        verdict = self.net.run("verify", proof, "--trust", policy)
        self.assertEqual([change["added"] for change in verdict["changes"]], [[NEW]])

        self.net.change({"type": "remove_validator", "name": NEW})
        self.epoch_everywhere(2)
        self.assertFalse(self.status()["voting"])
        self.net.submit("brand", [campaign(2)])
        self.net.check_agreement(self)


if __name__ == "__main__":
    unittest.main()
