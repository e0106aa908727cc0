"""Each bad request is refused with a code of its own and changes nothing."""

import csv
import http.server
import json
import secrets
import threading
import unittest
import urllib.request

from harness import VALIDATORS, NetworkTest, campaign, quietly

# Of scripts/, which the harness makes importable.
from devnet import ASSET_CNY, BOTTLE_REWARD_FEN, CAMPAIGN, CASE_REWARD_FEN, PERIOD, Demo

TRANSACTION_BYTES_MAX = 262_144  # docs/spec/limits.md
BODY_BYTES_MAX = 528 * 1024      # docs/spec/api.md, 2
VALIDITY_HEIGHTS_MAX = 100_000

# Where the fields of a party's signed transaction are (docs/spec/encoding.md; all of fixed size).
VERSION, CHAIN, SIGNER, KEY, MODE, ROOT, SIGNATURE = 0, 2, 34, 51, 101, 106, 138
OPERATION_COUNT, OPERATION = 202, 204


def flipped(transaction, place):
    altered = bytearray(transaction)
    altered[place] ^= 1
    return bytes(altered)


class LosingProxy(http.server.ThreadingHTTPServer):
    """Passes requests on, and keeps the answers that are to be lost."""

    def __init__(self, url, is_lost):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.passed_on()
                if is_lost(self.command, self.path):
                    self.close_connection = True
                else:
                    self.answer(body)

            do_POST = do_GET

            def passed_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")
                           if name in self.headers}
                request = urllib.request.Request(url + self.path, body, headers,
                                                 method=self.command)
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.read()

            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class RefusalsTest(NetworkTest):
    base_port = 29100

    @classmethod
    def prepare(cls):
        cls.demo = Demo(cls.net)
        for act in (cls.demo.bring_up, cls.demo.agree, cls.demo.live):
            quietly(act)
        cls.number = 10_000

    def setUp(self):
        type(self).number += 1

    def signed(self, **options):
        return self.net.sign([campaign(self.number)], **options)

    def state(self, name):
        """Everything that a transaction can change."""
        parties = self.net.pages(name, "/v1/parties")
        lists = ["campaigns", "policies", "periods", "funds", "payouts"]
        return {
            "parties": parties,
            "lanes": [self.net.get(name, f"/v1/parties/{item['party']}/lanes/0")
                      for item in parties],
            "statements": [self.net.pages(name, f"/v1/parties/{item['party']}/statements")
                           for item in parties],
            **{item: self.net.pages(name, f"/v1/{item}") for item in lists}}

    def assert_refused(self, transaction, status, code):
        before = self.state("brand")
        answer = self.net.post("brand", transaction, wait=5)
        self.assertEqual((answer.status, answer.json.get("code")), (status, code), answer.body)
        self.assertTrue(answer.json["hint"])
        self.assertEqual(self.state("brand"), before)

    # ---- Form ----------------------------------------------------------------------------------

    def test_what_is_no_transaction(self):
        good = self.signed()
        self.assert_refused(good + b"\0", 400, "trailing_bytes")
        self.assert_refused(good[:-1], 400, "truncated")
        self.assert_refused(b"", 400, "truncated")
        self.assert_refused(flipped(good, SIGNER), 400, "variant_unknown")
        self.assert_refused(
            good[:OPERATION_COUNT] + b"\x81\x00" + good[OPERATION_COUNT + 1:], 400,
            "encoding_not_canonical")

    def test_one_byte_over_the_limit(self):
        good = self.signed()
        self.assert_refused(good.ljust(TRANSACTION_BYTES_MAX + 1, b"\0"), 413,
                            "transaction_too_large")
        self.assert_refused(good.ljust(TRANSACTION_BYTES_MAX, b"\0"), 400, "trailing_bytes")
        self.assert_refused(bytes(BODY_BYTES_MAX + 1), 413, "limit_exceeded")

    # ---- Admission -----------------------------------------------------------------------------

    def test_altered_after_signing(self):
        good = self.signed()
        self.assert_refused(flipped(good, SIGNATURE), 403, "signature_invalid")
        self.assert_refused(flipped(good, MODE), 403, "signature_invalid")
        self.assert_refused(flipped(good, VERSION), 422, "version_unsupported")
        self.assert_refused(flipped(good, CHAIN), 422, "chain_wrong")
        self.assert_refused(flipped(good, ROOT), 422, "operations_root_mismatch")
        self.assert_refused(flipped(good, OPERATION), 422, "operations_root_mismatch")

    def test_for_another_network(self):
        foreign = type(self.net)(self.net.fenrun, self.home / "foreign", 29120)
        if not foreign.home.exists():
            foreign.found()
        self.assert_refused(self.signed(genesis=foreign.home / "brand" / "genesis.bin"), 422,
                            "chain_wrong")

    def test_sequences(self):
        following = self.net.sequence()
        self.assert_refused(self.signed(sequence=following + 1), 409, "sequence_gap")
        self.assert_refused(self.signed(sequence=following - 1), 409, "sequence_stale")
        self.assert_refused(self.signed(lane=7), 409, "lane_unknown")

    def test_validity(self):
        height = self.net.status("brand")["height"]
        self.assert_refused(self.signed(valid_until=height), 422, "expired")
        self.assert_refused(self.signed(valid_until=height + VALIDITY_HEIGHTS_MAX + 100), 422,
                            "valid_until_too_far")

    def test_signers(self):
        self.assert_refused(self.signed(party=secrets.token_hex(16), sequence=0), 403,
                            "signer_unknown")
        self.assert_refused(self.signed(key=self.net.key("auditor")), 403, "signer_unknown")

    # ---- Twice ---------------------------------------------------------------------------------

    def committed(self, answer):
        self.assertEqual((answer.status, answer.json["status"]), (200, "committed"), answer.body)
        return answer.json["id"], answer.json["position"]

    def test_sent_twice_it_takes_effect_once(self):
        transaction = self.signed()
        before = self.net.sequence()
        first = self.committed(self.net.post("brand", transaction, wait=10))
        state = self.state("brand")
        self.assertEqual(self.committed(self.net.post("brand", transaction, wait=10)), first)
        self.assertEqual(self.state("brand"), state)
        self.assertEqual(self.net.sequence(), before + 1)
        other = self.net.sign([campaign(self.number + 5000)], sequence=before)
        self.assert_refused(other, 409, "sequence_stale")

    def test_sent_to_all_nodes_at_once_it_takes_effect_once(self):
        transaction = self.signed()
        before = self.net.sequence()
        answers = {}

        def send(name):
            answers[name] = self.net.post(name, transaction, wait=20)
        senders = [threading.Thread(target=send, args=(name,)) for name in VALIDATORS]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(timeout=40)
        self.assertEqual(len({self.committed(answers[name]) for name in VALIDATORS}), 1)
        self.assertEqual(self.net.sequence(), before + 1)
        found = [item for item in self.net.pages("brand", "/v1/campaigns")
                 if item["campaign"] == self.number]
        self.assertEqual(len(found), 1)

    # ---- Execution -----------------------------------------------------------------------------

    def test_a_payout_above_what_was_earned_moves_nothing(self):
        before = self.state("brand")
        answer = self.net.submit(
            "brand",
            [{"type": "instruct_payout", "payout": secrets.token_hex(16),
              "payee": self.net.parties["store"], "campaign": CAMPAIGN, "asset": ASSET_CNY,
              "period": PERIOD, "amount": CASE_REWARD_FEN + BOTTLE_REWARD_FEN + 1,
              "rail": "wechat"}],
            expect="payout_exceeds_earned")
        self.assertEqual(answer["status"], "committed")  # Journaled, with the outcome.
        after = self.state("brand")
        del before["lanes"], after["lanes"]
        self.assertEqual(after, before)

    # ---- Access --------------------------------------------------------------------------------

    def test_tokens(self):
        transaction = self.signed()
        for token in (None, "0" * 40):
            answer = self.net.post("distributor-east", transaction, token=token)
            self.assertEqual((answer.status, answer.code), (401, "unauthorized"))
        others = (self.net.home / "brand" / "token").read_text().strip()
        answer = self.net.request("distributor-east", "/v1/status", token=others)
        self.assertEqual((answer.status, answer.code), (401, "unauthorized"))
        self.assertEqual(self.net.request("distributor-east", "/v1/status").status, 200)
        codes = [self.net.request("distributor-west", "/v1/status", token="wrong").code
                 for _ in range(12)]
        self.assertEqual(codes[:10], ["unauthorized"] * 10)
        self.assertEqual(codes[-1], "rate_limited")

    def test_other_requests(self):
        for path, method, status in [("/v1/nothing", "GET", 404), ("/v1/status", "DELETE", 405),
                                     ("/v1/campaigns?limit=1001", "GET", 400),
                                     ("/v1/campaigns?unknown=1", "GET", 400)]:
            with self.subTest(path=path):
                self.assertEqual(self.net.request("brand", path, method).status, status)
        answer = self.net.request("brand", "/v1/transactions", "POST", b"{}",
                                  headers={"Content-Type": "text/plain"})
        self.assertEqual(answer.status, 415)
        answer = self.net.request("brand", "/v1/transactions", "POST",
                                  json.dumps({"transaction": "AA", "x": 1}),
                                  headers={"Content-Type": "application/json"})
        self.assertEqual((answer.status, answer.code), (400, "json_invalid"))

    # ---- What the command line says ------------------------------------------------------------

    def submit(self, operation, *arguments):
        draft = self.net.home / f"draft-{self.number}.json"
        draft.write_text(json.dumps({"operations": [operation]}))
        return self.net.run("tx", "submit", draft, "--key", self.net.key("brand"), *arguments,
                            json_output="--json" in arguments, check=False)

    def test_a_failed_operation_names_what_is_wrong_with_it(self):
        wrong = self.net.run("tx", "example", "open_unit_batch")["operations"][0]
        wrong["product"] = wrong["product"][:-1] + str((int(wrong["product"][-1]) + 1) % 10)
        done = self.submit(wrong, *self.net.member("brand"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"value_invalid: operation at position \d+: GTIN check digit")

    def assert_unknown_and_committed(self, is_lost):
        proxy = LosingProxy(self.net.url("brand"), is_lost)
        self.addCleanup(proxy.end)
        member = ["--node", f"http://127.0.0.1:{proxy.server_port}",
                  "--token-file", self.net.home / "brand" / "token"]
        done = self.submit(campaign(self.number), *member)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("fenrun tx status", done.stderr)
        type(self).number += 1
        told = self.submit(campaign(self.number), *member, "--json")
        self.assertEqual(told["status"], "unknown")
        became = self.net.run("tx", "status", told["id"], *self.net.member("brand"))
        self.assertEqual((became["status"], became["outcome"]), ("committed", "ok"))

    def test_a_lost_answer_names_the_transaction_that_may_have_been_taken(self):
        self.assert_unknown_and_committed(lambda command, path: command == "POST")

    def test_lost_outcomes_name_the_transaction_that_has_them(self):
        self.assert_unknown_and_committed(
            lambda command, path: command == "GET" and path.startswith("/v1/transactions/"))

    def test_an_earning_that_cannot_go_back_is_told(self):
        self.net.submit("brand", [
            {"type": "instruct_payout", "payout": secrets.token_hex(16),
             "payee": self.net.parties["store"], "campaign": CAMPAIGN, "asset": ASSET_CNY,
             "period": PERIOD, "amount": CASE_REWARD_FEN + BOTTLE_REWARD_FEN, "rail": "wechat"}])
        sale = json.loads(self.demo.captured[-2].read_text())
        for event in sale["epcisBody"]["eventList"]:
            event["errorDeclaration"] = {"declarationTime": event["eventTime"]}
        path = self.net.home / "no-sale.jsonld"
        path.write_text(json.dumps(sale))
        done = self.net.run("capture", path, "--key", self.demo.store_key, "--places",
                            self.net.home / "places.json", *self.net.member("auditor"), "--json",
                            json_output=False)
        [row] = json.loads(done.stdout)
        self.assertEqual([(item["amount"], item["outcome"]) for item in row["taken_back"]],
                         [(BOTTLE_REWARD_FEN, "owed_back")])
        self.assertIn(f"{BOTTLE_REWARD_FEN} by policy", done.stderr)
        metrics = self.net.request("auditor", "/metrics").body.decode()
        self.assertIn('fenrun_unpaid_earnings_total{outcome="owed_back"} 1\n', metrics)
        self.assertRegex(metrics, r"\nfenrun_disk_free_bytes [1-9]")
        [owed] = self.net.run("query", "unpaid", *self.net.member("auditor"))
        self.assertEqual((owed["outcome"], owed["amount"], owed["payee"]),
                         ("owed_back", BOTTLE_REWARD_FEN, self.net.parties["store"]))
        self.assertLess(owed["operation"], owed["taken_back_at"])
        self.check_audit_tells(owed)

    def check_audit_tells(self, owed):
        """Who replays the whole journal lists all of them, however long ago."""
        self.net.processes["auditor"].terminate()
        self.net.processes.pop("auditor").wait(timeout=15)
        path = self.net.home / "unpaid.csv"
        command = ["audit", "--data", self.net.home / "auditor/data", "--unpaid", path]
        report = self.net.run(*command)
        self.assertEqual(report["unpaid_earnings"]["owed_back"], 1)
        with open(path, encoding="utf-8", newline="") as file:
            [row] = csv.DictReader(file)
        self.assertEqual(row, {name: str(owed[name]) for name in row})
        refused = self.net.run(*command, check=False)
        self.assertEqual(refused["error"]["code"], "file_exists")
        self.net.start("auditor")
        self.net.wait_until_ready(["auditor"])

if __name__ == "__main__":
    unittest.main()
