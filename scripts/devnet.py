#!/usr/bin/env python3
"""Four validators as processes, one goods life, one payout, and its proof offline.

Called by scripts/devnet, which installs and builds first.  Everything it shows comes from the
product's own command line; nothing is computed here that a user could not ask for.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import sys
import time

from network import VALIDATORS, Failure, Network

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "samples" / "fmcg"
STORE_URI = "https://id.brand.example.com/store/S000123"
ASSET_CNY = 0
CAMPAIGN, POLICY, PERIOD, BATCH = 1, 1, 1, 1
BUDGET_FEN = 1_000_000
CASE_REWARD_FEN, BOTTLE_REWARD_FEN = 500, 120


def gtin(digits):
    """Thirteen digits and their check digit (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(digits))
    return digits + str(-total % 10)


BOTTLE_GTIN, CASE_GTIN = gtin("0690123456789"), gtin("1690123456789")


def say(text):
    print(text, flush=True)


def headline(text):
    say(f"\n== {text}")


def rfc3339(moment):
    text = moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text[:-3] + "Z"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def redate(document, moment):
    """A sample document whose events happen now: a policy never pays for what was before it."""
    content = json.loads((SAMPLES / document).read_text())
    for event in content["epcisBody"]["eventList"]:
        event["eventTime"] = rfc3339(moment)
        event["eventTimeZoneOffset"] = "+08:00"
    return json.dumps(content, ensure_ascii=False, indent=1)


class Demo:
    def __init__(self, network):
        self.net = network
        self.home = network.home
        self.parties = network.parties
        self.finality_ms = []
        self.captured = []

    def submit(self, *arguments, **options):
        begin = time.monotonic()
        answer = self.net.submit(*arguments, **options)
        self.finality_ms.append((time.monotonic() - begin) * 1000)
        return answer

    def bring_up(self):
        headline("four organisations, each with keys of its own, found a network")
        self.net.found()
        (self.home / "documents").mkdir()
        self.net.start_all()
        for name in VALIDATORS:
            say(f"  {name:17} {self.net.url(name)}")

    def agree(self):
        headline("the brand registers a store, promises a reward and funds it; "
                 "distributor-east countersigns; the auditor attests the deposit")
        store = secrets.token_hex(16)
        self.parties["store"] = store
        self.store_key = self.home / "store.key"
        self.net.run("keys", "new", "--purpose", "party", "--out", self.store_key, "--plain")
        self.submit("distributor-east", [{
            "type": "register_party", "party": store, "role": "store",
            "parent": self.parties["distributor-east"],
            "attributes": {"channel": "offline", "region": 440100, "grade": 1},
            "keys": [self.net.registered_key(self.store_key, store)],
            "name_commitment": hashlib.sha256(secrets.token_bytes(32)).hexdigest()}])
        begin = now() + datetime.timedelta(seconds=4)
        end = begin + datetime.timedelta(days=30)
        policy = self.policy(begin, end)
        self.submit("brand", [
            {"type": "open_campaign", "campaign": CAMPAIGN,
             "name": hashlib.sha256("华南新品".encode()).hexdigest()},
            {"type": "open_unit_batch", "batch": BATCH, "product": BOTTLE_GTIN},
            {"type": "open_period", "campaign": CAMPAIGN, "period": PERIOD, "kind": "per_event",
             "opens": rfc3339(begin), "closes": rfc3339(end)},
            {"type": "publish_policy", "policy": policy},
            {"type": "declare_budget", "campaign": CAMPAIGN, "asset": ASSET_CNY,
             "amount": BUDGET_FEN}])
        published = self.net.run("query", "policy", str(POLICY),
                                 *self.net.member("distributor-east"))
        self.submit("distributor-east", [{
            "type": "countersign_policy", "policy": POLICY, "version": 1,
            "digest": published["digest"]}])
        self.submit("auditor", [{
            "type": "attest_backing", "funder": self.parties["brand"], "campaign": CAMPAIGN,
            "asset": ASSET_CNY, "amount": BUDGET_FEN,
            "evidence": hashlib.sha256(b"deposit slip").hexdigest()}])
        self.begin = begin
        say(f"  policy {POLICY} v1: {CASE_REWARD_FEN} fen a case received, "
            f"{BOTTLE_REWARD_FEN} fen a bottle sold; budget {BUDGET_FEN / 100:.2f} yuan, backed")

    def policy(self, begin, end):
        def rule(trigger, amount, product):
            return {"trigger": trigger, "payee": "place",
                    "selector": {"products": [product], "channels": [], "regions": [],
                                 "place_roles": ["store"], "only_at_holder": False},
                    "earning": {"type": "flat_per_event", "amount": amount, "basis": "per_unit"}}
        return {"type": "v1", "policy": POLICY, "version": 1, "campaign": CAMPAIGN,
                "effective_from": rfc3339(begin), "effective_until": rfc3339(end),
                "countersigners": [self.parties["distributor-east"]],
                "funding": [{"funder": self.parties["brand"], "ppm": 1_000_000}],
                "asset": ASSET_CNY,
                "rules": [rule("receiving", CASE_REWARD_FEN, CASE_GTIN),
                          rule("retail_selling", BOTTLE_REWARD_FEN, BOTTLE_GTIN)],
                "counts_by_store": True,
                "text": hashlib.sha256("每箱五元，每瓶一元二角".encode()).hexdigest()}

    def capture(self, name, document, *options, key=None, expect=("ok",)):
        path = self.home / "documents" / f"{len(self.captured)}_{document}"
        path.write_text(redate(document, now()))
        self.captured.append(path)
        rows = self.net.run("capture", path, "--key", key or self.net.key(name), "--places",
                            self.home / "places.json", "--error-behaviour", "proceed",
                            *options, *self.net.member(name), "--wait", "30", check=False)
        outcomes = [row["error"]["code"] if "error" in row else row["outcome"] for row in rows]
        for row, outcome in zip(rows, outcomes):
            told = "".join(f", {item['amount']} fen {item['outcome']}"
                           for item in row.get("earnings", []))
            say(f"  {document:42} event {row['event']}   {outcome}{told}")
        if outcomes != list(expect):
            raise Failure(f"{document}: {outcomes}, expected {list(expect)}")

    def live(self):
        headline("goods are made, packed, shipped, received and sold; "
                 "the documents become signed evidence")
        places = {"urn:epc:id:sgln:6901234.00001.0": self.parties["brand"],
                  "urn:epc:id:sgln:6922222.00001.0": self.parties["distributor-east"],
                  "urn:epc:id:pgln:6922222.00000": self.parties["distributor-east"],
                  STORE_URI: self.parties["store"]}
        (self.home / "places.json").write_text(json.dumps(places, indent=1))
        self.net.wait_until("the policy takes effect", lambda: now() > self.begin, 30)
        time.sleep(1)
        batch = ("--batch", BATCH)
        self.capture("brand", "00_commissioning_logistic_units.jsonld", *batch)
        self.capture("brand", "01_commissioning_bottles.jsonld", *batch)
        self.capture("brand", "R1_duplicate_commissioning.jsonld", *batch, expect=["unit_exists"])
        self.capture("brand", "02_packing_bottles_to_case.jsonld", expect=["ok", "ok"])
        self.capture("brand", "R2_child_already_aggregated.jsonld", expect=["unit_packed"])
        self.capture("brand", "03_packing_cases_to_pallet.jsonld")
        self.capture("brand", "04_shipping_brand_to_distributor.jsonld")
        self.capture("distributor-east", "05_receiving_distributor.jsonld")
        self.capture("distributor-east", "06_unpacking_pallet.jsonld")
        self.capture("distributor-east", "07_shipping_distributor_to_store.jsonld")
        self.capture("distributor-east", "08_receiving_store_open_case.jsonld",
                     key=self.store_key, expect=["ok", "ok"])
        self.capture("distributor-east", "09_retail_selling_scan.jsonld", key=self.store_key)
        self.capture("distributor-east", "09_retail_selling_scan.jsonld", key=self.store_key,
                     expect=["unit_sold"])

    def payable(self, via="auditor"):
        statements = self.net.run("query", "statements", self.parties["store"],
                                  *self.net.member(via))
        for item in statements:
            if item["account"]["book"] == "payable":
                return item
        return {"balance": 0, "count": 0}

    def counted_at_store(self):
        items = self.net.run("query", "counters", "--store", self.parties["store"],
                             *self.net.member("auditor"))
        return {step: sum(item[step] for item in items)
                for step in ("received", "opened", "sold")}

    def pay(self):
        headline("what the store earned, and its payout, with one validator killed in the middle")
        earned = self.payable()["balance"]
        expected = CASE_REWARD_FEN + BOTTLE_REWARD_FEN
        if earned != expected:
            raise Failure(f"the store earned {earned} fen, expected {expected}")
        say(f"  the store earned {earned} fen")
        counted = self.counted_at_store()
        if counted != {"received": 1, "opened": 1, "sold": 1}:
            raise Failure(f"counted at the store: {counted}")
        say("  counted there: " + ", ".join(f"{n} {step}" for step, n in counted.items()))
        self.payout = secrets.token_hex(16)
        terms = {"type": "instruct_payout", "payout": self.payout, "payee": self.parties["store"],
                 "campaign": CAMPAIGN, "asset": ASSET_CNY, "period": PERIOD, "amount": earned + 1,
                 "rail": "wechat"}
        over = self.submit("brand", [terms], expect="payout_exceeds_earned")
        say(f"  one fen too much: {over['outcome']}")
        self.net.kill("distributor-west")
        say("  distributor-west: killed (SIGKILL)")
        self.instructed = self.submit("brand", [{**terms, "amount": earned}])
        self.settled = self.submit("brand", [{
            "type": "settle_payout", "payout": self.payout, "attempt": 1, "result": "paid",
            "provider": hashlib.sha256(b"provider statement row").hexdigest()}])
        self.submit("distributor-east", [{"type": "acknowledge_payout", "payout": self.payout}],
                    key=self.store_key)
        say(f"  {earned} fen instructed, settled and acknowledged by three of four")
        for number in range(20):
            self.submit("brand", [{"type": "open_campaign", "campaign": 100 + number,
                                   "name": hashlib.sha256(bytes([number])).hexdigest()}])
        self.net.start("distributor-west")
        begin = time.monotonic()
        self.net.wait_until(
            "distributor-west to catch up",
            lambda: self.net.status("distributor-west")["ready"] and
            self.net.status("distributor-west")["height"] >= self.net.status("brand")["height"])
        self.caught_up = time.monotonic() - begin
        say(f"  distributor-west: back and caught up in {self.caught_up:.1f} s")

    def prove(self):
        headline("an auditor proves it offline, with the trust file and nothing else")
        trust = self.home / "network.policy"
        self.proofs = {"payout": self.home / "payout.fenrun-proof",
                       "account": self.home / "store-account.fenrun-proof",
                       "bottle": self.home / "bottle-life.fenrun-proof"}
        self.net.wait_until("a cosigned checkpoint over the payout",
                            lambda: self.net.run("proof", "transaction", self.settled["id"], "-o",
                                                 self.proofs["payout"],
                                                 *self.net.member("auditor")) is not None)
        self.net.run("proof", "account", self.parties["store"], "-o", self.proofs["account"],
                     *self.net.member("auditor"))
        self.net.run("proof", "provenance", f"01/{BOTTLE_GTIN}/21/B00001", "-o",
                     self.proofs["bottle"], *self.net.member("auditor"))
        for name, path in self.proofs.items():
            done = self.net.run("verify", path, "--trust", trust, json_output=False)
            say("  " + done.stdout.strip().replace("\n", "\n  "))
        altered = self.home / "altered.fenrun-proof"
        text = self.proofs["payout"].read_text()
        middle = text.index('"entries"') + 200
        swapped = "A" if text[middle] != "A" else "B"
        altered.write_text(text[:middle] + swapped + text[middle + 1:])
        refused = self.net.run("verify", altered, "--trust", trust, check=False,
                               json_output=False)
        if refused.returncode != 1:
            raise Failure(f"the altered proof was answered with {refused.returncode}")
        say("  altered copy: " + " ".join(refused.stdout.splitlines()[0].split()))

    def report(self):
        headline("summary")
        statuses = {name: self.net.status(name) for name in VALIDATORS}
        statement = self.payable()
        latencies = sorted(self.finality_ms)
        rows = [(f"height of {name}", status["height"]) for name, status in statuses.items()]
        rows += [
            ("journal entries", statuses["brand"]["entries"]),
            ("transactions submitted", len(latencies)),
            ("the store's postings", statement["count"]),
            ("earned and paid (fen)", CASE_REWARD_FEN + BOTTLE_REWARD_FEN),
            ("still owed (fen)", statement["balance"]),
            ("submit to final, median (ms)", f"{latencies[len(latencies) // 2]:.0f}"),
            ("catch-up after SIGKILL (s)", f"{self.caught_up:.1f}"),
            ("proof of the payout (bytes)", self.proofs["payout"].stat().st_size),
            ("proof of the account (bytes)", self.proofs["account"].stat().st_size),
            ("life of a bottle (bytes)", self.proofs["bottle"].stat().st_size),
            ("trust file", self.home / "network.policy"),
            ("status", self.net.url("brand") + "/v1/status"),
            ("checkpoint", self.net.url("brand") + "/checkpoint"),
        ]
        for name, value in rows:
            say(f"  {name:32} {value}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fenrun", type=pathlib.Path, required=True)
    parser.add_argument("--home", type=pathlib.Path, default=ROOT / "devnet")
    parser.add_argument("--base-port", type=int, default=27600)
    parser.add_argument("--keep", action="store_true", help="leave the network running")
    options = parser.parse_args()
    home = options.home.resolve()
    if home.exists():
        if not (home / "network.policy").exists():
            sys.exit(f"{home} exists and is no devnet: choose another --home")
        shutil.rmtree(home)
    network = Network(options.fenrun.resolve(), home, options.base_port)
    demo = Demo(network)
    begin = time.monotonic()
    try:
        demo.bring_up()
        demo.agree()
        demo.live()
        demo.pay()
        demo.prove()
        demo.report()
        say(f"  {'all of it took (s)':32} {time.monotonic() - begin:.0f}")
    except Failure as failure:
        say(f"\nFAILED: {failure}\nlogs: {home}/*.log")
        network.stop_all()
        sys.exit(1)
    except BaseException:
        network.stop_all()
        raise
    if options.keep:
        pids = " ".join(str(process.pid) for process in network.processes.values())
        say(f"\nthe network keeps running; stop it with: kill {pids}")
        os._exit(0)
    network.stop_all()


if __name__ == "__main__":
    main()
