"""A lost operator key is replaced: by the other operators, or by the party above."""

import itertools
import json
import shutil
import unittest

from harness import VALIDATORS, NetworkTest, campaign

OTHERS = ["distributor-east", "distributor-west", "auditor"]


class LostKeyTest(NetworkTest):
    base_port = 29520
    last_heights = itertools.count(50_000)  # So that no two proposals are the same.

    def proposals(self):
        return {item["proposal"]: item for item in self.net.pages("auditor", "/v1/proposals")}

    def propose(self, change):
        before = self.proposals()
        self.net.submit(OTHERS[0], [{"type": "propose_change", "change": change,
                                     "valid_until": next(self.last_heights)}])
        [proposal] = self.proposals().keys() - before.keys()
        return proposal

    def decide(self, change, changes=None):
        """By three of the four, through a node that is not the brand's.

        `changes`: what the list of proposals must tell of the parameters.
        """
        proposal = self.propose(change)
        self.assertEqual(self.proposals()[proposal].get("changes"), changes)
        for name in OTHERS[1:]:
            self.net.submit(name, [{"type": "approve_change", "proposal": proposal}])

    def shorten_the_delay(self):
        parameters = self.net.get("auditor", "/v1/parameters")
        delay = parameters["recovery_delay_ms"]
        changes = {"recovery_delay_ms": {"from": delay, "to": 1}} if delay != 1 else {}
        self.decide({"type": "set_parameters",
                     "parameters": {**parameters, "recovery_delay_ms": 1}}, changes)

    def lose(self, name):
        """The key is not in its place any more: where it went, a new one, and its public half."""
        lost = self.net.home / f"{name}-lost.key"
        shutil.move(self.net.key(name), lost)
        path = self.net.home / f"{name}-new.key"
        made = self.net.run("keys", "new", "--purpose", "operator", "--plain", "--out", path)
        return lost, path, made["public_key"]

    def recovery(self, name, path):
        """The change that gives the organisation the key of this file."""
        party = self.net.parties[name]
        key = self.net.registered_key(path, party)
        return {"type": "recover_party", "party": party, "new_key": key["key"],
                "possession": key["possession"]}

    def refusal_of(self, key, via):
        """Of a transaction that is signed by it."""
        path = self.net.home / "draft.json"
        path.write_text(json.dumps({"operations": [{"type": "open_lane", "lane": 9}]}))
        done = self.net.run("tx", "submit", path, "--key", key, *self.net.member(via), check=False)
        return done["error"]["code"]

    def own_recovery(self):
        metrics = self.net.request("brand", "/metrics").body.decode()
        [line] = [line for line in metrics.splitlines()
                  if line.startswith("fenrun_own_recovery_pending ")]
        return float(line.split()[1])

    def check_brand_is_told(self, public):
        pending = self.net.status("brand")["recovery"]
        self.assertEqual(pending["new_key"], public)
        self.assertEqual(pending["approver"], self.net.parties["auditor"])
        self.assertEqual(self.own_recovery(), 1)
        told = self.net.run("status", "--why", *self.net.member("brand"), json_output=False).stdout
        self.assertIn(f"another key is to sign for this organisation, {public}, from "
                      f"{pending['due']}", told)
        self.assertNotIn("All is well", told)
        log = (self.net.home / "brand.log").read_text()
        self.assertIn(f"another key is to sign for this node's organisation: {public}", log)
        return pending

    def test_the_other_operators_decide_and_who_has_it_after_all_objects(self):
        brand = self.net.parties["brand"]
        self.shorten_the_delay()
        lost, path, public = self.lose("brand")
        self.assertNotIn("recovery", self.net.status("brand"))
        other = self.net.home / "other.key"
        self.net.run("keys", "new", "--purpose", "operator", "--plain", "--out", other)
        left_open = self.propose(self.recovery("brand", other))
        self.decide(self.recovery("brand", path))

        pending = self.check_brand_is_told(public)
        self.assertNotIn("recovery", self.net.status("auditor"))
        [listed] = self.net.run("query", "recoveries", *self.net.member("auditor"))
        self.assertEqual((listed["party"], listed["due"]), (brand, pending["due"]))
        self.assertEqual(self.net.get("auditor", f"/v1/parties/{brand}")["recovery"], pending)
        for about_keys in ("/v1/recoveries", "/v1/proposals"):
            self.assertEqual(self.net.request("auditor", about_keys, token=None).status, 401)

        # The operators have set the delay to a millisecond: a day is left all the same.
        self.assertEqual(self.refusal_of(path, "brand"), "signer_unknown")
        self.assertEqual(self.proposals()[left_open]["state"], "open")
        self.net.submit("brand", [{"type": "object_to_recovery", "party": brand}], key=lost)
        self.assertEqual(self.proposals()[left_open]["state"], "expired")
        self.assertNotIn("recovery", self.net.status("brand"))
        self.assertEqual(self.own_recovery(), 0)
        shutil.copy(lost, self.net.key("brand"))

    def test_the_party_above_proposes_and_an_auditor_approves(self):
        """With a delay that a test can wait for; the validator goes on under its new key."""
        name = "distributor-east"
        self.shorten_the_delay()
        lost, path, public = self.lose(name)
        about = {"party": self.net.parties[name], "new_key": public}
        possession = self.net.possession(path, about["party"])
        self.net.submit("brand", [{"type": "propose_recovery", **about, "possession": possession}])
        self.net.submit("auditor", [{"type": "approve_recovery", **about}])
        self.net.wait_until("the key is the party's",
                            lambda: "recovery" not in self.net.status(name))
        self.net.submit(name, [{"type": "open_lane", "lane": 1}], key=path)
        self.assertEqual(self.refusal_of(lost, name), "signer_unknown")

        # The validator's keys are replaced by its new operator key: the set names it from then on.
        shutil.copy(path, self.net.key(name))
        self.net.processes[name].terminate()
        self.net.processes.pop(name).wait(timeout=15)
        self.net.run("rejoin", "--home", self.net.home / name, *self.net.member("auditor"),
                     "--plain-keys")
        self.net.start(name)
        self.net.wait_until_ready(VALIDATORS)
        [validator] = [one for one in self.net.pages("auditor", "/v1/validators")
                       if one["name"] == name]
        self.assertEqual(validator["operator_key"], public)
        self.net.submit("brand", [campaign(3)])
        self.net.check_agreement(self)


if __name__ == "__main__":
    unittest.main()
