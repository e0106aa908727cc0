// What the page keeps on the phone, and nowhere else: a random pseudonym for each brand and year,
// and the claims that were signed here, so that a page that is opened again sends the same one.
// Secrets are not kept.
import { bytesToHex, randomBytes } from "@noble/hashes/utils.js";

const PREFIX = "fenrun.";
const CLAIMS = `${PREFIX}claims`;
const CLAIMS_MAX = 20;
const CHINA_OFFSET_MS = 8 * 3600 * 1000;
const PSEUDONYM = /^[0-9a-f]{32}$/;

const isOf = ({ chain, signed }, wanted, batch, index) =>
  chain === wanted && signed.batch === batch && signed.index === index;

export class Memory {
  // `storage`: localStorage, or null where the browser gives none; then all is forgotten with the
  // page.
  constructor(storage) {
    this.storage = storage;
    this.fallback = new Map();
  }

  get lasts() {
    return this.storage !== null;
  }

  read(name) {
    if (this.fallback.has(name)) return this.fallback.get(name);
    try {
      return this.storage ? this.storage.getItem(name) : null;
    } catch {
      return null;
    }
  }

  write(name, text) {
    try {
      if (!this.storage) throw new Error("none");
      this.storage.setItem(name, text);
    } catch {
      this.storage = null;
      this.fallback.set(name, text);
    }
  }

  // The pseudonym under which this phone claims the brand's codes this year (UTC+8).
  claimant(brand, timeMs) {
    const year = new Date(timeMs + CHINA_OFFSET_MS).getUTCFullYear();
    const name = `${PREFIX}claimant.${brand}.${year}`;
    const known = this.read(name);
    if (known && PSEUDONYM.test(known)) return known;
    const fresh = bytesToHex(randomBytes(16));
    this.write(name, fresh);
    return fresh;
  }

  claims() {
    try {
      const kept = JSON.parse(this.read(CLAIMS) || "[]");
      return Array.isArray(kept) ? kept.filter((it) => it && it.signed) : [];
    } catch {
      return [];
    }
  }

  // The claim of this code that was signed here, as it was sent; null if none.
  claim(chain, batch, index) {
    const found = this.claims().find((it) => isOf(it, chain, batch, index));
    return found ? found.signed : null;
  }

  keepClaim(chain, signed) {
    const { batch, index } = signed;
    const others = this.claims().filter((it) => !isOf(it, chain, batch, index));
    this.write(CLAIMS, JSON.stringify([{ chain, signed }, ...others].slice(0, CLAIMS_MAX)));
  }

  dropClaim(chain, { batch, index }) {
    const others = this.claims().filter((it) => !isOf(it, chain, batch, index));
    this.write(CLAIMS, JSON.stringify(others));
  }

  forget() {
    this.fallback.clear();
    if (!this.storage) return;
    try {
      const names = Array.from({ length: this.storage.length }, (_, i) => this.storage.key(i));
      for (const name of names) {
        if (name && name.startsWith(PREFIX)) this.storage.removeItem(name);
      }
    } catch {
      this.storage = null;
    }
  }
}
