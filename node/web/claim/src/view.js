// Shows a state.  Text goes in as text, never as markup.
import { WORDS } from "./words.js";

// Which states are what: the colour, and what can be done.
const GOOD = new Set(["ready", "done"]);
const BAD = new Set(["used", "fake", "void", "recalled"]);
const BUSY = new Set(["asking", "signing", "waiting"]);
const AGAIN = new Set(["trouble", "inactive", "unreceived"]);

const TIME = { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" };

export class View {
  constructor(document) {
    this.document = document;
    this.language = "zh";
    this.state = "asking";
    this.facts = {};
    this.lasts = true;
  }

  at(id) {
    return this.document.getElementById(id);
  }

  // The times of the ledger are shown as China's clocks show them, whatever the phone's zone.
  time(text) {
    const time = new Date(text);
    if (Number.isNaN(time.getTime())) return "";
    const locale = this.language === "zh" ? "zh-CN" : "en-GB";
    try {
      return new Intl.DateTimeFormat(locale, TIME).format(time);
    } catch {
      return time.toISOString();
    }
  }

  // What the gateway calls it, with the ledger's number behind.
  named(of, number) {
    const name = number && this.facts.names && this.facts.names[of];
    return name && name[this.language] ? `${name[this.language]} (${number})` : number;
  }

  rows() {
    const { facts, state } = this;
    const scanned = [
      ["store", this.named("store", facts.store)], ["region", this.named("region", facts.region)],
    ];
    const rows = [
      ["gtin", this.named("product", facts.gtin)], ["lot", facts.lot], ["serial", facts.serial],
    ];
    if (state === "done") rows.push(["time", this.time(facts.time)]);
    if (state === "done" || state === "ready") rows.push(...scanned);
    if (state === "used" && facts.used) {
      rows.push(["usedTime", this.time(facts.used.time)]);
      rows.push(["usedRegion", this.named("used_region", facts.used.region)]);
    }
    return rows.filter(([, value]) => value);
  }

  show(state, facts) {
    this.state = state;
    this.facts = facts;
    this.draw();
  }

  draw() {
    const words = WORDS[this.language];
    const { document, state } = this;
    document.documentElement.lang = this.language === "zh" ? "zh-CN" : "en";
    document.title = words.title;
    const [title, text] = words[state];
    const tone = GOOD.has(state) ? "good" : BAD.has(state) ? "bad" : "plain";
    this.at("card").className = BUSY.has(state) ? "plain busy" : tone;
    this.at("title").textContent = title;
    this.at("text").textContent = text;
    const list = this.at("facts");
    list.textContent = "";
    for (const [name, value] of this.rows()) {
      const term = document.createElement("dt");
      term.textContent = words.facts[name];
      const definition = document.createElement("dd");
      definition.textContent = String(value);
      list.append(term, definition);
    }
    this.button("claim", words.claim, state === "ready");
    this.button("again", words.again, AGAIN.has(state));
    this.button("forget", words.forget, true);
    this.button("language", words.language, true);
    this.at("privacy").textContent = words.privacy + (this.lasts ? "" : ` ${words.shortLived}`);
  }

  button(id, text, shown) {
    const button = this.at(id);
    button.textContent = text;
    button.hidden = !shown;
  }

  say(name) {
    this.at("said").textContent = WORDS[this.language][name];
  }
}
