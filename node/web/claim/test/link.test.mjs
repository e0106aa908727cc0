import assert from "node:assert/strict";
import { test } from "node:test";

import { readLink } from "../src/link.js";

const SECRET = "a".repeat(26);
const STORE = "0123456789abcdef0123456789abcdef";
const read = (address) => readLink(new URL(address));
const printed = (rest) => `https://id.example.com/01/06901234567892/21/0000AB${rest}`;

test("a printed address says product, serial and secret", () => {
  const link = read(printed(`#${SECRET}`));
  assert.equal(link.gtin, "06901234567892");
  assert.equal(link.serial, "0000AB");
  assert.equal(link.store, null);
  assert.deepEqual(link.secret, new Uint8Array(16));
});

test("a store's own page names the store; what messengers append does no harm", () => {
  assert.equal(read(printed(`?from=singlemessage&store=${STORE}#${SECRET}`)).store, STORE);
  for (const store of ["", "x", STORE.slice(1), STORE.toUpperCase(), `${STORE}0`]) {
    assert.equal(read(printed(`?store=${store}`)).store, null, store);
  }
});

test("without a secret, or with a damaged one, the code can still be looked up", () => {
  for (const rest of ["", "#", `#${SECRET}x`, "#!"]) assert.equal(read(printed(rest)).secret, null);
});

test("other addresses are no codes", () => {
  for (const path of [
    "/", "/01/06901234567892", "/01/6901234567892/21/A", "/00/06901234567892/21/A",
    "/01/06901234567892/21/", "/01/06901234567892/21/A/B", "/01/06901234567892/21/%E0%A4%A",
    `/01/06901234567892/21/${"A".repeat(61)}`,
  ]) {
    assert.equal(read(`https://id.example.com${path}`), null, path);
  }
});
