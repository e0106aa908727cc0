// Builds what a node serves, into built/: `node build.mjs` after `npm ci`.
// Equal sources and equal versions give equal bytes, on every machine: built.test.mjs checks it.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

// What phones of 2020 and later run.
const TARGET = ["es2020", "chrome80"];

async function bundle(entry) {
  const result = await build({
    entryPoints: [here(entry)],
    absWorkingDir: here("."),
    bundle: true,
    minify: true,
    charset: "utf8",
    legalComments: "inline",
    format: "iife",
    target: TARGET,
    write: false,
    logLimit: 5,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

// {name: bytes} of the files to serve.
export async function files() {
  const out = {};
  let page = readFileSync(here("src/claim.html"), "utf8");
  for (const [kind, entry] of [["js", "src/entry.js"], ["css", "src/claim.css"]]) {
    const bytes = await bundle(entry);
    const digest = sha256(bytes);
    out[`claim.${kind}`] = bytes;
    page = page
      .replace(`{${kind}.version}`, digest.toString("hex").slice(0, 16))
      .replace(`{${kind}.integrity}`, `sha256-${digest.toString("base64")}`);
  }
  out["claim.html"] = Buffer.from(page);
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, bytes] of Object.entries(await files())) {
    writeFileSync(here(`built/${name}`), bytes);
    console.log(`built/${name}  ${bytes.length} bytes  sha256 ${sha256(bytes).toString("hex")}`);
  }
}
