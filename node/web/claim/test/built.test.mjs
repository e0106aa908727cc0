// What a node serves is what the sources give: nothing else got into the built files.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { files } from "../build.mjs";

test("building gives the bytes that are kept", async () => {
  const built = await files();
  const folder = new URL("../built/", import.meta.url);
  assert.deepEqual(readdirSync(folder).sort(), Object.keys(built).sort());
  for (const [name, bytes] of Object.entries(built)) {
    assert.ok(
      readFileSync(new URL(name, folder)).equals(Buffer.from(bytes)),
      `built/${name} is not what src/ gives: npm ci && npm run build`,
    );
  }
});

test("the page stays small enough for a slow phone", async () => {
  const built = await files();
  const total = Object.values(built).reduce((sum, bytes) => sum + bytes.length, 0);
  assert.ok(total < 64 * 1024, `${total} bytes`);
});
