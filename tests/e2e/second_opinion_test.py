"""Every kind of proof, judged by `fenrun verify` and by the verifier of tests/second.

The second verifier was written from docs/spec alone. Both must say the same of every proof, and
neither may accept a file, altered or forged, that the other refuses. FENRUN_MUTATIONS sets how
many files are altered, FENRUN_SEED with which seed the first of them.
"""

import json
import os
import random
import secrets
import subprocess
import sys
import time
import unittest
import urllib.parse

from harness import FENRUN, ROOT, Failure, NetworkTest, campaign, quietly

# Of scripts/, which the harness makes importable.
from devnet import BOTTLE_GTIN, CASE_GTIN, Demo

sys.path.insert(0, str(ROOT / "tests"))

from second import codes, families, forge, mutate, proof_file, trust  # noqa: E402  (no package)
from second.encoding import Fields, decode, encode  # noqa: E402
from second.errors import Refused  # noqa: E402
from second.verdict import verdict_json  # noqa: E402
from second.verifier import verify  # noqa: E402

MUTATIONS = int(os.environ.get("FENRUN_MUTATIONS", "300"))
SEED = int(os.environ.get("FENRUN_SEED", "1"))
BATCH, SPARE_BATCH = 7, 8
ITEMS, PER_CASE, PER_PALLET = 24, 6, 2
FOREIGN_PALLET = "00/069012340000999990"
LEAVES = "distributor-west"
SAMPLES = (f"01/{BOTTLE_GTIN}/21/B00001", f"01/{CASE_GTIN}/21/C0001")  # Of devnet.py.


class SecondOpinionTest(NetworkTest):
    base_port = 29500

    @classmethod
    def prepare(cls):
        cls.demo = Demo(cls.net)
        cls.proofs = {}
        for step in (cls.demo.bring_up, cls.demo.agree, cls.demo.live, cls.new_version,
                     cls.demo.pay, cls.print_codes, cls.move_goods, cls.move_spare_cases,
                     cls.use_codes):
            quietly(step)
        cls.trust = cls.net.home / "network.policy"
        cls.fetch_all()
        cls.net.change({"type": "remove_validator", "name": LEAVES})
        cls.net.wait_until("epoch 1", lambda: cls.net.status("brand")["epoch"] == 1)
        cls.net.submit("brand", [campaign(2)])
        cls.wait_for_checkpoint()
        cls.fetch("record of epoch 1", "record/15")

    # ---- What happened ---------------------------------------------------------------------------

    @classmethod
    def new_version(cls):
        """A second version of the policy: the Record that was in force has a successor."""
        begin = time.time() + 600
        terms = {**cls.net.get("brand", "/v1/policies/1")["terms"], "version": 2,
                 "effective_from": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin))}
        cls.net.submit("brand", [{"type": "publish_policy", "policy": terms}])
        digest = cls.net.get("brand", "/v1/policies/1?version=2")["digest"]
        cls.net.submit("distributor-east", [{"type": "countersign_policy", "policy": 1,
                                             "version": 2, "digest": digest}])

    @classmethod
    def print_codes(cls):
        folder = cls.net.home / "batch"
        made = cls.net.run(
            "codes", "generate", "--out", folder, "--batch", BATCH, "--gtin", BOTTLE_GTIN,
            "--count", ITEMS, "--case-gtin", CASE_GTIN, "--per-case", PER_CASE, "--per-pallet",
            PER_PALLET, "--sscc-first", "6901234000001000", "--lot", "L1", "--plain",
            "--genesis", cls.net.home / "brand" / "genesis.bin")
        cls.links = cls.net.printed_links(folder)
        cls.items = [link.split("#")[0].split("/", 3)[3] for link in cls.links]
        cls.case, cls.pallet = (made["levels"][level]["first"] for level in (1, 2))
        cls.last_case, cls.last_pallet = (made["levels"][level]["last"] for level in (1, 2))
        cls.second_case, cls.third_case = (f"01/{CASE_GTIN}/21/{codes.serial(BATCH, index)}"
                                           for index in (1, 2))
        cls.codes_folder = folder
        register = json.loads((folder / "register.json").read_text())
        cls.net.submit("brand", register["operations"])

    @classmethod
    def event(cls, kind, place, ranges=(), **more):
        return {"type": "record_event", "kind": kind, "standing": "asserted",
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "place": cls.net.parties[place], "event_hash": secrets.token_hex(32),
                "id": {"document": secrets.token_hex(32), "index": 0, "part": 0}, "units": [],
                "ranges": [{"batch": BATCH, "level": level, "first": first, "count": count}
                           for level, first, count in ranges], **more}

    @classmethod
    def move_goods(cls):
        """Shipped and received in containers, emptied, packed anew, and some of it taken back."""
        net, event = cls.net, cls.event
        east = {"counterparty": net.parties["distributor-east"]}
        for batch in ([("item", 0, 12)], [("case", 0, 4), ("logistic", 0, 2), ("item", 12, 12)]):
            net.submit("brand", [event("commissioning", "brand", batch)])
        net.submit("brand", [event("shipping", "brand", [("logistic", 0, 1)], **east)])
        voided = event("shipping", "brand", [("logistic", 1, 1)], **east)
        net.submit("brand", [voided])
        net.submit("brand", [event("void_shipping", "brand", [("logistic", 1, 1)])])
        opened = event("unpacking", "distributor-east", parent=cls.case)
        undone = {**opened, "standing": "erroneous",
                  "id": {"document": secrets.token_hex(32), "index": 0, "part": 0}}
        for step in (event("receiving", "distributor-east", [("logistic", 0, 1)]),
                     event("unpacking", "distributor-east", parent=cls.pallet), opened, undone,
                     event("observed", "distributor-east", units=[cls.items[1]]),
                     event("unpacking", "distributor-east", parent=cls.case),
                     event("packing", "distributor-east", units=cls.items[:2],
                           parent=cls.pallet),
                     *cls.disputed(),
                     event("destroying", "distributor-east", units=[cls.items[2]])):
            net.submit("distributor-east", [step])
        cls.move_a_case()

    @classmethod
    def disputed(cls):
        """A case is emptied and something packed into it again; then the first is denied."""
        emptied = cls.event("unpacking", "distributor-east", parent=cls.second_case)
        return [emptied,
                cls.event("packing", "distributor-east", units=[cls.items[6]],
                          parent=cls.second_case),
                {**emptied, "standing": "erroneous",
                 "id": {"document": secrets.token_hex(32), "index": 0, "part": 0}}]

    @classmethod
    def move_a_case(cls):
        """Through a container of another batch; only then is something else packed into it."""
        net, event = cls.net, cls.event
        net.submit("brand", [{"type": "open_unit_batch", "batch": 2, "product": BOTTLE_GTIN}])
        for step in (event("commissioning", "brand", units=[FOREIGN_PALLET], batch=2),
                     event("unpacking", "brand", [("case", 2, 1)], parent=cls.last_pallet),
                     event("packing", "brand", [("case", 2, 1)], parent=FOREIGN_PALLET),
                     event("observed", "brand", units=[FOREIGN_PALLET]),
                     event("unpacking", "brand", [("case", 2, 1)], parent=FOREIGN_PALLET),
                     event("unpacking", "brand", units=[cls.items[18]], parent=cls.last_case),
                     event("packing", "brand", units=[cls.items[18]], parent=cls.third_case)):
            net.submit("brand", [step])

    @classmethod
    def move_spare_cases(cls):
        """More cases were printed than the items fill; one of them is emptied all the same."""
        levels = [{"level": "item", "gtin": BOTTLE_GTIN, "count": 4, "per_parent": 2},
                  {"level": "case", "gtin": CASE_GTIN, "count": 3, "per_parent": 0}]
        cls.net.submit("brand", [{
            "type": "register_codes", "batch": SPARE_BATCH, "levels": levels, "root": "11" * 32,
            "path": "none", "gate": "commissioned", "lot": ""}])
        ranges = [{"batch": SPARE_BATCH, "level": level["level"], "first": 0,
                   "count": level["count"]} for level in levels]
        cls.spare = f"01/{CASE_GTIN}/21/{codes.serial(SPARE_BATCH, 2)}"
        cls.net.submit("brand", [{**cls.event("commissioning", "brand"), "ranges": ranges}])
        cls.net.submit("brand", [cls.event("unpacking", "brand", parent=cls.spare)])

    @classmethod
    def use_codes(cls):
        for link, claimant in ((cls.links[0], "ab" * 16), (cls.links[12], "cd" * 16)):
            claim = cls.net.run("codes", "claim", link, "--dir", cls.codes_folder, "--claimant",
                                claimant, "--region", 310100, "--bare")
            cls.net.submit("distributor-east", [claim])
        cls.net.submit("brand", [
            {"type": "erase_subject", "subject": "cd" * 16},
            {"type": "void_codes", "reason": "recalled", "range": {
                "batch": BATCH, "level": "item", "first": 11, "count": 2}}])
        cls.wait_for_checkpoint()

    # ---- Proofs of it ----------------------------------------------------------------------------

    @classmethod
    def wait_for_checkpoint(cls):
        entries = cls.net.status("brand")["entries"]
        cls.net.wait_until("a checkpoint over it",
                           lambda: cls.net.checkpoint("brand")[0] >= entries)

    @classmethod
    def fetch(cls, name, path):
        answer = cls.net.request("brand", f"/v1/proofs/{path}")
        if answer.status != 200:
            raise Failure(f"{name}: {answer.body}")
        cls.proofs[name] = answer.body

    @classmethod
    def fetch_all(cls):
        size, _ = cls.net.checkpoint("brand")
        entries = [cls.net.get("brand", f"/v1/entries/{at}") for at in range(size)]
        of_kind = {}
        for entry in entries:
            of_kind.setdefault(entry["entry"]["type"], []).append(entry)
        for entry in of_kind["transaction"][::5]:
            identity = entry["entry"]["id"]
            cls.fetch(f"transaction {identity}", f"transaction/{identity}")
            cls.fetch(f"whole transaction {identity}", f"transaction/{identity}?operations=true")
        for kind, step in (("operation", 5), ("posting", 1)):
            for entry in of_kind[kind][::step]:
                cls.fetch(f"{kind} {entry['position']}", f"{kind}/{entry['position']}")
        newest_of_family = {record["entry"]["key"][:2]: record["entry"]["key"]
                            for record in of_kind["record"]}
        for key in newest_of_family.values():
            cls.fetch(f"record {key}", f"record/{key}")
        for key in (f"10{'ff' * 16}", f"18{2:08x}{1:08x}", f"2c{BATCH:08x}00{3:08x}"):
            cls.fetch(f"absence {key}", f"absence/{key}")
        for name, party in cls.net.parties.items():
            cls.fetch(f"account of {name}", f"account/{party}")
        units = (*cls.items[:4], cls.items[6], *cls.items[10:14], cls.items[18], cls.case,
                 cls.third_case, cls.pallet, FOREIGN_PALLET, cls.spare, *SAMPLES)
        for epc in units:
            cls.fetch(f"provenance {epc}", f"provenance/{urllib.parse.quote(epc, safe='')}")

    # ---- Both verifiers --------------------------------------------------------------------------

    def first(self, proof, policy):
        """What `fenrun verify` answers; `valid` is None where it does not."""
        proof_path, policy_path = self.home / "judged.proof", self.home / "judged.policy"
        proof_path.write_bytes(proof)
        policy_path.write_bytes(policy)
        done = subprocess.run([FENRUN, "verify", proof_path, "--trust", policy_path, "--json"],
                              capture_output=True, text=True, timeout=30, check=False)
        if done.returncode not in (0, 1):
            return {"valid": None, "ended with": done.returncode, "said": done.stderr}
        answer = json.loads(done.stdout)
        self.assertEqual(answer["valid"], done.returncode == 0)
        return answer

    @staticmethod
    def second(proof, policy):
        try:
            return verdict_json(verify(proof_file.read(proof), trust.parse_bytes(policy)))
        except Refused as refused:
            return {"valid": False, "code": refused.code, "detail": refused.detail}

    def test_1_they_say_the_same_of_every_proof(self):
        policy = self.trust.read_bytes()
        kinds = set()
        for name, proof in self.proofs.items():
            with self.subTest(name):
                first = self.first(proof, policy)
                self.assertTrue(first["valid"], first)
                self.assertEqual(self.second(proof, policy), first)
                kinds.add(first["claim"])
        self.assertEqual(kinds, set(proof_file.CLAIMS))
        changed = self.second(self.proofs["record of epoch 1"], policy)["changes"]
        self.assertEqual([change["removed"] for change in changed], [[LEAVES]])

    def test_2_forged_anew_without_a_change_every_proof_holds(self):
        for name, proof in self.proofs.items():
            with self.subTest(name):
                draft = forge.draft_of(proof)
                policy = forge.trust_file(draft.origin).encode()
                self.assertTrue(self.second(forge.forge(draft), policy)["valid"])

    def test_3_neither_accepts_what_the_other_refuses(self):
        disagreements, accepted = [], 0
        for seed in range(SEED, SEED + MUTATIONS):
            name, proof, policy = self.altered(random.Random(seed))
            first, second = self.first(proof, policy), self.second(proof, policy)
            accepted += second["valid"]
            if first["valid"] != second["valid"]:
                disagreements.append(f"seed {seed}, {name}: {first} and {second}")
                (self.home / f"seed-{seed}.fenrun-proof").write_bytes(proof)
                (self.home / f"seed-{seed}.policy").write_bytes(policy)
        self.assertEqual(disagreements, [])
        self.assertGreater(accepted, 0)
        self.assertLess(accepted, MUTATIONS / 2)

    def altered(self, seeded):
        """A name, and a proof and a trust file, one of which is not what the network made."""
        name = seeded.choice(list(self.proofs))
        proof, policy = self.proofs[name], self.trust.read_bytes()
        way = seeded.choice(["bytes", "json", "policy", "draft", "draft", "draft"])
        if way == "bytes":
            proof = mutate.altered_bytes(proof, seeded)
        elif way == "json":
            proof = mutate.altered_json(proof, seeded)
        elif way == "policy":
            policy = mutate.altered_lines(policy.decode(), seeded).encode()
        else:
            draft = mutate.altered_draft(forge.draft_of(proof), seeded)
            proof, policy = forge.forge(draft), forge.trust_file(draft.origin).encode()
        return f"{name}, {way}", proof, policy

    def test_4_what_no_rules_can_have_written_is_refused(self):
        """A journal may have been signed against the rules: nobody must follow it blindly."""
        def packed_nowhere(operation):
            return {**operation, "kind": "packing", "parent": None}

        def without_ssccs(batch):
            return {**batch, "codes": Fields({**batch.codes, "sscc_first": None})}

        def in_a_circle(batch):
            item = batch.codes.levels[0]
            return {**batch, "codes": Fields({**batch.codes, "levels": [item, item]})}
        for kind, alter in (("operation", packed_nowhere), ("record", without_ssccs),
                            ("record", in_a_circle)):
            with self.subTest(alter.__name__):
                draft = forge.draft_of(self.proofs[f"provenance {self.items[2]}"])
                self.alter(draft, kind, alter)
                proof, policy = forge.forge(draft), forge.trust_file(draft.origin).encode()
                for answer in (self.first(proof, policy), self.second(proof, policy)):
                    self.assertIs(answer["valid"], False, answer)

    @staticmethod
    def alter(draft, kind, change):
        """Changes the last operation of a draft, or the Record of its printed batch."""
        batch = bytes([families.BATCH]) + BATCH.to_bytes(4, "big")
        position = max(at for at, entry in draft.entries.items()
                       if entry.type == kind and entry.get("key", batch) == batch)
        entry = draft.entries[position]
        field, meaning = mutate.meaning_of(entry)
        value = Fields(change(decode(meaning, entry[field])))
        draft.entries[position] = Fields({**entry, field: encode(meaning, value)})

    def test_5_the_command_has_the_same_exit_codes(self):
        proof, altered = self.home / "my.fenrun-proof", self.home / "altered.fenrun-proof"
        proof.write_bytes(self.proofs["record of epoch 1"])
        altered.write_bytes(self.proofs["record of epoch 1"][:-2])
        cases = [(0, [proof, "--trust", self.trust]), (1, [altered, "--trust", self.trust]),
                 (1, [proof, "--trust", proof]), (2, [proof]), (2, [proof, "--trust"]),
                 (4, [self.home / "none", "--trust", self.trust]),
                 (1, [proof, "--trust", self.trust, "--max-age", 0]),
                 (4, [proof, "--trust", self.home / "none"])]
        time.sleep(1.1)  # So that the checkpoint is older than 0 s.
        for code, arguments in cases:
            for command in ([FENRUN, "verify"], [sys.executable, "-m", "second", "verify"]):
                with self.subTest(code=code, command=command):
                    done = subprocess.run([*command, "--json", *map(str, arguments)],
                                          capture_output=True, timeout=30, check=False,
                                          cwd=ROOT / "tests")
                    self.assertEqual(done.returncode, code, done.stderr)


if __name__ == "__main__":
    unittest.main()
