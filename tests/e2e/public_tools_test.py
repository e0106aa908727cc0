"""The log checked by a program of others' code: Go's sumdb/note and sumdb/tlog."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import VALIDATORS, NetworkTest, campaign

GOPATH = pathlib.Path("/usr/share/gocode")
SUMDB = GOPATH / "src/golang.org/x/mod/sumdb"
CHECKER = pathlib.Path(__file__).resolve().parent / "checker" / "main.go"
CAMPAIGNS = 400  # Well over one tile of 256 leaves.


@unittest.skipUnless(shutil.which("go"), "go is not installed (Debian: golang-go)")
@unittest.skipUnless(SUMDB.is_dir(), "no sumdb (Debian: golang-golang-x-mod-dev)")
class PublicToolsTest(NetworkTest):
    base_port = 29060

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.checker = cls.home / "checker"
        subprocess.run(
            ["go", "build", "-o", cls.checker, CHECKER], check=True, timeout=120,
            env={**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "",
                 "GOCACHE": str(cls.home / "gocache"), "GOTOOLCHAIN": "local"})
        cls.older = cls.home / "older.checkpoint"
        cls.older.write_bytes(cls.net.request("auditor", "/checkpoint").body)
        answer = cls.net.submit("brand", [campaign(1 + i) for i in range(CAMPAIGNS)])
        cls.position = answer["position"]
        cls.net.wait_until(
            "a checkpoint over it at all nodes", lambda: all(
                cls.net.checkpoint(name)[0] > cls.position + CAMPAIGNS for name in VALIDATORS))

    def check(self, name="brand", policy=None, older=None, position=None):
        return subprocess.run(
            [self.checker, "-node", self.net.url(name),
             "-policy", policy or self.net.home / "network.policy",
             "-token-file", self.net.home / name / "token",
             "-position", str(self.position if position is None else position),
             "-older", older or self.older],
            capture_output=True, text=True, timeout=60, check=False)

    def altered(self, path, name, change):
        copy = self.home / name
        copy.write_text(change(path.read_text()))
        return copy

    def test_every_node_convinces_a_stranger(self):
        for name in VALIDATORS:
            for position in (0, 255, 256, self.position):
                with self.subTest(node=name, position=position):
                    done = self.check(name, position=position)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    found = json.loads(done.stdout)
                    self.assertGreaterEqual(found["logs"], 1)
                    self.assertGreaterEqual(found["cosignatures"], 3)
                    self.assertGreater(found["size"], found["older_size"])
                    entry = self.net.get(name, f"/v1/entries/{position}")
                    self.assertEqual(found["leaf"], entry["leaf_hash"])

    def test_a_stranger_refuses_what_is_altered(self):
        def other_root(text):
            lines = text.split("\n")
            lines[2] = ("B" if lines[2][0] == "A" else "A") + lines[2][1:]
            return "\n".join(lines)

        def with_two_cosigners(text):
            lines = text.split("\n")
            cosignatures = [line for line in lines if line.startswith(f"— {lines[0]}/")]
            return "\n".join(line for line in lines if line not in cosignatures[2:])
        done = self.check(older=self.altered(self.older, "root", other_root))
        self.assertEqual(done.returncode, 1)
        self.assertIn("invalid signature", done.stderr)
        done = self.check(older=self.altered(self.older, "short", with_two_cosigners))
        self.assertEqual(done.returncode, 1)
        self.assertIn("2 cosignatures, 3 are needed", done.stderr)

    def test_tiles_are_public_and_entries_are_not(self):
        self.assertEqual(self.net.request("brand", "/tile/0/000", token=None).status, 200)
        self.assertEqual(self.net.request("brand", "/tile/entries/000", token=None).status, 401)


if __name__ == "__main__":
    unittest.main()
