"""A brand that lost its operator key gets another by the word of the other operators."""

import itertools
import json
import shutil
import unittest

from harness import VALIDATORS, NetworkTest, campaign

OTHERS = ["distributor-east", "distributor-west", "auditor"]
DELAY_MS = 1_000


class LostKeyTest(NetworkTest):
    base_port = 29520
    last_heights = itertools.count(50_000)  # So that no two proposals are the same.

    def decide(self, change):
        """By the three who have their keys, through a node that is not the brand's."""
        before = {item["proposal"] for item in self.net.pages("auditor", "/v1/proposals")}
        self.net.submit(OTHERS[0], [{"type": "propose_change", "change": change,
                                     "valid_until": next(self.last_heights)}])
        after = {item["proposal"] for item in self.net.pages("auditor", "/v1/proposals")}
        [proposal] = after - before
        for name in OTHERS[1:]:
            self.net.submit(name, [{"type": "approve_change", "proposal": proposal}])

    def shorten_the_delay(self):
        parameters = self.net.get("auditor", "/v1/parameters")
        self.decide({"type": "set_parameters",
                     "parameters": {**parameters, "recovery_delay_ms": DELAY_MS}})

    def new_key(self):
        path = self.net.home / "found.key"
        made = self.net.run("keys", "new", "--purpose", "operator", "--plain", "--out", path)
        return path, made["public_key"]

    def own_recovery(self):
        metrics = self.net.request("brand", "/metrics").body.decode()
        [line] = [line for line in metrics.splitlines()
                  if line.startswith("fenrun_own_recovery_pending ")]
        return float(line.split()[1])

    def test_the_other_operators_give_it_another(self):
        brand = self.net.parties["brand"]
        self.net.submit("brand", [campaign(1)])
        lost = self.net.home / "lost.key"
        shutil.move(self.net.key("brand"), lost)
        path, public = self.new_key()
        change = {"type": "recover_party", "party": brand, "new_key": public}

        # Whoever has the key after all is told of it, and objects.
        self.assertNotIn("recovery", self.net.status("brand"))
        self.decide(change)
        pending = self.net.status("brand")["recovery"]
        self.assertEqual(pending["new_key"], public)
        self.assertEqual(pending["approver"], self.net.parties["auditor"])
        self.assertEqual(self.own_recovery(), 1)
        self.assertNotIn("recovery", self.net.status("auditor"))
        told = self.net.run("status", *self.net.member("brand"), json_output=False).stdout
        self.assertIn(f"another key is to sign for this organisation, {public}, from "
                      f"{pending['due']}", told)
        [listed] = self.net.run("query", "recoveries", *self.net.member("auditor"))
        self.assertEqual((listed["party"], listed["due"]), (brand, pending["due"]))
        self.net.submit("brand", [{"type": "object_to_recovery", "party": brand}], key=lost)
        self.assertNotIn("recovery", self.net.status("brand"))
        self.assertEqual(self.own_recovery(), 0)

        # Nobody has it: the delay passes, and the key that was lost signs no more.
        self.shorten_the_delay()
        self.decide(change)
        self.net.wait_until("the key is the brand's",
                            lambda: "recovery" not in self.net.status("brand"))
        self.net.submit("brand", [campaign(2)], key=path)
        refused = self.net.run("tx", "submit", self.draft(campaign(3)), "--key", lost,
                               *self.net.member("brand"), check=False)
        self.assertEqual(refused["error"]["code"], "signer_unknown")

        # The validator's keys are replaced by its new operator key: the set names it from then on.
        shutil.copy(path, self.net.key("brand"))
        self.net.processes["brand"].terminate()
        self.net.processes.pop("brand").wait(timeout=15)
        self.net.run("rejoin", "--home", self.net.home / "brand", *self.net.member("auditor"),
                     "--plain-keys")
        self.net.start("brand")
        self.net.wait_until_ready(VALIDATORS)
        [validator] = [one for one in self.net.pages("auditor", "/v1/validators")
                       if one["name"] == "brand"]
        self.assertEqual(validator["operator_key"], public)
        self.net.submit("brand", [campaign(3)])
        self.net.check_agreement(self)

    def draft(self, operation):
        path = self.net.home / "draft-of-the-finder.json"
        path.write_text(json.dumps({"operations": [operation]}))
        return path


if __name__ == "__main__":
    unittest.main()
