// The page, put together.
import { Flow } from "./flow.js";
import { readLink } from "./link.js";
import { Memory } from "./memory.js";
import { Node } from "./node.js";
import { View } from "./view.js";
import { languageOf } from "./words.js";

function storageOf(window) {
  try {
    return window.localStorage || null;
  } catch {
    return null;
  }
}

// Once a code is used its secret is worth nothing; it need not stay in the address.
const OVER = new Set(["done", "used", "void", "recalled"]);

export function open(window) {
  const { document, location, navigator } = window;
  const view = new View(document);
  view.language = languageOf(navigator.language);
  const memory = new Memory(storageOf(window));
  const flow = new Flow({
    link: readLink(location),
    node: new Node((address, options) => window.fetch(address, options)),
    memory,
    now: () => window.performance.now(),
    sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    show: (state, facts) => {
      if (OVER.has(state) && location.hash) {
        window.history.replaceState(null, "", location.pathname + location.search);
      }
      view.lasts = memory.lasts;
      view.show(state, facts);
    },
  });
  const on = (id, act) => view.at(id).addEventListener("click", act);
  on("claim", () => flow.claim());
  on("again", () => flow.again());
  on("forget", () => {
    memory.forget();
    view.say("forgotten");
  });
  on("language", () => {
    view.language = view.language === "zh" ? "en" : "zh";
    view.draw();
  });
  return flow.start();
}
