// The way of a scan, from the printed code to the answer: which state the page is in, and what
// leads to the next.  No DOM: view.js shows the states.
//
//   asking ─▶ ready ─▶ signing ─▶ waiting ─▶ done
//      │         any of them ─▶ trouble ─▶ (again) where it was
//      └─▶ used fake void recalled inactive unreceived elsewhere bare broken
import { claimId, signClaim } from "./crypto.js";
import { Trouble } from "./node.js";

const POLL_MS = 1000;
const POLLS_MAX = 20;
const RETRIES_MAX = 5;
const FAILURES_MAX = 2;
const FAILURE_PAUSE_MS = 1000;

// What the node calls a state of a code -> the state of the page.
const STATES = {
  inactive: "inactive",
  unreceived: "unreceived",
  used: "used",
  void: "void",
  recalled: "recalled",
};

// What the node refuses a claim with -> the state of the page.
const REFUSALS = {
  code_unknown: "fake",
  batch_unknown: "fake",
  code_used: "used",
  code_void: "void",
  code_recalled: "recalled",
  unit_destroyed: "void",
  code_inactive: "inactive",
  unit_not_received: "unreceived",
  claim_path_wrong: "elsewhere",
  // The printed secret is not the one of this code.
  signature_invalid: "fake",
};

const OVERLOADED = new Set([429, 502, 503, 504]);

export class Flow {
  // `link`: readLink() of the address, or null.  `show(state, facts)` is called for every state.
  // `sleep(ms)` is a promise; `now()` is a clock in milliseconds that only runs forward.
  constructor({ link, node, memory, show, sleep, now }) {
    Object.assign(this, { link, node, memory, show, sleep, now });
    this.facts = {};
    this.signed = null;
  }

  enter(state, facts = {}) {
    this.state = state;
    Object.assign(this.facts, facts);
    this.show(state, this.facts);
  }

  async guarded(step) {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      this.enter("trouble");
    }
  }

  start() {
    if (!this.link) {
      this.enter("broken");
      return Promise.resolve();
    }
    return this.guarded(() => this.ask());
  }

  // Once more, from where the trouble was.
  again() {
    return this.signed ? this.guarded(() => this.send()) : this.start();
  }

  // Asks the node again while it says that it is too busy, and once if there was no answer; throws
  // Trouble then.
  async patiently(ask) {
    let failures = 0;
    for (let tries = 0; tries < RETRIES_MAX; tries += 1) {
      let pause = FAILURE_PAUSE_MS;
      try {
        const answer = await ask();
        if (!OVERLOADED.has(answer.status)) return answer;
        pause = answer.retryAfterMs;
      } catch (error) {
        failures += 1;
        if (!(error instanceof Trouble) || failures === FAILURES_MAX) throw error;
      }
      await this.sleep(pause);
    }
    throw new Trouble("busy");
  }

  async ask() {
    this.enter("asking");
    const { status, body } = await this.patiently(() => this.node.code(this.link));
    this.facts.gtin = this.link.gtin;
    this.facts.serial = this.link.serial;
    if (status === 404) return this.enter("fake");
    if (status !== 200) throw new Trouble(`status ${status}`);
    this.code = body;
    this.time = { node: Date.parse(body.time), asked: this.now() };
    const { lot, store, region, names } = body;
    this.facts = { ...this.facts, lot, store, region, names };
    if (body.path !== "bearer") return this.enter("elsewhere");
    return this.decide();
  }

  decide() {
    const { code } = this;
    // Before all else, used or not: nobody is to eat it.
    if (code.recalled) return this.enter("recalled");
    // Signed here before: perhaps recorded, perhaps on its way.  The same again does no harm.
    const kept = this.memory.claim(code.chain_id, code.batch, code.index);
    if (kept && (code.state === "used" || code.state === "active")) {
      this.signed = kept;
      return this.send();
    }
    if (STATES[code.state]) return this.enter(STATES[code.state], { used: code.used });
    if (code.state !== "active") throw new Trouble(`state ${code.state}`);
    return this.enter(this.link.secret ? "ready" : "bare");
  }

  // The consumer wants it.
  claim() {
    if (this.state !== "ready") return Promise.resolve();
    this.enter("signing");
    // The browser is to show it before the key keeps it busy.
    return this.guarded(async () => {
      await this.sleep(30);
      this.sign();
      await this.send();
    });
  }

  sign() {
    const { code, link } = this;
    const time = Math.floor(this.time.node + (this.now() - this.time.asked));
    const claim = {
      batch: code.batch,
      index: code.index,
      claimant: this.memory.claimant(code.brand, time),
      region: code.region,
      time,
    };
    if (code.store) claim.store = code.store;
    const { key, signature } = signClaim(code.chain_id, claim, link.secret);
    this.signed = { ...claim, time: new Date(time).toISOString(), key, signature };
    this.memory.keepClaim(code.chain_id, this.signed);
  }

  async send() {
    this.enter("waiting");
    const { signed } = this;
    let { status, body } = await this.patiently(() => this.node.submit(signed));
    const id = claimId(this.code.chain_id, { ...signed, time: Date.parse(signed.time) });
    for (let polls = 0; status === 202; polls += 1) {
      if (polls === POLLS_MAX) throw new Trouble("still pending");
      await this.sleep(POLL_MS);
      const ask = () => this.node.claim(signed.batch, signed.index, id);
      ({ status, body } = await this.patiently(ask));
    }
    this.conclude(status, body);
  }

  conclude(status, body) {
    if (status === 200 && body.state === "recorded") {
      return this.enter("done", { store: body.store, region: body.region, time: body.time });
    }
    const state = REFUSALS[body.code];
    if (state) return this.enter(state, { used: body.used });
    if (status >= 400 && status < 500) {
      // Refused for good, so it is not recorded: the next try signs anew.
      this.memory.dropClaim(this.code.chain_id, this.signed);
      this.signed = null;
    }
    throw new Trouble(`status ${status}`);
  }
}
