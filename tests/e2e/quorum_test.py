"""Proof files cut and altered: what a quorum did not sign, or somebody changed, is refused."""

import itertools
import json
import random
import unittest

from harness import FENRUN, Network, NetworkTest, campaign, error_names

QUORUM = 3
FLIPS = 60
SEED = 20260302


def canonical(proof):
    """The one spelling of a proof file: RFC 8785 and a line feed (docs/spec/proofs.md, 3)."""
    return json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


class QuorumTest(NetworkTest):
    base_port = 29080

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.proof = cls.home / "all.fenrun-proof"
        answer = cls.net.submit("brand", [campaign(1)])
        cls.net.wait_until(
            "a proof of it", lambda: cls.net.run(
                "proof", "transaction", answer["id"], "-o", cls.proof, *cls.net.member("brand")))

    @staticmethod
    def signature_lines(content):
        return [line for line in content["checkpoint"].split("\n") if line.startswith("—")]

    @classmethod
    def cosignatures(cls, content):
        origin = content["checkpoint"].split("\n")[0]
        return [line for line in cls.signature_lines(content) if f" {origin}/" in line]

    def verdict(self, text, trust=None):
        path = self.home / "altered.fenrun-proof"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        done = self.net.run("verify", path, "--trust", trust or self.net.home / "network.policy",
                            "--json", check=False, json_output=False)
        return done.returncode, json.loads(done.stdout or done.stderr)

    def without(self, lines):
        content = json.loads(self.proof.read_text())
        for line in lines:
            content["checkpoint"] = content["checkpoint"].replace(line + "\n", "")
        return canonical(content)

    def assert_refused(self, text, code, trust=None):
        exit_code, verdict = self.verdict(text, trust)
        self.assertEqual((exit_code, verdict.get("code")), (1, code), verdict)

    def test_the_form_printed_here_is_the_canonical_one(self):
        self.assertEqual(self.without([]), self.proof.read_text())
        self.assertEqual(self.verdict(self.without([]))[0], 0)

    def test_three_of_four_cosignatures_hold_and_any_two_do_not(self):
        # A node stops collecting at a quorum, so there may be three or four.
        cosignatures = self.cosignatures(json.loads(self.proof.read_text()))
        spare = len(cosignatures) - QUORUM
        self.assertIn(spare, (0, 1))
        for kept in itertools.combinations(cosignatures, QUORUM):
            dropped = [line for line in cosignatures if line not in kept]
            exit_code, verdict = self.verdict(self.without(dropped))
            self.assertEqual(exit_code, 0, verdict)
        for kept in itertools.combinations(cosignatures, QUORUM - 1):
            self.assert_refused(
                self.without([line for line in cosignatures if line not in kept]), "quorum_short")

    def test_cosignatures_without_a_log_signature_are_too_few(self):
        content = json.loads(self.proof.read_text())
        cosignatures = self.cosignatures(content)
        logs = [line for line in self.signature_lines(content) if line not in cosignatures]
        self.assertEqual(self.verdict(self.without(logs[1:]))[0], 0)
        self.assert_refused(self.without(logs), "quorum_short")

    def test_other_spellings_of_the_same_proof_are_refused(self):
        content = json.loads(self.proof.read_text())
        self.assert_refused(json.dumps(content, sort_keys=True, ensure_ascii=False) + "\n",
                            "proof_not_canonical")
        self.assert_refused(self.proof.read_text()[:-1], "proof_not_canonical")
        self.assert_refused(self.proof.read_text()[:-40], "proof_malformed")

    def test_a_flipped_bit_anywhere_is_refused_with_a_stable_code(self):
        codes, moments = error_names(), random.Random(SEED)
        original = self.proof.read_bytes()
        for _ in range(FLIPS):
            place, bit = moments.randrange(len(original)), moments.randrange(8)
            altered = bytearray(original)
            altered[place] ^= 1 << bit
            with self.subTest(byte=place, bit=bit):
                exit_code, verdict = self.verdict(bytes(altered))
                self.assertEqual(exit_code, 1, verdict)
                self.assertIn(verdict["code"], codes)
                self.assertNotEqual(verdict["code"], "ok")

    def test_another_networks_trust_file_is_refused(self):
        other = Network(FENRUN, self.home / "other", 29090)
        other.found()
        self.assert_refused(self.proof.read_bytes(), "origin_unknown",
                            self.home / "other" / "network.policy")
        nobody = self.home / "nobody.policy"
        nobody.write_text("quorum none\n")
        exit_code, verdict = self.verdict(self.proof.read_bytes(), nobody)
        self.assertNotEqual(exit_code, 0)
        self.assertIn("policy_malformed", json.dumps(verdict))


if __name__ == "__main__":
    unittest.main()
