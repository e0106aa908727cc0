// The page computes what the node's own code computed: tests/vectors/claims.txt.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { bytesToHex } from "@noble/hashes/utils.js";

import { claimId, codeSeed, secretFrom, signClaim } from "../src/crypto.js";

const NAMES = [
  "chain_id", "batch", "index", "secret", "claimant", "store", "region", "time",
  "seed", "key", "signature", "claim_id",
];

function vectors() {
  const file = new URL("../../../../tests/vectors/claims.txt", import.meta.url);
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line && !line.startsWith("#")).map((line) => {
    const cells = line.split(" ");
    assert.equal(cells.length, NAMES.length, line);
    return Object.fromEntries(NAMES.map((name, i) => [name, cells[i]]));
  });
}

function claimOf(row) {
  const claim = {
    batch: Number(row.batch),
    index: Number(row.index),
    claimant: row.claimant,
    region: Number(row.region),
    time: Number(row.time),
  };
  return row.store === "-" ? claim : { ...claim, store: row.store };
}

test("keys, claims and signatures are the node's", () => {
  const rows = vectors();
  assert.ok(rows.length >= 8);
  assert.ok(rows.some((row) => row.store === "-") && rows.some((row) => row.store !== "-"));
  for (const row of rows) {
    const secret = secretFrom(row.secret);
    const claim = claimOf(row);
    assert.equal(bytesToHex(codeSeed(row.chain_id, claim.batch, claim.index, secret)), row.seed);
    assert.equal(claimId(row.chain_id, claim), row.claim_id);
    const { key, signature } = signClaim(row.chain_id, claim, secret);
    assert.equal(key, row.key);
    assert.equal(signature, row.signature);
  }
});

test("whatever of a claim is changed, the signature is another", () => {
  const row = vectors().find(({ store }) => store !== "-");
  const secret = secretFrom(row.secret);
  const claim = claimOf(row);
  const others = [
    { ...claim, batch: claim.batch ^ 1 }, { ...claim, index: claim.index ^ 1 },
    { ...claim, region: claim.region ^ 1 }, { ...claim, time: claim.time + 1 },
    { ...claim, claimant: "00".repeat(16) }, { ...claim, store: undefined },
  ];
  for (const other of others) {
    assert.notEqual(signClaim(row.chain_id, other, secret).signature, row.signature);
  }
});

test("a secret has one spelling, but for capitals", () => {
  const zero = "a".repeat(26);
  assert.deepEqual(secretFrom(zero), new Uint8Array(16));
  assert.deepEqual(secretFrom("7".repeat(25) + "4"), new Uint8Array(16).fill(255));
  assert.deepEqual(secretFrom(zero.toUpperCase()), new Uint8Array(16));
  for (const text of ["", "a".repeat(25), "a".repeat(27), "1" + "a".repeat(25),
    "a".repeat(25) + "b", "a".repeat(25) + "=", " " + "a".repeat(25)]) {
    assert.equal(secretFrom(text), null, text);
  }
});
