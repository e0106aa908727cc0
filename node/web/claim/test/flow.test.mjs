// The way of a scan, with a node that a test plays.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Flow } from "../src/flow.js";
import { Memory } from "../src/memory.js";
import { Trouble } from "../src/node.js";

const CHAIN = "11".repeat(32);
const STORE = "22".repeat(16);
const NOW = Date.parse("2026-03-01T08:00:00.000Z");

const CODE = {
  chain_id: CHAIN, batch: 7, index: 41, brand: "33".repeat(16), path: "bearer", state: "active",
  region: 310100, time: new Date(NOW).toISOString(),
};

class Storage {
  items = new Map();
  get length() { return this.items.size; }
  key(i) { return [...this.items.keys()][i]; }
  getItem(name) { return this.items.has(name) ? this.items.get(name) : null; }
  setItem(name, value) { this.items.set(name, value); }
  removeItem(name) { this.items.delete(name); }
}

const answer = (status, body = {}) => ({ status, body, retryAfterMs: 1000 });
const refusal = (status, code, more = {}) => answer(status, { code, ...more });

// Plays a scan; `claims` answers POST and then the polls, in their order.
function scan({ code = answer(200, CODE), claims = [], secret = new Uint8Array(16), storage }) {
  const story = { states: [], posted: [], polled: [], slept: [] };
  const next = async () => {
    const it = claims.shift();
    if (it === undefined) throw new Trouble("no network");
    return it;
  };
  const node = {
    code: async () => (Array.isArray(code) ? code.shift() : code),
    submit: (signed) => (story.posted.push(signed), next()),
    claim: (...asked) => (story.polled.push(asked), next()),
  };
  const flow = new Flow({
    link: { gtin: "06901234567892", serial: "S", store: null, secret },
    node,
    memory: new Memory(storage === undefined ? new Storage() : storage),
    now: () => 5000,
    sleep: async (ms) => { story.slept.push(ms); },
    show: (state, facts) => story.states.push([state, { ...facts }]),
  });
  story.names = () => story.states.map(([state]) => state);
  story.last = () => story.states.at(-1);
  return { flow, story };
}

test("a code is looked up, claimed when asked to, and recorded", async () => {
  const recorded = answer(200, { state: "recorded", time: "T", region: 310100 });
  const { flow, story } = scan({ claims: [answer(202, { state: "pending" }), recorded] });
  await flow.start();
  assert.deepEqual(story.names(), ["asking", "ready"]);
  assert.equal(story.posted.length, 0);
  await flow.claim();
  assert.deepEqual(story.names(), ["asking", "ready", "signing", "waiting", "done"]);
  const [signed] = story.posted;
  assert.deepEqual(Object.keys(signed).sort(), [
    "batch", "claimant", "index", "key", "region", "signature", "time",
  ]);
  assert.equal(signed.time, CODE.time);
  assert.match(signed.claimant, /^[0-9a-f]{32}$/);
  assert.deepEqual(story.polled[0].slice(0, 2), [7, 41]);
  assert.match(story.polled[0][2], /^[0-9a-f]{64}$/);
});

test("tapping twice claims once", async () => {
  const { flow, story } = scan({ claims: [answer(200, { state: "recorded" })] });
  await flow.start();
  await Promise.all([flow.claim(), flow.claim()]);
  assert.equal(story.posted.length, 1);
});

test("the store that the node confirms goes into the claim, and no other", async () => {
  const code = answer(200, { ...CODE, store: STORE });
  const { flow, story } = scan({ code, claims: [answer(200, { state: "recorded" })] });
  await flow.start();
  await flow.claim();
  assert.equal(story.posted[0].store, STORE);
});

test("each state of a code has its answer, and none of them claims", async () => {
  const used = { time: "2026-01-01T00:00:00.000Z", region: 440100 };
  const cases = [
    ["used", { state: "used", used }], ["void", { state: "void" }],
    ["recalled", { state: "recalled" }], ["inactive", { state: "inactive" }],
    ["unreceived", { state: "unreceived" }], ["elsewhere", { path: "gateway" }],
    ["elsewhere", { path: "none" }], ["recalled", { state: "used", recalled: true, used }],
  ];
  for (const [state, change] of cases) {
    const { flow, story } = scan({ code: answer(200, { ...CODE, ...change }) });
    await flow.start();
    assert.deepEqual(story.names(), ["asking", state]);
    await flow.claim();
    assert.equal(story.posted.length, 0);
    if (state === "used") assert.deepEqual(story.last()[1].used, used);
  }
  const fake = scan({ code: refusal(404, "code_unknown") });
  await fake.flow.start();
  assert.equal(fake.story.last()[0], "fake");
  const bare = scan({ secret: null });
  await bare.flow.start();
  assert.equal(bare.story.last()[0], "bare");
});

test("each refusal of a claim has its answer", async () => {
  const used = { time: "2026-01-01T00:00:00.000Z", region: 440100 };
  const cases = [
    ["used", refusal(409, "code_used", { used })], ["fake", refusal(404, "code_unknown")],
    ["void", refusal(410, "code_void")], ["recalled", refusal(410, "code_recalled")],
    ["inactive", refusal(409, "code_inactive")], ["unreceived", refusal(409, "unit_not_received")],
    ["fake", refusal(403, "signature_invalid")], ["elsewhere", refusal(422, "claim_path_wrong")],
  ];
  for (const [state, refused] of cases) {
    const { flow, story } = scan({ claims: [refused] });
    await flow.start();
    await flow.claim();
    assert.equal(story.last()[0], state);
  }
});

test("a busy node is asked again when it says, a few times", async () => {
  const busy = { ...refusal(429, "rate_limited"), retryAfterMs: 3000 };
  const { flow, story } = scan({ claims: [busy, busy, answer(200, { state: "recorded" })] });
  await flow.start();
  await flow.claim();
  assert.equal(story.last()[0], "done");
  assert.equal(story.slept.filter((ms) => ms === 3000).length, 2);
  const never = scan({ claims: Array(9).fill(busy) });
  await never.flow.start();
  await never.flow.claim();
  assert.equal(never.story.last()[0], "trouble");
  assert.equal(never.story.posted.length, 5);
});

test("after a lost answer the same claim is sent again, also by a page opened anew", async () => {
  const storage = new Storage();
  const first = scan({ storage, claims: [] });
  await first.flow.start();
  await first.flow.claim();
  assert.equal(first.story.last()[0], "trouble");
  await first.flow.again();
  const [signed] = first.story.posted;
  assert.ok(first.story.posted.length > 2);
  for (const again of first.story.posted) assert.deepEqual(again, signed);

  // It had been recorded: the code is used, by this very claim.
  const code = answer(200, { ...CODE, state: "used", used: {} });
  const later = scan({ storage, code, claims: [answer(200, { state: "recorded" })] });
  await later.flow.start();
  assert.deepEqual(later.story.names(), ["asking", "waiting", "done"]);
  assert.deepEqual(later.story.posted, [signed]);
  assert.ok(![...storage.items.values()].some((text) => text.includes("aaaaaaaa")), "no secret");
});

test("a claim that was refused for its form is signed anew at the next try", async () => {
  const storage = new Storage();
  const { flow, story } = scan({ storage, claims: [refusal(400, "value_invalid")] });
  await flow.start();
  await flow.claim();
  assert.equal(story.last()[0], "trouble");
  await flow.again();
  assert.equal(story.last()[0], "ready");
});

test("one pseudonym for a brand and a year in China, and none that lasts without storage", () => {
  const memory = new Memory(new Storage());
  const lastDay = Date.parse("2026-12-31T15:59:59.999Z");
  const mine = memory.claimant("a", lastDay);
  assert.equal(memory.claimant("a", Date.parse("2026-01-01T00:00:00.000Z")), mine);
  assert.notEqual(memory.claimant("a", lastDay + 1), mine);
  assert.notEqual(memory.claimant("b", lastDay), mine);
  memory.forget();
  assert.notEqual(memory.claimant("a", lastDay), mine);
  assert.ok(memory.lasts);

  const none = new Memory(null);
  assert.equal(none.claimant("a", lastDay), none.claimant("a", lastDay));
  assert.ok(!none.lasts);
});

test("the phone keeps the last twenty claims", () => {
  const memory = new Memory(new Storage());
  for (let index = 0; index < 25; index += 1) memory.keepClaim(CHAIN, { batch: 1, index });
  assert.equal(memory.claims().length, 20);
  assert.equal(memory.claim(CHAIN, 1, 4), null);
  assert.deepEqual(memory.claim(CHAIN, 1, 24), { batch: 1, index: 24 });
  assert.equal(memory.claim("00".repeat(32), 1, 24), null);
});
