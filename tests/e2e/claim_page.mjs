// Opens a printed address as a phone does, at a node: node claim_page.mjs NODE_URL LINK
//
// What runs is the script that the node serves, found through the page that it serves; the DOM is
// as small as the script needs.  Claims when it can, and prints what the phone showed and sent.
import { createHash, webcrypto } from "node:crypto";
import vm from "node:vm";

const [nodeUrl, link] = process.argv.slice(2);
const location = new URL(link);
const sent = [];

async function ask(path, options) {
  sent.push({ path, body: options && options.body ? options.body : "" });
  return fetch(nodeUrl + path, { method: options?.method, body: options?.body,
    headers: options?.headers });
}

// The script that the page names, if it is the one whose digest the page gives.
async function script() {
  const page = await (await ask(location.pathname + location.search)).text();
  const named = /<script defer src="([^"]+)" integrity="sha256-([^"]+)">/;
  const [, address, integrity] = named.exec(page);
  const bytes = Buffer.from(await (await ask(address)).arrayBuffer());
  if (createHash("sha256").update(bytes).digest("base64") !== integrity) {
    throw new Error("the script is not the page's");
  }
  return bytes.toString();
}

class Element {
  constructor() {
    Object.assign(this, { own: "", children: [], hidden: false, className: "" });
  }
  set textContent(text) {
    this.own = text;
    this.children = [];
  }
  get textContent() {
    return this.own + this.children.map((it) => it.textContent).join("|");
  }
  append(...children) {
    this.children.push(...children);
  }
  addEventListener(_, act) {
    this.click = act;
  }
}

const elements = new Map();
const at = (id) => {
  if (!elements.has(id)) elements.set(id, new Element());
  return elements.get(id);
};
const items = new Map();
const window = {
  location,
  navigator: { language: "en" },
  performance,
  fetch: ask,
  document: { getElementById: at, createElement: () => new Element(), documentElement: {} },
  localStorage: {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, text) => items.set(name, text),
  },
  history: { replaceState: () => { location.hash = ""; } },
};
const globals = { window, crypto: webcrypto, TextEncoder, TextDecoder, URLSearchParams,
  AbortController, setTimeout, clearTimeout, Intl, console };

vm.runInNewContext(await script(), globals);
const titles = [];
for (let i = 0; i < 1200; i += 1) {
  const title = at("title").textContent;
  if (title && title !== titles.at(-1)) titles.push(title);
  if (!at("claim").hidden && at("claim").textContent === "Claim" && titles.length < 3) {
    at("claim").click();
  }
  if (title && !at("card").className.includes("busy") && at("claim").hidden) break;
  await new Promise((done) => setTimeout(done, 25));
}
const secret = link.slice(link.indexOf("#") + 1);
console.log(JSON.stringify({
  titles,
  facts: at("facts").children.map((it) => it.textContent),
  hash: location.hash,
  secret_sent: secret !== "" && sent.some(({ path, body }) => (path + body).includes(secret)),
  asked: sent.map(({ path }) => path.split("?")[0].split("/").slice(0, 3).join("/")),
}));
