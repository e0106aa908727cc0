"""Codes from the print shop to the consumer's claim, and documents over HTTP, on four nodes."""

import json
import os
import pathlib
import secrets
import time
import unittest

from harness import ROOT, NetworkTest

try:
    import jsonschema
except ImportError:
    jsonschema = None

SAMPLES = ROOT / "tests" / "samples" / "fmcg"
BOTTLE, CASE = "06901234567892", "16901234567899"
BATCH, FOREIGN = 7, 1
BOTTLES, PER_CASE, PER_PALLET = 60, 6, 2
CLAIM_MEMBERS = ("batch", "index", "claimant", "store", "region", "time")


def vectors():
    """Where public test data lies, if it is there: see CONTRIBUTING.md."""
    return pathlib.Path(os.environ.get("FENRUN_VECTORS") or ROOT.parent / "shared")


def redated(document):
    content = json.loads((SAMPLES / document).read_text())
    for event in content["epcisBody"]["eventList"]:
        event["eventTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event["eventTimeZoneOffset"] = "+08:00"
    return json.dumps(content)


class GoodsTest(NetworkTest):
    base_port = 29400

    @classmethod
    def prepare(cls):
        net = cls.net
        net.found()
        cls.folder = net.home / "batch"
        cls.made = net.run(
            "codes", "generate", "--out", cls.folder, "--batch", BATCH, "--gtin", BOTTLE,
            "--count", BOTTLES, "--case-gtin", CASE, "--per-case", PER_CASE, "--per-pallet",
            PER_PALLET, "--sscc-first", "6901234000000001", "--lot", "L1", "--plain",
            "--genesis", net.home / "brand" / "genesis.bin")
        cls.links = net.printed_links(cls.folder)
        places = {"urn:epc:id:sgln:6901234.00001.0": net.parties["brand"],
                  "urn:epc:id:sgln:6922222.00001.0": net.parties["distributor-east"],
                  "urn:epc:id:pgln:6922222.00000": net.parties["distributor-east"]}
        for name, lane in (("brand", 1), ("distributor-west", 0)):
            (net.home / name / "places.json").write_text(json.dumps(places))
            config = net.home / name / "config.toml"
            config.write_text(config.read_text()
                              .replace('# key_file = "keys/operator.key"',
                                       'key_file = "keys/operator.key"')
                              .replace('# places = "places.json"', 'places = "places.json"')
                              .replace("lane = 0", f"lane = {lane}"))
        with open(net.home / "distributor-west" / "config.toml", "a") as config:
            config.write(f'\n[claims]\ncode_trees = ["{cls.folder}"]\nregion = 310100\n')
        net.start_all()
        net.submit("brand", [{"type": "open_lane", "lane": 1}])
        register = json.loads((cls.folder / "register.json").read_text())
        net.submit("brand", register["operations"])

    def unit(self, epc, via="auditor"):
        return self.net.run("query", "unit", epc, *self.net.member(via))

    def event(self, kind, place, ranges=(), **more):
        return {"type": "record_event", "kind": kind, "standing": "asserted",
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "place": self.net.parties[place],
                "id": {"document": secrets.token_hex(32), "index": 0, "part": 0}, "units": [],
                "ranges": [{"batch": BATCH, "level": level, "first": first, "count": count}
                           for level, first, count in ranges], **more}

    def signed_claim(self, index, claimant):
        """What a phone sends to the gateway: no secret, no path."""
        operation = self.net.run("codes", "claim", self.links[index], "--dir", self.folder,
                                 "--claimant", claimant, "--region", 310100, "--bare")
        body = {name: operation["claim"][name] for name in CLAIM_MEMBERS
                if operation["claim"].get(name) is not None}
        return {**body, "key": operation["key"], "signature": operation["signature"]}

    def claim(self, body):
        return self.net.request("distributor-west", "/v1/claims", "POST", json.dumps(body),
                                token=None, headers={"Content-Type": "application/json"})

    def test_1_codes_are_inert_until_they_are_commissioned(self):
        self.assertEqual(len(self.links), BOTTLES)
        answer = self.claim(self.signed_claim(0, secrets.token_hex(16)))
        self.assertEqual((answer.status, answer.code), (409, "code_inactive"))
        pallet = self.made["levels"][2]["first"]
        self.assertEqual(self.unit(pallet)["state"], "printed")
        self.net.submit("brand", [
            {"type": "void_codes", "reason": "leaked", "range": {
                "batch": BATCH, "level": "item", "first": BOTTLES - 1, "count": 1}},
            self.event("commissioning", "brand", [("item", 0, BOTTLES - 1), ("case", 0, 10),
                                                  ("logistic", 0, 5)])])
        unit = self.unit(self.made["levels"][0]["first"])
        self.assertEqual(unit["state"], "commissioned")
        self.assertEqual(unit["containers"], [self.made["levels"][1]["first"], pallet])

    def test_2_a_code_is_used_once_and_survives_a_kill(self):
        mine, another = secrets.token_hex(16), secrets.token_hex(16)
        body = self.signed_claim(3, mine)
        self.assertEqual(self.claim(body).json["state"], "recorded")
        self.assertEqual(self.claim(body).json["state"], "recorded")  # Resubmission is harmless.
        stolen = {**body, "claimant": another}
        answer = self.claim(stolen)
        self.assertIn(answer.code, ("signature_invalid", "code_used"))
        duplicate = self.claim(self.signed_claim(3, another))
        self.assertEqual((duplicate.status, duplicate.code), (409, "code_used"))
        self.assertEqual(duplicate.json["used"]["region"], 310100)
        self.assertNotIn(mine, duplicate.body.decode())
        forged = {**self.signed_claim(4, mine), "index": 5}
        self.assertIn(self.claim(forged).code, ("signature_invalid", "code_unknown"))
        voided = self.claim(self.signed_claim(BOTTLES - 1, mine))
        self.assertEqual((voided.status, voided.code), (410, "code_void"))
        self.net.kill("distributor-west")
        self.net.start("distributor-west")
        self.net.wait_until_ready(["distributor-west"])
        self.assertEqual(self.claim(self.signed_claim(3, another)).code, "code_used")
        # Signed by the same party's CLI, past the gateway: the ledger says the same.
        draft = self.net.home / "claim.json"
        draft.write_text(json.dumps({"mode": "independent", "operations": [self.net.run(
            "codes", "claim", self.links[3], "--dir", self.folder, "--claimant", another,
            "--bare")]}))
        answer = self.net.run("tx", "submit", draft, "--key", self.net.key("distributor-east"),
                              *self.net.member("distributor-east"), "--wait", "30", check=False)
        self.assertEqual(answer["operations"][0]["outcome"], "code_used")

    def test_3_a_pallet_moves_with_all_that_is_in_it_and_is_held_when_diverted(self):
        net = self.net
        net.submit("brand", [self.event("shipping", "brand", [("logistic", 0, 1)],
                                        counterparty=net.parties["distributor-east"])])
        epc = self.made["levels"][0]["first"]
        self.assertEqual(self.unit(epc)["state"], "shipped")
        net.submit("distributor-west", [self.event("receiving", "distributor-west",
                                                   [("logistic", 0, 1)])], via="auditor")
        self.assertEqual(self.unit(epc)["hold"], "diverted")
        self.assertEqual(self.unit(epc)["holder"], net.parties["distributor-west"])
        counters = net.pages("auditor", f"/v1/counters?batch={BATCH}")
        self.assertEqual(sum(item["diverted"] for item in counters), 1)
        self.assertEqual(sum(item["commissioned"] for item in counters), BOTTLES - 1 + 10 + 5)

    def test_4_documents_over_http(self):
        net = self.net
        net.submit("brand", [{"type": "open_unit_batch", "batch": FOREIGN, "product": BOTTLE}])
        headers = {"Content-Type": "application/json"}
        for document in ("00_commissioning_logistic_units.jsonld",
                         "01_commissioning_bottles.jsonld", "02_packing_bottles_to_case.jsonld",
                         "04_shipping_brand_to_distributor.jsonld"):
            batch = f"?batch={FOREIGN}" if "commissioning" in document else ""
            answer = net.request("brand", f"/epcis/v2/capture{batch}", "POST", redated(document),
                                 headers=headers)
            self.assertEqual(answer.status, 202, answer.body)
            job = {}

            def is_done(answer=answer):
                job.update(net.get("brand", answer.location))
                return not job["running"]
            net.wait_until(f"{document} is captured", is_done)
            self.assertTrue(job["success"], job)
        found = net.get("brand", "/epcis/v2/events?EQ_bizStep=shipping")
        self.assertEqual(len(found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]), 1)
        self.assertEqual(self.unit("urn:epc:id:sscc:6901234.0000000011")["state"], "shipped")
        self.assertEqual(net.request("brand", "/epcis/v2/capture", "POST", "<xml/>", headers={
            "Content-Type": "application/xml"}).status, 415)
        self.assertEqual(net.request("brand", "/epcis/v2/capture", "POST", "{}",
                                     token=None).status, 401)

    def test_5_answers_hold_under_the_schemas_of_gs1(self):
        folder = vectors() / "epcis" / "schema"
        if jsonschema is None or not folder.exists():
            self.skipTest("without python3-jsonschema, or without GS1's files")
        api = json.loads((folder / "epcis-2.0-rest-openapi.json").read_text())
        documents = json.loads((folder / "EPCIS-JSON-Schema.json").read_text())
        # GS1 asks for one of two alternatives, and neither requires anything: every job has both.
        errors = api["components"]["schemas"]["CaptureJob"]["allOf"][1]
        errors["anyOf"] = errors.pop("oneOf")

        def check(answer, root, name=None):
            schema = {**root, "$ref": f"#/components/schemas/{name}"} if name else root
            jsonschema.Draft7Validator(schema).validate(answer)
        net = self.net
        [job, *_] = net.get("brand", "/epcis/v2/capture")
        check(job, api, "CaptureJob")
        check(net.get("brand", f"/epcis/v2/capture/{job['captureID']}"), api, "CaptureJob")
        found = net.get("brand", "/epcis/v2/events?EQ_action=OBSERVE|ADD&perPage=2")
        check(found, documents)
        self.assertEqual(len(found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]), 2)
        sscc = "urn:epc:id:sscc:6901234.0000000011".replace(":", "%3A")
        check(net.get("brand", f"/epcis/v2/epcs/{sscc}/events"), documents)
        hostile = [("/epcis/v2/events?GE_eventTime=yesterday", None),
                   ("/epcis/v2/events?nobody=knows", None), ("/epcis/v2/queries", None),
                   ("/epcis/v2/capture", "{}"), ("/epcis/v2/capture", "[" * 100_000),
                   ("/epcis/v2/capture", '{"@context": ["https://elsewhere.example.com/c"]}'),
                   ("/epcis/v2/events", b'"\\ud800"'), ("/epcis/v2/events", b"\xff\xfe"),
                   ("/epcis/v2/events/ni%3A%2F%2F%2Fnothing", None)]
        for path, body in hostile:
            answer = net.request("brand", path, "POST" if body else "GET", body,
                                 headers={"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 404, 413, 415, 422, 501), (path, answer.body))
            check(answer.json, api, "RFC7807ProblemResponseBody")

    def test_6_a_till_sells_and_a_store_orders_without_epcis(self):
        net, east = self.net, self.net.parties["distributor-east"]
        parties = {name: secrets.token_hex(16) for name in ("store", "till")}
        keys = {name: net.home / f"{name}.key" for name in parties}
        for path in keys.values():
            net.run("keys", "new", "--purpose", "party", "--out", path, "--plain")

        def registration(name, role, parent):
            return {"type": "register_party", "party": parties[name], "role": role,
                    "parent": parent, "name_commitment": "00" * 32,
                    "attributes": {"channel": "offline", "region": 310100, "grade": 0},
                    "keys": [net.registered_key(keys[name], parties[name])]}
        net.submit("brand", [registration("store", "store", east),
                             registration("till", "device", parties["store"])])
        [case] = [("case", 9, 1)]
        pallet = self.made["levels"][2]["last"]
        net.submit("brand", [self.event("unpacking", "brand", parent=pallet),
                             self.event("shipping", "brand", [case],
                                        counterparty=parties["store"])])
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        bottle = self.links[BOTTLES - 2].split("#")[0]
        document = {"type": "ActivityDocument", "activities": [
            {"kind": "sale", "time": now, "place": parties["store"], "units": [bottle]}]}
        path = net.home / "activities.json"

        def capture(key, *, ok):
            path.write_text(json.dumps(document))
            return net.run("capture", path, "--key", keys[key], *net.member("auditor"),
                           "--wait", "30", check=ok)
        [row] = capture("till", ok=False)
        self.assertEqual(row["error"]["code"], "unit_not_received")
        arrived = self.event("receiving", "brand", [case])
        arrived["place"] = parties["store"]
        net.submit("distributor-east", [arrived])
        self.assertEqual(capture("till", ok=True)[0]["outcome"], "ok")
        self.assertEqual(self.unit(bottle)["state"], "sold")
        document["activities"] = [{
            "kind": "restock_order", "time": now, "place": parties["store"], "supplier": east,
            "reference": "PO-1", "lines": [{"gtin": BOTTLE, "quantity": 24}]}]
        [row] = capture("till", ok=False)
        self.assertEqual(row["error"]["code"], "not_authorized")
        self.assertEqual(capture("store", ok=True)[0]["outcome"], "ok")
        [checked] = net.run("capture", "--check", path)
        self.assertEqual((checked["result"], checked["recorded"]), ("accepted", "restock_order"))

        # The brand's node takes a document of its own, and withdraws what it said of itself.
        document["activities"] = [{
            "kind": "display", "time": now, "place": net.parties["brand"], "reference": "D-1",
            "evidence": ["ab" * 32]}, {
            "kind": "withdrawal", "of": "display", "place": net.parties["brand"],
            "reference": "D-1"}]
        answer = net.request("brand", "/v1/activities", "POST", json.dumps(document),
                             headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 202, answer.body)
        net.wait_until("the activities are final",
                       lambda: not net.get("brand", answer.location)["running"])
        self.assertTrue(net.get("brand", answer.location)["success"])
        for name in ("auditor", "brand"):
            rows = {row["kind"]: row for row in net.pages(name, "/v1/activities")}
            self.assertEqual(set(rows), {"restock_order", "display"})
            self.assertEqual(rows["restock_order"]["signer"], parties["store"])
            self.assertIn("withdrawn_at", rows["display"])
        [order] = net.run("query", "activities", "--place", parties["store"],
                          "--kind", "restock_order", *net.member("auditor"))
        self.assertEqual(order["activity"]["lines"], [{"product": BOTTLE, "quantity": 24}])


if __name__ == "__main__":
    unittest.main()
