// The page as it is served, in a DOM that is no browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { parseHTML } from "linkedom";

import { open } from "../src/main.js";
import { WORDS, languageOf } from "../src/words.js";

const PAGE = readFileSync(new URL("../built/claim.html", import.meta.url), "utf8");
const ADDRESS = `https://id.example.com/01/06901234567892/21/0000AB#${"a".repeat(26)}`;
const CODE = {
  chain_id: "11".repeat(32), batch: 7, index: 41, brand: "33".repeat(16), path: "bearer",
  state: "active", region: 310100, lot: "L<b>1", time: "2026-03-01T08:00:00.000Z",
};

function browser({ language = "zh-CN", address = ADDRESS, answers }) {
  const { document } = parseHTML(PAGE);
  const replaced = [];
  const asked = [];
  const window = {
    document,
    location: new URL(address),
    navigator: { language },
    localStorage: null,
    performance,
    history: { replaceState: (_, __, to) => replaced.push(to) },
    fetch: async (to, options = {}) => {
      asked.push([to, options]);
      const [status, body] = answers.shift();
      return { status, headers: new Headers(), json: async () => body };
    },
  };
  const at = (id) => document.getElementById(id);
  const settled = async (title) => {
    for (let i = 0; i < 200 && at("title").textContent !== title; i += 1) {
      await new Promise((done) => setTimeout(done, 5));
    }
    assert.equal(at("title").textContent, title);
  };
  return { window, at, asked, replaced, settled };
}

test("a scan in Chinese, from opening to the record", async () => {
  const recorded = { state: "recorded", region: 310100, time: "2026-03-01T08:00:00.000Z" };
  const page = browser({ answers: [[200, CODE], [200, recorded]] });
  await open(page.window);
  assert.equal(page.at("title").textContent, "这枚码可以使用");
  assert.equal(page.at("claim").hidden, false);
  assert.match(page.at("facts").textContent, /L<b>1/, "text is shown as text");
  page.at("claim").click();
  await page.settled("领取成功");
  assert.equal(page.at("claim").hidden, true);
  assert.match(page.at("facts").textContent, /310100/);
  assert.match(page.at("facts").textContent, /2026.*16:00/, "as China's clocks show it");
  // A secret that is used up leaves the address.
  assert.deepEqual(page.replaced, ["/01/06901234567892/21/0000AB"]);
});

test("the secret is in no request", async () => {
  const page = browser({ answers: [[200, CODE], [200, { state: "recorded" }]] });
  await open(page.window);
  page.at("claim").click();
  await page.settled("领取成功");
  assert.equal(page.asked.length, 2);
  for (const [to, options] of page.asked) {
    assert.ok(to.startsWith("/v1/"), "nobody else is asked");
    assert.ok(!JSON.stringify([to, options]).includes("aaaaaaaa"));
    assert.equal(options.credentials, "omit");
    assert.equal(options.referrerPolicy, "no-referrer");
  }
});

test("the language is the browser's, until it is switched", async () => {
  const page = browser({ language: "en-US", answers: [[404, { code: "code_unknown" }]] });
  await open(page.window);
  assert.equal(page.at("title").textContent, WORDS.en.fake[0]);
  assert.equal(page.window.document.documentElement.lang, "en");
  page.at("language").click();
  assert.equal(page.at("title").textContent, WORDS.zh.fake[0]);
  assert.equal(page.at("card").className, "bad");
  assert.equal(languageOf("zh-TW"), "zh");
  assert.equal(languageOf("fr"), "en");
  assert.equal(languageOf(undefined), "zh");
});

test("a used code says when and in which region, and not who", async () => {
  const used = { time: "2026-01-02T03:04:05.000Z", region: 440100 };
  const page = browser({ answers: [[200, { ...CODE, state: "used", used }]] });
  await open(page.window);
  assert.match(page.at("facts").textContent, /使用时间2026.*11:04.*使用地区440100/s);
});

test("products, stores and regions are called what the gateway calls them", async () => {
  const names = {
    product: { zh: "茶", en: "Tea" },
    region: { zh: "上海市", en: "Shanghai" },
    used_region: { zh: "广州市", en: "Guangzhou" },
  };
  const page = browser({ answers: [[200, { ...CODE, names }]] });
  await open(page.window);
  assert.match(page.at("facts").textContent, /商品茶 \(06901234567892\).*地区上海市 \(310100\)/);
  page.at("language").click();
  assert.match(page.at("facts").textContent, /ProductTea .*RegionShanghai /);
  const used = { region: 440100 };
  const other = browser({ answers: [[200, { ...CODE, names, state: "used", used }]] });
  await open(other.window);
  assert.match(other.at("facts").textContent, /使用地区广州市 \(440100\)/);
});

test("no network: the page says so and tries again when told", async () => {
  const page = browser({ answers: [] });
  await open(page.window);
  assert.equal(page.at("title").textContent, WORDS.zh.trouble[0]);
  assert.equal(page.at("again").hidden, false);
});

test("both languages say the same things", () => {
  const shape = (value) => (Array.isArray(value) ? value.length
    : typeof value === "object" ? Object.fromEntries(
        Object.keys(value).sort().map((name) => [name, shape(value[name])]))
    : typeof value);
  assert.deepEqual(shape(WORDS.zh), shape(WORDS.en));
  for (const words of Object.values(WORDS)) {
    for (const it of Object.values(words)) {
      for (const text of typeof it === "string" ? [it] : Object.values(it)) {
        assert.ok(text.trim().length > 0);
      }
    }
  }
});

test("the page loads nothing from elsewhere and has nothing inline", () => {
  const { document } = parseHTML(PAGE);
  for (const script of document.querySelectorAll("script")) {
    assert.equal(script.textContent, "");
    assert.match(script.getAttribute("src"), /^\/claim\/claim\.js\?v=[0-9a-f]{16}$/);
    assert.match(script.getAttribute("integrity"), /^sha256-/);
  }
  assert.equal(document.querySelectorAll("style, [style], iframe, img, form").length, 0);
  assert.ok(!/https?:\/\//.test(PAGE));
});
