"""What the end-to-end tests share: a network a class, its HTTP answers, and its logs on failure.

The product under test is $FENRUN, or the release build of this checkout.
"""

import atexit
import contextlib
import csv
import http.client
import io
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from network import VALIDATORS, Failure, Network  # noqa: E402  (scripts is no package)

FENRUN = pathlib.Path(os.environ.get("FENRUN") or ROOT / "build/release/node/fenrun").resolve()
LOG_TAIL_BYTES = 1500


def campaign(number):
    """An operation of the brand's that succeeds once for each number."""
    return {"type": "open_campaign", "campaign": number, "name": f"{number:064x}"}


def error_names():
    """The stable codes, as docs/spec/errors.md lists them."""
    names = set()
    for line in (ROOT / "docs/spec/errors.md").read_text().splitlines():
        if line.startswith("| `"):
            names.add(line.split("`")[1])
    return names


class Answer:
    def __init__(self, status, body, location=None):
        self.status = status
        self.body = body
        self.location = location

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The stable code of a refusal."""
        return self.json["code"]


class TestNetwork(Network):
    """Asks the nodes over HTTP as well, without the product's client in between."""

    __test__ = False

    def request(self, name, path, method="GET", body=None, token=True, headers=None):
        """`token` is True for the member's own, a string for another, None for none."""
        headers = dict(headers or {})
        if token is True:
            token = (self.home / name / "token").read_text().strip()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        port = int(self.url(name).rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read(), response.getheader("Location"))
        finally:
            connection.close()

    def get(self, name, path, **options):
        answer = self.request(name, path, **options)
        if answer.status != 200:
            raise Failure(f"{name} {path}: {answer.status} {answer.body[:500]}")
        return answer.json

    def post(self, name, transaction, wait=None, **options):
        """A signed transaction's bytes, as `tx sign` wrote them or altered."""
        path = "/v1/transactions" + (f"?wait={wait}" if wait else "")
        return self.request(name, path, "POST", transaction,
                            headers={"Content-Type": "application/octet-stream"}, **options)

    def pages(self, name, path):
        """All items of a list."""
        items, cursor = [], None
        while True:
            join = "&" if "?" in path else "?"
            page = self.get(name, path + (f"{join}cursor={cursor}" if cursor else ""))
            items += page["items"]
            cursor = page.get("next")
            if cursor is None:
                return items

    def sign(self, operations, key=None, party=None, sequence=None, valid_until=1000, lane=0,
             genesis=None):
        """The bytes of a transaction signed offline; the brand's unless told."""
        draft = self.home / "draft.json"
        signed = self.home / "signed.bin"
        draft.write_text(json.dumps({"operations": operations, "lane": lane}))
        self.run("tx", "sign", draft, "--key", key or self.key("brand"),
                 "--party", party or self.parties["brand"],
                 "--genesis", genesis or self.home / "brand" / "genesis.bin",
                 "--sequence", self.sequence() if sequence is None else sequence,
                 "--valid-until", valid_until, "-o", signed)
        return signed.read_bytes()

    def sequence(self, name="brand", lane=0):
        """The next of a validator's lane."""
        answer = self.get(name, f"/v1/parties/{self.parties[name]}/lanes/{lane}")
        return answer["next_sequence"]

    def change(self, change):
        """Proposed by the brand, approved by a quorum; all through the brand's node."""
        before = {item["proposal"] for item in self.pages("brand", "/v1/proposals")}
        self.submit("brand", [{"type": "propose_change", "change": change,
                               "valid_until": 50_000}])
        after = {item["proposal"] for item in self.pages("brand", "/v1/proposals")}
        [proposal] = after - before
        count = len(self.pages("brand", "/v1/validators"))
        quorum = count - (count - 1) // 3
        for name in VALIDATORS[1:quorum]:
            self.submit(name, [{"type": "approve_change", "proposal": proposal}], via="brand")

    def admit(self, card, home):
        """The organisation of a home that was just made, and its member."""
        keys = home / "keys"
        self.submit("brand", [{
            "type": "register_party", "party": card["party"], "role": "distributor",
            "parent": self.parties["brand"], "name_commitment": "00" * 32,
            "attributes": {"channel": "offline", "region": 310000, "grade": 1},
            "keys": [self.registered_key(keys / "operator.key", card["party"])]}])
        self.change({"type": "admit_member", "name": card["name"], "party": card["party"],
                     "transport_key": card["transport_key"],
                     "possession": self.possession(keys / "transport.key", card["party"])})

    def blocks(self, name):
        """Height -> block."""
        return {block["height"]: block for block in self.pages(name, "/v1/blocks?limit=1000")}

    def printed_links(self, folder):
        """The links under the caps of a code batch, by index."""
        rows = self.home / "rows.csv"
        self.run("codes", "print", folder, "--host", "id.brand.example.com", "--out", rows,
                 "--secrets-in-clear")
        cells = [cell for row in csv.reader(rows.read_text().splitlines()) for cell in row]
        return [cell for cell in cells if cell.startswith("https://") and "#" in cell]

    def checkpoint(self, name):
        """Size and root that a node vouches for with others; it has none right after a start."""
        answer = self.request(name, "/checkpoint")
        if answer.status != 200:
            raise Failure(f"{name} has no checkpoint: {answer.body}")
        size, root = answer.body.decode().split("\n")[1:3]
        return int(size), root

    def check_agreement(self, case):
        """All nodes have the same blocks at all heights that they share, and come to the same
        checkpoint; a Header names its parent's id, so that of the last block is compared too."""
        blocks = [self.blocks(name) for name in VALIDATORS]
        common = sorted(set.intersection(*(set(of_node) for of_node in blocks)))
        case.assertEqual(common[-1], min(max(of_node) for of_node in blocks))
        for height in common:
            for name, of_node in zip(VALIDATORS, blocks):
                case.assertEqual(of_node[height], blocks[0][height], f"{name}, block {height}")
        tip = blocks[0][common[-1]]["last"]
        case.assertEqual(
            len({self.get(name, f"/v1/entries/{tip}")["leaf_hash"] for name in VALIDATORS}), 1)
        seen = {}

        def is_shared():
            for name in VALIDATORS:
                size, root = self.checkpoint(name)
                case.assertEqual(seen.setdefault(size, root), root, f"{name}, size {size}")
            shared = {self.checkpoint(name) for name in VALIDATORS}
            return len(shared) == 1 and shared.pop()[0] > tip
        self.wait_until("all to vouch for the same checkpoint", is_shared, 20)


class Submitter(threading.Thread):
    """Sends transactions of one lane of the brand's and keeps what was answered as committed."""

    def __init__(self, network, lane, via):
        super().__init__(daemon=True)
        self.network = network
        self.lane = lane
        self.via = via
        self.number = 1000 * (lane + 1)
        self.committed = {}  # id -> position
        self.times = []  # When each was answered.
        self.stopping = threading.Event()

    def run(self):
        path = self.network.home / f"lane{self.lane}.json"
        while not self.stopping.is_set():
            self.number += 1
            path.write_text(json.dumps(
                {"operations": [campaign(self.number)], "lane": self.lane}))
            try:
                answer = self.network.run(
                    "tx", "submit", path, "--key", self.network.key("brand"),
                    *self.network.member(self.via), "--wait", "5", check=False)
            except (Failure, ValueError):
                continue  # Killed while it answered: nothing was said to be committed.
            if answer.get("status") == "committed":
                self.committed[answer["id"]] = answer["position"]
                self.times.append(time.monotonic())
            else:
                time.sleep(0.05)


class NetworkTest(unittest.TestCase):
    """A network for the tests of a class; on failure its logs are shown and its home is kept."""

    base_port = 0

    @classmethod
    def setUpClass(cls):
        cls.failed = False
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="fenrun-e2e-"))
        cls.net = TestNetwork(FENRUN, cls.home / "net", cls.base_port)
        atexit.register(cls.net.stop_all)  # Interrupted: tearDownClass is not called then.
        try:
            cls.prepare()
        except BaseException:
            cls.net.stop_all()
            cls.show_logs()
            raise

    @classmethod
    def prepare(cls):
        cls.net.found()
        cls.net.start_all()

    @classmethod
    def tearDownClass(cls):
        codes = cls.net.stop_all()
        unclean = {name: code for name, code in codes.items() if code != 0}
        if unclean:
            cls.show_logs()
            raise Failure(f"ended with {unclean} after SIGTERM")
        if not cls.failed:
            shutil.rmtree(cls.home)

    @classmethod
    def show_logs(cls):
        print(f"\nhome kept: {cls.home}", file=sys.stderr)
        for path in sorted(cls.net.home.glob("*.log")):
            tail = path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
            print(f"---- {path.name}\n{tail}", file=sys.stderr)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True
            self.show_logs()


def quietly(action, *arguments):
    """What `action` prints is shown only if it fails."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            return action(*arguments)
    except BaseException:
        print(said.getvalue(), file=sys.stderr)
        raise
