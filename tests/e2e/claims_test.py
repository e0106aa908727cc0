"""A consumer scans: the page that a gateway's node serves claims a printed code."""

import json
import pathlib
import subprocess
import unittest

from browser import Browser
from harness import ROOT, NetworkTest

GATEWAY = "distributor-east"
PRODUCT = "06901234567892"
BATCH = 7
NAMES = {"products": [{"gtin": PRODUCT, "zh": "茉莉花茶", "en": "Jasmine tea"}],
         "stores": [], "regions": [{"region": 310100, "zh": "上海市", "en": "Shanghai"}]}


class ClaimsTest(NetworkTest):
    base_port = 29420

    @classmethod
    def prepare(cls):
        net = cls.net
        net.found()
        folder = net.home / "batch-7"
        net.run("codes", "generate", "--out", folder, "--batch", BATCH, "--gtin", PRODUCT,
                "--count", 20, "--path", "bearer", "--gate", "commissioned", "--lot", "L20261129",
                "--genesis", net.home / "brand/genesis.bin", "--plain")
        cls.links = net.printed_links(folder)
        (net.home / GATEWAY / "names.json").write_text(json.dumps(NAMES))
        cls.configure(net.home / GATEWAY / "config.toml", folder)
        net.start_all()
        net.run("tx", "submit", folder / "register.json", "--key", net.key("brand"),
                *net.member("brand"), "--wait", "30")
        # All but the last: it is not made yet.
        net.submit("brand", [{
            "type": "record_event", "kind": "commissioning", "standing": "asserted",
            "time": "2026-01-01T00:00:00.000Z", "place": net.parties["brand"],
            "id": {"document": "11" * 32, "index": 0, "part": 0}, "units": [],
            "ranges": [{"batch": BATCH, "level": "item", "first": 0, "count": 19}]}])

    @staticmethod
    def configure(path, folder):
        lines = [line for line in path.read_text().splitlines()
                 if not line.startswith("# key_file =")]
        at = lines.index("[intake]") + 1
        lines.insert(at, 'key_file = "keys/operator.key"')
        lines += ["[claims]", f'code_trees = ["{folder}"]', "region = 310100",
                  'names = "names.json"']
        path.write_text("\n".join(lines) + "\n")

    def scan(self, link):
        """What a phone shows and sends."""
        page = pathlib.Path(ROOT / "tests/e2e/claim_page.mjs")
        done = subprocess.run(["node", page, self.net.url(GATEWAY), link], capture_output=True,
                              text=True, timeout=90, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_code_is_claimed_once(self):
        self.assertEqual(len(self.links), 20)
        link = self.links[3]
        first = self.scan(link)
        self.assertEqual(first["titles"][-1], "Claimed", first)
        self.assertIn(f"Jasmine tea ({PRODUCT})", first["facts"])
        self.assertIn("Shanghai (310100)", first["facts"])
        self.assertEqual(first["hash"], "")
        self.assertFalse(first["secret_sent"])
        self.assertEqual(first["asked"][:2], ["/01/" + PRODUCT, "/claim/claim.js"])

        # Every member's node knows, and the record says nothing of a person but a pseudonym.
        claim = self.net.get("auditor", f"/v1/batches/{BATCH}/claims/3")
        self.assertIn("310100", json.dumps(claim))
        self.assertIn(self.net.parties[GATEWAY], json.dumps(claim))

        # Another phone, the same bottle.
        second = self.scan(link)
        self.assertEqual(second["titles"][-1], "This code was used before", second)
        self.assertIn("Shanghai (310100)", second["facts"])

    def test_what_is_no_code_or_not_yet_one_is_told_apart(self):
        link = self.links[5]
        secret = link.split("#")[1]
        fake = self.links[6].split("#")[0] + "#" + secret
        self.assertEqual(self.scan(fake)["titles"][-1], "No such code")
        unknown = link.replace("/21/", "/21/0")
        self.assertEqual(self.scan(unknown)["titles"][-1], "No such code")
        self.assertEqual(self.scan(self.links[19])["titles"][-1], "This code is not active yet")
        bare = self.scan(link.split("#")[0])
        self.assertEqual(bare["titles"][-1], "Please scan the code under the cap")
        # A secret of another code uses nothing.
        self.assertEqual(self.scan(self.links[6])["titles"][-1], "Claimed")

    def test_a_browser_claims_and_shows_both_languages(self):
        link = self.links[8]
        here = self.net.url(GATEWAY) + "/01/" + link.split("/01/", 1)[1]
        phone = Browser("en-GB")
        try:
            phone.open(here)
            phone.wait_for_text("claim", "Claim")
            self.assertIn(f"Jasmine tea ({PRODUCT})", phone.text("facts"))
            phone.click("language")
            phone.wait_for_text("claim", "领取")
            self.assertIn("茉莉花茶", phone.text("facts"))
            phone.click("language")
            phone.click("claim")
            phone.wait_for_text("title", "Claimed")
            self.assertIn("Shanghai (310100)", phone.text("facts"))
            self.assertFalse(phone.is_shown("claim"))
            self.assertNotIn("#", phone.address(), "the secret stays in the address bar")
        finally:
            phone.close()
        claim = self.net.get("auditor", f"/v1/batches/{BATCH}/claims/8")
        self.assertEqual(claim["submitter"], self.net.parties[GATEWAY])
        other = Browser("zh-CN")
        try:
            other.open(here)
            other.wait_for_text("title", "这枚码已被使用")
        finally:
            other.close()

    def test_only_a_node_that_is_configured_so_serves_consumers(self):
        path = f"/01/{PRODUCT}/21/x"
        self.assertEqual(self.net.request(GATEWAY, path, token=None).status, 200)
        self.assertEqual(self.net.request("auditor", path, token=None).status, 404)


if __name__ == "__main__":
    unittest.main()
